//! `If` whose condition the graph decides by itself: the branch taken replaces the node, the other one goes.

use std::collections::HashSet;

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::engine::proto::{attribute, standard};

/// Maximum number of rounds: a branch may hold further branches, and decide the conditions of later ones.
const MAX_ROUNDS: usize = 16;

/// Replaces every `If` whose condition `known` tells by the nodes of the branch taken. `known` looks for the value of each
/// condition in the graph as it is by then.
pub(in crate::engine) fn take_known_branches(
    graph: &mut GraphProto,
    known: impl Fn(&GraphProto, &[String]) -> Vec<Option<bool>>,
) {
    for _ in 0..MAX_ROUNDS {
        let conditions: Vec<String> = graph.node.iter().filter(|node| node.op_type == "If").map(condition).collect();
        if conditions.is_empty() {
            return;
        }
        let mut decided = known(graph, &conditions).into_iter();
        let mut names: HashSet<String> = graph.node.iter().flat_map(|node| node.output.iter().cloned()).collect();
        names.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
        let mut changed = false;
        let nodes = std::mem::take(&mut graph.node);
        for node in nodes {
            let taken = if node.op_type == "If" { decided.next().flatten() } else { None };
            let branch = taken.and_then(|taken| branch(&node, taken)).filter(|branch| is_apart(branch, &names));
            let Some(branch) = branch else {
                graph.node.push(node);
                continue;
            };
            changed = true;
            names.extend(branch.node.iter().flat_map(|node| node.output.iter().cloned()));
            names.extend(branch.initializer.iter().map(|tensor| tensor.name.clone()));
            let outputs = node.output.iter().zip(&branch.output).filter(|(outer, _)| !outer.is_empty());
            let results = outputs.map(|(outer, inner)| standard("Identity", &[&inner.name], outer));
            graph.node.extend(branch.node.iter().cloned());
            graph.node.extend(results);
            graph.initializer.extend(branch.initializer.iter().cloned());
        }
        if !changed {
            return;
        }
    }
}

fn condition(node: &NodeProto) -> String {
    node.input.first().cloned().unwrap_or_default()
}

/// The graph of one branch, if it has a result for every output of the node.
fn branch(node: &NodeProto, taken: bool) -> Option<&GraphProto> {
    let name = if taken { "then_branch" } else { "else_branch" };
    let branch = attribute(node, name)?.g.as_ref()?;
    (branch.output.len() == node.output.len()).then_some(branch)
}

/// Whether a branch gives no name to a value that the graph has already, which the format forbids.
fn is_apart(branch: &GraphProto, names: &HashSet<String>) -> bool {
    let made = branch.node.iter().flat_map(|node| &node.output).filter(|name| !name.is_empty());
    let tensors = branch.initializer.iter().map(|tensor| &tensor.name);
    made.chain(tensors).all(|name| !names.contains(name))
}
