//! ONNX files made by code, of tract's own protobuf types.
#![allow(dead_code)] // Each program uses its own part.

use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{dimension::Value, Dimension};
use tract_onnx::pb::type_proto::{self, Tensor};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
};

/// A tensor whose values are stored as raw bytes, in little-endian order.
pub fn tensor(name: &str, dims: &[usize], data_type: DataType, raw_data: Vec<u8>) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.iter().map(|&dim| dim as i64).collect(),
        data_type: data_type as i32,
        raw_data,
        ..Default::default()
    }
}

pub fn floats(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    tensor(name, dims, DataType::Float, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// As [`floats`], but stored as a list of numbers.
pub fn float_list(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    TensorProto { float_data: values.to_vec(), ..tensor(name, dims, DataType::Float, vec![]) }
}

pub fn int8(name: &str, dims: &[usize], values: &[i8]) -> TensorProto {
    tensor(name, dims, DataType::Int8, values.iter().map(|&value| value as u8).collect())
}

pub fn int64(name: &str, dims: &[usize], values: &[i64]) -> TensorProto {
    tensor(name, dims, DataType::Int64, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

/// An attribute that is an integer.
pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i: value, r#type: AttributeType::Int as i32, ..Default::default() }
}

/// An attribute that is a list of integers.
pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: values.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..Default::default()
    }
}

/// An attribute that is a number with a fraction.
pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f: value, r#type: AttributeType::Float as i32, ..Default::default() }
}

/// A node of one output, which is its name too.
pub fn node(op: &str, inputs: &[&str], output: &str, attributes: &[AttributeProto]) -> NodeProto {
    NodeProto {
        op_type: op.into(),
        input: inputs.iter().map(|&input| input.into()).collect(),
        output: vec![output.into()],
        name: output.into(),
        attribute: attributes.to_vec(),
        ..Default::default()
    }
}

/// An input or output whose axes have names and no sizes.
pub fn value(name: &str, data_type: DataType, axes: &[&str]) -> ValueInfoProto {
    let named = |axis: &str| Dimension { value: Some(Value::DimParam(axis.into())), ..Default::default() };
    let shape = TensorShapeProto { dim: axes.iter().map(|axis| named(axis)).collect() };
    let tensor = Tensor { elem_type: data_type as i32, shape: Some(shape) };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.into(), r#type: Some(r#type), ..Default::default() }
}

/// A classifier's graph: `inputs` are int64 `[batch, sequence]`, the output is `logits`.
pub fn graph(inputs: &[&str], nodes: &[NodeProto], tensors: &[TensorProto]) -> GraphProto {
    GraphProto {
        // Which the standard asks for.
        name: "classifier".into(),
        node: nodes.to_vec(),
        initializer: tensors.to_vec(),
        input: inputs.iter().map(|input| value(input, DataType::Int64, &["batch", "sequence"])).collect(),
        output: vec![value("logits", DataType::Float, &["batch", "sequence", "labels"])],
        ..Default::default()
    }
}

/// The bytes of a model's file, without a graph if there is none.
pub fn model(opset: i64, graph: Option<GraphProto>) -> Vec<u8> {
    let opset_import = vec![OperatorSetIdProto { version: opset, ..Default::default() }];
    ModelProto { ir_version: 8, opset_import, graph, ..Default::default() }.encode_to_vec()
}
