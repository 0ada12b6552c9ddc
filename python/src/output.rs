//! The columns of results, as Arrow has them.

use std::sync::Arc;

use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{
    ArrayRef, Float32Array, Int32Array, ListArray, MapArray, PrimitiveArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use glossa_ner::{Annotation, Chunk, ChunkToken, Error};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::error::option_invalid;

/// What a chunk looks like in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Layout {
    /// The fields of a chunk.
    Glossa,
    /// Spark NLP's annotation: end inclusive, offsets in UTF-16 code units.
    SparkNlp,
}

/// The names of the columns of results; `None` for those that are not wanted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Names {
    chunks: Option<String>,
    truncated_from: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
}

/// A column of results.
#[derive(Debug, Clone, Copy)]
enum Column {
    Chunks,
    TruncatedFrom,
    ErrorCode,
    ErrorMessage,
}

/// Which columns are added to those that there are.
#[derive(Debug)]
pub(crate) struct Output {
    layout: Layout,
    /// Whether chunks have tokens with the scores of labels.
    tokens: bool,
    columns: Vec<Column>,
    schema: SchemaRef,
}

/// What became of the rows of a batch.
pub(crate) type Found = [Result<Annotation, Error>];

impl Output {
    /// The columns of `input`, followed by those of results.
    ///
    /// # Errors
    /// `option_invalid` if two columns would have one name.
    pub(crate) fn new(input: &Schema, names: &Names, layout: Layout, tokens: bool) -> PyResult<Self> {
        if layout == Layout::SparkNlp && tokens {
            let reason = "Spark NLP's schema has no place for them: leave them out, or use the layout glossa";
            return Err(option_invalid("label_scores", reason));
        }
        let mut fields = input.fields().to_vec();
        let mut columns = Vec::new();
        for (name, column) in [
            (&names.chunks, Column::Chunks),
            (&names.truncated_from, Column::TruncatedFrom),
            (&names.error_code, Column::ErrorCode),
            (&names.error_message, Column::ErrorMessage),
        ] {
            let Some(name) = name else { continue };
            if fields.iter().any(|field| field.name() == name) {
                let reason = format!("there would be two columns {name:?}: give that of results another name");
                return Err(option_invalid("columns", reason));
            }
            let kind = match column {
                Column::Chunks => chunks_type(layout, tokens),
                Column::TruncatedFrom => DataType::Int32,
                Column::ErrorCode | Column::ErrorMessage => DataType::Utf8,
            };
            fields.push(Arc::new(Field::new(name, kind, true)));
            columns.push(column);
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, input.metadata().clone()));
        Ok(Output { layout, tokens, columns, schema })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// The rows with their results.
    pub(crate) fn batch(&self, input: &RecordBatch, found: &Found) -> Result<RecordBatch, ArrowError> {
        let mut arrays = input.columns().to_vec();
        for column in &self.columns {
            arrays.push(match column {
                Column::Chunks => self.chunks(found)?,
                Column::TruncatedFrom => {
                    let offset = |found: &Result<Annotation, Error>| found.as_ref().ok()?.truncated_from.map(offset);
                    Arc::new(found.iter().map(offset).collect::<Int32Array>())
                }
                Column::ErrorCode => strings(found.iter().map(|found| found.as_ref().err().map(Error::code))),
                Column::ErrorMessage => {
                    strings(found.iter().map(|found| found.as_ref().err().map(ToString::to_string)))
                }
            });
        }
        RecordBatch::try_new(self.schema(), arrays)
    }

    fn chunks(&self, found: &Found) -> Result<ArrayRef, ArrowError> {
        let rows = || found.iter().map(|found| found.as_ref().map_or(&[][..], |found| &found.chunks));
        let chunks: Vec<&Chunk> = rows().flatten().collect();
        let values = match self.layout {
            Layout::Glossa => glossa(&chunks, self.tokens)?,
            Layout::SparkNlp => {
                let places = rows().flat_map(|chunks| 0..chunks.len()).collect::<Vec<_>>();
                spark_nlp(&chunks, &places)?
            }
        };
        let nulls = found.iter().map(Result::is_ok).collect::<NullBuffer>();
        list(chunk_field(self.layout, self.tokens), rows().map(<[Chunk]>::len), values, Some(nulls))
    }
}

fn chunks_type(layout: Layout, tokens: bool) -> DataType {
    DataType::List(Arc::new(chunk_field(layout, tokens)))
}

// Fields may be null wherever Spark's own schemas say so: it compares both.
fn field(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, true)
}

