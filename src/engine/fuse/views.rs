//! Reshapes and transposes as strided views of a tensor.

use tract_onnx::pb::NodeProto;

use super::facts::{order, Facts, Size};
use super::graph_index::GraphIndex;

/// A value whose elements are those of `base`, `[1, length, width]`, in another order; possibly scaled.
#[derive(Debug)]
pub(super) struct View {
    pub(super) base: String,
    pub(super) width: i64,
    /// Axes longer than 1: size, and stride in the base.
    pub(super) axes: Vec<(Size, i64)>,
    pub(super) scale: f64,
}

/// Maximum number of nodes between a linear layer and a product: more than any exporter writes.
pub(super) const MAX_CHAIN: usize = 32;

/// Whether a node only rearranges its first input.
fn rearranges(node: &NodeProto) -> bool {
    const REARRANGING: [&str; 7] = ["Reshape", "Transpose", "Unsqueeze", "Squeeze", "Identity", "Flatten", "Dropout"];
    REARRANGING.contains(&node.op_type.as_str())
}

/// The value as a view of the nearest value `[1, length, width]` above it.
pub(super) fn view(graph: &GraphIndex, facts: &Facts, name: &str) -> Option<View> {
    let mut chain = Vec::new();
    let (mut scale, mut at) = (1.0, name);
    let mut steps = 0..MAX_CHAIN;
    let width = loop {
        steps.next()?;
        if let Some([Size::Known(1), Size::Length, Size::Known(width)]) = facts.shape(at).as_deref() {
            break *width;
        }
        let node = graph.producer(at)?;
        if rearranges(node) {
            chain.push(node);
            at = node.input.first()?;
        } else {
            let (input, factor) = scaled(facts, node)?;
            scale *= factor;
            at = input;
        }
    };
    let mut axes = vec![(Size::Length, width), (Size::Known(width), 1)];
    for node in chain.into_iter().rev() {
        axes = step(facts, node, axes)?;
    }
    Some(View { base: at.to_string(), width, axes, scale })
}

/// The value `[1, length, width]` in plain order that is computed from `name`, a value with these axes; and the index of
/// its node.
pub(super) fn merged(
    graph: &GraphIndex,
    facts: &Facts,
    name: &str,
    axes: &[(Size, i64)],
    width: i64,
) -> Option<(usize, String)> {
    merged_within(MAX_CHAIN, graph, facts, name, axes, width)
}

fn merged_within(
    steps: usize,
    graph: &GraphIndex,
    facts: &Facts,
    name: &str,
    axes: &[(Size, i64)],
    width: i64,
) -> Option<(usize, String)> {
    let steps = steps.checked_sub(1)?;
    for (i, node) in graph.readers(name) {
        if !rearranges(node) || node.input.first().map(String::as_str) != Some(name) {
            continue;
        }
        let Some(axes) = step(facts, node, axes.to_vec()) else { continue };
        let output = node.output.first()?;
        let shape = facts.shape(output);
        if shape.as_deref() == Some(&[Size::Known(1), Size::Length, Size::Known(width)])
            && axes == [(Size::Length, width), (Size::Known(width), 1)]
        {
            return Some((i, output.clone()));
        }
        if let Some(found) = merged_within(steps, graph, facts, output, &axes, width) {
            return Some(found);
        }
    }
    None
}

/// The other input and the factor of a multiplication by a constant.
pub(super) fn scaled<'n>(facts: &Facts, node: &'n NodeProto) -> Option<(&'n str, f64)> {
    let [a, b] = node.input.as_slice() else { return None };
    let factor = |name: &str| {
        let fact = facts.get(name);
        let single = fact.shape.as_ref()?.iter().all(|&size| size == Size::Known(1));
        fact.uniform().filter(|value| single && value.is_finite() && *value != 0.0)
    };
    match node.op_type.as_str() {
        "Mul" => factor(b).map(|factor| (a.as_str(), factor)).or_else(|| Some((b.as_str(), factor(a)?))),
        "Div" => Some((a, 1.0 / factor(b)?)),
        _ => None,
    }
}

/// The axes after a node that rearranges.
fn step(facts: &Facts, node: &NodeProto, axes: Vec<(Size, i64)>) -> Option<Vec<(Size, i64)>> {
    let before = facts.shape(node.input.first()?)?;
    if node.op_type != "Transpose" {
        let after = facts.shape(node.output.first()?)?;
        return split_and_merge(&axes, after.into_iter().filter(|&size| size != Size::Known(1)));
    }
    let long: Vec<usize> = (0..before.len()).filter(|&axis| before[axis] != Size::Known(1)).collect();
    if long.len() != axes.len() {
        return None;
    }
    let moved = order(node, before.len())?.into_iter().filter_map(|axis| long.iter().position(|&long| long == axis));
    Some(moved.map(|axis| axes[axis]).collect())
}

/// Reshapes: gives axes new sizes in the same order of elements.
fn split_and_merge(axes: &[(Size, i64)], sizes: impl Iterator<Item = Size>) -> Option<Vec<(Size, i64)>> {
    let mut axes: Vec<(Size, i64)> = axes.iter().rev().copied().collect();
    let mut result = Vec::new();
    for wanted in sizes {
        let (mut size, mut stride) = axes.pop()?;
        if size != wanted {
            let Size::Known(wanted) = wanted else { return None };
            loop {
                let Size::Known(have) = size else { return None };
                if have == wanted {
                    break;
                }
                if wanted > 0 && have > wanted && have % wanted == 0 {
                    axes.push((Size::Known(have / wanted), stride));
                    stride = stride.checked_mul(have / wanted)?;
                    size = Size::Known(wanted);
                } else {
                    // Merge with the next inner axis, if the two are contiguous.
                    let (Size::Known(inner), inner_stride) = axes.pop()? else { return None };
                    if have > wanted || inner_stride.checked_mul(inner)? != stride {
                        return None;
                    }
                    size = Size::Known(have.checked_mul(inner)?);
                    stride = inner_stride;
                }
            }
        }
        result.push((size, stride));
    }
    axes.is_empty().then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Size::{Known, Length};

    #[test]
    fn heads_are_split_off_and_merged_again() {
        let rows = [(Length, 48), (Known(48), 1)];
        let split = split_and_merge(&rows, [Length, Known(3), Known(16)].into_iter()).expect("a split");
        assert_eq!(split, [(Length, 48), (Known(3), 16), (Known(16), 1)]);
        assert_eq!(split_and_merge(&split, [Length, Known(48)].into_iter()).as_deref(), Some(&rows[..]));
    }

    #[test]
    fn axes_out_of_order_do_not_merge() {
        let heads_first = [(Known(3), 16), (Length, 48), (Known(16), 1)];
        assert!(split_and_merge(&heads_first, [Length, Known(48)].into_iter()).is_none());
        assert!(split_and_merge(&[(Known(3), 16), (Known(2), 48)], [Known(6)].into_iter()).is_none());
        assert!(split_and_merge(&[(Known(48), 1)], [Known(3), Known(10)].into_iter()).is_none());
    }
}
