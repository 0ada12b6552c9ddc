//! Activations as the kernels read them.

use super::{Value, GROUP, ROWS};

/// Rows of activations in 7 bits, each with its own range: a value is `minimum + scale * integer`.
#[derive(Debug, Default)]
pub(crate) struct QuantisedRows {
    stride: usize,
    /// What stands beyond `k`, or in rows beyond the last, is of no account: it meets weights of zero, or is not read.
    values: Vec<Value>,
    minima: Vec<f32>,
    scales: Vec<f32>,
}

impl QuantisedRows {
    /// Quantises `[rows, k]` values, reusing this buffer. A row that holds a value which is no finite number, or whose
    /// span is none, gets NaN for its range.
    #[inline(always)]
    pub(super) fn fill(&mut self, values: &[f32], k: usize) {
        let rows = values.len() / k;
        self.stride = k.div_ceil(GROUP) * GROUP;
        self.values.resize(rows.next_multiple_of(ROWS) * self.stride, 0);
        self.minima.clear();
        self.scales.clear();
        for (row, quantised) in values.chunks_exact(k).zip(self.values.chunks_exact_mut(self.stride)) {
            let (minimum, scale) = match range(row) {
                Some((minimum, maximum)) if (maximum - minimum).is_finite() => (minimum, (maximum - minimum) / 127.0),
                _ => (f32::NAN, f32::NAN),
            };
            // Of a smaller one the inverse would be infinite.
            let scale = if scale < f32::MIN_POSITIVE { 0.0 } else { scale };
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            for (value, quantised) in row.iter().zip(quantised) {
                // Adding this rounds to the nearest integer, even if halfway, and leaves it in the lowest bits.
                // The product is at most 127 and a rounding error, and so rounds to 127 at most.
                *quantised = (((value - minimum) * inverse + 12_582_912.0).to_bits() & 127) as Value;
            }
            self.minima.push(minimum);
            self.scales.push(scale);
        }
    }

    /// Number of rows that were given.
    pub(super) fn len(&self) -> usize {
        self.minima.len()
    }

    /// `count` rows from `first`; `count` divides [`ROWS`], and `first` is a multiple of it.
    #[inline(always)]
    pub(super) fn from(&self, first: usize, count: usize) -> &[Value] {
        &self.values[first * self.stride..][..count * self.stride]
    }

    /// A row's minimum and scale.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> (f32, f32) {
        (self.minima[row], self.scales[row])
    }
}

/// The smallest and the largest value, unless one is no finite number; in several lanes so that it is vectorised.
#[inline(always)]
fn range(row: &[f32]) -> Option<(f32, f32)> {
    const LANES: usize = 16;
    let mut minima = [f32::INFINITY; LANES];
    let mut maxima = [f32::NEG_INFINITY; LANES];
    // Zeros, or NaN.
    let mut zeros = [0f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            minima[lane] = if chunk[lane] < minima[lane] { chunk[lane] } else { minima[lane] };
            maxima[lane] = if chunk[lane] > maxima[lane] { chunk[lane] } else { maxima[lane] };
            zeros[lane] += chunk[lane] * 0.0;
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        minima[lane] = if value < minima[lane] { value } else { minima[lane] };
        maxima[lane] = if value > maxima[lane] { value } else { maxima[lane] };
        zeros[lane] += value * 0.0;
    }
    let minimum = minima.iter().fold(f32::INFINITY, |a, &b| if b < a { b } else { a });
    let maximum = maxima.iter().fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    (zeros.iter().sum::<f32>() == 0.0).then_some((minimum, maximum))
}
