//! `Cast`, whose int64 results stay numbers unless they may be sizes.
//!
//! tract makes every int64 result symbolic, since a shape is computed from it perhaps. Symbolic numbers cannot be summed up
//! along an axis and take a hundred times as long, so those of word pieces and positions stay int64.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_hir::internal::*;

/// Maximum rank of a value that shapes are computed from.
const SIZES_RANK: i64 = 1;

/// Builds the operation of a `Cast` node.
pub(super) fn parse(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Cast { to: node.get_attr("to")? }), vec![]))
}

#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct Cast {
    to: DatumType,
}

impl Cast {
    /// The type of the result.
    fn result(&self, from: DatumType, rank: i64) -> DatumType {
        let sizes = from == TDim::datum_type() || rank <= SIZES_RANK;
        if self.to == i64::datum_type() && sizes {
            TDim::datum_type()
        } else {
            self.to
        }
    }
}

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "GlossaCast".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].rank, &inputs[0].rank)?;
        solver.equals(&outputs[0].shape, &inputs[0].shape)?;
        solver.given_2(&inputs[0].datum_type, &inputs[0].rank, move |solver, from, rank| {
            solver.equals(&outputs[0].datum_type, self.result(from, rank).bex())
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let fact = model.outlet_fact(inputs[0])?;
        let to = self.result(fact.datum_type, fact.rank() as i64);
        model.wire_node(prefix, cast(to), inputs)
    }
}
