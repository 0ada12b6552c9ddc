//! Linear layers become int8 nodes, with the bias and GELU inside.

use glossa_kernels::as_signed;
use glossa_kernels::int8::{Activation, Layer, PackedWeights};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};
use tract_onnx::tract_hir::internal::*;

use super::fused::Fused;
use super::graph_index::{replace, GraphIndex};
use super::nodes::{INT8_LINEAR, WEIGHTS};
use crate::engine::ops::{to_tract, Int8Linear};
use crate::engine::proto::{attribute, bytes, floats, floats_attribute, integer, integer_attribute};
use crate::engine::proto::{raw_tensor, tensor_attribute};
use crate::engine::quantise;

/// Replaces every linear layer whose weights are int8 in the file, or with `all` every one with constant weights.
pub(super) fn rewrite(graph: &mut GraphProto, all: bool) -> Fused {
    let plans = Matcher { graph: &GraphIndex::new(graph) }.plans(all);
    let mut fused = Fused::default();
    let mut replacements = Vec::with_capacity(plans.len());
    for plan in plans {
        fused.linear += 1;
        fused.gelu += usize::from(plan.gelu);
        replacements.push((plan.last, plan.into_node()));
    }
    replace(graph, replacements);
    fused
}

/// Builds the operation of a node that [`rewrite`] wrote.
pub(super) fn parse(_context: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let weights = node.get_attr::<&TensorProto>(WEIGHTS)?;
    let &[k, n] = weights.dims.as_slice() else { bail!("weights of shape {:?}", weights.dims) };
    let (k, n) = (usize::try_from(k)?, usize::try_from(n)?);
    let scales: &[f32] = node.get_attr_slice("scales")?;
    // A file may hold a node of this type that `rewrite` did not write.
    ensure!(is_whole(&weights.raw_data, k, n) && scales.len() == n, "weights and scales of other shapes");
    let weights = PackedWeights::new(k, n, as_signed(&weights.raw_data), scales);
    let activation = match node.get_attr::<i64>("gelu")? {
        0 => Activation::None,
        _ => Activation::Gelu,
    };
    let bias: &[f32] = node.get_attr_slice("bias")?;
    ensure!(bias.is_empty() || bias.len() == n, "{} biases of {n} columns", bias.len());
    Ok((to_tract(Int8Linear::new(Layer::new(weights, bias, activation))), vec![]))
}

/// Weights `[k, n]` in int8, -127 to 127, with a scale per column.
struct Weights {
    n: usize,
    /// The node's attribute: in two's complement, as files have them.
    values: AttributeProto,
    scales: Vec<f32>,
}

impl Weights {
    fn new(k: usize, n: usize, values: Vec<u8>, scales: Vec<f32>) -> Self {
        let values = raw_tensor(DataType::Int8, &[k as i64, n as i64], values);
        Weights { n, values: tensor_attribute(WEIGHTS, values), scales }
    }
}

/// A linear layer found in the graph, and what it becomes.
struct Plan {
    name: String,
    input: String,
    output: String,
    weights: Weights,
    bias: Vec<f32>,
    gelu: bool,
    /// The index of the node that produces the output; everything that the layer reads comes before it.
    last: usize,
}

impl Plan {
    fn into_node(self) -> NodeProto {
        NodeProto {
            name: format!("{}.int8", self.name),
            op_type: INT8_LINEAR.into(),
            input: vec![self.input],
            output: vec![self.output],
            attribute: vec![
                self.weights.values,
                floats_attribute("scales", self.weights.scales),
                floats_attribute("bias", self.bias),
                integer_attribute("gelu", i64::from(self.gelu)),
            ],
            ..Default::default()
        }
    }
}

struct Matcher<'a, 'g> {
    graph: &'a GraphIndex<'g>,
}

impl Matcher<'_, '_> {
    fn plans(&self, all: bool) -> Vec<Plan> {
        let layer = |(place, node): (usize, &NodeProto)| match node.op_type.as_str() {
            "MatMul" => self.product(place, node, all),
            "MatMulInteger" => self.quantised_product(node),
            _ => None,
        };
        let products = self.graph.nodes.iter().enumerate().filter_map(layer);
        products.filter_map(|plan| self.with_bias(plan)).collect()
    }

