//! Rewrites a graph, before it is parsed, into one with int8 linear layers.
//!
//! The rewrite works on the file's own nodes, where an exporter's linear layer is plainly `MatMul` with constant
//! weights, then `Add`, then perhaps the five nodes of GELU, and where the weights have not been turned to f32 yet:
//! a model's weights are never held in f32 by the graph.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::kernel::PackedWeights;
use super::linear::{Activation, Int8Linear};

/// The node type that replaces a linear layer.
pub(super) const INT8_LINEAR: &str = "GlossaInt8Linear";

/// What a rewrite did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fused {
    /// Linear layers that run in int8.
    pub linear: usize,
    /// Those of them with GELU inside.
    pub gelu: usize,
}

/// Replaces every linear layer whose weights are int8 in the file, or with `all` every one with constant weights.
pub(super) fn linear_layers(graph: &mut GraphProto, all: bool) -> Fused {
    let plans = Matcher::new(graph).plans(all);
    let mut fused = Fused::default();
    let mut dropped = vec![false; graph.node.len()];
    let mut replaced = HashMap::new();
    for plan in plans {
        fused.linear += 1;
        fused.gelu += usize::from(plan.gelu);
        plan.nodes.iter().for_each(|&node| dropped[node] = true);
        // The last node's place comes after everything that the layer reads.
        if let Some(&last) = plan.nodes.last() {
            replaced.insert(last, plan.into_node());
        }
    }
    let nodes = std::mem::take(&mut graph.node);
    for (i, node) in nodes.into_iter().enumerate() {
        match replaced.remove(&i) {
            Some(node) => graph.node.push(node),
            None if !dropped[i] => graph.node.push(node),
            None => (),
        }
    }
    drop_unread(graph);
    fused
}

/// Builds the operation of a node that [`linear_layers`] wrote.
pub(super) fn parse(
    context: &ParsingContext,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let tensor = |name: &str| context.load_tensor(node.get_attr::<&TensorProto>(name)?);
    let weights = tensor("weights")?;
    let &[k, n] = weights.shape() else { bail!("weights of shape {:?}", weights.shape()) };
    let weights = PackedWeights::new(
        k,
        n,
        weights.try_as_plain_ram()?.as_slice::<i8>()?,
        tensor("scales")?.try_as_plain_ram()?.as_slice::<f32>()?,
    );
    let activation = match node.get_attr::<i64>("gelu")? {
        0 => Activation::None,
        _ => Activation::Gelu,
    };
    let bias = tensor("bias")?;
    let layer = Int8Linear::new(weights, bias.try_as_plain_ram()?.as_slice::<f32>()?, activation);
    Ok((expand(layer), vec![]))
}

/// Weights `[k, n]` in int8, -127 to 127, with a scale per column.
struct Weights {
    k: usize,
    n: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
}

/// A linear layer found in the graph, and what it becomes.
struct Plan {
    name: String,
    input: String,
    output: String,
    weights: Weights,
    bias: Vec<f32>,
    gelu: bool,
    /// Nodes that it replaces; the last one writes the output.
    nodes: Vec<usize>,
}

impl Plan {
    fn into_node(self) -> NodeProto {
        let (k, n) = (self.weights.k as i64, self.weights.n as i64);
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let weights = self.weights.values.iter().map(|&value| value as u8).collect();
        NodeProto {
            name: format!("{}.int8", self.name),
            op_type: INT8_LINEAR.into(),
            input: vec![self.input],
            output: vec![self.output],
            attribute: vec![
                tensor_attribute("weights", DataType::Int8, &[k, n], weights),
                tensor_attribute("scales", DataType::Float, &[n], floats(&self.weights.scales)),
                tensor_attribute("bias", DataType::Float, &[self.bias.len() as i64], floats(&self.bias)),
                AttributeProto {
                    name: "gelu".into(),
                    r#type: AttributeType::Int as i32,
                    i: i64::from(self.gelu),
                    ..Default::default()
                },
            ],
            ..Default::default()
        }
    }
}

fn tensor_attribute(name: &str, data_type: DataType, dims: &[i64], raw_data: Vec<u8>) -> AttributeProto {
    let tensor = TensorProto { dims: dims.to_vec(), data_type: data_type as i32, raw_data, ..Default::default() };
    AttributeProto {
        name: name.into(),
        r#type: AttributeType::Tensor as i32,
        t: Some(tensor),
        ..Default::default()
    }
}

/// A graph with what it takes to follow its edges.
struct Matcher<'g> {
    graph: &'g GraphProto,
    constants: HashMap<&'g str, &'g TensorProto>,
    producers: HashMap<&'g str, usize>,
    readers: HashMap<&'g str, Vec<usize>>,
}

