//! Activations in 7 bits.

use std::mem::MaybeUninit;

use super::{Value, GROUP, ROWS};
use crate::lanes::{Lanes, Work};

/// A buffer of rows of activations in 7 bits, each with its own range: a value is `minimum + scale * integer`.
#[derive(Debug, Default)]
pub struct QuantisedRows {
    stride: usize,
    /// Padding (columns past `k`, rows past the last) may hold anything: its weights are zero, or its result is discarded.
    values: Vec<Value>,
    minima: Vec<f32>,
    scales: Vec<f32>,
    /// A row that is not of whole vectors, filled up.
    whole: Vec<f32>,
}

/// Vectors that are read together.
const VECTORS: usize = 4;
/// At least as many groups as those vectors have.
const MOST: usize = VECTORS * 16 / GROUP;

impl QuantisedRows {
    /// Quantises `[rows, k]` values. A row with an infinity or NaN, or whose range is infinite, gets a range of NaN. `together` rows,
    /// a divisor of [`ROWS`], lie group after group.
    ///
    /// # Safety
    /// The processor has the vectors' instruction set.
    #[inline(always)]
    pub(super) unsafe fn fill<L: Lanes>(&mut self, values: &[f32], k: usize, together: usize) {
        let rows = values.len() / k;
        self.stride = k.div_ceil(GROUP) * GROUP;
        self.values.resize(rows.next_multiple_of(ROWS) * self.stride, 0);
        self.minima.clear();
        self.scales.clear();
        let size = VECTORS * L::WIDTH;
        self.whole.clear();
        self.whole.resize(k.next_multiple_of(size), 0.0);
        for (at, mut row) in values.chunks_exact(k).enumerate() {
            if k < self.whole.len() {
                // What is missing of the last vectors is one of the row's values.
                self.whole[..k].copy_from_slice(row);
                self.whole[k..].fill(row[0]);
                row = &self.whole;
            }
            let mut found = None;
            L::outlined(Range { row, found: &mut found });
            let (minimum, scale) = match found {
                Some((minimum, maximum)) if (maximum - minimum).is_finite() => (minimum, (maximum - minimum) / 127.0),
                _ => (f32::NAN, f32::NAN),
            };
            // The inverse of a smaller scale would be infinite.
            let scale = if scale < f32::MIN_POSITIVE { 0.0 } else { scale };
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            self.minima.push(minimum);
            self.scales.push(scale);
            let block = &mut self.values[at / together * together * self.stride..][..together * self.stride];
            let (to, step) = (&mut block[at % together * GROUP..], together * GROUP);
            L::outlined(Round { row, minimum, inverse, to, step });
        }
    }

    /// Number of rows, without padding.
    pub(super) fn len(&self) -> usize {
        self.minima.len()
    }

    /// `count` rows from `first`; `count` divides [`ROWS`], and `first` is a multiple of it.
    #[inline(always)]
    pub(super) fn from(&self, first: usize, count: usize) -> &[Value] {
        &self.values[first * self.stride..][..count * self.stride]
    }

    /// The minima and the scales of `count` rows from `first`.
    #[inline(always)]
    pub(super) fn ranges(&self, first: usize, count: usize) -> (&[f32], &[f32]) {
        (&self.minima[first..][..count], &self.scales[first..][..count])
    }
}

/// Rounds `(value - minimum) * inverse` to the nearest integer, ties to even, for a row of a multiple of [`VECTORS`] vectors.
struct Round<'a> {
    row: &'a [f32],
    minimum: f32,
    inverse: f32,
    /// Where the first group goes; what there is no room for is left out.
    to: &'a mut [Value],
    /// From one group to the next.
    step: usize,
}

impl Work for Round<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let Round { row, minimum, inverse, to, step } = self;
        let (minimum, inverse) = (L::splat(minimum), L::splat(inverse));
        // Adding 1.5 * 2^23 rounds, and leaves the integer in the lowest bits. The product exceeds 127 by a rounding error at most,
        // and so rounds to 127 at most.
        let [magic, mask] = L::constants([12_582_912.0, f32::from_bits(127)]);
        let size = VECTORS * L::WIDTH;
        let room = to.len().saturating_sub(GROUP) / step + usize::from(to.len() >= GROUP);
        let mut to = to.as_mut_ptr();
        for (values, first) in row.chunks_exact(size).zip((0..room).step_by(size / GROUP)) {
            let mut rounded = [magic; VECTORS];
            for (vector, rounded) in rounded.iter_mut().enumerate() {
                *rounded = L::load(values.as_ptr().add(vector * L::WIDTH)).sub(minimum).mul(inverse).add(magic);
            }
            let mut groups = [const { MaybeUninit::<[Value; GROUP]>::uninit() }; MOST];
            L::store_bits(rounded, mask, groups.as_mut_ptr().cast());
            let mut put = |groups: &[MaybeUninit<[Value; GROUP]>]| {
                for group in groups {
                    to.cast::<MaybeUninit<[Value; GROUP]>>().write_unaligned(*group);
                    to = to.wrapping_add(step);
                }
            };
            // Apart, so that the compiler knows how many there are but in the end.
            if first + size / GROUP <= room {
                put(&groups[..size / GROUP]);
            } else {
                put(&groups[..room - first]);
            }
        }
    }
}

/// The minimum and maximum of a row of a multiple of [`VECTORS`] vectors, unless a value is an infinity or NaN.
struct Range<'a> {
    row: &'a [f32],
    found: &'a mut Option<(f32, f32)>,
}

impl Work for Range<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let mut minima = [L::splat(f32::INFINITY); VECTORS];
        let mut maxima = [L::splat(f32::NEG_INFINITY); VECTORS];
        // Products with zero: NaN for an infinity or NaN.
        let zero = L::splat(0.0);
        let mut zeros = [zero; VECTORS];
        for values in self.row.chunks_exact(VECTORS * L::WIDTH) {
            for vector in 0..VECTORS {
                let values = L::load(values.as_ptr().add(vector * L::WIDTH));
                minima[vector] = values.min(minima[vector]);
                maxima[vector] = values.max(maxima[vector]);
                zeros[vector] = values.mul_add(zero, zeros[vector]);
            }
        }
        let [a, b, c, d] = minima;
        let minimum = a.min(b).min(c.min(d)).least();
        let [a, b, c, d] = maxima;
        let maximum = a.max(b).max(c.max(d)).largest();
        let [a, b, c, d] = zeros;
        *self.found = (a.add(b).add(c.add(d)).sum() == 0.0).then_some((minimum, maximum));
    }
}
