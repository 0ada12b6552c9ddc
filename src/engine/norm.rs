//! Residual addition and layer normalisation as one operation.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::*;

use super::lanes::{self, Lanes, Work};

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` over rows as long as `gamma`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Norm {
    gamma: Arc<[f32]>,
    beta: Arc<[f32]>,
    epsilon: f32,
}

impl Norm {
    /// Refuses parameters of different lengths, and none at all.
    pub(super) fn new(gamma: &[f32], beta: &[f32], epsilon: f32) -> TractResult<Self> {
        ensure!(!gamma.is_empty() && gamma.len() == beta.len(), "{} and {} parameters", gamma.len(), beta.len());
        Ok(Norm { gamma: gamma.into(), beta: beta.into(), epsilon })
    }

    /// Values per row.
    pub(super) fn width(&self) -> usize {
        self.gamma.len()
    }

    /// Normalises rows in place, after a residual as long as they are is added.
    pub(super) fn run(&self, values: &mut [f32], residual: Option<&[f32]>) {
        lanes::run(Task { norm: self, values, residual });
    }
}

struct Task<'a> {
    norm: &'a Norm,
    values: &'a mut [f32],
    residual: Option<&'a [f32]>,
}

impl Work for Task<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Norm { gamma, beta, epsilon } = self.norm;
        let width = gamma.len();
        let whole = width - width % L::WIDTH;
        for (i, row) in self.values.chunks_exact_mut(width).enumerate() {
            if let Some(residual) = self.residual {
                let residual = &residual[i * width..][..width];
                for at in (0..whole).step_by(L::WIDTH) {
                    let sum = L::load(row[at..].as_ptr()).plus(L::load(residual[at..].as_ptr()));
                    sum.store(row[at..].as_mut_ptr());
                }
                for at in whole..width {
                    row[at] += residual[at];
                }
            }
            let mean = sum::<L>(row, |x| x, |x| x) / width as f32;
            let means = L::splat(mean);
            let squares = |x: L| {
                let x = x.minus(means);
                x.times(x)
            };
            let variance = sum::<L>(row, squares, |x| (x - mean) * (x - mean)) / width as f32;
            let scale = 1.0 / (variance + epsilon).sqrt();
            let scales = L::splat(scale);
            for at in (0..whole).step_by(L::WIDTH) {
                let x = L::load(row[at..].as_ptr()).minus(means).times(scales);
                let x = x.times_plus(L::load(gamma[at..].as_ptr()), L::load(beta[at..].as_ptr()));
                x.store(row[at..].as_mut_ptr());
            }
            for at in whole..width {
                row[at] = (row[at] - mean) * scale * gamma[at] + beta[at];
            }
        }
    }
}

/// The sum over a row of a function, given for vectors and for what is left of the row.
#[inline(always)]
unsafe fn sum<L: Lanes>(row: &[f32], of: impl Fn(L) -> L, of_rest: impl Fn(f32) -> f32) -> f32 {
    // Four sums, since an addition waits for the one before it.
    let mut sums = [L::splat(0.0); 4];
    let mut blocks = row.chunks_exact(4 * L::WIDTH);
    for block in &mut blocks {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = sum.plus(of(L::load(block[i * L::WIDTH..].as_ptr())));
        }
    }
    let mut vectors = blocks.remainder().chunks_exact(L::WIDTH);
    for vector in &mut vectors {
        sums[0] = sums[0].plus(of(L::load(vector.as_ptr())));
    }
    let rest: f32 = vectors.remainder().iter().map(|&x| of_rest(x)).sum();
    sums[0].plus(sums[1]).plus(sums[2].plus(sums[3])).sum() + rest
}

/// [`Norm`] of its first input, or of the sum of two of one shape; rows are the last axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResidualNorm {
    pub(super) norm: Norm,
    pub(super) residual: bool,
}

impl Eq for ResidualNorm {}

impl Op for ResidualNorm {
    fn name(&self) -> StaticName {
        "ResidualNorm".into()
    }

    op_as_typed_op!();
}

impl EvalOp for ResidualNorm {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        ensure!(inputs.len() == 1 + usize::from(self.residual), "{} operands of a norm", inputs.len());
        let residual = inputs.get(1).cloned();
        let shape: TVec<usize> = inputs[0].shape().into();
        ensure!(shape.last() == Some(&self.norm.width()), "{shape:?} for rows of {}", self.norm.width());
        ensure!(residual.iter().all(|residual| residual.shape() == &*shape), "shapes differ");
        // In place, unless another node reads the input too.
        let mut output = inputs.swap_remove(0).into_tensor();
        let residual = residual.as_ref().map(|residual| residual.try_as_plain_ram()).transpose()?;
        let residual = residual.as_ref().map(|residual| residual.as_slice::<f32>()).transpose()?;
        self.norm.run(output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?, residual);
        Ok(tvec![output.into_tvalue()])
    }
}

impl TypedOp for ResidualNorm {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec![f32::fact(inputs[0].shape.iter().cloned().collect::<TVec<TDim>>())])
    }

    as_op!();
}

impl Expansion for ResidualNorm {
    fn name(&self) -> StaticName {
        "ResidualNorm".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1 + usize::from(self.residual))?;
        check_output_arity(outputs, 1)?;
        for tensor in inputs.iter().chain(outputs) {
            solver.equals(&tensor.datum_type, f32::datum_type())?;
            solver.equals(&tensor.shape, &inputs[0].shape)?;
        }
        Ok(())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_what_the_definition_gives() {
        for width in [1, 3, 4, 16, 31, 64, 100, 384] {
            let number = |i: usize, scale: f32| ((i * 7919 % 1009) as f32 / 1009.0 - 0.4) * scale;
            let parameters = |scale: f32| (0..width).map(|i| number(i + 5, scale)).collect::<Vec<f32>>();
            let norm = Norm::new(&parameters(2.0), &parameters(0.5), 1e-5).expect("parameters");
            let values: Vec<f32> = (0..3 * width).map(|i| number(i, 3.0) + 1.0).collect();
            let residual: Vec<f32> = (0..3 * width).map(|i| number(i + 11, 4.0)).collect();
            for set in lanes::Set::ALL.iter().filter(|set| set.exists()) {
                let mut plain = values.clone();
                set.run(Task { norm: &norm, values: &mut plain, residual: None });
                let mut summed = values.clone();
                set.run(Task { norm: &norm, values: &mut summed, residual: Some(&residual) });
                for (i, value) in plain.iter().chain(&summed).enumerate() {
                    let (row, column) = (i % (3 * width) / width, i % width);
                    let input = |column: usize| {
                        let at = row * width + column;
                        f64::from(values[at]) + if i >= 3 * width { f64::from(residual[at]) } else { 0.0 }
                    };
                    let mean = (0..width).map(input).sum::<f64>() / width as f64;
                    let variance = (0..width).map(|i| (input(i) - mean).powi(2)).sum::<f64>() / width as f64;
                    let exact = (input(column) - mean) / (variance + 1e-5).sqrt() * f64::from(norm.gamma[column])
                        + f64::from(norm.beta[column]);
                    // A row of one value has no variance, and its rounding error is scaled up.
                    let tolerance = if width == 1 { 1e-3 } else { 1e-5 };
                    assert!((f64::from(*value) - exact).abs() < tolerance, "{set:?} {width} {i}: {value} {exact}");
                }
            }
        }
    }

    #[test]
    fn operands_that_do_not_fit_are_refused() {
        let norm = Norm::new(&[1.0; 4], &[0.0; 4], 1e-5).expect("parameters");
        let op = |residual: bool| ResidualNorm { norm: norm.clone(), residual };
        let rows = |shape: &[usize]| Tensor::zero::<f32>(shape).expect("a tensor").into_tvalue();
        let fails = |op: ResidualNorm, inputs: TVec<TValue>| op.eval(&EvalContext::out_of_plan(), inputs).is_err();
        assert!(fails(op(false), tvec![rows(&[2, 5])]));
        assert!(fails(op(true), tvec![rows(&[2, 4]), rows(&[1, 4])]));
        assert!(fails(op(true), tvec![rows(&[2, 4])]));
        assert!(Norm::new(&[1.0; 4], &[0.0; 3], 1e-5).is_err());
    }
}
