//! Self-attention, in the forms that exporters write, becomes one node.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

use super::facts::{broadcast, Facts, Size};
use super::graph_index::{replace, GraphIndex};
use super::nodes::attention_node;
use super::views::{merged, scaled, view, View, MAX_CHAIN};
use crate::engine::ops::{to_tract, Attention};
use crate::engine::proto::{attribute, integer};

/// Builds the operation of a node that [`rewrite`] wrote.
pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let heads = usize::try_from(node.get_attr::<i64>("heads")?)?;
    let packed = node.get_attr::<i64>("packed")? != 0;
    let masked = node.input.len() > if packed { 1 } else { 3 };
    Ok((to_tract(Attention { heads, scale: node.get_attr("scale")?, packed, masked }), vec![]))
}

/// Replaces every attention. `opset` is the version of the standard operators.
pub(super) fn rewrite(graph: &mut GraphProto, opset: i64) {
    let edges = GraphIndex::new(graph);
    let facts = Facts::new(graph, &edges);
    let finder = Finder { graph: &edges, facts: &facts, opset };
    let found = edges.nodes.iter().filter_map(|node| finder.attention(node)).collect();
    replace(graph, found);
}

struct Finder<'a, 'g> {
    graph: &'a GraphIndex<'g>,
    facts: &'a Facts<'g>,
    opset: i64,
}

/// Scores before the softmax: `queries * keys * scale + mask`.
struct Scores {
    queries: View,
    keys: View,
    scale: f64,
    mask: Option<String>,
}

/// Number of heads, and the size of each.
type Heads = (i64, i64);

impl Finder<'_, '_> {
    /// The node that replaces the pattern around a softmax, or an operator `Attention`, and its index.
    fn attention(&self, node: &NodeProto) -> Option<(usize, NodeProto)> {
        let (scores, values, context) = match node.op_type.as_str() {
            "Softmax" => self.around_softmax(node)?,
            "Attention" if node.domain.is_empty() => self.operator(node)?,
            _ => return None,
        };
        let heads = heads(&scores.queries, true)?;
        let width = scores.queries.width;
        let same = heads_of_keys(&scores.keys)? == heads && self::heads(&values, true)? == heads;
        if !same || scores.keys.width != width || values.width != width || values.scale != 1.0 {
            return None;
        }
        let (count, size) = heads;
        let axes = [(Size::Known(count), size), (Size::Length, width), (Size::Known(size), 1)];
        let axes = &axes[usize::from(count == 1)..];
        let (place, output) = merged(self.graph, self.facts, &context, axes, width)?;
        let mut input = vec![scores.queries.base, scores.keys.base, values.base];
        input.extend(scores.mask);
        let scale = (scores.scale * scores.queries.scale * scores.keys.scale) as f32;
        Some((place, attention_node(&node.name, input, output, count, false, scale)))
    }

    /// Scores, values and the name of the context: `softmax(scores) * values`.
    fn around_softmax(&self, softmax: &NodeProto) -> Option<(Scores, View, String)> {
        let rank = self.facts.shape(softmax.input.first()?)?.len() as i64;
        let axis = integer(softmax, "axis").unwrap_or(if self.opset >= 13 { -1 } else { 1 });
        if axis != -1 && axis != rank - 1 {
            return None;
        }
        let scores = self.scores(softmax.input.first()?)?;
        let shares = self.without_guard(softmax.output.first()?);
        let (_, product) = self.graph.readers(&shares).find(|(_, node)| {
            node.op_type == "MatMul" && node.input.first() == Some(&shares) && node.input.get(1) != Some(&shares)
        })?;
        Some((scores, self.operand(product.input.get(1)?)?, product.output.first()?.clone()))
    }

    /// The value after exporters' `where(isnan(x), 0, x)`, if that follows.
    fn without_guard(&self, shares: &str) -> String {
        let guarded = |node: &NodeProto| {
            let [condition, zero, other] = node.input.as_slice() else { return false };
            let test = self.graph.producer(condition).filter(|test| test.op_type == "IsNaN");
            let tests = test.and_then(|test| test.input.first()).is_some_and(|tested| tested == shares);
            tests && other == shares && self.facts.get(zero).uniform() == Some(0.0)
        };
        let guard = self.graph.readers(shares).find(|(_, node)| node.op_type == "Where" && guarded(node));
        guard.and_then(|(_, node)| node.output.first()).map_or_else(|| shares.to_string(), String::clone)
    }

    /// Follows scores up to the product of queries and keys.
    fn scores(&self, name: &str) -> Option<Scores> {
        let (mut at, mut scale, mut mask) = (name, 1.0, None);
        let mut steps = 0..MAX_CHAIN;
        loop {
            steps.next()?;
            let node = self.graph.producer(at)?;
            let inputs = node.input.as_slice();
            match (node.op_type.as_str(), inputs) {
                ("Identity", [input]) => at = input,
                ("Add", [a, b]) if self.adds_nothing(b, a) => at = a,
                ("Add", [a, b]) if self.adds_nothing(a, b) => at = b,
                ("Add", [a, b]) if mask.is_none() && scale == 1.0 => {
                    let (scores, added) = if self.is_mask(b) { (a, b) } else { (b, a) };
                    if !self.is_mask(added) {
                        return None;
                    }
                    mask = Some(added.clone());
                    at = scores;
                }
                ("Where", [condition, yes, no]) => {
                    let kept = if self.facts.get(condition).uniform()? == 0.0 { no } else { yes };
                    if self.facts.shape(kept)? != self.facts.shape(node.output.first()?)? {
                        return None;
                    }
                    at = kept;
                }
                ("MatMul", [a, b]) => {
                    return Some(Scores { queries: self.operand(a)?, keys: self.operand(b)?, scale, mask });
                }
                ("FusedMatMul", [a, b]) => {
                    let set = |name: &str| integer(node, name).unwrap_or(0) != 0;
                    if set("transA") || set("transBatchA") || set("transBatchB") {
                        return None;
                    }
                    let mut keys = self.operand(b)?;
                    if set("transB") {
                        let last = keys.axes.len().checked_sub(2)?;
                        keys.axes[last..].swap(0, 1);
                    }
                    let alpha = attribute(node, "alpha").map_or(1.0, |alpha| f64::from(alpha.f));
                    return Some(Scores { queries: self.operand(a)?, keys, scale: scale * alpha, mask });
                }
                _ => {
                    let (input, factor) = scaled(self.facts, node)?;
                    (at, scale) = (input, scale * factor);
                }
            }
        }
    }

