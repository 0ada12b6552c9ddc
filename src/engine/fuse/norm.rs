//! Layer normalisation, as an operator or decomposed, becomes one node with the residual addition before it.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

use super::embedding;
use super::facts::{Facts, Size};
use super::found_norm::{parse_norm, FoundNorm};
use super::fused::Fused;
use super::graph_index::{replace, GraphIndex};
use super::nodes::NORM;
use crate::engine::ops::{to_tract, ResidualNorm};
use crate::engine::proto::{attribute, integer};

/// Builds the operation of a node that [`rewrite`] wrote.
pub(super) fn parse(_context: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((to_tract(ResidualNorm { norm: parse_norm(node)?, residual: node.input.len() > 1 }), vec![]))
}

/// Replaces every normalisation, that of embeddings together with their tables.
pub(super) fn rewrite(graph: &mut GraphProto, fused: &mut Fused) {
    let edges = GraphIndex::new(graph);
    let facts = Facts::new(graph, &edges);
    let finder = Finder { graph: &edges, facts: &facts };
    let mut replacements = Vec::new();
    for place in 0..edges.nodes.len() {
        let Some(found) = finder.norm(place) else { continue };
        let place = found.place;
        let input = found.input.clone();
        if let Some(tables) = embedding::sum(&edges, &facts, &input, found.gamma.len()) {
            fused.embedding += 1;
            replacements.push((place, embedding::node(&edges, tables, found)));
        } else {
            fused.norm += 1;
            let input = finder.sum(&input).unwrap_or(vec![input]);
            replacements.push((place, found.into_node(NORM, input)));
        }
    }
    replace(graph, replacements);
}

struct Finder<'a, 'g> {
    graph: &'a GraphIndex<'g>,
    facts: &'a Facts<'g>,
}

impl Finder<'_, '_> {
    fn norm(&self, place: usize) -> Option<FoundNorm> {
        let node = &self.graph.nodes[place];
        let found = match node.op_type.as_str() {
            "LayerNormalization" => self.operator(place, node)?,
            "Sqrt" => self.decomposed(node)?,
            _ => return None,
        };
        let width = Size::Known(i64::try_from(found.gamma.len()).ok()?);
        let fits = self.facts.shape(&found.input)?.last() == Some(&width) && found.beta.len() == found.gamma.len();
        (fits && found.epsilon.is_finite()).then_some(found)
    }

    fn operator(&self, place: usize, node: &NodeProto) -> Option<FoundNorm> {
        let rank = self.facts.shape(node.input.first()?)?.len() as i64;
        let axis = integer(node, "axis").unwrap_or(-1);
        let only = node.output.iter().filter(|output| !output.is_empty()).count() == 1;
        if !only || axis != -1 && axis != rank - 1 {
            return None;
        }
        let gamma = self.graph.floats(node.input.get(1)?)?;
        let beta = match node.input.get(2).filter(|beta| !beta.is_empty()) {
            Some(beta) => self.graph.floats(beta)?,
            None => vec![0.0; gamma.len()],
        };
        Some(FoundNorm {
            name: node.name.clone(),
            input: node.input[0].clone(),
            output: node.output.first().filter(|output| !output.is_empty())?.clone(),
            place,
            gamma,
            beta,
            epsilon: attribute(node, "epsilon").map_or(1e-5, |epsilon| epsilon.f),
        })
    }

    /// `d = x - mean(x)`, `d / sqrt(mean(d^2) + epsilon) * gamma + beta`, from its square root.
    fn decomposed(&self, sqrt: &NodeProto) -> Option<FoundNorm> {
        let producer = |name: &str, op: &str| self.graph.producer(name).filter(|node| node.op_type == op);
        let plus = producer(sqrt.input.first()?, "Add")?;
        let (variance, epsilon) = self.with_constant(plus)?;
        let &[epsilon] = epsilon.as_slice() else { return None };
        let variance = producer(variance, "ReduceMean").filter(|node| self.over_rows(node))?;
        let square = self.graph.producer(variance.input.first()?)?;
        let difference = square.input.first()?;
        let squares = match square.op_type.as_str() {
            "Pow" => self.facts.get(square.input.get(1)?).uniform() == Some(2.0),
            "Mul" => square.input.get(1) == Some(difference),
            _ => false,
        };
        let subtract = producer(difference, "Sub")?;
        let input = subtract.input.first()?;
        let mean = producer(subtract.input.get(1)?, "ReduceMean").filter(|node| self.over_rows(node))?;
        if !squares || mean.input.first() != Some(input) {
            return None;
        }
        let next = |name: &str, op: &str| {
            let node = &self.graph.nodes[self.graph.only_reader(name)?];
            (node.op_type == op).then_some(node)
        };
        let divide = next(sqrt.output.first()?, "Div")?;
        // Some exporters subtract twice.
        let same =
            |name: &str| name == difference || producer(name, "Sub").is_some_and(|node| node.input == subtract.input);
        if divide.input.get(1) != sqrt.output.first() || !same(divide.input.first()?) {
            return None;
        }
        let scaled = next(divide.output.first()?, "Mul")?;
        let gamma = self.with_constant(scaled)?.1;
        let output = self.graph.only_reader(scaled.output.first()?)?;
        let add = Some(&self.graph.nodes[output]).filter(|node| node.op_type == "Add")?;
        let beta = self.with_constant(add)?.1;
        Some(FoundNorm {
            name: add.name.clone(),
            input: input.clone(),
            output: add.output.first()?.clone(),
            place: output,
            gamma,
            beta,
            epsilon,
        })
    }

    /// The computed input, and the values of the constant one.
    fn with_constant<'n>(&self, node: &'n NodeProto) -> Option<(&'n str, Vec<f32>)> {
        let [a, b] = node.input.as_slice() else { return None };
        let constant = |name: &str| self.graph.floats(name);
        constant(b).map(|values| (a.as_str(), values)).or_else(|| Some((b.as_str(), constant(a)?)))
    }

    /// Whether a mean is over the last axis, and keeps it.
    fn over_rows(&self, node: &NodeProto) -> bool {
        let over = || {
            let rank = self.facts.shape(node.input.first()?)?.len() as i64;
            let axes = self.facts.integers(node, "axes", 1)?;
            Some(matches!(axes.as_slice(), &[axis] if axis == -1 || axis == rank - 1))
        };
        integer(node, "keepdims") != Some(0) && over() == Some(true)
    }

    /// The operands of a residual addition: two values of the same shape, whose sum nothing else reads.
    fn sum(&self, name: &str) -> Option<Vec<String>> {
        let add = self.graph.producer(name).filter(|node| node.op_type == "Add")?;
        let [a, b] = add.input.as_slice() else { return None };
        let shape = self.facts.shape(a)?;
        let plain = shape == self.facts.shape(b)? && a != b;
        (plain && !self.read_beside_norm(name)).then(|| self.with_owned_first(a, b))
    }

    /// Whether a sum has a reader outside a normalisation.
    fn read_beside_norm(&self, name: &str) -> bool {
        let parts = ["LayerNormalization", "ReduceMean", "Sub", "Shape"];
        self.graph.readers(name).any(|(_, node)| !parts.contains(&node.op_type.as_str()))
    }

    /// Orders operands so that the first, which the result overwrites, has no other reader if possible.
    fn with_owned_first(&self, a: &str, b: &str) -> Vec<String> {
        if self.graph.only_reader(a).is_some() {
            vec![a.to_string(), b.to_string()]
        } else {
            vec![b.to_string(), a.to_string()]
        }
    }
}
