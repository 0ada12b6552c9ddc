//! Shape inference and constant folding, operator by operator.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::NodeProto;

use super::fact::Size::{self, Known, Length};
use super::fact::{Fact, SMALL};
use crate::engine::proto::attribute;

/// Clamps an index, which may count from the end, to 0 to `size`.
pub(super) fn clamp(index: i64, size: i64) -> usize {
    let index = if index < 0 { index.saturating_add(size) } else { index };
    index.clamp(0, size.max(0)) as usize
}

/// An axis that may count from the end.
pub(super) fn axis_of(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|&axis| axis < rank)
}

/// The order of axes after a `Transpose`.
pub(in crate::engine::fuse) fn order(node: &NodeProto, rank: usize) -> Option<Vec<usize>> {
    let order = match attribute(node, "perm") {
        Some(order) => order.ints.iter().map(|&axis| axis_of(axis, rank)).collect::<Option<Vec<_>>>()?,
        None => (0..rank).rev().collect(),
    };
    (order.len() == rank).then_some(order)
}

pub(super) fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let mut all = values.iter().copied();
    let first = all.next().filter(|value| !value.is_nan())?;
    all.try_fold((first, first), |(low, high), value| (!value.is_nan()).then_some((low.min(value), high.max(value))))
}

pub(super) fn bounds_of(fact: &Fact) -> Option<(f64, f64)> {
    let all = fact.values.as_ref()?.iter().map(|&value| match value {
        Known(value) => (value as f64, value as f64),
        Length => (1.0, f64::INFINITY),
    });
    all.reduce(|(low, high), (from, to)| (low.min(from), high.max(to)))
}

pub(super) fn cast(fact: Fact, to: i64) -> Fact {
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

pub(super) fn gather(data: &Fact, indices: &Fact, axis: i64) -> Option<Fact> {
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

/// The product of sizes.
pub(super) fn count(sizes: &[Size]) -> Option<Size> {
    sizes.iter().try_fold(Known(1), |product, &size| match (product, size) {
        (Known(a), Known(b)) => a.checked_mul(b).map(Known),
        (Known(1), other) | (other, Known(1)) => Some(other),
        _ => None,
    })
}

pub(super) fn reshape(shape: &[Size], target: &[Size], keep_zeros: bool) -> Option<Vec<Size>> {
    let mut result = Vec::with_capacity(target.len());
    for (axis, &size) in target.iter().enumerate() {
        result.push(match size {
            Known(0) if !keep_zeros => *shape.get(axis)?,
            size => size,
        });
    }
    let Some(free) = result.iter().position(|&size| size == Known(-1)) else { return Some(result) };
    // The unknown length must cancel out.
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

/// The shape that two operands are broadcast to.
pub(in crate::engine::fuse) fn broadcast(a: &[Size], b: &[Size]) -> Option<Vec<Size>> {
    let rank = a.len().max(b.len());
    let size =
        |shape: &[Size], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(Known(1), |axis| shape[axis]);
    let pairs = (0..rank).map(|axis| (size(a, axis), size(b, axis)));
    pairs
        .map(|pair| match pair {
            (Known(1), size) | (size, Known(1)) => Some(size),
            (a, b) => (a == b).then_some(a),
        })
        .collect()
}

pub(super) fn matmul(a: &[Size], b: &[Size]) -> Option<Vec<Size>> {
    let ([batch_a @ .., m, _], [batch_b @ .., _, n]) = (a, b) else { return None };
    let mut shape = broadcast(batch_a, batch_b)?;
    shape.extend([*m, *n]);
    Some(shape)
}

pub(super) fn binary(op: &str, a: &Fact, b: &Fact) -> Fact {
    let shape = a.shape.as_ref().zip(b.shape.as_ref()).and_then(|(a, b)| broadcast(a, b));
    let values = a.values.as_ref().zip(b.values.as_ref()).and_then(|(a, b)| {
        let length = a.len().max(b.len());
        let fits = |values: &[Size]| values.len() == 1 || values.len() == length;
        let pick = |values: &[Size], i: usize| values[if values.len() == 1 { 0 } else { i }];
        let pairs = (0..length).map(|i| integer_of(op, pick(a, i), pick(b, i)));
        (fits(a) && fits(b) && length <= SMALL).then(|| pairs.collect::<Option<Vec<_>>>()).flatten()
    });
    // Bounds follow f32 division, not integer division.
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

pub(super) fn choose(condition: &Fact, yes: &Fact, no: &Fact) -> Fact {
    let shape = || broadcast(&broadcast(condition.shape.as_ref()?, yes.shape.as_ref()?)?, no.shape.as_ref()?);
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
        (Some(condition), yes, no) => {
            if condition == 0.0 {
                no
            } else {
                yes
            }
        }
        (None, Some(yes), Some(no)) => Some((yes.0.min(no.0), yes.1.max(no.1))),
        _ => None,
    };
    Fact { shape: shape(), values: values(), bounds }
}
