//! Linear layers in int8: quantise rows, multiply, scale back, add the bias, apply the activation.

use std::cell::RefCell;
use std::sync::Arc;

use glossa_kernels::int8::{self, Kernel, Layer, QuantisedRows};
use tract_onnx::tract_hir::internal::*;

use super::FusedOp;

/// `activation(x * weights + bias)` over the last axis of an f32 tensor.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Int8Linear {
    layer: Arc<Layer>,
    kernel: Kernel,
}

impl PartialEq for Int8Linear {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.layer, &other.layer)
    }
}

thread_local! {
    static ROWS: RefCell<QuantisedRows> = RefCell::default();
}

impl Int8Linear {
    pub(in crate::engine) fn new(layer: Layer) -> Self {
        Int8Linear { layer: Arc::new(layer), kernel: int8::best() }
    }
}

impl FusedOp for Int8Linear {
    const NAME: &'static str = "Int8Linear";

    fn inputs(&self) -> usize {
        1
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        output: &'p TensorProxy,
    ) -> InferenceResult {
        solver.equals(&inputs[0].datum_type, f32::datum_type())?;
        solver.equals(&inputs[0].rank, &output.rank)?;
        solver.given(&inputs[0].rank, move |solver, rank| {
            ensure!(rank > 0, "a scalar for weights of {} rows", self.layer.inputs());
            let last = rank as usize - 1;
            for axis in 0..last {
                solver.equals(&inputs[0].shape[axis], &output.shape[axis])?;
            }
            solver.equals(&inputs[0].shape[last], self.layer.inputs().to_dim())?;
            solver.equals(&output.shape[last], self.layer.outputs().to_dim())
        })
    }

    fn output_shape(&self, mut shape: TVec<TDim>) -> TVec<TDim> {
        if let Some(last) = shape.last_mut() {
            *last = self.layer.outputs().to_dim();
        }
        shape
    }

    fn run(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let input = args_1!(inputs);
        let mut shape: TVec<usize> = input.shape().into();
        let k = shape.last().copied().unwrap_or(0);
        ensure!(k == self.layer.inputs(), "{k} values per row for weights of {} rows", self.layer.inputs());
        if let Some(last) = shape.last_mut() {
            *last = self.layer.outputs();
        }
        let mut output = Tensor::zero::<f32>(&shape)?;
        let values = input.try_as_plain_ram()?;
        let values = values.as_slice::<f32>()?;
        let mut out = output.try_as_plain_ram_mut()?;
        ROWS.with_borrow_mut(|rows| -> TractResult<()> {
            self.kernel.run(&self.layer, values, rows, out.as_slice_mut::<f32>()?);
            Ok(())
        })?;
        Ok(output)
    }
}
