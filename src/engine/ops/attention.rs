//! Multi-head self-attention as one operation.

use std::cell::RefCell;

use glossa_kernels::attention::{self, Mask, Rows, Scratch};
use tract_onnx::tract_hir::internal::*;

use super::FusedOp;

/// `softmax(queries * keys^T * scale + mask) * values` for each head, one window at a time.
///
/// Inputs are f32 `[1, length, width]`: queries, keys, values, or with `packed` one input of three times the width
/// that holds them side by side; then perhaps a mask, `[1, 1 or heads, 1 or length, length]`. The output is
/// `[1, length, width]`; head `h` has the columns from `h * width / heads` on.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::engine) struct Attention {
    pub(in crate::engine) heads: usize,
    pub(in crate::engine) scale: f32,
    pub(in crate::engine) packed: bool,
    pub(in crate::engine) masked: bool,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Attention {
    /// Inputs before the mask.
    fn operands(&self) -> usize {
        if self.packed {
            1
        } else {
            3
        }
    }

    /// The output's width, from that of the first input.
    fn width_of(&self, row: TDim) -> TDim {
        if self.packed {
            row / 3
        } else {
            row
        }
    }
}

impl FusedOp for Attention {
    const NAME: &'static str = "Attention";

    fn inputs(&self) -> usize {
        self.operands() + usize::from(self.masked)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        output: &'p TensorProxy,
    ) -> InferenceResult {
        for input in inputs {
            solver.equals(&input.datum_type, f32::datum_type())?;
        }
        for input in &inputs[..self.operands()] {
            solver.equals(&input.rank, 3)?;
            solver.equals(&input.shape, &inputs[0].shape)?;
        }
        solver.equals(&output.rank, 3)?;
        solver.equals(&inputs[0].shape[0], &output.shape[0])?;
        solver.equals(&inputs[0].shape[1], &output.shape[1])?;
        solver.given(&inputs[0].shape[2], move |solver, row| solver.equals(&output.shape[2], self.width_of(row)))
    }

    fn output_shape(&self, mut shape: TVec<TDim>) -> TVec<TDim> {
        if let Some(last) = shape.last_mut() {
            *last = self.width_of(last.clone());
        }
        shape
    }

    fn run(&self, inputs: TVec<TValue>) -> TractResult<Tensor> {
        let operands = self.operands();
        let &[1, length, stride] = inputs[0].shape() else { bail!("attention of {:?}", inputs[0].shape()) };
        ensure!(inputs[..operands].iter().all(|input| input.shape() == inputs[0].shape()), "shapes differ");
        let parts = if self.packed { 3 } else { 1 };
        let width = stride / parts;
        let whole = self.heads > 0 && width > 0 && width % self.heads == 0 && width * parts == stride;
        ensure!(whole, "{stride} values per row for {} heads", self.heads);
        let views = inputs.iter().map(|input| input.try_as_plain_ram()).collect::<TractResult<Vec<_>>>()?;
        let rows = |i: usize| -> TractResult<Rows<'_>> {
            let (input, first) = if self.packed { (0, i * width) } else { (i, 0) };
            Ok(Rows { values: views[input].as_slice::<f32>()?, first, stride })
        };
        let mask = match inputs.get(operands) {
            None => None,
            Some(mask) => {
                let &[1, heads, rows, columns] = mask.shape() else { bail!("a mask of {:?}", mask.shape()) };
                let fits = columns == length && [1, self.heads].contains(&heads) && [1, length].contains(&rows);
                ensure!(fits, "a mask of {:?} for {} heads, {length} rows", mask.shape(), self.heads);
                Some(Mask {
                    values: views[operands].as_slice::<f32>()?,
                    head_stride: if heads == 1 { 0 } else { rows * columns },
                    row_stride: if rows == 1 { 0 } else { columns },
                })
            }
        };
        let operands = attention::Attention {
            heads: self.heads,
            scale: self.scale,
            length,
            width,
            queries: rows(0)?,
            keys: rows(1)?,
            values: rows(2)?,
            mask,
        };
        let mut output = Tensor::zero::<f32>(&[1, length, width])?;
        let mut out = output.try_as_plain_ram_mut()?;
        SCRATCH.with_borrow_mut(|scratch| -> TractResult<()> {
            operands.run(scratch, out.as_slice_mut::<f32>()?);
            Ok(())
        })?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(shape: &[usize], values: &[f32]) -> TValue {
        Tensor::from_shape(shape, values).expect("a tensor").into_tvalue()
    }

