//! What is known about a graph's values before it runs: shapes, shapes held in tensors, and ranges.
//!
//! The engine runs one window at a time and masks nothing, unless it has to fill windows up, so the nodes with which
//! exporters compute shapes and masks have known results. Values that no rule below covers are unknown, and their nodes stay as they are in the file.

mod fact;
mod rules;

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto};

use self::fact::Size::{Known, Length};
use self::fact::SMALL;
use self::rules::{axis_of, binary, bounds, bounds_of, cast, choose, clamp, count, gather, matmul, reshape};
use super::graph_index::GraphIndex;
use super::nodes::{ATTENTION, INT8_LINEAR, WEIGHTS};
use crate::engine::input::{type_of, Input};
use crate::engine::proto::{attribute, floats, integer, integers};

pub(super) use self::fact::{Fact, Size};
pub(super) use self::rules::{broadcast, order};

/// Facts by the values' names.
pub(super) struct Facts<'g> {
    facts: HashMap<&'g str, Fact>,
}

/// Operators whose output has the shape of their first input.
const SHAPE_KEEPING: [&str; 13] = [
    "Softmax",
    "LayerNormalization",
    "Gelu",
    "Erf",
    "Tanh",
    "Relu",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "Neg",
    "Exp",
    "Sigmoid",
    "FastGelu",
    "BiasGelu",
];

/// Maximum rank of a shape that is followed.
const MAX_RANK: usize = 16;

impl<'g> Facts<'g> {
    pub(super) fn new(graph: &'g GraphProto, edges: &GraphIndex<'g>) -> Self {
        let mut facts = Facts { facts: HashMap::new() };
        for input in &graph.input {
            let dims = type_of(input).1.filter(|dims| dims.len() == 2);
            let (batch, length) = dims.map_or((None, None), |dims| (dims[0], dims[1]));
            if let Some(kind) = Input::named(&input.name) {
                // Windows shorter than a fixed length are filled up with padding, which the mask tells.
                let bounds = (kind == Input::Mask && length.is_none()).then_some((1.0, 1.0));
                let size = |fixed: Option<usize>, or: Size| fixed.map_or(or, |size| Known(size as i64));
                let shape = vec![size(batch, Known(1)), size(length, Length)];
                facts.facts.insert(&input.name, Fact { shape: Some(shape), values: None, bounds });
            }
        }
        for (name, tensor) in &edges.constants {
            let shape = tensor.dims.iter().map(|&size| Known(size)).collect();
            let mut fact = Fact { shape: Some(shape), ..Fact::default() };
            let count = tensor.dims.iter().try_fold(1i64, |count, &size| count.checked_mul(size));
            if count.is_some_and(|count| count <= SMALL as i64) {
                fact.values = integers(tensor).map(|values| values.into_iter().map(Known).collect());
                let values = floats(tensor).map(|values| values.into_iter().map(f64::from).collect());
                fact.bounds = values.and_then(|values: Vec<f64>| bounds(&values)).or_else(|| bounds_of(&fact));
            }
            facts.facts.insert(name, fact);
        }
        for node in edges.nodes {
            for (i, output) in node.output.iter().enumerate() {
                if !facts.facts.contains_key(output.as_str()) {
                    let mut fact = facts.of_output(node, i).unwrap_or_default();
                    fact.bounds = fact.bounds.or_else(|| bounds_of(&fact));
                    // In a hostile graph both could double with every node.
                    fact.shape = fact.shape.filter(|shape| shape.len() <= MAX_RANK);
                    fact.values = fact.values.filter(|values| values.len() <= SMALL);
                    facts.facts.insert(output, fact);
                }
            }
        }
        facts
    }

