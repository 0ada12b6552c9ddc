//! A graph with what it takes to follow its edges.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::embedding::EMBEDDING;
use super::linear::INT8_LINEAR;

/// A graph's values by name.
pub(super) struct Graph<'g> {
    pub(super) nodes: &'g [NodeProto],
    initializers: &'g [TensorProto],
    pub(super) constants: HashMap<&'g str, &'g TensorProto>,
    producers: HashMap<&'g str, usize>,
    readers: HashMap<&'g str, Vec<usize>>,
}

/// What reads a value that the graph gives to the outside, beside its nodes.
const OUTSIDE: usize = usize::MAX;

impl<'g> Graph<'g> {
    pub(super) fn new(graph: &'g GraphProto) -> Self {
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut producers = HashMap::new();
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, node) in graph.node.iter().enumerate() {
            for input in node.input.iter().chain(inner_reads(node)) {
                readers.entry(input).or_default().push(i);
            }
            for output in &node.output {
                producers.insert(output.as_str(), i);
            }
            let tensor = match node.op_type.as_str() {
                "Constant" => attribute(node, "value").and_then(|value| value.t.as_ref()),
                "Identity" => node.input.first().and_then(|input| constants.get(input.as_str()).copied()),
                _ => None,
            };
            if let (Some(tensor), [output]) = (tensor, node.output.as_slice()) {
                constants.insert(output, tensor);
            }
        }
        for output in &graph.output {
            readers.entry(&output.name).or_default().push(OUTSIDE);
        }
        Graph { nodes: &graph.node, initializers: &graph.initializer, constants, producers, readers }
    }

    /// The node that writes a value.
    pub(super) fn producer(&self, name: &str) -> Option<&'g NodeProto> {
        Some(&self.nodes[*self.producers.get(name)?])
    }

    /// Where the node that writes a value stands.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.producers.get(name).copied()
    }

    /// The nodes that read a value.
    pub(super) fn readers(&self, name: &str) -> impl Iterator<Item = (usize, &'g NodeProto)> + '_ {
        let readers = self.readers.get(name).into_iter().flatten();
        readers.filter(|&&reader| reader != OUTSIDE).map(|&reader| (reader, &self.nodes[reader]))
    }

    /// The only node that reads a value.
    pub(super) fn only_reader(&self, name: &str) -> Option<usize> {
        match self.readers.get(name)?.as_slice() {
            &[reader] if reader != OUTSIDE => Some(reader),
            _ => None,
        }
    }

    /// Whether nobody but these nodes reads a value.
    pub(super) fn only_read_by(&self, name: &str, nodes: &[usize]) -> bool {
        self.readers.get(name).into_iter().flatten().all(|reader| nodes.contains(reader))
    }

    /// The only value of a constant f32 tensor.
    pub(super) fn scalar(&self, name: &str) -> Option<f32> {
        match floats(self.constants.get(name)?)?.as_slice() {
            &[value] => Some(value),
            _ => None,
        }
    }

    /// The values of a constant f32 tensor.
    pub(super) fn floats(&self, name: &str) -> Option<Vec<f32>> {
        floats(self.constants.get(name)?)
    }

    /// A constant as an attribute, its bytes as they are. What is one of the graph's own tensors is only named, and not
    /// copied, until [`bring`] brings it.
    pub(super) fn constant_attribute(&self, name: &str, tensor: &TensorProto) -> AttributeProto {
        let own = self.initializers.as_ptr_range().contains(&std::ptr::from_ref(tensor));
        let mut held = TensorProto { dims: tensor.dims.clone(), data_type: tensor.data_type, ..Default::default() };
        if own && !tensor.name.is_empty() && !tensor.raw_data.is_empty() {
            held.name.clone_from(&tensor.name);
        } else {
            held.raw_data = bytes(tensor).into_owned();
        }
        tensor_attribute(name, held)
    }
}

/// The tensor that an attribute only names: see [`Graph::constant_attribute`].
fn named_tensor(attribute: &AttributeProto) -> Option<&TensorProto> {
    attribute.t.as_ref().filter(|tensor| !tensor.name.is_empty() && tensor.raw_data.is_empty())
}

/// Brings into attributes the tensors that they name, of the nodes that are our own: moved where nothing else reads them.
pub(super) fn bring(graph: &mut GraphProto) {
    let mut readers: HashMap<String, usize> = HashMap::new();
    for name in graph.node.iter().flat_map(|node| node.input.iter().chain(inner_reads(node))) {
        *readers.entry(name.clone()).or_default() += 1;
    }
    for output in &graph.output {
        *readers.entry(output.name.clone()).or_default() += 1;
    }
    let places: HashMap<String, usize> =
        graph.initializer.iter().enumerate().map(|(i, tensor)| (tensor.name.clone(), i)).collect();
    for node in graph.node.iter_mut().filter(|node| is_own(node)) {
        for attribute in &mut node.attribute {
            let Some(name) = named_tensor(attribute).map(|tensor| tensor.name.clone()) else { continue };
            let (Some(&place), Some(readers), Some(tensor)) =
                (places.get(&name), readers.get_mut(&name), &mut attribute.t)
            else {
                continue;
            };
            *readers -= 1;
            let found = &mut graph.initializer[place].raw_data;
            tensor.raw_data = if *readers == 0 { std::mem::take(found) } else { found.clone() };
            tensor.name.clear();
        }
    }
}

