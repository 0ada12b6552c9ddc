//! Weights in the order in which the kernels read them.

use super::{GROUP, PANEL, STEP_BYTES};

/// A matrix `[k, n]` of int8 weights with a scale per column.
///
/// It is packed in panels of 16 columns. Within a panel, for each group of four `k`, the group's weights of one column
/// follow those of another. Padding is zero.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedWeights {
    k: usize,
    n: usize,
    panels: Vec<i8>,
    scales: Vec<f32>,
    /// Per column, the sum of its weights times its scale: what a row's minimum is multiplied by.
    sums: Vec<f32>,
    /// Per panel: see [`Self::widen_every`].
    widen_every: Vec<u8>,
}

impl PackedWeights {
    /// Packs `[k, n]` row-major weights with a scale per column. Weights are -127 to 127: with -128, results depend on
    /// the kernel.
    ///
    /// # Panics
    /// If the matrix is empty, or the lengths are not `k * n` and `n`.
    pub fn new(k: usize, n: usize, weights: &[i8], scales: &[f32]) -> Self {
        assert!(!weights.is_empty() && k.checked_mul(n) == Some(weights.len()) && scales.len() == n);
        let groups = k.div_ceil(GROUP);
        let columns = n.div_ceil(PANEL) * PANEL;
        let mut panels = vec![0; columns * groups * GROUP];
        let mut totals = vec![0i32; columns];
        for (panel, out) in panels.chunks_exact_mut(groups * STEP_BYTES).enumerate() {
            let first = panel * PANEL;
            let width = PANEL.min(n - first);
            let totals = &mut totals[first..][..PANEL];
            for (rows, out) in weights.chunks(GROUP * n).zip(out.as_chunks_mut::<STEP_BYTES>().0) {
                let mut group = [[0i8; PANEL]; GROUP];
                for (row, weights) in group.iter_mut().zip(rows.chunks_exact(n)) {
                    let weights = &weights[first..][..width];
                    // A fixed length makes this a load instead of a call.
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
        let widen_every = panels.chunks_exact(groups * STEP_BYTES).map(widen_every).collect();
        PackedWeights { k, n, panels, scales: padded, sums, widen_every }
    }

    /// Number of rows.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Number of columns.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of panels.
    pub(super) fn panels(&self) -> usize {
        self.widen_every.len()
    }

    /// Columns of all panels, padding included.
    pub(super) fn columns(&self) -> usize {
        self.scales.len()
    }

    /// The panels from `first` to before `last`, one after another.
    pub(super) fn between(&self, first: usize, last: usize) -> &[i8] {
        let length = self.k.div_ceil(GROUP) * STEP_BYTES;
        &self.panels[first * length..last * length]
    }

    /// After how many groups, 1, 2 or 4, a kernel that sums products in 16 bits must widen its sums to 32, so that they
    /// cannot overflow, whatever the activations.
    pub(super) fn widen_every(&self, first: usize, last: usize) -> usize {
        usize::from(self.widen_every[first..last].iter().copied().min().unwrap_or(1))
    }

    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(super) fn sums(&self) -> &[f32] {
        &self.sums
    }
}

/// Transposes a group: the weights of one column after another.
#[inline(always)]
fn interleave(rows: &[[i8; PANEL]; GROUP], out: &mut [i8; STEP_BYTES]) {
    for (column, out) in out.as_chunks_mut::<GROUP>().0.iter_mut().enumerate() {
        *out = rows.map(|row| row[column]);
    }
}

/// [`PackedWeights::widen_every`] of one panel.
fn widen_every(panel: &[i8]) -> u8 {
    // The largest sum of absolute weights that a 16-bit lane, which takes a pair of `k` per group, gets over two and over
    // four groups.
    let (mut two, mut four) = (0, 0);
    for groups in panel.chunks(4 * STEP_BYTES) {
        let mut whole = [0u16; STEP_BYTES / 2];
        for groups in groups.chunks(2 * STEP_BYTES) {
            let mut half = [0u16; STEP_BYTES / 2];
            for pairs in groups.chunks_exact(STEP_BYTES) {
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
    fn sums_are_widened_before_they_can_overflow() {
        // A 16-bit lane takes a pair of `k` per group, and 258 in absolute weights.
        for (weight, expected) in [(32, 4), (33, 2), (64, 2), (65, 1), (-32, 4), (-127, 1)] {
            assert_eq!(PackedWeights::new(32, 3, &[weight; 96], &[1.0; 3]).widen_every(0, 1), expected, "{weight}");
        }
    }
}
