//! What is known of a graph's values before it runs: shapes, shapes held in tensors, and bounds.
//!
//! The engine runs one window at a time and masks nothing, so that the nodes with which exporters compute shapes and
//! masks have results that are known. What no rule below covers is not known, and stays as the file has it.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::graph::{attribute, floats, integer, integers, Graph};
use crate::engine::Input;

/// A size, or an integer of a tensor that holds sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Known(i64),
    /// The window's length in word pieces, at least 1.
    Length,
}

use Size::{Known, Length};

/// What is known of a tensor.
#[derive(Debug, Clone, Default)]
pub(super) struct Fact {
    pub(super) shape: Option<Vec<Size>>,
    /// Every value, of a small tensor of integers.
    values: Option<Vec<Size>>,
    /// Bounds of all values, none of which is "not a number".
    bounds: Option<(f64, f64)>,
}

impl Fact {
    /// What every value is equal to.
    pub(super) fn uniform(&self) -> Option<f64> {
        self.bounds.filter(|(low, high)| low == high).map(|(low, _)| low)
    }
}

/// Facts by the values' names.
pub(super) struct Facts<'g> {
    facts: HashMap<&'g str, Fact>,
}

/// Tensors up to this many values are looked into.
const SMALL: usize = 64;

impl<'g> Facts<'g> {
    pub(super) fn new(graph: &'g GraphProto, edges: &Graph<'g>) -> Self {
        let mut facts = Facts { facts: HashMap::new() };
        for input in &graph.input {
            if let Some(kind) = Input::named(&input.name) {
                let bounds = (kind == Input::Mask).then_some((1.0, 1.0));
                facts.facts.insert(&input.name, Fact { shape: Some(vec![Known(1), Length]), values: None, bounds });
            }
        }
        for (name, tensor) in &edges.constants {
            let mut fact = Fact { shape: Some(tensor.dims.iter().map(|&size| Known(size)).collect()), ..Fact::default() };
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
            ("Expand", 0) => Fact { shape: spread(&first.shape?, &input(1).values?), values: None, ..first },
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
                Fact { shape: length.flatten().map(|length| vec![length]), values: None, bounds: Some((low, f64::INFINITY)) }
            }
            ("ConstantOfShape", 0) => {
                let shape = first.values?;
                let value = match attribute(node, "value").and_then(|value| value.t.as_ref()) {
                    Some(tensor) => {
                        floats(tensor).map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>()).or_else(|| {
                            integers(tensor).map(|values| values.into_iter().map(|value| value as f64).collect())
                        })?
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
            ("Add" | "Sub" | "Mul" | "Div" | "And" | "Or" | "Equal" | "Less" | "Greater" | "LessOrEqual"
            | "GreaterOrEqual" | "Max" | "Min" | "Pow", 0)
                if node.input.len() == 2 =>
            {
                binary(&node.op_type, &first, &input(1))
            }
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
            ("Softmax" | "LayerNormalization" | "Gelu" | "Erf" | "Tanh" | "Relu" | "DequantizeLinear"
            | "DynamicQuantizeLinear" | "Neg" | "Exp" | "Sigmoid" | "FastGelu" | "BiasGelu" | "SkipLayerNormalization", 0) => shaped(first.shape),
            ("DynamicQuantizeLinear", _) => shaped(Some(vec![])),
            ("ReduceMean", 0) => {
                let mut shape = first.shape?;
                let rank = shape.len();
                for axis in self.integers(node, "axes", 1)? {
                    shape[axis_of(axis, rank)?] = Known(1);
                }
                shaped((integer(node, "keepdims") != Some(0)).then_some(shape))
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
            (super::attention::ATTENTION, 0) => shaped(first.shape),
            (super::linear::INT8_LINEAR, 0) => {
                let mut shape = first.shape?;
                *shape.last_mut()? = Known(*attribute(node, "weights")?.t.as_ref()?.dims.last()?);
                shaped(Some(shape))
            }
            _ => return None,
        })
    }

    /// Integers that older operators take as an attribute and newer ones as an input.
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
        shape[axis] = match along.sum::<Option<i64>>() {
            Some(size) => Known(size),
            None if parts.len() == 1 => shape[axis],
            None => return None,
        };
        let values = parts.iter().map(|part| part.values.clone()).collect::<Option<Vec<_>>>();
        let values = values.map(|values| values.concat()).filter(|_| shape.len() == 1);
        Some(Fact { shape: Some(shape), values, bounds: None })
    }

    /// A slice along one axis; of the values a tensor of sizes holds, or from the start.
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
            // A window longer than the table ends in an error where the slice is used.
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

fn clamp(index: i64, size: i64) -> usize {
    let index = if index < 0 { index.saturating_add(size) } else { index };
    index.clamp(0, size.max(0)) as usize
}

/// An axis that may count from the end.
fn axis_of(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|&axis| axis < rank)
}

