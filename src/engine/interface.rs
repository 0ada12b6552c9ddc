//! Which outputs of a graph can be its logits.

use tract_onnx::pb::{GraphProto, NodeProto};

use super::input::type_of;
use super::proto::integer;

/// Maximum number of nodes between a softmax and the graph's output.
const MAX_CHAIN: usize = 4;

/// The places of the outputs that may be the logits, the likeliest first: one called `logits`, those whose last axis is
/// declared as the number of labels, then the others in their order.
pub(super) fn outputs(graph: &GraphProto, labels: Option<usize>) -> Vec<usize> {
    let rank = |place: &usize| {
        let output = &graph.output[*place];
        let name = output.name.strip_suffix(":0").unwrap_or(&output.name);
        let dims = type_of(output).1;
        let fits = |dims: &Vec<Option<usize>>| dims.len() == 3 && labels.is_some() && dims[2] == labels;
        let other = |dims: &Vec<Option<usize>>| dims.len() != 3 || labels.zip(dims[2]).is_some_and(|(a, b)| a != b);
        match () {
            () if name == "logits" => 0,
            () if dims.as_ref().is_some_and(fits) => 1,
            () if dims.as_ref().is_some_and(other) => 3,
            () => 2,
        }
    };
    let mut places: Vec<usize> = (0..graph.output.len()).collect();
    places.sort_by_key(rank);
    places
}

/// Takes a softmax over the labels off each output: the labels' scores are made from logits, once. The output keeps its
/// place, and takes the name of the softmax's input.
pub(super) fn cut_softmax(graph: &mut GraphProto, opset: i64) {
    for place in 0..graph.output.len() {
        if let Some(logits) = softmax_input(graph, &graph.output[place].name, opset) {
            graph.output[place].name = logits;
            graph.output[place].r#type = None;
        }
    }
}

fn softmax_input(graph: &GraphProto, output: &str, opset: i64) -> Option<String> {
    let mut name = output;
    for _ in 0..MAX_CHAIN {
        let node = graph.node.iter().find(|node| node.output.first().is_some_and(|made| made == name))?;
        let input = node.input.first()?;
        match node.op_type.as_str() {
            "Identity" | "Cast" => name = input,
            "Softmax" => return over_labels(node, opset).then(|| input.clone()),
            _ => return None,
        }
    }
    None
}

/// Whether a softmax of `[batch, sequence, labels]` is over the labels. Before opset 13 it is over all axes from `axis` on.
fn over_labels(node: &NodeProto, opset: i64) -> bool {
    let axis = integer(node, "axis").unwrap_or(if opset >= 13 { -1 } else { 1 });
    axis == -1 || axis == 2
}