impl<'g> Matcher<'g> {
    fn new(graph: &'g GraphProto) -> Self {
        let mut constants: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut producers = HashMap::new();
        let mut readers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, node) in graph.node.iter().enumerate() {
            for input in &node.input {
                readers.entry(input).or_default().push(i);
            }
            for output in &node.output {
                producers.insert(output.as_str(), i);
                if node.op_type == "Constant" {
                    let value = node.attribute.iter().find(|attribute| attribute.name == "value");
                    constants.extend(value.and_then(|value| value.t.as_ref()).map(|tensor| (output.as_str(), tensor)));
                }
            }
        }
        // What the graph gives to the outside must stay, as if one more node read it.
        for output in &graph.output {
            readers.entry(&output.name).or_default().push(usize::MAX);
        }
        Matcher { graph, constants, producers, readers }
    }

    fn plans(&self, all: bool) -> Vec<Plan> {
        let nodes = self.graph.node.iter().enumerate();
        nodes.filter(|(_, node)| node.op_type == "MatMul").filter_map(|(i, _)| self.layer(i, all)).collect()
    }

    fn layer(&self, matmul: usize, all: bool) -> Option<Plan> {
        let node = &self.graph.node[matmul];
        let weights = self.weights(node.input.get(1)?, all)?;
        let mut plan = Plan {
            name: node.name.clone(),
            input: node.input[0].clone(),
            output: node.output.first()?.clone(),
            bias: vec![],
            gelu: false,
            nodes: vec![matmul],
            weights,
        };
        if let Some((add, bias)) = self.bias(&plan) {
            plan.bias = bias;
            plan.output.clone_from(&self.graph.node[add].output[0]);
            plan.nodes.push(add);
            if let Some(gelu) = self.gelu(&plan.output) {
                plan.gelu = true;
                plan.output.clone_from(&self.graph.node[*gelu.last()?].output[0]);
                plan.nodes.extend(gelu);
            }
        }
        Some(plan)
    }

    /// The weights behind a name: `DequantizeLinear` of int8 with a scale per column, or with `all` f32 too.
    fn weights(&self, name: &str, all: bool) -> Option<Weights> {
        if let Some(tensor) = self.constants.get(name) {
            let (&[k, n], true) = (tensor.dims.as_slice(), all) else { return None };
            let (k, n) = (usize::try_from(k).ok()?, usize::try_from(n).ok()?);
            let values = floats(tensor)?;
            return (values.len() == k * n && k * n > 0 && values.iter().all(|value| value.is_finite()))
                .then(|| quantise(k, n, &values));
        }
        let node = &self.graph.node[*self.producers.get(name)?];
        if node.op_type != "DequantizeLinear" {
            return None;
        }
        let tensor = self.constants.get(node.input.first()?.as_str())?;
        let (&[k, n], true) = (tensor.dims.as_slice(), tensor.data_type == DataType::Int8 as i32) else { return None };
        let (k, n) = (usize::try_from(k).ok()?, usize::try_from(n).ok()?);
        let axis = node.attribute.iter().find(|attribute| attribute.name == "axis").map_or(1, |axis| axis.i);
        let scales = floats(self.constants.get(node.input.get(1)?.as_str())?)?;
        if let Some(zero) = node.input.get(2).filter(|zero| !zero.is_empty()) {
            let zero = self.constants.get(zero.as_str())?;
            if zero.raw_data.iter().any(|&byte| byte != 0) || zero.int32_data.iter().any(|&value| value != 0) {
                return None;
            }
        }
        let scales = match scales.len() {
            1 => vec![scales[0]; n],
            length if length == n && matches!(axis, 1 | -1) => scales,
            _ => return None,
        };
        let values: Vec<i8> = if tensor.raw_data.is_empty() {
            tensor.int32_data.iter().map(|&value| value as i8).collect()
        } else {
            tensor.raw_data.iter().map(|&byte| byte as i8).collect()
        };
        let valid = values.len() == k * n
            && k * n > 0
            && !values.contains(&i8::MIN)
            && scales.iter().all(|scale| scale.is_finite());
        valid.then_some(Weights { k, n, values, scales })
    }

    /// The only node that reads a value.
    fn only_reader(&self, name: &str) -> Option<usize> {
        match self.readers.get(name)?.as_slice() {
            &[reader] if reader != usize::MAX => Some(reader),
            _ => None,
        }
    }

    /// An `Add` of one value per column, right after the plan's output.
    fn bias(&self, plan: &Plan) -> Option<(usize, Vec<f32>)> {
        let add = self.only_reader(&plan.output)?;
        let node = &self.graph.node[add];
        if node.op_type != "Add" {
            return None;
        }
        let other = node.input.iter().find(|input| **input != plan.output)?;
        let bias = floats(self.constants.get(other.as_str())?)?;
        (bias.len() == plan.weights.n).then_some((add, bias))
    }

    /// GELU of a value as exporters write it out: `x / sqrt 2`, `Erf`, `+ 1`, times `x`, times a half, the last two
    /// in either order; or the operator `Gelu`.
    fn gelu(&self, x: &str) -> Option<Vec<usize>> {
        let node = |i: usize| &self.graph.node[i];
        if let Some(gelu) = self.only_reader(x).filter(|&reader| node(reader).op_type == "Gelu") {
            let exact = |attribute: &&AttributeProto| attribute.name == "approximate" && attribute.s != b"none";
            return node(gelu).attribute.iter().find(exact).is_none().then(|| vec![gelu]);
        }
        let readers: Vec<usize> = self.readers.get(x)?.iter().copied().filter(|&i| i != usize::MAX).collect();
        if readers.len() != self.readers.get(x)?.len() || readers.len() != 2 {
            return None;
        }
        let is = |i: usize, op: &str, constant: f32| {
            node(i).op_type == op && node(i).input.iter().any(|input| self.scalar(input) == Some(constant))
        };
        let scaled = *readers.iter().find(|&&i| {
            is(i, "Div", std::f32::consts::SQRT_2) || is(i, "Mul", std::f32::consts::FRAC_1_SQRT_2)
        })?;
        let erf = self.only_reader(&node(scaled).output[0]).filter(|&i| node(i).op_type == "Erf")?;
        let plus = self.only_reader(&node(erf).output[0]).filter(|&i| is(i, "Add", 1.0))?;
        let other = *readers.iter().find(|&&i| i != scaled)?;
        let (first, second) = if is(other, "Mul", 0.5) {
            // (x / 2) (1 + erf)
            (other, self.only_reader(&node(other).output[0])?)
        } else {
            // (x (1 + erf)) / 2
            (other, self.only_reader(&node(other).output[0]).filter(|&i| is(i, "Mul", 0.5))?)
        };
        let reads = |i: usize, name: &str| node(i).input.iter().any(|input| input == name);
        let product = if is(first, "Mul", 0.5) { second } else { first };
        (node(product).op_type == "Mul" && reads(product, &node(plus).output[0]))
            .then(|| vec![scaled, erf, plus, first, second])
    }

    fn scalar(&self, name: &str) -> Option<f32> {
        match floats(self.constants.get(name)?)?.as_slice() {
            &[value] => Some(value),
            _ => None,
        }
    }
}

