//! `If` as an operation: its condition is known once shapes are, and the branch taken becomes part of the graph.

use tract_onnx::model::{ParseResult, ParsingContext};
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::source::TypedSource;
use tract_onnx::tract_hir::internal::*;

/// Builds the operation of an `If` node.
pub(super) fn parse(context: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let branch = |name: &str| context.parse_graph(node.get_attr::<&GraphProto>(name)?);
    let (then, otherwise) = (branch("then_branch")?, branch("else_branch")?);
    ensure!(then.model.outputs.len() == otherwise.model.outputs.len(), "branches of other numbers of outputs");
    let mut outer: Vec<String> = then.unresolved_inputs.iter().chain(&otherwise.unresolved_inputs).cloned().collect();
    outer.sort();
    outer.dedup();
    let branch = |parsed: ParseResult| {
        let place = |name: &String| outer.binary_search(name).map(|place| place + 1);
        let inputs = parsed.unresolved_inputs.iter().map(place).collect::<Result<_, _>>();
        Ok::<_, TractError>(Branch {
            graph: parsed.model,
            inputs: inputs.map_err(|_| format_err!("an unknown input"))?,
        })
    };
    Ok((Box::new(If { then: branch(then)?, otherwise: branch(otherwise)? }), outer))
}

#[derive(Debug, Clone)]
struct Branch {
    graph: InferenceModel,
    /// Which input of the node each input of the graph is.
    inputs: Vec<usize>,
}

#[derive(Debug, Clone)]
struct If {
    then: Branch,
    otherwise: Branch,
}

/// Graphs are not compared: no two nodes are merged.
impl PartialEq for If {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for If {}

impl Op for If {
    fn name(&self) -> StaticName {
        "GlossaIf".into()
    }

    not_a_typed_op!();
}

impl EvalOp for If {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, _inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        bail!("a branch is taken before the graph runs")
    }
}

impl InferenceOp for If {
    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<(TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>)> {
        let mut inputs: TVec<InferenceFact> = inputs.into_iter().cloned().collect();
        let mut outputs: TVec<InferenceFact> = outputs.into_iter().cloned().collect();
        let observed = observed.into_iter().cloned().collect();
        if let Some(condition) = inputs[0].value.concretize() {
            let branch = if condition.cast_to_scalar::<bool>()? { &mut self.then } else { &mut self.otherwise };
            for (inner, &outer) in branch.inputs.iter().enumerate() {
                branch.graph.input_fact_mut(inner)?.unify_with_mut(&mut inputs[outer])?;
            }
            branch.graph.analyse(false)?;
            for (i, output) in outputs.iter_mut().enumerate() {
                branch.graph.output_fact_mut(i)?.unify_with_mut(output)?;
            }
        }
        Ok((inputs, outputs, observed))
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.then.graph.outputs.len())
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        let condition = source.outlet_fact(node.inputs[0])?.value.concretize();
        let condition = condition.or_else(|| target.outlet_fact(mapping[&node.inputs[0]]).ok()?.konst.clone());
        let condition = condition.context("a branch is taken by the values of a text, which is not supported")?;
        let branch = if condition.cast_to_scalar::<bool>()? { &self.then } else { &self.otherwise };
        let mut graph = branch.graph.clone();
        for (inner, &outer) in branch.inputs.iter().enumerate() {
            let fact = target.outlet_fact(mapping[&node.inputs[outer]])?;
            graph.set_input_fact(inner, InferenceFact::from(&fact.without_value()))?;
        }
        inline(&graph.into_typed()?, &node.name, target, |inner| mapping[&node.inputs[branch.inputs[inner]]])
    }

    as_op!();
}

/// Adds a graph's nodes to another one, their names behind `prefix`, and returns its outputs there. `input` tells what its
/// inputs are.
fn inline(
    graph: &TypedModel,
    prefix: &str,
    target: &mut TypedModel,
    input: impl Fn(usize) -> OutletId,
) -> TractResult<TVec<OutletId>> {
    let mut places: HashMap<OutletId, OutletId> = HashMap::default();
    for (i, outlet) in graph.input_outlets()?.iter().enumerate() {
        places.insert(*outlet, input(i));
    }
    for id in graph.eval_order()? {
        let node = graph.node(id);
        if node.op_is::<TypedSource>() {
            continue;
        }
        let name = target.unique_name(format!("{prefix}.{}", node.name));
        if let Some(constant) = node.op_as::<Const>() {
            places.insert(id.into(), target.add_const(name, constant.val().clone())?);
            continue;
        }
        let inputs: TVec<OutletId> = node.inputs.iter().map(|outlet| places[outlet]).collect();
        for (i, made) in target.wire_node(name, node.op.clone(), &inputs)?.into_iter().enumerate() {
            places.insert(OutletId::new(id, i), made);
        }
    }
    Ok(graph.output_outlets()?.iter().map(|outlet| places[outlet]).collect())
}
