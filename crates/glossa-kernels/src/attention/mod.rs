//! Multi-head self-attention: scores, softmax and context of every head, without transposes in between.

use crate::lanes::{self, Exp, Lanes, Work};

#[cfg(test)]
mod tests;

/// Rows of queries computed together, with two vectors of columns: as many accumulators as fit x86's sixteen registers
/// together with the operands.
const ROWS: usize = 4;

/// Queries, keys or values: rows of `stride` values, of which the first head's columns begin at `first`.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The rows, one after another.
    pub values: &'a [f32],
    /// The first head's first column: with queries, keys and values side by side, 0, the width or twice the width.
    pub first: usize,
    /// Distance from row to row.
    pub stride: usize,
}

impl<'a> Rows<'a> {
    /// `width` values of a row, from a column on.
    #[inline(always)]
    fn row(&self, row: usize, column: usize, width: usize) -> &'a [f32] {
        &self.values[row * self.stride + self.first + column..][..width]
    }

    fn holds(&self, length: usize, width: usize) -> bool {
        self.first + width <= self.stride && self.values.len() >= length * self.stride
    }
}

/// What is added to the scores. A stride of 0 broadcasts it along that axis.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    /// For each head and row, a value per key.
    pub values: &'a [f32],
    /// Distance from head to head.
    pub head_stride: usize,
    /// Distance from row to row.
    pub row_stride: usize,
}

/// The operands of `softmax(queries * keys^T * scale + mask) * values`.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// Number of heads; head `h` has the columns from `h * width / heads` on.
    pub heads: usize,
    /// Factor of the scores.
    pub scale: f32,
    /// Number of rows of queries, keys and values.
    pub length: usize,
    /// Columns of all heads together, a multiple of `heads`.
    pub width: usize,
    /// `[length, width]`.
    pub queries: Rows<'a>,
    /// `[length, width]`.
    pub keys: Rows<'a>,
    /// `[length, width]`.
    pub values: Rows<'a>,
    /// `[heads, length, length]`, with strides.
    pub mask: Option<Mask<'a>>,
}

impl Attention<'_> {
    /// Writes `[length, width]` to `out`. A NaN in a row of queries makes its output NaN; one in keys or values, all
    /// output of the head.
    ///
    /// # Panics
    /// If an operand or `out` is shorter than its shape, or `width` is not a multiple of `heads`.
    pub fn run(&self, scratch: &mut Scratch, out: &mut [f32]) {
        lanes::run(self.task(scratch, out));
    }

    fn task<'t>(&'t self, scratch: &'t mut Scratch, out: &'t mut [f32]) -> Task<'t> {
        let Attention { heads, length, width, .. } = *self;
        assert!(heads > 0 && width > 0 && width.is_multiple_of(heads), "{width} columns of {heads} heads");
        assert!([self.queries, self.keys, self.values].iter().all(|rows| rows.holds(length, width)));
        assert_eq!(out.len(), length * width);
        if let (Some(mask), Some(last)) = (&self.mask, length.checked_sub(1)) {
            assert!(mask.values.len() >= (heads - 1) * mask.head_stride + last * mask.row_stride + length);
        }
        Task { operands: self, out, scratch }
    }
}

/// One head's operands in the order in which they are read. Reuse it from call to call.
#[derive(Debug, Default)]
pub struct Scratch {
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

struct Task<'a> {
    operands: &'a Attention<'a>,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

impl Work for Task<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Attention { heads, scale, length, width, queries, keys, values, mask } = *self.operands;
        let pair = 2 * L::WIDTH;
        let size = width / heads;
        let (columns, padded) = (length.next_multiple_of(pair), size.next_multiple_of(pair));
        let scratch = self.scratch;
        // Padding is read too: clear it, since an earlier call may have left NaNs.
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
        let exp = Exp::<L>::new();
        for head in 0..heads {
            let column = head * size;
            for row in 0..length {
                for (i, &key) in keys.row(row, column, size).iter().enumerate() {
                    scratch.keys[i * columns + row] = key;
                }
                scratch.values[row * padded..][..size].copy_from_slice(values.row(row, column, size));
            }
            for first in (0..length).step_by(ROWS) {
                let rows = ROWS.min(length - first);
                for row in 0..rows {
                    let queries = queries.row(first + row, column, size);
                    for (to, from) in scratch.queries[row * size..][..size].iter_mut().zip(queries) {
                        *to = from * scale;
                    }
                }
                let (left, right) = ((&scratch.queries[..], size), (&scratch.keys[..], columns));
                L::outlined(Product { left, inner: size, right, out: &mut scratch.scores });
                // Per row, the inverse of the sum of exponentials.
                let mut inverses = [0f32; ROWS];
                for (row, inverse) in inverses.iter_mut().enumerate().take(rows) {
                    let scores = &mut scratch.scores[row * columns..][..columns];
                    if let Some(mask) = mask {
                        let at = head * mask.head_stride + (first + row) * mask.row_stride;
                        for (score, added) in scores.iter_mut().zip(&mask.values[at..at + length]) {
                            *score += added;
                        }
                    }
                    scores[length..].fill(f32::NEG_INFINITY);
                    *inverse = 1.0 / exponentials(&exp, scores);
                }
                let (left, right) = ((&scratch.scores[..], columns), (&scratch.values[..], padded));
                L::outlined(Product { left, inner: length, right, out: &mut scratch.context });
                for (row, inverse) in inverses.into_iter().enumerate().take(rows) {
                    let out = &mut self.out[(first + row) * width + column..][..size];
                    for (to, from) in out.iter_mut().zip(&scratch.context[row * padded..]) {
                        *to = from * inverse;
                    }
                }
            }
        }
    }
}

/// `[ROWS, inner] * [inner, columns]`, all row-major. The number beside an operand is its row stride; that of `right`,
/// a multiple of two vectors, is also the number of columns and the stride of `out`.
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
                    sums[0] = factor.mul_add(values[0], sums[0]);
                    sums[1] = factor.mul_add(values[1], sums[1]);
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

/// Replaces each score, of whole vectors, by `e^(score - largest score)`; returns their sum.
#[inline(always)]
unsafe fn exponentials<L: Lanes>(exp: &Exp<L>, scores: &mut [f32]) -> f32 {
    let mut largest = L::splat(f32::NEG_INFINITY);
    for scores in scores.chunks_exact(L::WIDTH) {
        largest = L::load(scores.as_ptr()).max(largest);
    }
    let largest = L::splat(largest.largest());
    let mut sum = L::splat(0.0);
    for scores in scores.chunks_exact_mut(L::WIDTH) {
        let exponentials = exp.of(L::load(scores.as_ptr()).sub(largest));
        exponentials.store(scores.as_mut_ptr());
        sum = sum.add(exponentials);
    }
    sum.sum()
}
