//! Linear layers in int8 as one operation: quantise rows, multiply, scale back, add the bias, apply the activation.

use std::cell::RefCell;
use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

use super::kernel::{self, Kernel, PackedWeights, QuantisedRows, PANEL, ROWS};
use super::math::gelu;

/// What is applied to a linear layer's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Activation {
    None,
    /// `x / 2 * (1 + erf(x / sqrt 2))`
    Gelu,
}

/// `activation(x * weights + bias)` over the last axis of an f32 tensor.
#[derive(Debug, Clone)]
pub(super) struct Int8Linear {
    weights: Arc<PackedWeights>,
    /// As long as the weights' panels are wide together.
    bias: Arc<[f32]>,
    activation: Activation,
    kernel: Kernel,
}

impl PartialEq for Int8Linear {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.weights, &other.weights)
            && Arc::ptr_eq(&self.bias, &other.bias)
            && self.activation == other.activation
    }
}

impl Eq for Int8Linear {}

thread_local! {
    static ROWS_BUFFER: RefCell<QuantisedRows> = RefCell::default();
}

impl Int8Linear {
    /// `bias` holds one value per column of the weights; an empty one stands for zeros.
    pub(super) fn new(weights: PackedWeights, bias: &[f32], activation: Activation) -> Self {
        let mut padded = bias.to_vec();
        padded.resize(weights.scales().len(), 0.0);
        Int8Linear { weights: Arc::new(weights), bias: padded.into(), activation, kernel: kernel::best() }
    }

    /// `values` is `[rows, k]`, `out` `[rows, n]`, both row-major.
    fn run(&self, values: &[f32], out: &mut [f32]) {
        let n = self.weights.n();
        ROWS_BUFFER.with_borrow_mut(|rows| {
            rows.fill(values, self.weights.k());
            for (column, panel) in self.weights.panels() {
                let scales = &self.weights.scales()[column..column + PANEL];
                let sums = &self.weights.sums()[column..column + PANEL];
                let bias = &self.bias[column..column + PANEL];
                let width = PANEL.min(n - column);
                for first in (0..rows.len()).step_by(ROWS) {
                    let tile = (self.kernel)(rows.tile(first), panel);
                    for (row, products) in tile.iter().enumerate().take(rows.len() - first) {
                        let (minimum, scale) = rows.row(first + row);
                        let mut values = [0f32; PANEL];
                        for i in 0..PANEL {
                            values[i] = products[i] as f32 * scale * scales[i] + (minimum * sums[i] + bias[i]);
                        }
                        if self.activation == Activation::Gelu {
                            gelu(&mut values);
                        }
                        let at = (first + row) * n + column;
                        out[at..at + width].copy_from_slice(&values[..width]);
                    }
                }
            }
        });
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
        ensure!(k == self.weights.k(), "{k} values a row for weights of {} rows", self.weights.k());
        if let Some(last) = shape.last_mut() {
            *last = self.weights.n();
        }
        let mut output = Tensor::zero::<f32>(&shape)?;
        self.run(
            input.try_as_plain_ram()?.as_slice::<f32>()?,
            output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?,
        );
        Ok(tvec![output.into_tvalue()])
    }
}

impl TypedOp for Int8Linear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
        if let Some(last) = shape.last_mut() {
            *last = self.weights.n().to_dim();
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
            let last = rank as usize - 1;
            for axis in 0..last {
                solver.equals(&inputs[0].shape[axis], &outputs[0].shape[axis])?;
            }
            solver.equals(&inputs[0].shape[last], self.weights.k().to_dim())?;
            solver.equals(&outputs[0].shape[last], self.weights.n().to_dim())
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}
