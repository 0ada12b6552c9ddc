//! Operators along an axis that their values must have: tract counts up to an axis that is not there, for ever.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_hir::internal::*;

use crate::engine::proto::{integer, integer_attribute, standard};

/// The operator that [`check_ranks`] puts before others.
pub(super) const RANKED: &str = "GlossaRanked";
/// Operators whose result has an axis, by default the last, that the first input must reach; and how many axes more than that
/// input the result has.
const ALONG_AN_AXIS: [(&str, i64); 4] =
    [("LayerNormalization", 0), ("OneHot", 1), ("RMSNormalization", 0), ("SimplifiedLayerNormalization", 0)];

/// Has the rank of what goes into such an operator checked as soon as it is known.
pub(in crate::engine) fn check_ranks(graph: &mut GraphProto) {
    for mut node in std::mem::take(&mut graph.node) {
        for attribute in &mut node.attribute {
            attribute.g.iter_mut().chain(&mut attribute.graphs).for_each(check_ranks);
        }
        let more = ALONG_AN_AXIS.iter().find(|(name, _)| *name == node.op_type).map(|(_, more)| *more);
        if let (Some(more), [input, ..], [output, ..]) = (more, node.input.as_slice(), node.output.as_slice()) {
            let ranked = format!("{output}.ranked");
            graph.node.push(NodeProto {
                attribute: vec![
                    integer_attribute("axis", integer(&node, "axis").unwrap_or(-1)),
                    integer_attribute("more", more),
                ],
                ..standard(RANKED, &[input], &ranked)
            });
            node.input[0] = ranked;
        }
        graph.node.push(node);
    }
}

/// Builds the operation of such a node.
pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Ranked { axis: node.get_attr("axis")?, more: node.get_attr("more")? }), vec![]))
}

/// Gives its input, if that, with so many axes more, has this axis.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Ranked {
    axis: i64,
    more: i64,
}

impl Ranked {
    fn check(&self, rank: i64) -> TractResult<()> {
        let axes = rank + self.more;
        ensure!((-axes..axes).contains(&self.axis), "there is no axis {} in {axes}", self.axis);
        Ok(())
    }
}

impl Expansion for Ranked {
    fn name(&self) -> StaticName {
        RANKED.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, &inputs[0].datum_type)?;
        // Nothing is said of the result before the rank has been checked.
        solver.given(&inputs[0].rank, move |solver, rank| {
            self.check(rank)?;
            solver.equals(&outputs[0].rank, rank)?;
            solver.equals(&outputs[0].shape, &inputs[0].shape)
        })
    }

    fn wire(&self, _: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        self.check(model.outlet_fact(inputs[0])?.rank() as i64)?;
        Ok(inputs.into())
    }
}
