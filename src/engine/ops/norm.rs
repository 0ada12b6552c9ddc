//! Residual addition and layer normalisation as one operation.

use std::sync::Arc;

use glossa_kernels::norm::layer_norm;
use tract_onnx::tract_hir::internal::*;

use super::FusedOp;

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` over rows as long as `gamma`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Norm {
    gamma: Arc<[f32]>,
    beta: Arc<[f32]>,
    epsilon: f32,
}

impl Norm {
    /// # Errors
    /// When the parameters are empty, or of different lengths.
    pub(in crate::engine) fn new(gamma: &[f32], beta: &[f32], epsilon: f32) -> TractResult<Self> {
        ensure!(!gamma.is_empty() && gamma.len() == beta.len(), "{} and {} parameters", gamma.len(), beta.len());
        Ok(Norm { gamma: gamma.into(), beta: beta.into(), epsilon })
    }

    /// Length of a row.
    pub(in crate::engine) fn width(&self) -> usize {
        self.gamma.len()
    }

    /// Normalises rows in place, after it adds a residual of the same length.
    pub(super) fn run(&self, values: &mut [f32], residual: Option<&[f32]>) {
        layer_norm(values, residual, &self.gamma, &self.beta, self.epsilon);
    }
}

/// [`Norm`] over the last axis of its first input, or of the sum of two inputs of the same shape.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct ResidualNorm {
    pub(in crate::engine) norm: Norm,
    pub(in crate::engine) residual: bool,
}

impl FusedOp for ResidualNorm {
    const NAME: &'static str = "ResidualNorm";

    fn inputs(&self) -> usize {
        1 + usize::from(self.residual)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        output: &'p TensorProxy,
    ) -> InferenceResult {
        for tensor in inputs.iter().chain([output]) {
            solver.equals(&tensor.datum_type, f32::datum_type())?;
            solver.equals(&tensor.shape, &inputs[0].shape)?;
        }
        Ok(())
    }

    fn output_shape(&self, input: TVec<TDim>) -> TVec<TDim> {
        input
    }

    fn run(&self, mut inputs: TVec<TValue>) -> TractResult<Tensor> {
        let residual = inputs.get(1).cloned();
        let shape: TVec<usize> = inputs[0].shape().into();
        ensure!(shape.last() == Some(&self.norm.width()), "{shape:?} for rows of {}", self.norm.width());
        ensure!(residual.iter().all(|residual| residual.shape() == &*shape), "shapes differ");
        // In place, unless another node reads the input too.
        let mut output = inputs.swap_remove(0).into_tensor();
        let residual = residual.as_ref().map(|residual| residual.try_as_plain_ram()).transpose()?;
        let residual = residual.as_ref().map(PlainView::as_slice::<f32>).transpose()?;
        self.norm.run(output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?, residual);
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_that_do_not_fit_are_refused() {
        let norm = Norm::new(&[1.0; 4], &[0.0; 4], 1e-5).expect("parameters");
        let op = |residual: bool| ResidualNorm { norm: norm.clone(), residual };
        let rows = |shape: &[usize]| Tensor::zero::<f32>(shape).expect("a tensor").into_tvalue();
        assert!(op(true).run(tvec![rows(&[2, 4]), rows(&[2, 4])]).is_ok());
        assert!(op(false).run(tvec![rows(&[2, 5])]).is_err());
        assert!(op(true).run(tvec![rows(&[2, 4]), rows(&[1, 4])]).is_err());
        assert!(Norm::new(&[1.0; 4], &[0.0; 3], 1e-5).is_err());
    }
}
