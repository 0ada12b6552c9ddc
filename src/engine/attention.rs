//! Self-attention as one operation: scores, softmax and context of every head, with nothing transposed in between.

use std::cell::RefCell;

use tract_onnx::tract_hir::internal::*;

use super::lanes::{self, Lanes, Work};

/// Rows of queries computed together, with two vectors of columns: as many sums as fit the sixteen registers of x86
/// beside operands.
const ROWS: usize = 4;

/// `softmax(queries * keys^T * scale + mask) * values` for each head, one window at a time.
///
/// Inputs are f32 `[1, length, width]`: queries, keys, values, or with `packed` one input of three times the width
/// that holds them side by side; then perhaps a mask, `[1, 1 or heads, 1 or length, length]`. The output is
/// `[1, length, width]`; head `h` owns columns from `h * width / heads`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attention {
    pub(super) heads: usize,
    pub(super) scale: f32,
    pub(super) packed: bool,
    pub(super) masked: bool,
}

impl Eq for Attention {}

/// Queries, keys or values: rows of the input, and where in a row the first head begins.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    first: usize,
    stride: usize,
}

impl<'a> Rows<'a> {
    fn row(&self, row: usize, column: usize, width: usize) -> &'a [f32] {
        &self.values[row * self.stride + self.first + column..][..width]
    }
}

/// What is added to the scores, with a stride of 0 along axes that it is spread over.
#[derive(Clone, Copy)]
struct Mask<'a> {
    values: &'a [f32],
    head_stride: usize,
    row_stride: usize,
}

/// One call's operands.
struct Task<'a> {
    heads: usize,
    scale: f32,
    length: usize,
    width: usize,
    queries: Rows<'a>,
    keys: Rows<'a>,
    values: Rows<'a>,
    mask: Option<Mask<'a>>,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

/// Operands of one head in the order in which they are read.
#[derive(Default)]
struct Scratch {
    /// `[size][length]`, padded to whole pairs of vectors.
    keys: Vec<f32>,
    /// `[length][size]`, padded likewise.
    values: Vec<f32>,
    /// `[ROWS][size]`, scaled.
    queries: Vec<f32>,
    /// `[ROWS][length]`, padded likewise.
    scores: Vec<f32>,
    /// `[ROWS][size]`, padded likewise.
    context: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Work for Task<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Task { heads, scale, length, width, .. } = self;
        let pair = 2 * L::WIDTH;
        let size = width / heads;
        let (columns, padded) = (length.next_multiple_of(pair), size.next_multiple_of(pair));
        let scratch = self.scratch;
        // Padding is read, so it must hold numbers; what an earlier call left there may be none.
        for (buffer, length) in [
            (&mut scratch.keys, size * columns),
            (&mut scratch.values, length * padded),
            (&mut scratch.queries, ROWS * size),
            (&mut scratch.scores, ROWS * columns),
            (&mut scratch.context, ROWS * padded),
        ] {
            buffer.clear();
            buffer.resize(length, 0.0);
        }
        for head in 0..heads {
            let column = head * size;
            for row in 0..length {
                for (i, &key) in self.keys.row(row, column, size).iter().enumerate() {
                    scratch.keys[i * columns + row] = key;
                }
                scratch.values[row * padded..][..size].copy_from_slice(self.values.row(row, column, size));
            }
            for first in (0..length).step_by(ROWS) {
                let rows = ROWS.min(length - first);
                for row in 0..rows {
                    let queries = self.queries.row(first + row, column, size);
                    for (to, from) in scratch.queries[row * size..][..size].iter_mut().zip(queries) {
                        *to = from * scale;
                    }
                }
                let (left, right) = ((&scratch.queries[..], size), (&scratch.keys[..], columns));
                L::apart(Product { left, inner: size, right, out: &mut scratch.scores });
                let mut shares = [0f32; ROWS];
                for (row, share) in shares.iter_mut().enumerate().take(rows) {
                    let scores = &mut scratch.scores[row * columns..][..columns];
                    if let Some(mask) = self.mask {
                        let at = head * mask.head_stride + (first + row) * mask.row_stride;
                        for (score, added) in scores.iter_mut().zip(&mask.values[at..at + length]) {
                            *score += added;
                        }
                    }
                    scores[length..].fill(f32::NEG_INFINITY);
                    *share = 1.0 / exponentials::<L>(scores);
                }
                let (left, right) = ((&scratch.scores[..], columns), (&scratch.values[..], padded));
                L::apart(Product { left, inner: length, right, out: &mut scratch.context });
                for (row, share) in shares.into_iter().enumerate().take(rows) {
                    let out = &mut self.out[(first + row) * width + column..][..size];
                    for (to, from) in out.iter_mut().zip(&scratch.context[row * padded..]) {
                        *to = from * share;
                    }
                }
            }
        }
    }
}

/// `ROWS` rows of `left`, whose first `inner` columns count, times `right`. All are row-major; beside an operand stands
/// its rows' length, which is that of `out` too for `right`, and there a multiple of two vectors.
struct Product<'a> {
    left: (&'a [f32], usize),
    inner: usize,
    right: (&'a [f32], usize),
    out: &'a mut [f32],
}

impl Work for Product<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let ((left, left_stride), (right, stride)) = (self.left, self.right);
        let (inner, pair) = (self.inner, 2 * L::WIDTH);
        assert!(inner > 0 && inner <= left_stride && left.len() >= ROWS * left_stride);
        assert!(stride.is_multiple_of(pair) && right.len() >= inner * stride && self.out.len() >= ROWS * stride);
        let (left, right, out) = (left.as_ptr(), right.as_ptr(), self.out.as_mut_ptr());
        for column in (0..stride).step_by(pair) {
            let mut sums = [[L::splat(0.0); 2]; ROWS];
            for i in 0..inner {
                let at = right.add(i * stride + column);
                let values = [L::load(at), L::load(at.add(L::WIDTH))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = L::splat_at(left.add(row * left_stride + i));
                    sums[0] = factor.times_plus(values[0], sums[0]);
                    sums[1] = factor.times_plus(values[1], sums[1]);
                }
            }
            for (row, sums) in sums.into_iter().enumerate() {
                let out = out.add(row * stride + column);
                sums[0].store(out);
                sums[1].store(out.add(L::WIDTH));
            }
        }
    }
}

