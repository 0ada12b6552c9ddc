//! 16-bit floating-point weights become f32 as they are read: processors compute in f32, and a graph of mixed types would
//! convert between them at every node.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{type_proto, AttributeProto, GraphProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::f16;

use crate::engine::proto::raw_floats_to_bytes;

const FLOAT16: i32 = DataType::Float16 as i32;
const BFLOAT16: i32 = DataType::Bfloat16 as i32;

/// Makes f32 of a graph's 16-bit floats: its tensors, its inputs and outputs, what its nodes cast to, and its subgraphs.
pub(super) fn graph(graph: &mut GraphProto) {
    graph.initializer.iter_mut().for_each(tensor);
    graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info).for_each(value);
    for node in &mut graph.node {
        let casts = node.op_type == "Cast";
        for attribute in &mut node.attribute {
            if casts && attribute.name == "to" && i32::try_from(attribute.i).is_ok_and(is_half) {
                attribute.i = DataType::Float as i64;
            }
            self::attribute(attribute);
        }
    }
}

fn attribute(attribute: &mut AttributeProto) {
    attribute.t.iter_mut().chain(&mut attribute.tensors).for_each(tensor);
    attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(graph);
}

fn value(value: &mut ValueInfoProto) {
    if let Some(type_proto::Value::TensorType(of)) = value.r#type.as_mut().and_then(|of| of.value.as_mut()) {
        if is_half(of.elem_type) {
            of.elem_type = DataType::Float as i32;
        }
    }
}

/// Whether this is a type of 16-bit floats.
pub(super) fn is_half(data_type: i32) -> bool {
    data_type == FLOAT16 || data_type == BFLOAT16
}

/// Makes an f32 tensor of one of 16-bit floats, whose values are here; others stay.
pub(super) fn tensor(tensor: &mut TensorProto) {
    if !is_half(tensor.data_type) {
        return;
    }
    // Besides the raw form, these types may have their bits in the field of 32-bit integers.
    let bits = std::mem::take(&mut tensor.int32_data);
    if !bits.is_empty() {
        tensor.raw_data = bits.into_iter().flat_map(|bits| (bits as u16).to_le_bytes()).collect();
    }
    raw(&mut tensor.raw_data, tensor.data_type);
    tensor.data_type = DataType::Float as i32;
}

/// Makes raw f32 values of raw values of a type of 16-bit floats; others stay.
pub(super) fn raw(values: &mut Vec<u8>, data_type: i32) {
    let widen = match data_type {
        FLOAT16 => |bits: u16| f16::from_bits(bits).to_f32(),
        BFLOAT16 => |bits: u16| f32::from_bits(u32::from(bits) << 16),
        _ => return,
    };
    let pairs = values.chunks_exact(2).map(|pair| widen(u16::from_le_bytes([pair[0], pair[1]])));
    *values = raw_floats_to_bytes(pairs);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widened(data_type: i32, raw_data: Vec<u8>, int32_data: Vec<i32>) -> TensorProto {
        let mut made = TensorProto { data_type, raw_data, int32_data, ..Default::default() };
        tensor(&mut made);
        made
    }

    #[test]
    fn both_kinds_are_widened_in_both_forms() {
        let one_and_minus_two: Vec<u8> = [1.0f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        for (kind, one, minus_two) in [(FLOAT16, 0x3C00u16, 0xC000u16), (BFLOAT16, 0x3F80, 0xC000)] {
            let raw = [one, minus_two].iter().flat_map(|bits| bits.to_le_bytes()).collect();
            assert_eq!(widened(kind, raw, vec![]).raw_data, one_and_minus_two);
            let bits = vec![i32::from(one), i32::from(minus_two)];
            let made = widened(kind, vec![], bits);
            assert_eq!((made.raw_data, made.data_type), (one_and_minus_two.clone(), DataType::Float as i32));
        }
    }
}
