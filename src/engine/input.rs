//! The graph's inputs.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension;
use tract_onnx::pb::{type_proto, GraphProto, ValueInfoProto};
use tract_onnx::prelude::{DatumType, Tensor, TractResult};

/// What an input of the graph holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    PieceIds,
    Mask,
    TokenTypes,
    Positions,
    /// Always 0: ERNIE's task.
    Zeros,
}

impl Input {
    /// The input of a name that exporters give it: those of transformers, of TensorFlow's BERT (whose names may end in
    /// `:0`), and of TensorFlow's model hub.
    pub(super) fn named(name: &str) -> Option<Input> {
        match name.strip_suffix(":0").unwrap_or(name) {
            "input_ids" | "input_word_ids" => Some(Input::PieceIds),
            "attention_mask" | "input_mask" => Some(Input::Mask),
            "token_type_ids" | "segment_ids" | "input_type_ids" => Some(Input::TokenTypes),
            "position_ids" => Some(Input::Positions),
            "task_type_ids" => Some(Input::Zeros),
            _ => None,
        }
    }
}

/// The largest product of an input's fixed sizes: tensors of more would exhaust memory before the graph runs.
const MOST_PIECES: usize = 1 << 16;

/// An input as the graph declares it, `[batch, length]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeclaredInput {
    pub(super) name: String,
    pub(super) input: Input,
    pub(super) datum_type: DatumType,
    /// The sizes of the axes, where they are fixed.
    pub(super) batch: Option<usize>,
    pub(super) length: Option<usize>,
}

impl DeclaredInput {
    /// The input's tensor for one window: `values` in the first row, and in every other row too.
    pub(super) fn tensor(&self, values: &[i64]) -> TractResult<Tensor> {
        let rows = self.batch.unwrap_or(1);
        let tensor = Tensor::from_shape(&[rows, values.len()], &values.repeat(rows))?;
        Ok(tensor.cast_to_dt(self.datum_type)?.into_owned())
    }
}

/// The inputs that a graph declares, besides those that have a value in it; the error is a reason.
pub(super) fn declared(graph: &GraphProto) -> Result<Vec<DeclaredInput>, String> {
    let given = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
    let inputs = graph.input.iter().filter(|value| !given(&value.name)).map(|value| {
        let input = Input::named(&value.name).ok_or_else(|| format!("unknown input {:?}", value.name))?;
        let (kind, dims) = type_of(value);
        let datum_type = match kind.and_then(|kind| DataType::try_from(kind).ok()) {
            None | Some(DataType::Int64 | DataType::Undefined) => DatumType::I64,
            Some(DataType::Int32) => DatumType::I32,
            Some(DataType::Float) => DatumType::F32,
            Some(DataType::Bool) => DatumType::Bool,
            Some(other) => return Err(format!("its input {:?} is of type {other:?}", value.name)),
        };
        let size = |axis: usize| dims.as_ref().and_then(|dims| *dims.get(axis)?);
        let (batch, length) = (size(0), size(1));
        let pieces = batch.unwrap_or(1).saturating_mul(length.unwrap_or(1));
        if pieces > MOST_PIECES || dims.is_some_and(|dims| dims.len() != 2) {
            return Err(format!(
                "its input {:?} is not [batch, sequence], of {MOST_PIECES} word pieces at most",
                value.name
            ));
        }
        Ok(DeclaredInput { name: value.name.clone(), input, datum_type, batch, length })
    });
    let inputs = inputs.collect::<Result<Vec<_>, String>>()?;
    if !inputs.iter().any(|declared| declared.input == Input::PieceIds) {
        return Err("it has no input input_ids".into());
    }
    Ok(inputs)
}

/// The type of a value's elements, and its axes: `None` for the size of one that is not fixed.
pub(super) fn type_of(value: &ValueInfoProto) -> (Option<i32>, Option<Vec<Option<usize>>>) {
    let Some(type_proto::Value::TensorType(tensor)) = value.r#type.as_ref().and_then(|of| of.value.as_ref()) else {
        return (None, None);
    };
    let dims = tensor.shape.as_ref().map(|shape| {
        let sizes = shape.dim.iter().map(|dim| match dim.value {
            Some(dimension::Value::DimValue(size)) if size > 0 => usize::try_from(size).ok(),
            _ => None,
        });
        sizes.collect()
    });
    (Some(tensor.elem_type), dims)
}
