//! The column of texts in a record batch.

use arrow_array::cast::AsArray;
use arrow_array::{Array, BinaryArray, BinaryViewArray, LargeBinaryArray, RecordBatch};
use arrow_schema::{ArrowError, DataType, Schema};
use glossa_ner::Error;
use pyo3::prelude::*;

use crate::error::{input_invalid, option_invalid, raised};

/// Texts as bytes: what is passed from outside as strings need not be UTF-8, and is checked by whoever reads it.
pub(crate) enum Texts {
    Short(BinaryArray),
    Long(LargeBinaryArray),
    View(BinaryViewArray),
}

impl Texts {
    /// The texts of a column.
    pub(crate) fn of(batch: &RecordBatch, column: usize) -> Result<Self, ArrowError> {
        let mut array = batch.column(column).clone();
        if let DataType::Dictionary(_, values) = array.data_type() {
            array = arrow_cast::cast(&array, values)?;
        }
        Ok(match array.data_type() {
            DataType::Utf8 => Texts::Short(array.as_string::<i32>().clone().into()),
            DataType::LargeUtf8 => Texts::Long(array.as_string::<i64>().clone().into()),
            DataType::Utf8View => Texts::View(array.as_string_view().clone().to_binary_view()),
            // A column without any value.
            _ => Texts::Short(BinaryArray::new_null(array.len())),
        })
    }

    /// The bytes of a row's text; `None` if it has none.
    pub(crate) fn bytes(&self, row: usize) -> Option<&[u8]> {
        match self {
            Texts::Short(array) => array.is_valid(row).then(|| array.value(row)),
            Texts::Long(array) => array.is_valid(row).then(|| array.value(row)),
            Texts::View(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }

    /// The text of a row.
    ///
    /// # Errors
    /// `input_invalid` if there is none, or if it is not UTF-8.
    pub(crate) fn text(&self, row: usize) -> Result<&str, Error> {
        let bytes = self.bytes(row).ok_or_else(|| input_invalid("text", "it is null"))?;
        std::str::from_utf8(bytes)
            .map_err(|error| input_invalid("text", format!("it is not UTF-8 from byte {} on", error.valid_up_to())))
    }
}

/// The place of the column of texts.
///
/// # Errors
/// `option_invalid` if there is no such column, or more than one; `input_invalid` if it holds no texts.
pub(crate) fn find(schema: &Schema, name: &str) -> PyResult<usize> {
    let mut named = schema.fields().iter().enumerate().filter(|(_, field)| field.name() == name);
    let Some((column, field)) = named.next() else {
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let reason = format!("there is no column {name:?}; there are {}", columns.join(", "));
        return Err(option_invalid("text", reason));
    };
    if named.next().is_some() {
        return Err(option_invalid("text", format!("more than one column is called {name:?}: rename all but one")));
    }
    if is_text(field.data_type()) {
        Ok(column)
    } else {
        let reason = format!("it is of type {}, not string: cast it", field.data_type());
        Err(raised(&input_invalid(&format!("column {name}"), reason)))
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => true,
        _ => false,
    }
}
