//! Linear layers in int8 as one operation: quantise rows, multiply, scale back, add the bias, apply the activation.

use std::cell::RefCell;
use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

pub(super) use super::kernel::Activation;
use super::kernel::{self, Kernel, Layer, PackedWeights, QuantisedRows};

/// `activation(x * weights + bias)` over the last axis of an f32 tensor.
#[derive(Debug, Clone)]
pub(super) struct Int8Linear {
    layer: Arc<Layer>,
    kernel: Kernel,
}

impl PartialEq for Int8Linear {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.layer, &other.layer)
    }
}

impl Eq for Int8Linear {}

thread_local! {
    static ROWS: RefCell<QuantisedRows> = RefCell::default();
}

impl Int8Linear {
    /// `bias` holds one value per column of the weights; an empty one stands for zeros.
    pub(super) fn new(weights: PackedWeights, bias: &[f32], activation: Activation) -> Self {
        Int8Linear { layer: Arc::new(Layer::new(weights, bias, activation)), kernel: kernel::best() }
    }

    /// `values` is `[rows, k]`, `out` `[rows, n]`, both row-major.
    fn run(&self, values: &[f32], out: &mut [f32]) {
        ROWS.with_borrow_mut(|rows| self.kernel.run(&self.layer, values, rows, out));
    }
}

impl Op for Int8Linear {
    fn name(&self) -> StaticName {
        "Int8Linear".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Int8Linear {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let input = args_1!(inputs);
        let mut shape: TVec<usize> = input.shape().into();
        let k = shape.last().copied().unwrap_or(0);
        ensure!(k == self.layer.inputs(), "{k} values a row for weights of {} rows", self.layer.inputs());
        if let Some(last) = shape.last_mut() {
            *last = self.layer.outputs();
        }
        // SAFETY: of numbers, and every one is written below.
        let mut output = unsafe { Tensor::uninitialized::<f32>(&shape) }?;
        self.run(input.try_as_plain_ram()?.as_slice::<f32>()?, output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec![output.into_tvalue()])
    }
}

impl TypedOp for Int8Linear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
        if let Some(last) = shape.last_mut() {
            *last = self.layer.outputs().to_dim();
        }
        Ok(tvec![f32::fact(&shape)])
    }

    as_op!();
}

impl Expansion for Int8Linear {
    fn name(&self) -> StaticName {
        "Int8Linear".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        solver.equals(&inputs[0].datum_type, f32::datum_type())?;
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.equals(&inputs[0].rank, &outputs[0].rank)?;
        solver.given(&inputs[0].rank, move |solver, rank| {
            ensure!(rank > 0, "a single value for weights of {} rows", self.layer.inputs());
            let last = rank as usize - 1;
            for axis in 0..last {
                solver.equals(&inputs[0].shape[axis], &outputs[0].shape[axis])?;
            }
            solver.equals(&inputs[0].shape[last], self.layer.inputs().to_dim())?;
            solver.equals(&outputs[0].shape[last], self.layer.outputs().to_dim())
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}
