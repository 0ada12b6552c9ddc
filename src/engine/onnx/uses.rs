//! How a graph uses its weights: which of them can be int8.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::engine::proto::{attribute, integer};

/// How a constant `[rows, columns]` is used by every node that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The second operand of a matrix product, or its transpose is.
    Linear { transposed: bool },
    /// Rows are looked up in it.
    Table,
}

/// The values that all their readers use in the same way. Values that are not constant are among them; the caller looks
/// up constants only.
pub(super) fn of_weights(graph: &GraphProto) -> HashMap<String, Use> {
    // A subgraph may read outer values by name.
    if graph
        .node
        .iter()
        .flat_map(|node| &node.attribute)
        .any(|attribute| attribute.g.is_some() || !attribute.graphs.is_empty())
    {
        return HashMap::new();
    }
    let outputs: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let mut readers: HashMap<&str, Vec<(&NodeProto, usize)>> = HashMap::new();
    for node in &graph.node {
        for (place, input) in node.input.iter().enumerate() {
            readers.entry(input).or_default().push((node, place));
        }
    }
    let is_product = |&(node, place): &(&NodeProto, usize)| node.op_type == "MatMul" && place == 1;
    let use_by = |&(node, place): &(&NodeProto, usize)| match (node.op_type.as_str(), place) {
        _ if node.output.is_empty() => None,
        ("MatMul", 1) => Some(Use::Linear { transposed: false }),
        ("Gemm", 1) if is_plain_gemm(node) => {
            Some(Use::Linear { transposed: integer(node, "transB").unwrap_or(0) != 0 })
        }
        ("Gather", 0) if node.input.len() > 1 && integer(node, "axis").unwrap_or(0) == 0 => Some(Use::Table),
        ("Transpose", 0) if is_transpose(node) => {
            let turned = node.output.first()?.as_str();
            let products = !outputs.contains(turned) && readers.get(turned)?.iter().all(is_product);
            products.then_some(Use::Linear { transposed: true })
        }
        _ => None,
    };
    let uses = readers.iter().filter_map(|(&name, nodes)| {
        let first = use_by(nodes.first()?)?;
        let same = !outputs.contains(name) && nodes.iter().all(|node| use_by(node) == Some(first));
        same.then(|| (name.to_string(), first))
    });
    uses.collect()
}

/// Number of rows of the table in which an input's values, such as piece ids, are looked up; `None` if the graph does
/// not show it.
pub(in crate::engine) fn table_rows(graph: &GraphProto, input: &str) -> Option<u64> {
    let mut ids: HashSet<&str> = HashSet::from([input]);
    let mut rows = None;
    for node in &graph.node {
        let from = |place: usize| node.input.get(place).is_some_and(|input| ids.contains(input.as_str()));
        match node.op_type.as_str() {
            "Cast" | "Identity" | "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" if from(0) => {
                ids.extend(node.output.iter().map(String::as_str));
            }
            "Gather" if from(1) && integer(node, "axis").unwrap_or(0) == 0 => {
                let table = graph.initializer.iter().find(|tensor| tensor.name == node.input[0]);
                let found = table.and_then(|table| u64::try_from(*table.dims.first()?).ok());
                rows = rows.into_iter().chain(found).min();
            }
            _ => (),
        }
    }
    rows
}

/// Whether a `Gemm` is its first operand times its second, perhaps transposed, plus its third.
fn is_plain_gemm(node: &NodeProto) -> bool {
    let one = |name| attribute(node, name).is_none_or(|attribute| attribute.f == 1.0);
    integer(node, "transA").unwrap_or(0) == 0 && one("alpha") && one("beta")
}

fn is_transpose(node: &NodeProto) -> bool {
    attribute(node, "perm").is_none_or(|perm| perm.ints == [1, 0])
}