    /// A factor of a product: one matrix for each head. Axes before the heads have length 1.
    fn operand(&self, name: &str) -> Option<View> {
        let shape = self.facts.shape(name)?;
        let outer = shape.len().checked_sub(3)?;
        shape[..outer].iter().all(|&size| size == Size::Known(1)).then(|| view(self.graph, self.facts, name))?
    }

    /// Whether a value is known to be zero, and broadcasting it to `scores` keeps their shape.
    fn adds_nothing(&self, name: &str, scores: &str) -> bool {
        let fact = self.facts.get(name);
        let fits = || {
            let shape = self.facts.shape(scores)?;
            Some(broadcast(&shape, fact.shape.as_ref()?)? == shape)
        };
        fact.uniform() == Some(0.0) && fits() == Some(true)
    }

    /// Whether a value has the shape of a mask that the operation can add, `[1, 1, 1 or length, length]`.
    fn is_mask(&self, name: &str) -> bool {
        let Some(&[Size::Known(1), Size::Known(1), rows, Size::Length]) = self.facts.shape(name).as_deref() else {
            return false;
        };
        let product = |node: &NodeProto| matches!(node.op_type.as_str(), "MatMul" | "Mul" | "Div");
        let mask = self.graph.producer(name).is_some_and(|node| !product(node));
        mask && (rows == Size::Known(1) || rows == Size::Length)
    }

    /// The standard operator: `[1, heads, length, size]` in, the same out.
    fn operator(&self, node: &NodeProto) -> Option<(Scores, View, String)> {
        let [queries, keys, values] = node.input.get(..3)? else { return None };
        let plain = |name: &str| integer(node, name).unwrap_or(0) == 0;
        let soft = attribute(node, "softcap").is_none_or(|cap| cap.f == 0.0);
        let outputs = node.output.iter().filter(|output| !output.is_empty()).count();
        if !plain("is_causal") || !soft || outputs != 1 || node.input.iter().skip(4).any(|input| !input.is_empty()) {
            return None;
        }
        if let Some(mask) = node.input.get(3).filter(|mask| !mask.is_empty()) {
            // A boolean mask says what to keep, one of numbers what to add.
            let boolean = is_boolean(self.graph, mask)?;
            if self.facts.get(mask).uniform()? != if boolean { 1.0 } else { 0.0 } {
                return None;
            }
        }
        let (queries, mut keys, values) = (self.operand(queries)?, self.operand(keys)?, self.operand(values)?);
        let last = keys.axes.len().checked_sub(2)?;
        keys.axes[last..].swap(0, 1);
        let (_, size) = heads(&queries, true)?;
        let scale = attribute(node, "scale").map_or(1.0 / (size as f64).sqrt(), |scale| f64::from(scale.f));
        Some((Scores { queries, keys, scale, mask: None }, values, node.output.first()?.clone()))
    }
}

/// Heads of a value seen as `[heads, length, size]`, or with `rows_first` unset as `[heads, size, length]`.
fn heads(view: &View, rows_first: bool) -> Option<Heads> {
    let (count, matrix) = match view.axes.as_slice() {
        [(Size::Known(count), stride), matrix @ ..] if matrix.len() == 2 => (Some((*count, *stride)), matrix),
        matrix if matrix.len() == 2 => (None, matrix),
        _ => return None,
    };
    let (rows, columns) = if rows_first { (matrix[0], matrix[1]) } else { (matrix[1], matrix[0]) };
    let ((Size::Length, stride), (Size::Known(size), 1)) = (rows, columns) else { return None };
    let (count, head_stride) = count.unwrap_or((1, size));
    let whole = stride == view.width && head_stride == size && count > 0 && count.checked_mul(size)? == view.width;
    whole.then_some((count, size))
}

fn heads_of_keys(view: &View) -> Option<Heads> {
    heads(view, false)
}

/// Whether a value is boolean, if the nodes that produce it show that.
pub(super) fn is_boolean(graph: &GraphIndex<'_>, name: &str) -> Option<bool> {
    let mut name = name.to_string();
    for _ in 0..MAX_CHAIN {
        let node = graph.producer(&name)?;
        match node.op_type.as_str() {
            "And" | "Or" | "Not" | "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" => {
                return Some(true);
            }
            "Cast" => return Some(integer(node, "to")? == DataType::Bool as i64),
            "Expand" | "Unsqueeze" | "Reshape" | "Identity" => name.clone_from(node.input.first()?),
            "Where" | "Mul" | "Sub" => return Some(false),
            _ => return None,
        }
    }
    None
}
