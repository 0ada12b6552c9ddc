//! Activations as the kernels read them.

use super::{GROUP, ROWS};

/// Rows of activations in 7 bits, each with its own range: a value is `minimum + scale * integer`.
#[derive(Debug, Default)]
pub(crate) struct QuantisedRows {
    stride: usize,
    values: Vec<u8>,
    minima: Vec<f32>,
    scales: Vec<f32>,
}

impl QuantisedRows {
    /// Quantises `[rows, k]` values, reusing this buffer.
    pub(crate) fn fill(&mut self, values: &[f32], k: usize) {
        let rows = values.len() / k;
        self.stride = k.div_ceil(GROUP) * GROUP;
        self.values.clear();
        self.values.resize(rows.next_multiple_of(ROWS) * self.stride, 0);
        self.minima.clear();
        self.scales.clear();
        for (row, quantised) in values.chunks_exact(k).zip(self.values.chunks_exact_mut(self.stride)) {
            let (minimum, maximum) = range(row);
            let scale = (maximum - minimum) / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            for (value, quantised) in row.iter().zip(quantised) {
                // Adding this rounds to the nearest integer, even if halfway, and leaves it in the lowest bits.
                // The product is at most 127 and a rounding error, and so rounds to 127 at most.
                *quantised = ((value - minimum) * inverse + 12_582_912.0).to_bits() as u8;
            }
            self.minima.push(minimum);
            self.scales.push(scale);
        }
    }

    /// Number of rows that were given.
    pub(crate) fn len(&self) -> usize {
        self.minima.len()
    }

    /// [`ROWS`] rows from `first`, a multiple of it; rows beyond the last are zeros.
    pub(crate) fn tile(&self, first: usize) -> [&[u8]; ROWS] {
        std::array::from_fn(|row| &self.values[(first + row) * self.stride..][..self.stride])
    }

    /// A row's minimum and scale.
    pub(crate) fn row(&self, row: usize) -> (f32, f32) {
        (self.minima[row], self.scales[row])
    }
}

/// The smallest and the largest value, in several lanes so that it is vectorised.
fn range(row: &[f32]) -> (f32, f32) {
    let mut minima = [f32::INFINITY; 16];
    let mut maxima = [f32::NEG_INFINITY; 16];
    let mut chunks = row.chunks_exact(16);
    for chunk in &mut chunks {
        for lane in 0..16 {
            minima[lane] = if chunk[lane] < minima[lane] { chunk[lane] } else { minima[lane] };
            maxima[lane] = if chunk[lane] > maxima[lane] { chunk[lane] } else { maxima[lane] };
        }
    }
    let rest = chunks.remainder().iter();
    let minimum = minima.iter().chain(rest.clone()).fold(f32::INFINITY, |a, &b| if b < a { b } else { a });
    let maximum = maxima.iter().chain(rest).fold(f32::NEG_INFINITY, |a, &b| if b > a { b } else { a });
    (minimum, maximum)
}