    pub(super) fn get(&self, name: &str) -> Fact {
        self.facts.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn shape(&self, name: &str) -> Option<Vec<Size>> {
        self.facts.get(name)?.shape.clone()
    }

    fn of_output(&self, node: &NodeProto, output: usize) -> Option<Fact> {
        let input = |i: usize| node.input.get(i).map(|name| self.get(name)).unwrap_or_default();
        let first = input(0);
        let shaped = |shape: Option<Vec<Size>>| Fact { shape, ..Fact::default() };
        Some(match (node.op_type.as_str(), output) {
            ("Identity" | "Dropout", 0) => first,
            ("Cast", 0) => cast(first, integer(node, "to")?),
            ("Shape", 0) => {
                let shape = first.shape?;
                let rank = shape.len() as i64;
                let at = |name: &str, or: i64| clamp(integer(node, name).unwrap_or(or), rank);
                let values = shape.get(at("start", 0)..at("end", rank))?.to_vec();
                Fact { shape: Some(vec![Known(values.len() as i64)]), values: Some(values), bounds: None }
            }
            ("Gather", 0) => gather(&first, &input(1), integer(node, "axis").unwrap_or(0))?,
            ("GatherND", 0) if integer(node, "batch_dims").unwrap_or(0) == 0 => {
                let (data, indices) = (first.shape?, input(1).shape?);
                let (&Known(depth), outer) = indices.split_last()? else { return None };
                let shape = [outer, data.get(usize::try_from(depth).ok()?..)?].concat();
                Fact { shape: Some(shape), values: None, bounds: first.bounds }
            }
            ("Unsqueeze", 0) => {
                let added = self.integers(node, "axes", 1)?;
                let shape = first.shape?;
                let rank = shape.len() + added.len();
                let added: Vec<usize> = added.iter().filter_map(|&axis| axis_of(axis, rank)).collect();
                let mut old = shape.into_iter();
                let shape = (0..rank).map(|axis| if added.contains(&axis) { Some(Known(1)) } else { old.next() });
                Fact { shape: Some(shape.collect::<Option<_>>()?), ..first }
            }
            ("Squeeze", 0) => {
                let shape = first.shape?;
                let dropped = self.integers(node, "axes", 1).map_or_else(
                    || (0..shape.len()).filter(|&axis| shape[axis] == Known(1)).collect(),
                    |axes| axes.iter().filter_map(|&axis| axis_of(axis, shape.len())).collect::<Vec<_>>(),
                );
                let kept = (0..shape.len()).filter(|axis| !dropped.contains(axis)).map(|axis| shape[axis]);
                Fact { shape: Some(kept.collect()), ..first }
            }
            ("Flatten", 0) => {
                let shape = first.shape?;
                let axis = axis_of(integer(node, "axis").unwrap_or(1), shape.len() + 1)?;
                Fact { shape: Some(vec![count(&shape[..axis])?, count(&shape[axis..])?]), values: None, ..first }
            }
            ("Reshape", 0) => {
                let shape = reshape(&first.shape?, &input(1).values?, integer(node, "allowzero").unwrap_or(0) != 0)?;
                Fact { shape: Some(shape), ..first }
            }
            ("Expand", 0) => Fact { shape: broadcast(&first.shape?, &input(1).values?), values: None, ..first },
            ("Transpose", 0) => {
                let shape = first.shape?;
                let order = order(node, shape.len())?;
                Fact { shape: Some(order.iter().map(|&axis| shape[axis]).collect()), values: None, ..first }
            }
            ("Concat", 0) => self.concat(node)?,
            ("Slice", 0) => self.slice(node, first)?,
            ("Range", 0) => {
                let (start, limit, step) = (first, input(1), input(2));
                let one = |fact: &Fact| fact.values.as_ref().filter(|values| values.len() == 1).map(|values| values[0]);
                let low = start.uniform().filter(|_| step.uniform().is_some_and(|step| step > 0.0))?;
                let length = (one(&start) == Some(Known(0)) && one(&step) == Some(Known(1))).then(|| one(&limit));
                let shape = length.flatten().map(|length| vec![length]);
                Fact { shape, values: None, bounds: Some((low, f64::INFINITY)) }
            }
            ("ConstantOfShape", 0) => {
                let shape = first.values?;
                let value = match attribute(node, "value").and_then(|value| value.t.as_ref()) {
                    Some(tensor) => {
                        floats(tensor).map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>()).or_else(
                            || integers(tensor).map(|values| values.into_iter().map(|value| value as f64).collect()),
                        )?
                    }
                    None => vec![0.0],
                };
                let &[value] = value.as_slice() else { return None };
                let values = match shape.as_slice() {
                    &[Known(count @ 0..=64)] => Some(vec![Known(value as i64); count as usize]),
                    _ => None,
                };
                Fact { shape: Some(shape), values, bounds: Some((value, value)) }
            }
            (
                "Add" | "Sub" | "Mul" | "Div" | "And" | "Or" | "Equal" | "Less" | "Greater" | "LessOrEqual"
                | "GreaterOrEqual" | "Max" | "Min" | "Pow",
                0,
            ) if node.input.len() == 2 => binary(&node.op_type, &first, &input(1)),
            ("Where", 0) => choose(&first, &input(1), &input(2)),
            ("Not", 0) => {
                let bounds = first.uniform().map(|value| f64::from(u8::from(value == 0.0)));
                Fact { shape: first.shape, values: None, bounds: bounds.map(|value| (value, value)) }
            }
            ("IsNaN", 0) => Fact { bounds: first.bounds.map(|_| (0.0, 0.0)), values: None, ..first },
            ("Sqrt", 0) => {
                let bounds = first.bounds.filter(|(low, _)| *low >= 0.0).map(|(low, high)| (low.sqrt(), high.sqrt()));
                Fact { shape: first.shape, values: None, bounds }
            }
            (op, 0) if SHAPE_KEEPING.contains(&op) => shaped(first.shape),
            ("DynamicQuantizeLinear", _) => shaped(Some(vec![])),
            ("ReduceMean", 0) => {
                let mut shape = first.shape?;
                let rank = shape.len();
                for axis in self.integers(node, "axes", 1)? {
                    shape[axis_of(axis, rank)?] = Known(1);
                }
                shaped((integer(node, "keepdims") != Some(0)).then_some(shape))
            }
            ("ReduceSum", 0) => {
                let shape = first.shape?;
                let axes = self.integers(node, "axes", 1)?;
                let axes = axes.iter().map(|&axis| axis_of(axis, shape.len())).collect::<Option<Vec<_>>>()?;
                let keeps = integer(node, "keepdims") != Some(0);
                let (summed, kept): (Vec<usize>, Vec<usize>) = (0..shape.len()).partition(|axis| axes.contains(axis));
                // Ones are counted: a mask that keeps everything has the window's length.
                let count = count(&summed.iter().map(|&axis| shape[axis]).collect::<Vec<_>>());
                let single = kept.iter().all(|&axis| shape[axis] == Known(1));
                let values = (first.bounds == Some((1.0, 1.0)) && single).then(|| Some(vec![count?])).flatten();
                let size = |axis: usize| if summed.contains(&axis) { Known(1) } else { shape[axis] };
                let shape = (0..shape.len()).filter(|axis| keeps || kept.contains(axis)).map(size).collect();
                Fact { shape: Some(shape), values, bounds: None }
            }
            ("MatMul" | "MatMulInteger", 0) => shaped(matmul(&first.shape?, &input(1).shape?)),
            ("FusedMatMul", 0) => {
                let turned = |name: &str, shape: Option<Vec<Size>>| {
                    let mut shape = shape.filter(|shape| shape.len() >= 2)?;
                    let rank = shape.len();
                    if integer(node, name).unwrap_or(0) != 0 {
                        shape.swap(rank - 2, rank - 1);
                    }
                    Some(shape)
                };
                shaped(matmul(&turned("transA", first.shape)?, &turned("transB", input(1).shape)?))
            }
            // `[1, heads, length, size]` in and out.
            ("Attention", 0) if node.domain.is_empty() => shaped(first.shape.filter(|shape| shape.len() == 4)),
            (ATTENTION, 0) if integer(node, "packed") == Some(0) => shaped(first.shape),
            (ATTENTION, 0) => {
                let [outer @ .., Known(row)] = first.shape.as_deref()? else { return None };
                shaped(Some([outer, &[Known(row / 3)]].concat()))
            }
            (INT8_LINEAR, 0) => {
                let mut shape = first.shape?;
                *shape.last_mut()? = Known(*attribute(node, WEIGHTS)?.t.as_ref()?.dims.last()?);
                shaped(Some(shape))
            }
            _ => return None,
        })
    }