    fn product(&self, place: usize, node: &NodeProto, all: bool) -> Option<Plan> {
        Some(Plan {
            name: node.name.clone(),
            input: node.input.first()?.clone(),
            output: node.output.first()?.clone(),
            bias: vec![],
            gelu: false,
            last: place,
            weights: self.weights(node.input.get(1)?, all)?,
        })
    }

    /// A product as onnxruntime's dynamic quantisation writes it: `DynamicQuantizeLinear`, `MatMulInteger`, `Cast`,
    /// times the product of both scales.
    fn quantised_product(&self, node: &NodeProto) -> Option<Plan> {
        let [quantised, weights, zero, weight_zero @ ..] = node.input.as_slice() else { return None };
        let quantise = self.graph.producer(quantised).filter(|node| node.op_type == "DynamicQuantizeLinear")?;
        if quantise.output.first() != Some(quantised) || quantise.output.get(2) != Some(zero) {
            return None;
        }
        let cast = &self.graph.nodes[self.graph.only_reader(node.output.first()?)?];
        if cast.op_type != "Cast" || integer(cast, "to") != Some(DataType::Float as i64) {
            return None;
        }
        let last = self.graph.only_reader(cast.output.first()?)?;
        let scaled = Some(&self.graph.nodes[last]).filter(|node| node.op_type == "Mul")?;
        let scale = scaled.input.iter().find(|input| Some(*input) != cast.output.first())?;
        let scales = self.graph.producer(scale).filter(|node| node.op_type == "Mul")?;
        let of_input = quantise.output.get(1)?;
        let of_weights = scales.input.iter().find(|input| *input != of_input)?;
        if !scales.input.contains(of_input) {
            return None;
        }
        Some(Plan {
            name: node.name.clone(),
            input: quantise.input.first()?.clone(),
            output: scaled.output.first()?.clone(),
            bias: vec![],
            gelu: false,
            last,
            weights: self.weights_around_zero(weights, weight_zero.first(), of_weights)?,
        })
    }

    /// Int8 or uint8 weights with a zero point and a scale, per column or for all.
    fn weights_around_zero(&self, weights: &str, zero: Option<&String>, scales: &str) -> Option<Weights> {
        let tensor = *self.graph.constants.get(weights)?;
        let &[k, n] = tensor.dims.as_slice() else { return None };
        let (k, n) = (usize::try_from(k).ok()?, usize::try_from(n).ok()?);
        let whole = |tensor: &TensorProto| -> Option<Vec<i32>> {
            let bytes = bytes(tensor);
            match tensor.data_type {
                kind if kind == DataType::Int8 as i32 => {
                    Some(as_signed(&bytes).iter().map(|&byte| byte.into()).collect())
                }
                kind if kind == DataType::Uint8 as i32 => Some(bytes.iter().map(|&byte| byte.into()).collect()),
                _ => None,
            }
        };
        let zeros = match zero.filter(|zero| !zero.is_empty()) {
            None => vec![0],
            Some(zero) => whole(self.graph.constants.get(zero.as_str())?)?,
        };
        let scales = self.graph.floats(scales)?;
        let per_column = |count: usize| count == 1 || count == n;
        let values = whole(tensor)?;
        let valid = is_whole(&values, k, n)
            && per_column(zeros.len())
            && per_column(scales.len())
            && scales.iter().all(|scale| scale.is_finite());
        let at = |column: usize, count: usize| if count == 1 { 0 } else { column };
        valid.then(|| {
            let values: Vec<i32> =
                values.iter().enumerate().map(|(i, value)| value - zeros[at(i % n, zeros.len())]).collect();
            let scales = (0..n).map(|column| scales[at(column, scales.len())]).collect();
            fit(k, n, &values, scales)
        })
    }

