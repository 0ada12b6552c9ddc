//! Attributes and tensors of a parsed ONNX file.

use std::borrow::Cow;

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

/// A node of a standard operator with one output, which is its name too.
pub(in crate::engine) fn standard(op_type: &str, input: &[&str], output: &str) -> NodeProto {
    NodeProto {
        name: output.into(),
        op_type: op_type.into(),
        input: input.iter().map(|&name| name.into()).collect(),
        output: vec![output.into()],
        ..Default::default()
    }
}

/// A node's attribute.
pub(in crate::engine) fn attribute<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A node's integer attribute.
pub(in crate::engine) fn integer(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

/// A tensor of raw bytes.
pub(in crate::engine) fn raw_tensor(data_type: DataType, dims: &[i64], raw_data: Vec<u8>) -> TensorProto {
    TensorProto { dims: dims.to_vec(), data_type: data_type as i32, raw_data, ..Default::default() }
}

/// An attribute of a tensor.
pub(in crate::engine) fn tensor_attribute(name: &str, tensor: TensorProto) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Tensor as i32, t: Some(tensor), ..Default::default() }
}

/// An attribute of several numbers.
pub(in crate::engine) fn floats_attribute(name: &str, floats: Vec<f32>) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Floats as i32, floats, ..Default::default() }
}

/// An attribute of one number.
pub(in crate::engine) fn float_attribute(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Float as i32, f: value, ..Default::default() }
}

/// An attribute of one integer.
pub(in crate::engine) fn integer_attribute(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Int as i32, i: value, ..Default::default() }
}

/// An attribute of several integers.
pub(in crate::engine) fn ints_attribute(name: &str, values: &[i64]) -> AttributeProto {
    let ints = values.to_vec();
    AttributeProto { name: name.into(), r#type: AttributeType::Ints as i32, ints, ..Default::default() }
}

/// An f32 tensor's values, however they are stored in the file.
pub(in crate::engine) fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if !tensor.float_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    Some(raw_floats(&tensor.raw_data).collect())
}

/// Raw f32 values, little-endian.
pub(in crate::engine) fn raw_floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// The raw form of f32 values.
pub(in crate::engine) fn raw_floats_to_bytes(values: impl Iterator<Item = f32>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * values.size_hint().0);
    values.for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    bytes
}

/// The raw form of a tensor of int8, uint8 or f32, however it is stored in the file.
pub(in crate::engine) fn bytes(tensor: &TensorProto) -> Cow<'_, [u8]> {
    if !tensor.raw_data.is_empty() {
        Cow::Borrowed(&tensor.raw_data)
    } else if tensor.data_type == DataType::Float as i32 {
        tensor.float_data.iter().flat_map(|value| value.to_le_bytes()).collect()
    } else {
        tensor.int32_data.iter().map(|&value| value as u8).collect()
    }
}

/// An integer or boolean tensor's values.
pub(in crate::engine) fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    let raw = &tensor.raw_data;
    let wide = |values: &[i32]| values.iter().map(|&value| i64::from(value)).collect();
    Some(match tensor.data_type {
        kind if kind == DataType::Int64 as i32 && raw.is_empty() => tensor.int64_data.clone(),
        kind if kind == DataType::Int64 as i32 => {
            raw.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok().map(i64::from_le_bytes)).collect()
        }
        kind if kind == DataType::Int32 as i32 && raw.is_empty() => wide(&tensor.int32_data),
        kind if kind == DataType::Int32 as i32 => {
            let values = raw.chunks_exact(4).filter_map(|bytes| bytes.try_into().ok().map(i32::from_le_bytes));
            values.map(i64::from).collect()
        }
        kind if kind == DataType::Bool as i32 && raw.is_empty() => wide(&tensor.int32_data),
        kind if kind == DataType::Bool as i32 => raw.iter().map(|&byte| i64::from(byte)).collect(),
        _ => return None,
    })
}