/// The order of axes that a `Transpose` gives.
pub(super) fn order(node: &NodeProto, rank: usize) -> Option<Vec<usize>> {
    let order = match attribute(node, "perm") {
        Some(order) => order.ints.iter().map(|&axis| axis_of(axis, rank)).collect::<Option<Vec<_>>>()?,
        None => (0..rank).rev().collect(),
    };
    (order.len() == rank).then_some(order)
}

fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let mut all = values.iter().copied();
    let first = all.next().filter(|value| !value.is_nan())?;
    all.try_fold((first, first), |(low, high), value| {
        (!value.is_nan()).then_some((low.min(value), high.max(value)))
    })
}

fn bounds_of(fact: &Fact) -> Option<(f64, f64)> {
    let all = fact.values.as_ref()?.iter().map(|&value| match value {
        Known(value) => (value as f64, value as f64),
        Length => (1.0, f64::INFINITY),
    });
    all.reduce(|(low, high), (from, to)| (low.min(from), high.max(to)))
}

fn cast(fact: Fact, to: i64) -> Fact {
    let whole = |kind: DataType| to == kind as i64;
    let bounds = fact.bounds.and_then(|(low, high)| {
        if whole(DataType::Bool) {
            (low > 0.0 || high < 0.0).then_some((1.0, 1.0)).or((low == 0.0 && high == 0.0).then_some((0.0, 0.0)))
        } else if whole(DataType::Int64) || whole(DataType::Int32) {
            Some((low.trunc(), high.trunc()))
        } else {
            (whole(DataType::Float) || whole(DataType::Double)).then_some((low, high))
        }
    });
    let values = fact.values.filter(|_| whole(DataType::Int64) || whole(DataType::Int32));
    Fact { shape: fact.shape, values, bounds }
}

fn gather(data: &Fact, indices: &Fact, axis: i64) -> Option<Fact> {
    let (shape, at) = (data.shape.as_ref()?, indices.shape.as_ref()?);
    let axis = axis_of(axis, shape.len())?;
    let values = match (&data.values, &indices.values) {
        (Some(values), Some(indices)) if shape.len() == 1 => indices
            .iter()
            .map(|index| match index {
                Known(index) => values.get(axis_of(*index, values.len())?).copied(),
                Length => None,
            })
            .collect(),
        _ => None,
    };
    Some(Fact { shape: Some([&shape[..axis], at, &shape[axis + 1..]].concat()), values, bounds: data.bounds })
}

/// How many values sizes make.
fn count(sizes: &[Size]) -> Option<Size> {
    sizes.iter().try_fold(Known(1), |product, &size| match (product, size) {
        (Known(a), Known(b)) => a.checked_mul(b).map(Known),
        (Known(1), other) | (other, Known(1)) => Some(other),
        _ => None,
    })
}

fn reshape(shape: &[Size], target: &[Size], keep_zeros: bool) -> Option<Vec<Size>> {
    let mut result = Vec::with_capacity(target.len());
    for (axis, &size) in target.iter().enumerate() {
        result.push(match size {
            Known(0) if !keep_zeros => *shape.get(axis)?,
            size => size,
        });
    }
    let Some(free) = result.iter().position(|&size| size == Known(-1)) else { return Some(result) };
    // Sizes that are not known before the run must cancel out.
    let (mut inside, mut outside): (Vec<Size>, Vec<Size>) = (shape.to_vec(), result.clone());
    outside.remove(free);
    for sizes in [&outside.clone(), &inside.clone()] {
        if sizes.iter().filter(|&&size| size == Length).count() > 1 {
            return None;
        }
    }
    if inside.contains(&Length) && outside.contains(&Length) {
        inside.retain(|&size| size != Length);
        outside.retain(|&size| size != Length);
    }
    result[free] = match (count(&inside)?, count(&outside)?) {
        (Known(inside), Known(outside)) if outside > 0 && inside % outside == 0 => Known(inside / outside),
        (Length, Known(1)) => Length,
        _ => return None,
    };
    Some(result)
}

/// The shape of two operands spread to one another.
pub(super) fn spread(a: &[Size], b: &[Size]) -> Option<Vec<Size>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[Size], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(Known(1), |axis| shape[axis]);
    let pairs = (0..rank).map(|axis| (size(a, axis), size(b, axis)));
    pairs
        .map(|pair| match pair {
            (Known(1), size) | (size, Known(1)) => Some(size),
            (a, b) => (a == b).then_some(a),
        })
        .collect()
}

fn matmul(a: &[Size], b: &[Size]) -> Option<Vec<Size>> {
    let ([batch_a @ .., m, _], [batch_b @ .., _, n]) = (a, b) else { return None };
    let mut shape = spread(batch_a, batch_b)?;
    shape.extend([*m, *n]);
    Some(shape)
}

