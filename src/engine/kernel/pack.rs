//! Weights as the kernels read them.

use super::{GROUP, PANEL};

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
}

impl PackedWeights {
    /// Packs `[k, n]` row-major weights, each -127 to 127, with a scale per column.
    pub(crate) fn new(k: usize, n: usize, weights: &[i8], scales: &[f32]) -> Self {
        let groups = k.div_ceil(GROUP);
        let columns = n.div_ceil(PANEL) * PANEL;
        let mut panels = vec![0; columns * groups * GROUP];
        let mut sums = vec![0.0; columns];
        for (at, row) in weights.chunks_exact(n).enumerate() {
            for (column, &weight) in row.iter().enumerate() {
                let panel = column / PANEL * groups * GROUP * PANEL;
                let group = at / GROUP * GROUP * PANEL;
                panels[panel + group + column % PANEL * GROUP + at % GROUP] = weight;
            }
        }
        for (column, sum) in sums.iter_mut().enumerate().take(n) {
            let total: i32 = (0..k).map(|at| i32::from(weights[at * n + column])).sum();
            *sum = total as f32 * scales[column];
        }
        let mut padded = scales.to_vec();
        padded.resize(columns, 0.0);
        PackedWeights { k, n, panels, scales: padded, sums }
    }

    pub(crate) fn k(&self) -> usize {
        self.k
    }

    pub(crate) fn n(&self) -> usize {
        self.n
    }

    /// Each panel with its first column.
    pub(crate) fn panels(&self) -> impl Iterator<Item = (usize, &[i8])> {
        let length = self.k.div_ceil(GROUP) * GROUP * PANEL;
        self.panels.chunks_exact(length).enumerate().map(|(i, panel)| (i * PANEL, panel))
    }

    pub(crate) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(crate) fn sums(&self) -> &[f32] {
        &self.sums
    }
}