    /// Adds the bias that follows, and GELU after it.
    fn with_bias(&self, mut plan: Plan) -> Option<Plan> {
        if let Some((add, bias)) = self.bias(&plan) {
            plan.bias = bias;
            plan.output.clone_from(self.graph.nodes[add].output.first()?);
            plan.last = add;
            if let Some(last) = self.gelu(&plan.output) {
                plan.gelu = true;
                plan.output.clone_from(self.graph.nodes[last].output.first()?);
                plan.last = last;
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
            if !is_whole(&values, k, n) {
                return None;
            }
            let (values, scales) = quantise::by_column(n, &bytes(tensor))?;
            return Some(Weights::new(k, n, values, scales));
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
        let values = bytes(tensor);
        let valid = is_whole(&values, k, n)
            && !values.contains(&(i8::MIN as u8))
            && scales.iter().all(|scale| scale.is_finite());
        valid.then(|| Weights { n, values: self.graph.constant_attribute(WEIGHTS, tensor), scales })
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

    /// The index of the last node of GELU: of `x / sqrt 2`, `Erf`, `+ 1`, times `x`, times a half, with the last two in
    /// any order; or of the operator `Gelu`.
    fn gelu(&self, x: &str) -> Option<usize> {
        let node = |i: usize| &self.graph.nodes[i];
        if let Some(gelu) = self.graph.only_reader(x).filter(|&reader| node(reader).op_type == "Gelu") {
            let other = attribute(node(gelu), "approximate").is_some_and(|attribute| attribute.s != b"none");
            return (!other).then_some(gelu);
        }
        let readers: Vec<usize> = self.graph.readers(x).map(|(reader, _)| reader).collect();
        if readers.len() != 2 || !self.graph.only_read_by(x, &readers) {
            return None;
        }
        let is = |i: usize, op: &str, constant: f32| {
            node(i).op_type == op && node(i).input.iter().any(|input| self.graph.scalar(input) == Some(constant))
        };
        let reads = |i: usize, name: &str| node(i).op_type == "Mul" && node(i).input.iter().any(|input| input == name);
        let next = |i: usize| self.graph.only_reader(node(i).output.first()?);
        let scaled = *readers
            .iter()
            .find(|&&i| is(i, "Div", std::f32::consts::SQRT_2) || is(i, "Mul", std::f32::consts::FRAC_1_SQRT_2))?;
        let erf = next(scaled).filter(|&i| node(i).op_type == "Erf")?;
        let plus = next(erf).filter(|&i| is(i, "Add", 1.0))?;
        let other = *readers.iter().find(|&&i| i != scaled)?;
        let sum = node(plus).output.first()?;
        if is(other, "Mul", 0.5) {
            // (x / 2) (1 + erf)
            next(other).filter(|&product| reads(product, sum))
        } else if reads(other, sum) {
            // (x (1 + erf)) / 2
            next(other).filter(|&half| is(half, "Mul", 0.5))
        } else {
            // x ((1 + erf) / 2)
            let half = next(plus).filter(|&half| is(half, "Mul", 0.5))?;
            reads(other, node(half).output.first()?).then_some(other)
        }
    }
}

/// Whether there are values, as many as in a `[k, n]` matrix.
pub(super) fn is_whole<T>(values: &[T], k: usize, n: usize) -> bool {
    !values.is_empty() && k.checked_mul(n) == Some(values.len())
}

/// Fits weights, zero point subtracted, into -127 to 127: a column with a larger one gets a larger scale, and is rounded.
fn fit(k: usize, n: usize, values: &[i32], mut scales: Vec<f32>) -> Weights {
    let mut largest = vec![0; n];
    for row in values.chunks_exact(n) {
        for (largest, value) in largest.iter_mut().zip(row) {
            *largest = value.abs().max(*largest);
        }
    }
    let factors = largest.into_iter().map(|largest| if largest > 127 { largest as f32 / 127.0 } else { 1.0 });
    let factors: Vec<f32> = factors.collect();
    scales.iter_mut().zip(&factors).for_each(|(scale, factor)| *scale *= factor);
    let rounded =
        |(value, factor): (&i32, &f32)| (*value as f32 / factor).round_ties_even().clamp(-127.0, 127.0) as i8 as u8;
    let values = values.chunks_exact(n).flat_map(|row| row.iter().zip(&factors)).map(rounded).collect();
    Weights::new(k, n, values, scales)
}