/// An f32 tensor's values, however they are stored in the file.
fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != DataType::Float as i32 {
        return None;
    }
    if !tensor.float_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    let values = tensor.raw_data.chunks_exact(4);
    Some(values.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
}

/// Symmetric int8: each column's largest weight to 127.
fn quantise(k: usize, n: usize, weights: &[f32]) -> Weights {
    let mut scales = vec![0f32; n];
    for row in weights.chunks_exact(n) {
        for (scale, weight) in scales.iter_mut().zip(row) {
            *scale = scale.max(weight.abs());
        }
    }
    for scale in &mut scales {
        *scale = if *scale > 0.0 { *scale / 127.0 } else { 1.0 };
    }
    let values = weights
        .chunks_exact(n)
        .flat_map(|row| row.iter().zip(&scales))
        .map(|(weight, scale)| (weight / scale).round_ties_even().clamp(-127.0, 127.0) as i8)
        .collect();
    Weights { k, n, values, scales }
}

/// Drops constants, and nodes that make constants, which no node reads any more.
fn drop_unread(graph: &mut GraphProto) {
    loop {
        let read: std::collections::HashSet<&str> = graph
            .node
            .iter()
            .flat_map(|node| &node.input)
            .chain(graph.output.iter().map(|output| &output.name))
            .map(String::as_str)
            .collect();
        let unread: Vec<bool> = graph
            .node
            .iter()
            .map(|node| {
                matches!(node.op_type.as_str(), "DequantizeLinear" | "Constant")
                    && !node.output.iter().any(|output| read.contains(output.as_str()))
            })
            .collect();
        let stale: Vec<bool> =
            graph.initializer.iter().map(|tensor| !read.contains(tensor.name.as_str())).collect();
        if !unread.contains(&true) && !stale.contains(&true) {
            return;
        }
        let mut drop = unread.into_iter();
        graph.node.retain(|_| drop.next() != Some(true));
        let mut drop = stale.into_iter();
        graph.initializer.retain(|_| drop.next() != Some(true));
    }
}
