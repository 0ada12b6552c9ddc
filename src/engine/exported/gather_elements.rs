//! `GatherElements` whose indices are numbers when it runs: tract would read symbolic ones before their symbols are known.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::{array, cast::cast};
use tract_onnx::tract_hir::internal::*;

/// Builds the operation of a `GatherElements` node.
pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(GatherElements { axis: node.get_attr_opt("axis")?.unwrap_or(0) }), vec![]))
}

#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct GatherElements {
    axis: i64,
}

impl Expansion for GatherElements {
    fn name(&self) -> StaticName {
        "GlossaGatherElements".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 2)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, &inputs[0].datum_type)?;
        solver.equals(&inputs[0].rank, &inputs[1].rank)?;
        solver.equals(&outputs[0].shape, &inputs[1].shape)
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let rank = model.outlet_fact(inputs[0])?.rank() as i64;
        let axis = if self.axis < 0 { self.axis + rank } else { self.axis };
        let axis = usize::try_from(axis).ok().filter(|&axis| (axis as i64) < rank).context("an axis out of range")?;
        let indices = match model.outlet_fact(inputs[1])?.datum_type {
            kind if kind == i64::datum_type() => inputs[1],
            _ => model.wire_node(format!("{prefix}.indices"), cast(i64::datum_type()), &inputs[1..])?[0],
        };
        model.wire_node(prefix, array::GatherElements { axis }, &[inputs[0], indices])
    }
}