/// `e^(score - largest score)` in place of each score, whole vectors of them; returns their sum.
#[inline(always)]
unsafe fn exponentials<L: Lanes>(scores: &mut [f32]) -> f32 {
    let mut largest = L::splat(f32::NEG_INFINITY);
    for scores in scores.chunks_exact(L::WIDTH) {
        largest = L::load(scores.as_ptr()).at_least(largest);
    }
    let largest = L::splat(largest.fold(f32::max));
    let mut sum = L::splat(0.0);
    for scores in scores.chunks_exact_mut(L::WIDTH) {
        let share = L::load(scores.as_ptr()).minus(largest).exp();
        share.store(scores.as_mut_ptr());
        sum = sum.plus(share);
    }
    sum.sum()
}

impl Attention {
    /// Checks operands and lays them out.
    fn task<'a>(&self, inputs: &'a [TValue], out: &'a mut [f32], scratch: &'a mut Scratch) -> TractResult<Task<'a>> {
        let operands = if self.packed { 1 } else { 3 };
        ensure!(inputs.len() == operands + usize::from(self.masked), "{} operands of attention", inputs.len());
        let &[1, length, stride] = inputs[0].shape() else { bail!("attention of {:?}", inputs[0].shape()) };
        ensure!(inputs[..operands].iter().all(|input| input.shape() == inputs[0].shape()), "shapes differ");
        let width = if self.packed { stride / 3 } else { stride };
        let parts = if self.packed { 3 } else { 1 };
        let whole = self.heads > 0 && width > 0 && width % self.heads == 0 && width * parts == stride;
        ensure!(whole, "{stride} values a row for {} heads", self.heads);
        ensure!(out.len() == length * width, "{} values for {length} rows of {width}", out.len());
        let rows = |i: usize| -> TractResult<Rows<'a>> {
            let (input, first) = if self.packed { (0, i * width) } else { (i, 0) };
            Ok(Rows { values: inputs[input].try_as_plain_ram()?.as_slice::<f32>()?, first, stride })
        };
        let mask = match inputs.get(operands) {
            None => None,
            Some(mask) => {
                let &[1, heads, rows, columns] = mask.shape() else { bail!("a mask of {:?}", mask.shape()) };
                let fits = columns == length && [1, self.heads].contains(&heads) && [1, length].contains(&rows);
                ensure!(fits, "a mask of {:?} for {} heads, {length} rows", mask.shape(), self.heads);
                Some(Mask {
                    values: mask.try_as_plain_ram()?.as_slice::<f32>()?,
                    head_stride: if heads == 1 { 0 } else { rows * columns },
                    row_stride: if rows == 1 { 0 } else { columns },
                })
            }
        };
        let (queries, keys, values) = (rows(0)?, rows(1)?, rows(2)?);
        Ok(Task { heads: self.heads, scale: self.scale, length, width, queries, keys, values, mask, out, scratch })
    }

    fn width_of(&self, row: TDim) -> TDim {
        if self.packed {
            row / 3
        } else {
            row
        }
    }
}

impl Op for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut shape: TVec<usize> = inputs[0].shape().into();
        if let (Some(last), true) = (shape.last_mut(), self.packed) {
            *last /= 3;
        }
        // SAFETY: of numbers, and every one is written below.
        let mut output = unsafe { Tensor::uninitialized::<f32>(&shape) }?;
        SCRATCH.with_borrow_mut(|scratch| -> TractResult<()> {
            let mut out = output.try_as_plain_ram_mut()?;
            lanes::run(self.task(&inputs, out.as_slice_mut::<f32>()?, scratch)?);
            Ok(())
        })?;
        Ok(tvec![output.into_tvalue()])
    }
}

impl TypedOp for Attention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let mut shape: TVec<TDim> = inputs[0].shape.iter().cloned().collect();
        if let Some(last) = shape.last_mut() {
            *last = self.width_of(last.clone());
        }
        Ok(tvec![f32::fact(&shape)])
    }

    as_op!();
}

impl Expansion for Attention {
    fn name(&self) -> StaticName {
        "Attention".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let operands = if self.packed { 1 } else { 3 };
        check_input_arity(inputs, operands + usize::from(self.masked))?;
        check_output_arity(outputs, 1)?;
        for input in inputs {
            solver.equals(&input.datum_type, f32::datum_type())?;
        }
        for input in &inputs[..operands] {
            solver.equals(&input.rank, 3)?;
            solver.equals(&input.shape, &inputs[0].shape)?;
        }
        solver.equals(&outputs[0].datum_type, f32::datum_type())?;
        solver.equals(&outputs[0].rank, 3)?;
        solver.equals(&inputs[0].shape[0], &outputs[0].shape[0])?;
        solver.equals(&inputs[0].shape[1], &outputs[0].shape[1])?;
        solver.given(&inputs[0].shape[2], move |solver, row| solver.equals(&outputs[0].shape[2], self.width_of(row)))
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

#[cfg(test)]
mod tests;
