//! Layer normalisation, with the residual addition before it.

use crate::lanes::{self, Lanes, Work};

/// Adds `residual`, if there is one, to rows as long as `gamma`, and normalises each in place:
/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
///
/// # Panics
/// If `gamma` is empty, `beta` has another length, `values` does not consist of whole rows, or `residual` has another
/// length than `values`.
pub fn layer_norm(values: &mut [f32], residual: Option<&[f32]>, gamma: &[f32], beta: &[f32], epsilon: f32) {
    lanes::run(LayerNorm::new(values, residual, gamma, beta, epsilon));
}

struct LayerNorm<'a> {
    values: &'a mut [f32],
    residual: Option<&'a [f32]>,
    gamma: &'a [f32],
    beta: &'a [f32],
    epsilon: f32,
}

impl<'a> LayerNorm<'a> {
    fn new(
        values: &'a mut [f32],
        residual: Option<&'a [f32]>,
        gamma: &'a [f32],
        beta: &'a [f32],
        epsilon: f32,
    ) -> Self {
        assert!(!gamma.is_empty() && beta.len() == gamma.len() && values.len().is_multiple_of(gamma.len()));
        assert!(residual.is_none_or(|residual| residual.len() == values.len()));
        LayerNorm { values, residual, gamma, beta, epsilon }
    }
}

impl Work for LayerNorm<'_> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let LayerNorm { values, residual, gamma, beta, epsilon } = self;
        let width = gamma.len();
        // Columns of whole vectors; the rest is done one by one.
        let whole = width - width % L::WIDTH;
        for (i, row) in values.chunks_exact_mut(width).enumerate() {
            if let Some(residual) = residual {
                let residual = &residual[i * width..][..width];
                for at in (0..whole).step_by(L::WIDTH) {
                    let sum = L::load(row[at..].as_ptr()).add(L::load(residual[at..].as_ptr()));
                    sum.store(row[at..].as_mut_ptr());
                }
                for at in whole..width {
                    row[at] += residual[at];
                }
            }
            let mean = sum::<L>(row, |x| x, |x| x) / width as f32;
            let means = L::splat(mean);
            let squares = |x: L| {
                let x = x.sub(means);
                x.mul(x)
            };
            let variance = sum::<L>(row, squares, |x| (x - mean) * (x - mean)) / width as f32;
            let scale = 1.0 / (variance + epsilon).sqrt();
            let scales = L::splat(scale);
            for at in (0..whole).step_by(L::WIDTH) {
                let x = L::load(row[at..].as_ptr()).sub(means).mul(scales);
                let x = x.mul_add(L::load(gamma[at..].as_ptr()), L::load(beta[at..].as_ptr()));
                x.store(row[at..].as_mut_ptr());
            }
            for at in whole..width {
                row[at] = (row[at] - mean) * scale * gamma[at] + beta[at];
            }
        }
    }
}

/// The sum of a function over a row: `of` takes vectors, `of_rest` the values after the last whole vector.
#[inline(always)]
unsafe fn sum<L: Lanes>(row: &[f32], of: impl Fn(L) -> L, of_rest: impl Fn(f32) -> f32) -> f32 {
    // Four accumulators hide the latency of the addition.
    let mut sums = [L::splat(0.0); 4];
    let mut blocks = row.chunks_exact(4 * L::WIDTH);
    for block in &mut blocks {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum = sum.add(of(L::load(block[i * L::WIDTH..].as_ptr())));
        }
    }
    let mut vectors = blocks.remainder().chunks_exact(L::WIDTH);
    for vector in &mut vectors {
        sums[0] = sums[0].add(of(L::load(vector.as_ptr())));
    }
    let rest: f32 = vectors.remainder().iter().map(|&x| of_rest(x)).sum();
    sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_gives_the_definition_for_every_width() {
        for width in [1, 3, 4, 16, 31, 64, 100, 384] {
            let number = |i: usize, scale: f32| ((i * 7919 % 1009) as f32 / 1009.0 - 0.4) * scale;
            let parameters = |scale: f32| (0..width).map(|i| number(i + 5, scale)).collect::<Vec<f32>>();
            let (gamma, beta, epsilon) = (parameters(2.0), parameters(0.5), 1e-5);
            let values: Vec<f32> = (0..3 * width).map(|i| number(i, 3.0) + 1.0).collect();
            let residual: Vec<f32> = (0..3 * width).map(|i| number(i + 11, 4.0)).collect();
            for set in lanes::Set::ALL.iter().filter(|set| set.exists()) {
                let mut plain = values.clone();
                set.run(LayerNorm::new(&mut plain, None, &gamma, &beta, epsilon));
                let mut summed = values.clone();
                set.run(LayerNorm::new(&mut summed, Some(&residual), &gamma, &beta, epsilon));
                for (i, value) in plain.iter().chain(&summed).enumerate() {
                    let (row, column) = (i % (3 * width) / width, i % width);
                    let input = |column: usize| {
                        let at = row * width + column;
                        f64::from(values[at]) + if i >= 3 * width { f64::from(residual[at]) } else { 0.0 }
                    };
                    let mean = (0..width).map(input).sum::<f64>() / width as f64;
                    let variance = (0..width).map(|i| (input(i) - mean).powi(2)).sum::<f64>() / width as f64;
                    let exact = (input(column) - mean) / (variance + f64::from(epsilon)).sqrt()
                        * f64::from(gamma[column])
                        + f64::from(beta[column]);
                    // A row of one value has no variance, which scales up its rounding error.
                    let tolerance = if width == 1 { 1e-3 } else { 1e-5 };
                    assert!((f64::from(*value) - exact).abs() < tolerance, "{set:?} {width} {i}: {value} {exact}");
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "residual")]
    fn a_residual_of_another_length_is_refused() {
        layer_norm(&mut [0.0; 8], Some(&[0.0; 4]), &[1.0; 4], &[0.0; 4], 1e-5);
    }

    #[test]
    #[should_panic(expected = "gamma")]
    fn a_row_that_is_not_whole_is_refused() {
        layer_norm(&mut [0.0; 7], None, &[1.0; 4], &[0.0; 4], 1e-5);
    }
}