fn binary(op: &str, a: &Fact, b: &Fact) -> Fact {
    let shape = a.shape.as_ref().zip(b.shape.as_ref()).and_then(|(a, b)| spread(a, b));
    let values = a.values.as_ref().zip(b.values.as_ref()).and_then(|(a, b)| {
        let length = a.len().max(b.len());
        let fits = |values: &[Size]| values.len() == 1 || values.len() == length;
        let pick = |values: &[Size], i: usize| values[if values.len() == 1 { 0 } else { i }];
        let pairs = (0..length).map(|i| integer_of(op, pick(a, i), pick(b, i)));
        (fits(a) && fits(b) && length <= SMALL).then(|| pairs.collect::<Option<Vec<_>>>()).flatten()
    });
    // Integers are divided otherwise than bounds.
    let whole = op == "Div" && (a.values.is_some() || b.values.is_some());
    let bounds = a.bounds.zip(b.bounds).filter(|_| !whole).and_then(|(a, b)| bounds_of_binary(op, a, b));
    Fact { shape, values, bounds }
}

/// Integers of tensors that hold sizes.
fn integer_of(op: &str, a: Size, b: Size) -> Option<Size> {
    Some(match (op, a, b) {
        ("Add", Known(a), Known(b)) => Known(a.checked_add(b)?),
        ("Sub", Known(a), Known(b)) => Known(a.checked_sub(b)?),
        ("Mul", Known(a), Known(b)) => Known(a.checked_mul(b)?),
        ("Div", Known(a), Known(b)) => Known(a.checked_div(b)?),
        ("Mul", Length, Known(1)) | ("Mul", Known(1), Length) | ("Div", Length, Known(1)) => Length,
        ("Add" | "Sub", Length, Known(0)) | ("Add", Known(0), Length) => Length,
        ("Equal", Known(a), Known(b)) => Known(i64::from(a == b)),
        ("Equal", Length, Known(..=0)) | ("Equal", Known(..=0), Length) => Known(0),
        ("Equal", Length, Length) => Known(1),
        _ => return None,
    })
}

fn bounds_of_binary(op: &str, a: (f64, f64), b: (f64, f64)) -> Option<(f64, f64)> {
    let truth = |yes: bool, no: bool| (yes || no).then_some(f64::from(u8::from(yes))).map(|value| (value, value));
    let only = |(low, high): (f64, f64)| (low == high).then_some(low);
    match op {
        "And" => truth(a.0 > 0.0 && b.0 > 0.0, a.1 == 0.0 || b.1 == 0.0),
        "Or" => truth(a.0 > 0.0 || b.0 > 0.0, a.1 == 0.0 && b.1 == 0.0),
        "GreaterOrEqual" => truth(a.0 >= b.1, a.1 < b.0),
        "Greater" => truth(a.0 > b.1, a.1 <= b.0),
        "LessOrEqual" => truth(a.1 <= b.0, a.0 > b.1),
        "Less" => truth(a.1 < b.0, a.0 >= b.1),
        "Equal" => truth(only(a).is_some() && only(a) == only(b), a.1 < b.0 || b.1 < a.0),
        "Max" => Some((a.0.max(b.0), a.1.max(b.1))),
        "Min" => Some((a.0.min(b.0), a.1.min(b.1))),
        _ => {
            let (a, b) = (only(a)?, only(b)?);
            let value = match op {
                "Add" => a + b,
                "Sub" => a - b,
                "Mul" => a * b,
                "Div" if b != 0.0 => a / b,
                "Pow" => a.powf(b),
                _ => return None,
            };
            (!value.is_nan()).then_some((value, value))
        }
    }
}

fn choose(condition: &Fact, yes: &Fact, no: &Fact) -> Fact {
    let shape = || spread(&spread(condition.shape.as_ref()?, yes.shape.as_ref()?)?, no.shape.as_ref()?);
    let values = || {
        let (conditions, yes, no) = (condition.values.as_ref()?, yes.values.as_ref()?, no.values.as_ref()?);
        let length = conditions.len().max(yes.len()).max(no.len());
        let pick = |values: &[Size], i: usize| values.get(if values.len() == 1 { 0 } else { i }).copied();
        let chosen = (0..length).map(|i| match pick(conditions, i)? {
            Known(0) => pick(no, i),
            Known(_) => pick(yes, i),
            Length => None,
        });
        chosen.collect()
    };
    let bounds = match (condition.uniform(), yes.bounds, no.bounds) {
        (Some(condition), yes, no) => if condition == 0.0 { no } else { yes },
        (None, Some(yes), Some(no)) => Some((yes.0.min(no.0), yes.1.max(no.1))),
        _ => None,
    };
    Fact { shape: shape(), values: values(), bounds }
}
