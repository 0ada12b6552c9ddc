//! The operations that run in place of the file's: tract operations around the kernels of `glossa-kernels`.

mod attention;
mod embedding;
mod linear;
mod norm;

pub(super) use attention::Attention;
pub(super) use embedding::{Embedding, Table, Values};
pub(super) use linear::Int8Linear;
pub(super) use norm::{Norm, ResidualNorm};

use std::fmt::Debug;

use tract_onnx::tract_hir::internal::*;

/// An operation with one f32 output. [`to_tract`] makes it one of tract's.
pub(super) trait FusedOp: Clone + Debug + PartialEq + Send + Sync + 'static {
    /// What tract calls it in its messages.
    const NAME: &'static str;

    /// Number of inputs.
    fn inputs(&self) -> usize;

    /// Constraints between the types and shapes of the inputs and the output. The number of inputs has been checked, and
    /// the output is f32. The signature, which each operation repeats, is that of tract's [`Expansion::rules`].
    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        output: &'p TensorProxy,
    ) -> InferenceResult;

    /// The output's shape, from the shape of the first input.
    fn output_shape(&self, input: TVec<TDim>) -> TVec<TDim>;

    /// Runs the operation.
    ///
    /// # Errors
    /// When the inputs do not fit: tract checks only shapes known before the run.
    fn run(&self, inputs: TVec<TValue>) -> TractResult<Tensor>;
}

/// The operation for tract, before its types and shapes are known.
pub(super) fn to_tract(op: impl FusedOp) -> Box<dyn InferenceOp> {
    expand(TractOp(op))
}

#[derive(Debug, Clone, PartialEq)]
struct TractOp<O>(O);

impl<O: FusedOp> Eq for TractOp<O> {}

impl<O: FusedOp> Op for TractOp<O> {
    fn name(&self) -> StaticName {
        O::NAME.into()
    }

    op_as_typed_op!();
}

impl<O: FusedOp> EvalOp for TractOp<O> {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        ensure!(inputs.len() == self.0.inputs(), "{} inputs of {}", inputs.len(), O::NAME);
        Ok(tvec![self.0.run(inputs)?.into_tvalue()])
    }
}

impl<O: FusedOp> TypedOp for TractOp<O> {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec![f32::fact(self.0.output_shape(inputs[0].shape.iter().cloned().collect()))])
    }

    as_op!();
}

impl<O: FusedOp> Expansion for TractOp<O> {
    fn name(&self) -> StaticName {
        O::NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.0.inputs())?;
        check_output_arity(outputs, 1)?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        self.0.rules(solver, inputs, &outputs[0])
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}
