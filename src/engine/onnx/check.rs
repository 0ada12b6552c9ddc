//! Checks of untrusted graphs, before they are parsed and before their tensors are made.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, TensorProto};

use super::external::{is_external, unread};
use super::fields::{GRAPH_INITIALIZER, GRAPH_NODE};
use super::wire::{malformed, Fault, Wire, BYTES, OPEN_END};
use crate::Error;

/// Maximum number of messages and strings in a graph: parsed, each takes up to 300 bytes, though it may come from two.
/// A BERT of 24 layers has some 40,000.
const MAX_PARTS: u64 = 2 << 20;
/// Bytes of a value's type that count as one part.
const BYTES_A_PART: u64 = 8;
/// Maximum depth of nested graphs.
const MAX_DEPTH: usize = 16;

const NODE_ATTRIBUTE: u64 = 5;
const ATTRIBUTE_TENSOR: u64 = 5;
const ATTRIBUTE_GRAPH: u64 = 6;
const ATTRIBUTE_TENSORS: u64 = 10;
const ATTRIBUTE_GRAPHS: u64 = 11;

#[derive(Clone, Copy)]
enum Message {
    Graph,
    Node,
    Attribute,
    Tensor,
}

/// Refuses a serialised graph that would take far more memory when parsed.
pub(super) fn is_modest(graph: &[u8]) -> Result<(), Fault> {
    let mut left = MAX_PARTS;
    count(graph, Message::Graph, MAX_DEPTH, &mut left)
}

fn count(bytes: &[u8], message: Message, deepest: usize, left: &mut u64) -> Result<(), Fault> {
    let mut rest = bytes;
    let mut wire = Wire::new(&mut rest, bytes.len() as u64);
    while let Some(key) = wire.key(OPEN_END)? {
        let (field, BYTES) = key else {
            wire.skip(key, OPEN_END)?;
            continue;
        };
        let length = wire.length(OPEN_END)?;
        let start = wire.at();
        wire.skip_bytes(length)?;
        let inner = &bytes[start as usize..wire.at() as usize];
        let within = match (message, field) {
            (Message::Graph, GRAPH_NODE) => Some(Message::Node),
            (Message::Graph, GRAPH_INITIALIZER) => Some(Message::Tensor),
            (Message::Node, NODE_ATTRIBUTE) => Some(Message::Attribute),
            (Message::Attribute, ATTRIBUTE_TENSOR | ATTRIBUTE_TENSORS) => Some(Message::Tensor),
            (Message::Attribute, ATTRIBUTE_GRAPH | ATTRIBUTE_GRAPHS) => Some(Message::Graph),
            _ => None,
        };
        let parts = match message {
            Message::Graph if within.is_none() => 1 + length / BYTES_A_PART,
            _ => 1,
        };
        let Some(now) = left.checked_sub(parts) else { return malformed("it has too many nodes") };
        *left = now;
        match within {
            Some(Message::Graph) if deepest == 0 => return malformed("its graphs are nested too deep"),
            Some(Message::Graph) => count(inner, Message::Graph, deepest - 1, left)?,
            Some(within) => count(inner, within, deepest, left)?,
            None => (),
        }
    }
    Ok(())
}

/// Refuses tensors in a form that the engine does not read. Only those of the outermost graph may be in another file.
pub(super) fn tensors(graph: &GraphProto, large: &[TensorProto], file: &str) -> Result<(), Error> {
    graph.initializer.iter().chain(large).try_for_each(|found| tensor(found, file, true))?;
    nodes(graph, file)
}

fn nodes(graph: &GraphProto, file: &str) -> Result<(), Error> {
    for attribute in graph.node.iter().flat_map(|node| &node.attribute) {
        attribute.t.iter().chain(&attribute.tensors).try_for_each(|found| tensor(found, file, false))?;
        for graph in attribute.g.iter().chain(&attribute.graphs) {
            graph.initializer.iter().try_for_each(|found| tensor(found, file, false))?;
            nodes(graph, file)?;
        }
    }
    Ok(())
}

fn tensor(tensor: &TensorProto, file: &str, may_be_external: bool) -> Result<(), Error> {
    let name = &tensor.name;
    if is_external(tensor) && !may_be_external {
        let location = tensor.external_data.iter().find(|entry| entry.key == "location");
        let reason = unread(location.map_or("another file", |location| &location.value));
        return Err(Error::ModelUnsupported { file: file.to_string(), reason });
    }
    let text = tensor.data_type == DataType::String as i32;
    if text && !tensor.raw_data.is_empty() || tensor.dims.iter().any(|&dim| dim < 0) {
        let reason = format!("the tensor {name:?} has the type {} and dimensions {:?}", tensor.data_type, tensor.dims);
        return Err(Error::GraphInvalid { file: file.to_string(), reason });
    }
    Ok(())
}