fn required(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn list_of(inner: Field) -> DataType {
    DataType::List(Arc::new(inner))
}

fn label_fields() -> Fields {
    Fields::from(vec![field("label", DataType::Utf8), field("score", DataType::Float32)])
}

fn token_fields() -> Fields {
    let labels = list_of(field("element", DataType::Struct(label_fields())));
    Fields::from(vec![field("begin", DataType::Int32), field("end", DataType::Int32), field("labels", labels)])
}

fn metadata_fields() -> Fields {
    Fields::from(vec![required("key", DataType::Utf8), field("value", DataType::Utf8)])
}

fn metadata_field() -> Field {
    required("entries", DataType::Struct(metadata_fields()))
}

/// The field of the list's elements: a chunk.
fn chunk_field(layout: Layout, tokens: bool) -> Field {
    let fields = match layout {
        Layout::Glossa => {
            let mut fields = vec![
                field("begin", DataType::Int32),
                field("end", DataType::Int32),
                field("text", DataType::Utf8),
                field("entity", DataType::Utf8),
                field("confidence", DataType::Float32),
                field("result", DataType::Utf8),
            ];
            if tokens {
                fields.push(field("tokens", list_of(field("element", DataType::Struct(token_fields())))));
            }
            fields
        }
        Layout::SparkNlp => vec![
            field("annotatorType", DataType::Utf8),
            required("begin", DataType::Int32),
            required("end", DataType::Int32),
            field("result", DataType::Utf8),
            field("metadata", DataType::Map(Arc::new(metadata_field()), false)),
            field("embeddings", list_of(required("element", DataType::Float32))),
        ],
    };
    field("element", DataType::Struct(Fields::from(fields)))
}

fn struct_fields(field: &Field) -> Fields {
    match field.data_type() {
        DataType::Struct(fields) => fields.clone(),
        _ => Fields::empty(),
    }
}

fn glossa(chunks: &[&Chunk], with_tokens: bool) -> Result<ArrayRef, ArrowError> {
    let mut arrays = vec![
        offsets(chunks.iter().map(|chunk| chunk.begin)),
        offsets(chunks.iter().map(|chunk| chunk.end)),
        strings(chunks.iter().map(|chunk| Some(&chunk.text))),
        strings(chunks.iter().map(|chunk| Some(&chunk.entity))),
        Arc::new(chunks.iter().map(|chunk| chunk.confidence).collect::<Float32Array>()),
        strings(chunks.iter().map(|chunk| chunk.result.as_ref())),
    ];
    if with_tokens {
        let tokens: Vec<&ChunkToken> = chunks.iter().flat_map(|chunk| &chunk.tokens).collect();
        let element = field("element", DataType::Struct(token_fields()));
        arrays.push(list(element, chunks.iter().map(|chunk| chunk.tokens.len()), scored(&tokens)?, None)?);
    }
    of_struct(struct_fields(&chunk_field(Layout::Glossa, with_tokens)), arrays, chunks.len())
}

fn scored(tokens: &[&ChunkToken]) -> Result<ArrayRef, ArrowError> {
    let labels: Vec<_> = tokens.iter().flat_map(|token| &token.labels).collect();
    let names = strings(labels.iter().map(|label| Some(&label.label)));
    let scores = Arc::new(labels.iter().map(|label| Some(label.score)).collect::<Float32Array>());
    let values = of_struct(label_fields(), vec![names, scores], labels.len())?;
    let element = field("element", DataType::Struct(label_fields()));
    let lists = list(element, tokens.iter().map(|token| token.labels.len()), values, None)?;
    let (begin, end) = (tokens.iter().map(|token| token.begin), tokens.iter().map(|token| token.end));
    of_struct(token_fields(), vec![offsets(begin), offsets(end), lists], tokens.len())
}

/// Chunks as Spark NLP's NerConverter gives them; `places` are those among the chunks of their document, from 0.
fn spark_nlp(chunks: &[&Chunk], places: &[usize]) -> Result<ArrayRef, ArrowError> {
    let mut entries = Vec::new();
    let mut lengths = Vec::with_capacity(chunks.len());
    for (chunk, place) in chunks.iter().zip(places) {
        let before = entries.len();
        entries.push(("entity", chunk.entity.clone()));
        entries.push(("sentence", "0".to_string()));
        entries.push(("chunk", place.to_string()));
        entries.extend(chunk.confidence.map(|confidence| ("confidence", java_float(confidence))));
        lengths.push(entries.len() - before);
    }
    let keys = strings(entries.iter().map(|(key, _)| Some(key)));
    let values = strings(entries.iter().map(|(_, value)| Some(value)));
    let entries = StructArray::try_new(metadata_fields(), vec![keys, values], None)?;
    let metadata =
        MapArray::try_new(Arc::new(metadata_field()), OffsetBuffer::from_lengths(lengths), entries, None, false)?;
    let nothing = Arc::new(PrimitiveArray::<Float32Type>::from_iter_values([]));
    let embeddings = list(required("element", DataType::Float32), chunks.iter().map(|_| 0), nothing, None)?;
    let arrays: Vec<ArrayRef> = vec![
        strings(chunks.iter().map(|_| Some("chunk"))),
        offsets(chunks.iter().map(|chunk| chunk.begin)),
        // Inclusive, so that an empty chunk ends before it begins.
        Arc::new(chunks.iter().map(|chunk| Some(offset(chunk.end) - 1)).collect::<Int32Array>()),
        strings(chunks.iter().map(|chunk| Some(chunk.result.as_ref().unwrap_or(&chunk.text)))),
        Arc::new(metadata),
        embeddings,
    ];
    of_struct(struct_fields(&chunk_field(Layout::SparkNlp, false)), arrays, chunks.len())
}

/// The number as `Float.toString` of Java writes those from 0 to 1.
fn java_float(number: f32) -> String {
    if number != 0.0 && number.abs() < 1e-3 {
        let written = format!("{number:E}");
        match written.split_once('E') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
            _ => written,
        }
    } else {
        format!("{number:?}")
    }
}

fn of_struct(fields: Fields, arrays: Vec<ArrayRef>, length: usize) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(StructArray::try_new_with_length(fields, arrays, None, length)?))
}

fn list(
    element: Field,
    lengths: impl Iterator<Item = usize>,
    values: ArrayRef,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(ListArray::try_new(Arc::new(element), OffsetBuffer::from_lengths(lengths), values, nulls)?))
}

fn strings<S: AsRef<str>>(values: impl Iterator<Item = Option<S>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn offsets(values: impl Iterator<Item = usize>) -> ArrayRef {
    Arc::new(PrimitiveArray::<Int32Type>::from_iter_values(values.map(offset)))
}

/// An offset as Arrow and Spark have it. Texts in which it could be larger are refused before.
fn offset(offset: usize) -> i32 {
    i32::try_from(offset).unwrap_or(i32::MAX)
}
