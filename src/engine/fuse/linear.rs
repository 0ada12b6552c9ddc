//! Finds linear layers and makes one int8 node of each.

use std::collections::HashMap;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::graph::{floats, Graph};
use super::Fused;
use crate::engine::kernel::PackedWeights;
use crate::engine::linear::{Activation, Int8Linear};

/// The node type that replaces a linear layer.
pub(super) const INT8_LINEAR: &str = "GlossaInt8Linear";

/// Replaces every linear layer whose weights are int8 in the file, or with `all` every one with constant weights.
pub(super) fn rewrite(graph: &mut GraphProto, all: bool) -> Fused {
    let plans = Matcher { graph: &Graph::new(graph) }.plans(all);
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
    fused
}

/// Builds the operation of a node that [`rewrite`] wrote.
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

struct Matcher<'a, 'g> {
    graph: &'a Graph<'g>,
}

impl Matcher<'_, '_> {
    fn plans(&self, all: bool) -> Vec<Plan> {
        let nodes = self.graph.nodes.iter().enumerate();
        nodes.filter(|(_, node)| node.op_type == "MatMul").filter_map(|(i, _)| self.layer(i, all)).collect()
    }

    fn layer(&self, matmul: usize, all: bool) -> Option<Plan> {
        let node = &self.graph.nodes[matmul];
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
            plan.output.clone_from(&self.graph.nodes[add].output[0]);
            plan.nodes.push(add);
            if let Some(gelu) = self.gelu(&plan.output) {
                plan.gelu = true;
                plan.output.clone_from(&self.graph.nodes[*gelu.last()?].output[0]);
                plan.nodes.extend(gelu);
            }
        }
        Some(plan)
    }

    /// The weights behind a name: `DequantizeLinear` of int8 with a scale per column, or with `all` f32 too.
    fn weights(&self, name: &str, all: bool) -> Option<Weights> {
        if let Some(tensor) = self.graph.constants.get(name) {
            let (&[k, n], true) = (tensor.dims.as_slice(), all) else { return None };
            let (k, n) = (usize::try_from(k).ok()?, usize::try_from(n).ok()?);
            let values = floats(tensor)?;
            return (values.len() == k * n && k * n > 0 && values.iter().all(|value| value.is_finite()))
                .then(|| quantise(k, n, &values));
        }
        let node = self.graph.producer(name)?;
        if node.op_type != "DequantizeLinear" {
            return None;
        }
        let tensor = self.graph.constants.get(node.input.first()?.as_str())?;
        let (&[k, n], true) = (tensor.dims.as_slice(), tensor.data_type == DataType::Int8 as i32) else { return None };
        let (k, n) = (usize::try_from(k).ok()?, usize::try_from(n).ok()?);
        let axis = node.attribute.iter().find(|attribute| attribute.name == "axis").map_or(1, |axis| axis.i);
        let scales = floats(self.graph.constants.get(node.input.get(1)?.as_str())?)?;
        if let Some(zero) = node.input.get(2).filter(|zero| !zero.is_empty()) {
            let zero = self.graph.constants.get(zero.as_str())?;
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

    /// An `Add` of one value per column, right after the plan's output.
    fn bias(&self, plan: &Plan) -> Option<(usize, Vec<f32>)> {
        let add = self.graph.only_reader(&plan.output)?;
        let node = &self.graph.nodes[add];
        if node.op_type != "Add" {
            return None;
        }
        let other = node.input.iter().find(|input| **input != plan.output)?;
        let bias = floats(self.graph.constants.get(other.as_str())?)?;
        (bias.len() == plan.weights.n).then_some((add, bias))
    }

    /// GELU of a value as exporters write it out: `x / sqrt 2`, `Erf`, `+ 1`, times `x`, times a half, the last two
    /// in either order; or the operator `Gelu`.
    fn gelu(&self, x: &str) -> Option<Vec<usize>> {
        let node = |i: usize| &self.graph.nodes[i];
        if let Some(gelu) = self.graph.only_reader(x).filter(|&reader| node(reader).op_type == "Gelu") {
            let exact = |attribute: &&AttributeProto| attribute.name == "approximate" && attribute.s != b"none";
            return node(gelu).attribute.iter().find(exact).is_none().then(|| vec![gelu]);
        }
        let readers: Vec<usize> = self.graph.readers(x).map(|(reader, _)| reader).collect();
        if readers.len() != 2 || !self.graph.only_read_by(x, &readers) {
            return None;
        }
        let is = |i: usize, op: &str, constant: f32| {
            node(i).op_type == op && node(i).input.iter().any(|input| self.graph.scalar(input) == Some(constant))
        };
        let scaled = *readers.iter().find(|&&i| {
            is(i, "Div", std::f32::consts::SQRT_2) || is(i, "Mul", std::f32::consts::FRAC_1_SQRT_2)
        })?;
        let erf = self.graph.only_reader(&node(scaled).output[0]).filter(|&i| node(i).op_type == "Erf")?;
        let plus = self.graph.only_reader(&node(erf).output[0]).filter(|&i| is(i, "Add", 1.0))?;
        let other = *readers.iter().find(|&&i| i != scaled)?;
        let (first, second) = if is(other, "Mul", 0.5) {
            // (x / 2) (1 + erf)
            (other, self.graph.only_reader(&node(other).output[0])?)
        } else {
            // (x (1 + erf)) / 2
            (other, self.graph.only_reader(&node(other).output[0]).filter(|&i| is(i, "Mul", 0.5))?)
        };
        let reads = |i: usize, name: &str| node(i).input.iter().any(|input| input == name);
        let product = if is(first, "Mul", 0.5) { second } else { first };
        (node(product).op_type == "Mul" && reads(product, &node(plus).output[0]))
            .then(|| vec![scaled, erf, plus, first, second])
    }
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
