//! Weights as the kernels read them.

use super::{GROUP, PANEL, STEP};

/// A matrix `[k, n]` of int8 weights with a scale per column, in panels of [`PANEL`] columns: within a panel, for each
/// [`GROUP`] of `k`, the group's weights of one column after another. Missing columns and `k` are zeros.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PackedWeights {
    k: usize,
    n: usize,
    panels: Vec<i8>,
    scales: Vec<f32>,
    /// Per column, the sum of its weights times its scale: what a row's minimum is multiplied by.
    sums: Vec<f32>,
    /// Per panel: see [`Self::steps`].
    steps: Vec<u8>,
}

impl PackedWeights {
    /// Packs `[k, n]` row-major weights, each -127 to 127, with a scale per column.
    pub(crate) fn new(k: usize, n: usize, weights: &[i8], scales: &[f32]) -> Self {
        let groups = k.div_ceil(GROUP);
        let columns = n.div_ceil(PANEL) * PANEL;
        let mut panels = vec![0; columns * groups * GROUP];
        let mut totals = vec![0i32; columns];
        for (panel, out) in panels.chunks_exact_mut(groups * STEP).enumerate() {
            let first = panel * PANEL;
            let width = PANEL.min(n - first);
            let totals = &mut totals[first..][..PANEL];
            for (rows, out) in weights.chunks(GROUP * n).zip(out.as_chunks_mut::<STEP>().0) {
                let mut group = [[0i8; PANEL]; GROUP];
                for (row, weights) in group.iter_mut().zip(rows.chunks_exact(n)) {
                    let weights = &weights[first..][..width];
                    // Of a known length where it is: a load, not a call.
                    match <&[i8; PANEL]>::try_from(weights) {
                        Ok(weights) => *row = *weights,
                        Err(_) => row[..width].copy_from_slice(weights),
                    }
                }
                interleave(&group, out);
                for (column, total) in totals.iter_mut().enumerate() {
                    *total += i32::from(group.iter().map(|row| i16::from(row[column])).sum::<i16>());
                }
            }
        }
        let mut padded = scales.to_vec();
        padded.resize(columns, 0.0);
        let sums = totals.iter().zip(&padded).map(|(&total, scale)| total as f32 * scale).collect();
        let steps = panels.chunks_exact(groups * STEP).map(steps).collect();
        PackedWeights { k, n, panels, scales: padded, sums, steps }
    }

    pub(crate) fn k(&self) -> usize {
        self.k
    }

    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// Number of panels.
    pub(super) fn panels(&self) -> usize {
        self.steps.len()
    }

    /// Columns of all panels together.
    pub(super) fn columns(&self) -> usize {
        self.scales.len()
    }

    /// The panels from `first` to before `last`, one after another.
    pub(super) fn between(&self, first: usize, last: usize) -> &[i8] {
        let length = self.k.div_ceil(GROUP) * STEP;
        &self.panels[first * length..last * length]
    }

    /// How many consecutive groups, 1, 2 or 4 counted from a multiple of it, can have the products of their pairs of
    /// `k` summed in 16 bits, whatever the activations.
    pub(super) fn steps(&self, first: usize, last: usize) -> usize {
        usize::from(self.steps[first..last].iter().copied().min().unwrap_or(1))
    }

    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(super) fn sums(&self) -> &[f32] {
        &self.sums
    }
}

/// A group's weights of one column after another.
#[inline(always)]
fn interleave(rows: &[[i8; PANEL]; GROUP], out: &mut [i8; STEP]) {
    for (column, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
        *out = rows.map(|row| row[column]);
    }
}

/// [`PackedWeights::steps`] of one panel.
fn steps(panel: &[i8]) -> u8 {
    // Of each pair of `k` in a column, the sizes of its weights over two and over four groups, at most.
    let (mut two, mut four) = (0, 0);
    for groups in panel.chunks(4 * STEP) {
        let mut whole = [0u16; STEP / 2];
        for groups in groups.chunks(2 * STEP) {
            let mut half = [0u16; STEP / 2];
            for pairs in groups.chunks_exact(STEP) {
                for (sum, pair) in half.iter_mut().zip(pairs.as_chunks::<2>().0) {
                    *sum += u16::from(pair[0].unsigned_abs()) + u16::from(pair[1].unsigned_abs());
                }
            }
            for (whole, half) in whole.iter_mut().zip(half) {
                *whole += half;
                two = half.max(two);
            }
        }
        four = whole.into_iter().fold(four, u16::max);
    }
    let fits = |largest: u16| u32::from(largest) * 127 <= i16::MAX as u32;
    match () {
        () if fits(four) => 4,
        () if fits(two) => 2,
        () => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_as_many_as_cannot_overflow() {
        // A lane of 16 bits takes a pair of k a group: at most 258 in weights.
        for (weight, expected) in [(32, 4), (33, 2), (64, 2), (65, 1), (-32, 4), (-127, 1)] {
            assert_eq!(PackedWeights::new(32, 3, &[weight; 96], &[1.0; 3]).steps(0, 1), expected, "{weight}");
        }
    }
}