/// Whether a node is of a type that the rewrite puts in.
fn is_own(node: &NodeProto) -> bool {
    [INT8_LINEAR, EMBEDDING].contains(&node.op_type.as_str())
}

/// A node's attribute.
pub(super) fn attribute<'n>(node: &'n NodeProto, name: &str) -> Option<&'n AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A node's integer attribute.
pub(super) fn integer(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

/// A tensor of raw bytes.
pub(super) fn raw_tensor(data_type: DataType, dims: &[i64], raw_data: Vec<u8>) -> TensorProto {
    TensorProto { dims: dims.to_vec(), data_type: data_type as i32, raw_data, ..Default::default() }
}

/// A tensor as an attribute.
pub(super) fn tensor_attribute(name: &str, tensor: TensorProto) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Tensor as i32, t: Some(tensor), ..Default::default() }
}

/// Numbers as an attribute.
pub(super) fn floats_attribute(name: &str, floats: Vec<f32>) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Floats as i32, floats, ..Default::default() }
}

/// A number as an attribute.
pub(super) fn float_attribute(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Float as i32, f: value, ..Default::default() }
}

/// An integer as an attribute.
pub(super) fn integer_attribute(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: AttributeType::Int as i32, i: value, ..Default::default() }
}

/// An f32 tensor's values, however they are stored in the file.
pub(super) fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if !tensor.float_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    let values = tensor.raw_data.chunks_exact(4);
    Some(values.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
}

/// The bytes of a tensor of int8, uint8 or f32, in the order that the format has for raw ones.
pub(super) fn bytes(tensor: &TensorProto) -> Cow<'_, [u8]> {
    if !tensor.raw_data.is_empty() {
        Cow::Borrowed(&tensor.raw_data)
    } else if tensor.data_type == DataType::Float as i32 {
        tensor.float_data.iter().flat_map(|value| value.to_le_bytes()).collect()
    } else {
        tensor.int32_data.iter().map(|&value| value as u8).collect()
    }
}

/// Bytes as the signed numbers that they stand for.
pub(super) fn signed(bytes: &[u8]) -> &[i8] {
    // SAFETY: both types have the same size and alignment, and every bit pattern is a number of either.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// An integer or boolean tensor's values.
pub(super) fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
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

/// Values that a node reads beside its inputs: tensors that its attributes name, and what its inner graphs (of `If`,
/// `Loop`) read, their own values among that.
fn inner_reads(node: &NodeProto) -> Vec<&String> {
    let named = node.attribute.iter().filter(|_| is_own(node)).filter_map(named_tensor).map(|tensor| &tensor.name);
    let graphs = node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
    let inner = graphs.flat_map(|graph| {
        let nodes = graph.node.iter().flat_map(|node| node.input.iter().chain(inner_reads(node)));
        nodes.chain(graph.output.iter().map(|output| &output.name)).collect::<Vec<_>>()
    });
    named.chain(inner).collect()
}

/// Puts nodes in place of others: each stands where the node was whose place comes with it.
pub(super) fn replace(graph: &mut GraphProto, replacements: Vec<(usize, NodeProto)>) {
    for (place, node) in replacements {
        graph.node[place] = node;
    }
}

/// Puts several nodes in place of each of some.
pub(super) fn replace_by(graph: &mut GraphProto, replacements: Vec<(usize, Vec<NodeProto>)>) {
    let mut replacements: HashMap<usize, Vec<NodeProto>> = replacements.into_iter().collect();
    let nodes = std::mem::take(&mut graph.node).into_iter().enumerate();
    graph.node = nodes.flat_map(|(i, node)| replacements.remove(&i).unwrap_or_else(|| vec![node])).collect();
}

/// Drops nodes and constants that no output of the graph depends on.
pub(super) fn drop_unread(graph: &mut GraphProto) {
    let mut producers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (i, node) in graph.node.iter().enumerate() {
        for output in &node.output {
            producers.entry(output).or_default().push(i);
        }
    }
    let mut keep = vec![false; graph.node.len()];
    let mut read: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    while let Some(name) = open.pop() {
        // An optional input or output that is left out has no name.
        if name.is_empty() || !read.insert(name) {
            continue;
        }
        for &i in producers.get(name).into_iter().flatten() {
            if !std::mem::replace(&mut keep[i], true) {
                open.extend(graph.node[i].input.iter().chain(inner_reads(&graph.node[i])).map(String::as_str));
            }
        }
    }
    let constants: Vec<bool> = graph.initializer.iter().map(|tensor| read.contains(tensor.name.as_str())).collect();
    let mut constants = constants.into_iter();
    let mut keep = keep.into_iter();
    graph.node.retain(|_| keep.next() != Some(false));
    graph.initializer.retain(|_| constants.next() != Some(false));
}
