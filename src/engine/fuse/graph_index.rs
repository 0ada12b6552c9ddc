//! An index of a graph's edges, and the edits that rewrites make.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::nodes::holds_tensors;
use crate::engine::proto::{attribute, bytes, floats, tensor_attribute};

/// A graph's nodes and values by name.
pub(super) struct GraphIndex<'g> {
    pub(super) nodes: &'g [NodeProto],
    initializers: &'g [TensorProto],
    pub(super) constants: HashMap<&'g str, &'g TensorProto>,
    producers: HashMap<&'g str, usize>,
    readers: HashMap<&'g str, Vec<usize>>,
}

/// The reader of an output of the graph.
const OUTSIDE: usize = usize::MAX;

impl<'g> GraphIndex<'g> {
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
        GraphIndex { nodes: &graph.node, initializers: &graph.initializer, constants, producers, readers }
    }

    /// The node that produces a value.
    pub(super) fn producer(&self, name: &str) -> Option<&'g NodeProto> {
        Some(&self.nodes[*self.producers.get(name)?])
    }

    /// The index of the node that produces a value.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.producers.get(name).copied()
    }

    /// The nodes that read a value, with their indices.
    pub(super) fn readers(&self, name: &str) -> impl Iterator<Item = (usize, &'g NodeProto)> + '_ {
        let readers = self.readers.get(name).into_iter().flatten();
        readers.filter(|&&reader| reader != OUTSIDE).map(|&reader| (reader, &self.nodes[reader]))
    }

    /// The node that reads a value, if it is the only reader.
    pub(super) fn only_reader(&self, name: &str) -> Option<usize> {
        match self.readers.get(name)?.as_slice() {
            &[reader] if reader != OUTSIDE => Some(reader),
            _ => None,
        }
    }

    /// Whether only these nodes read a value.
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

    /// A constant as an attribute, byte for byte. An initializer of the graph is not copied: the attribute holds its name
    /// until [`attach_constants`] moves the tensor there.
    pub(super) fn constant_attribute(&self, name: &str, tensor: &TensorProto) -> AttributeProto {
        let initializer = self.initializers.as_ptr_range().contains(&std::ptr::from_ref(tensor));
        let mut held = TensorProto { dims: tensor.dims.clone(), data_type: tensor.data_type, ..Default::default() };
        if initializer && !tensor.name.is_empty() && !tensor.raw_data.is_empty() {
            held.name.clone_from(&tensor.name);
        } else {
            held.raw_data = bytes(tensor).into_owned();
        }
        tensor_attribute(name, held)
    }
}

/// The tensor that an attribute holds by name: see [`GraphIndex::constant_attribute`].
fn named_tensor(attribute: &AttributeProto) -> Option<&TensorProto> {
    attribute.t.as_ref().filter(|tensor| !tensor.name.is_empty() && tensor.raw_data.is_empty())
}

/// Replaces tensor names in fused nodes' attributes by the tensors, moved if this is their only reader.
pub(super) fn attach_constants(graph: &mut GraphProto) {
    let mut readers: HashMap<String, usize> = HashMap::new();
    for name in graph.node.iter().flat_map(|node| node.input.iter().chain(inner_reads(node))) {
        *readers.entry(name.clone()).or_default() += 1;
    }
    for output in &graph.output {
        *readers.entry(output.name.clone()).or_default() += 1;
    }
    let places: HashMap<String, usize> =
        graph.initializer.iter().enumerate().map(|(i, tensor)| (tensor.name.clone(), i)).collect();
    for node in graph.node.iter_mut().filter(|node| holds_tensors(node)) {
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

/// Values that a node reads besides its inputs: tensors that its attributes name, and everything that its subgraphs (of
/// `If`, `Loop`) read, their local values included.
fn inner_reads(node: &NodeProto) -> Vec<&String> {
    let named =
        node.attribute.iter().filter(|_| holds_tensors(node)).filter_map(named_tensor).map(|tensor| &tensor.name);
    let graphs = node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
    let inner = graphs.flat_map(|graph| {
        let nodes = graph.node.iter().flat_map(|node| node.input.iter().chain(inner_reads(node)));
        nodes.chain(graph.output.iter().map(|output| &output.name)).collect::<Vec<_>>()
    });
    named.chain(inner).collect()
}

/// Replaces nodes by index.
pub(super) fn replace(graph: &mut GraphProto, replacements: Vec<(usize, NodeProto)>) {
    for (place, node) in replacements {
        graph.node[place] = node;
    }
}

/// Replaces nodes by several, by index.
pub(super) fn replace_by(graph: &mut GraphProto, replacements: Vec<(usize, Vec<NodeProto>)>) {
    let mut replacements: HashMap<usize, Vec<NodeProto>> = replacements.into_iter().collect();
    let nodes = std::mem::take(&mut graph.node).into_iter().enumerate();
    graph.node = nodes.flat_map(|(i, node)| replacements.remove(&i).unwrap_or_else(|| vec![node])).collect();
}

/// Dead code elimination: removes nodes and constants that no output of the graph depends on.
pub(super) fn remove_dead_nodes(graph: &mut GraphProto) {
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
        // An omitted optional input or output has an empty name.
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
