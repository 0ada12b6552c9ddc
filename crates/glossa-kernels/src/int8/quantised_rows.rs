//! Activations in 7 bits.

use super::{Value, GROUP, ROWS};

/// A buffer of rows of activations in 7 bits, each with its own range: a value is `minimum + scale * integer`.
#[derive(Debug, Default)]
pub struct QuantisedRows {
    stride: usize,
    /// Padding (columns past `k`, rows past the last) may hold anything: its weights are zero, or its result is discarded.
    values: Vec<Value>,
    minima: Vec<f32>,
    scales: Vec<f32>,
}

impl QuantisedRows {
    /// Quantises `[rows, k]` values. A row with an infinity or NaN, or whose range is infinite, gets a range of NaN.
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
            // The inverse of a smaller scale would be infinite.
            let scale = if scale < f32::MIN_POSITIVE { 0.0 } else { scale };
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            for (value, quantised) in row.iter().zip(quantised) {
                // Adding 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves it in the lowest bits. The
                // product exceeds 127 by a rounding error at most, and so rounds to 127 at most.
                *quantised = (((value - minimum) * inverse + 12_582_912.0).to_bits() & 127) as Value;
            }
            self.minima.push(minimum);
            self.scales.push(scale);
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

    /// A row's minimum and scale.
    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> (f32, f32) {
        (self.minima[row], self.scales[row])
    }
}

/// The minimum and maximum, unless a value is an infinity or NaN. Sixteen lanes let the compiler vectorise it.
#[inline(always)]
fn range(row: &[f32]) -> Option<(f32, f32)> {
    const LANES: usize = 16;
    let mut minima = [f32::INFINITY; LANES];
    let mut maxima = [f32::NEG_INFINITY; LANES];
    // Products with zero: NaN for an infinity or NaN.
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