    /// Integers that are an attribute in older opsets and an input in newer ones.
    pub(super) fn integers(&self, node: &NodeProto, name: &str, input: usize) -> Option<Vec<i64>> {
        if let Some(attribute) = attribute(node, name) {
            return Some(attribute.ints.clone());
        }
        let values = self.get(node.input.get(input).filter(|name| !name.is_empty())?).values?;
        values.into_iter().map(|value| if let Known(value) = value { Some(value) } else { None }).collect()
    }

    fn concat(&self, node: &NodeProto) -> Option<Fact> {
        let parts: Vec<Fact> = node.input.iter().map(|name| self.get(name)).collect();
        let mut shape = parts.first()?.shape.clone()?;
        let axis = axis_of(integer(node, "axis")?, shape.len())?;
        let along = parts.iter().map(|part| match part.shape.as_ref()?.get(axis)? {
            &Known(size) => Some(size),
            Length => None,
        });
        let along = along.collect::<Option<Vec<i64>>>();
        shape[axis] = match along.and_then(|along| along.into_iter().try_fold(0, i64::checked_add)) {
            Some(size) => Known(size),
            None if parts.len() == 1 => shape[axis],
            None => return None,
        };
        let values = parts.iter().map(|part| part.values.clone()).collect::<Option<Vec<_>>>();
        let values = values.map(|values| values.concat()).filter(|_| shape.len() == 1);
        Some(Fact { shape: Some(shape), values, bounds: None })
    }

    /// A slice along one axis: of a tensor of sizes, or from the start.
    fn slice(&self, node: &NodeProto, data: Fact) -> Option<Fact> {
        let one = |name: &str, input: usize| match self.integers(node, name, input)?.as_slice() {
            &[value] => Some(value),
            _ => None,
        };
        let mut shape = data.shape?;
        let start = one("starts", 1)?;
        let rank = shape.len();
        let axis = axis_of(one("axes", 3).unwrap_or(0), rank)?;
        if node.input.get(4).is_some_and(|steps| !steps.is_empty()) && one("steps", 4)? != 1 {
            return None;
        }
        let end = match attribute(node, "ends") {
            Some(ends) => Known(*ends.ints.first()?),
            None => *self.get(node.input.get(2)?).values?.first()?,
        };
        let values = match (shape[axis], end) {
            (Known(size), Known(end)) => {
                let (start, end) = (clamp(start, size), clamp(end, size));
                shape[axis] = Known(end.saturating_sub(start) as i64);
                data.values.filter(|_| rank == 1).and_then(|values| Some(values.get(start..end)?.to_vec()))
            }
            // A window longer than the table is an error where the slice is used.
            (_, Length) if start == 0 => {
                shape[axis] = Length;
                None
            }
            (Length, Known(i64::MAX)) if start == 0 => None,
            _ => return None,
        };
        Some(Fact { shape: Some(shape), values, bounds: data.bounds })
    }
}