    fn op(heads: usize, packed: bool, masked: bool) -> Attention {
        Attention { heads, scale: 0.7, packed, masked }
    }

    fn values(op: &Attention, inputs: TVec<TValue>) -> Vec<f32> {
        let output = op.run(inputs).expect("a result");
        let values = output.try_as_plain_ram().expect("a tensor");
        values.as_slice::<f32>().expect("f32").to_vec()
    }

    #[test]
    fn packed_operands_and_masks_are_found_where_they_are() {
        let (length, heads, width) = (5, 2, 6);
        let number = |i: usize| (i * 7919 % 1009) as f32 / 1009.0 - 0.4;
        let packed: Vec<f32> = (0..length * 3 * width).map(number).collect();
        let part = |part: usize| -> TValue {
            let values: Vec<f32> = packed.chunks(width).skip(part).step_by(3).flatten().copied().collect();
            tensor(&[1, length, width], &values)
        };
        let together = tensor(&[1, length, 3 * width], &packed);
        let plain = values(&op(heads, true, false), tvec![together.clone()]);
        assert_eq!(plain, values(&op(heads, false, false), tvec![part(0), part(1), part(2)]));
        // A mask that keeps one key per row; which one depends on head and row.
        for (mask_heads, mask_rows) in [(1, 1), (1, length), (heads, 1), (heads, length)] {
            let key = |head: usize, row: usize| (2 * (head % mask_heads) + row % mask_rows) % length;
            let masked = |i: usize| {
                let (head, row, column) = (i / length / mask_rows, i / length % mask_rows, i % length);
                if column == key(head, row) {
                    0.0
                } else {
                    f32::NEG_INFINITY
                }
            };
            let mask: Vec<f32> = (0..mask_heads * mask_rows * length).map(masked).collect();
            let mask = tensor(&[1, mask_heads, mask_rows, length], &mask);
            let out = values(&op(heads, true, true), tvec![together.clone(), mask]);
            for (i, value) in out.iter().enumerate() {
                let (row, column) = (i / width, i % width);
                let kept = packed[key(column * heads / width, row) * 3 * width + 2 * width + column];
                assert!((value - kept).abs() < 1e-6, "{mask_heads} {mask_rows}, {row}, {column}: {value} {kept}");
            }
        }
    }

    #[test]
    fn operands_that_do_not_fit_are_refused() {
        let row = |shape: &[usize]| tensor(shape, &vec![0.0; shape.iter().product()]);
        assert!(op(1, true, false).run(tvec![row(&[1, 2, 12])]).is_ok());
        assert!(op(5, true, false).run(tvec![row(&[1, 2, 12])]).is_err());
        assert!(op(0, true, false).run(tvec![row(&[1, 2, 12])]).is_err());
        assert!(op(1, true, false).run(tvec![row(&[1, 2, 13])]).is_err());
        assert!(op(1, true, false).run(tvec![row(&[2, 2, 12])]).is_err());
        assert!(op(1, false, false).run(tvec![row(&[1, 2, 4]), row(&[1, 3, 4]), row(&[1, 2, 4])]).is_err());
        assert!(op(1, true, true).run(tvec![row(&[1, 2, 12]), row(&[1, 1, 1, 3])]).is_err());
    }
}
