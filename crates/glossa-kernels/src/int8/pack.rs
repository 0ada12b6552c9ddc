//! Weights in the order in which the kernels read them.

use super::{best, Kernel, GROUP, PANEL, STEP_BYTES};

/// Columns of a strip, of which a panel has several: a vector of the kernels that read it.
pub(super) const STRIP: usize = if cfg!(target_arch = "wasm32") { 4 } else { 8 };
/// Bytes of a strip that hold one group of `k`.
pub(super) const STRIP_BYTES: usize = STRIP * GROUP;

/// The order of a panel's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Group after group.
    Groups,
    /// Strip after strip, each with its groups in the order of its runs.
    #[cfg_attr(
        not(any(test, target_arch = "x86_64", all(target_arch = "wasm32", feature = "relaxed-simd"))),
        allow(dead_code)
    )]
    Runs,
}

/// A matrix `[k, n]` of int8 weights with a scale per column.
///
/// It is packed in panels of 16 columns, in the order that a kernel reads. In each, for each group of four `k`, the group's weights
/// of one column follow those of another. Padding is zero.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedWeights {
    k: usize,
    n: usize,
    panels: Vec<i8>,
    scales: Vec<f32>,
    /// Per column, the sum of its weights times its scale: what a row's minimum is multiplied by.
    sums: Vec<f32>,
    layout: Layout,
    /// Per strip; none in the layout that has none.
    runs: Vec<Runs>,
}

impl PackedWeights {
    /// Packs `[k, n]` row-major weights with a scale per column, for the fastest kernel. Weights are -127 to 127: with -128, results
    /// depend on the kernel.
    ///
    /// # Panics
    /// If the matrix is empty, or the lengths are not `k * n` and `n`.
    pub fn new(k: usize, n: usize, weights: &[i8], scales: &[f32]) -> Self {
        Self::of(best(), k, n, weights, scales)
    }

    /// As [`PackedWeights::new`], for a given kernel.
    ///
    /// # Panics
    /// As [`PackedWeights::new`].
    pub fn of(kernel: Kernel, k: usize, n: usize, weights: &[i8], scales: &[f32]) -> Self {
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
                // Row after row, as vectors.
                for row in &group {
                    for (total, &weight) in totals.iter_mut().zip(row) {
                        *total += i32::from(weight);
                    }
                }
            }
        }
        let mut padded = scales.to_vec();
        padded.resize(columns, 0.0);
        let sums = totals.iter().zip(&padded).map(|(&total, scale)| total as f32 * scale).collect();
        let runs = match kernel.layout {
            Layout::Groups => Vec::new(),
            Layout::Runs => panels.chunks_exact_mut(groups * STEP_BYTES).flat_map(in_runs).collect(),
        };
        PackedWeights { k, n, panels, scales: padded, sums, layout: kernel.layout, runs }
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
        self.scales.len() / PANEL
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

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// The runs of a panel's strips, in the layout that has them.
    #[inline(always)]
    pub(super) fn runs(&self, panel: usize) -> &[Runs] {
        let strips = PANEL / STRIP;
        self.runs.get(panel * strips..(panel + 1) * strips).unwrap_or_default()
    }

    pub(super) fn scales(&self) -> &[f32] {
        &self.scales
    }

    pub(super) fn sums(&self) -> &[f32] {
        &self.sums
    }
}

/// Transposes a group: the weights of one column after another. By integers of a column each, which the compiler makes vectors of.
#[inline(always)]
fn interleave(rows: &[[i8; PANEL]; GROUP], out: &mut [i8; STEP_BYTES]) {
    let mut columns = [0u32; PANEL];
    for (i, row) in rows.iter().enumerate() {
        for (column, &weight) in columns.iter_mut().zip(row) {
            *column |= u32::from(weight.cast_unsigned()) << (8 * i);
        }
    }
    for (column, out) in columns.into_iter().zip(out.as_chunks_mut::<GROUP>().0) {
        *out = column.to_le_bytes().map(u8::cast_signed);
    }
}

/// Rows that a kernel takes together if it reads runs: their sums, the weights of a run, ones, products and values are fifteen vectors.
pub(super) const RUN_ROWS: usize = 8;
/// The most groups of a run.
pub(super) const LONGEST: usize = 4;
/// Lanes of 16 bits that a group's products add up in: two of its four `k` each.
const LANES: usize = STRIP_BYTES / 2;
/// The largest sum of weights of one sign whose products with activations of at most 127 fit a lane.
const LARGEST: u16 = i16::MAX as u16 / 127;

/// The groups of a strip, in runs: a kernel can add up the products of a run's groups in 16 bits before it widens the sums to 32, and
/// they cannot overflow, whatever the activations. Those are not negative, so that the weights of one sign bound a sum on its side.
/// Sums are exact, so that the order of groups is free.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Runs {
    /// Of a run's groups one after another, the longest runs first: where the values of a group lie, in bytes from those of the first.
    places: Vec<u32>,
    /// Number of runs of one group, of two, and so on.
    counts: [usize; LONGEST],
}

impl Runs {
    /// Gives the largest group the largest one that it fits, then both the largest that they fit, and so on; then the largest group of
    /// the rest.
    fn of(strip: &[[i8; STRIP_BYTES]]) -> Self {
        let sizes: Vec<Sizes> = strip.iter().map(sizes).collect();
        let mut order: Vec<u32> = (0..).take(sizes.len()).collect();
        order.sort_by_cached_key(|&group| std::cmp::Reverse(sizes[group as usize].iter().copied().max()));
        // Places in that order, linked: those that are left. The end is linked to the first.
        let end = order.len();
        let mut next: Vec<usize> = (1..=end).chain([0]).collect();
        let mut by_length: [Vec<u32>; LONGEST] = Default::default();
        while next[end] < end {
            let mut run = Vec::with_capacity(LONGEST);
            let mut room = [LARGEST; 2 * LANES];
            let mut before = end;
            while run.len() < LONGEST && next[before] < end {
                let group = order[next[before]];
                let sizes = &sizes[group as usize];
                // Without a branch for each: these are vectors then. What did not fit before does not fit now.
                if room.iter().zip(sizes).fold(true, |fits, (room, &size)| fits & (*room >= u16::from(size))) {
                    room.iter_mut().zip(sizes).for_each(|(room, &size)| *room -= u16::from(size));
                    next[before] = next[next[before]];
                    run.push(group);
                } else {
                    before = next[before];
                }
            }
            by_length[run.len() - 1].extend(run);
        }
        let counts = std::array::from_fn(|length| by_length[length].len() / (length + 1));
        let places = by_length.into_iter().rev().flatten().map(|group| group * (RUN_ROWS * GROUP) as u32).collect();
        Runs { places, counts }
    }

    /// The groups in the order of the runs.
    fn groups(&self) -> impl Iterator<Item = usize> + '_ {
        self.places.iter().map(|&place| place as usize / (RUN_ROWS * GROUP))
    }

    /// The places of the runs of `LENGTH` groups.
    #[cfg_attr(
        not(any(target_arch = "x86_64", all(target_arch = "wasm32", feature = "relaxed-simd"))),
        allow(dead_code)
    )]
    #[inline(always)]
    pub(super) fn of_length<const LENGTH: usize>(&self) -> &[[u32; LENGTH]] {
        let longer = (LENGTH..LONGEST).map(|length| self.counts[length] * (length + 1)).sum::<usize>();
        self.places[longer..][..self.counts[LENGTH - 1] * LENGTH].as_chunks().0
    }
}

/// Per lane of a group, the sum of its weights above zero, and without its sign that of those below it.
type Sizes = [u8; 2 * LANES];

fn sizes(group: &[i8; STRIP_BYTES]) -> Sizes {
    let above = |weight: i8| weight.max(0).unsigned_abs();
    let below = |weight: i8| weight.min(0).unsigned_abs();
    let mut sizes = [0; 2 * LANES];
    for (lane, &[a, b]) in group.as_chunks().0.iter().enumerate() {
        // Weights of -128, which no kernel promises anything for, must not overflow either.
        sizes[lane] = above(a) + above(b);
        sizes[LANES + lane] = below(a).saturating_add(below(b));
    }
    sizes
}

/// Puts a panel's strips one after another, each in the order of its runs, which it returns.
fn in_runs(panel: &mut [i8]) -> [Runs; PANEL / STRIP] {
    let groups = panel.as_chunks::<STRIP_BYTES>().0.to_vec();
    let strips = panel.chunks_exact_mut(panel.len() / (PANEL / STRIP)).enumerate();
    let mut found: [Runs; PANEL / STRIP] = Default::default();
    for ((strip, out), found) in strips.zip(&mut found) {
        let strip: Vec<[i8; STRIP_BYTES]> = groups.iter().skip(strip).step_by(PANEL / STRIP).copied().collect();
        *found = Runs::of(&strip);
        for (out, group) in out.as_chunks_mut().0.iter_mut().zip(found.groups()) {
            *out = strip[group];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::int8::scalar;

    const RUNS: Kernel = Kernel { layout: Layout::Runs, ..scalar::KERNEL };

    /// The groups of a strip's runs, the longest runs first.
    fn runs(runs: &Runs) -> Vec<Vec<usize>> {
        let mut groups = runs.groups();
        let lengths = (1..=LONGEST).rev().flat_map(|length| vec![length; runs.counts[length - 1]]);
        let found = lengths.map(|length| groups.by_ref().take(length).collect()).collect();
        assert_eq!(groups.next(), None);
        found
    }

    #[test]
    fn a_run_takes_the_largest_groups_that_fit() {
        // Groups of equal weights. A lane takes two `k` of a group, and 258 in weights of either sign.
        let check = |weights: &[i8], expected: &[&[usize]]| {
            let rows: Vec<i8> = weights.iter().flat_map(|&weight| [weight; GROUP * PANEL]).collect();
            let packed = PackedWeights::of(RUNS, weights.len() * GROUP, PANEL, &rows, &[1.0; PANEL]);
            for strip in packed.runs(0) {
                assert_eq!(runs(strip), expected, "{weights:?}");
            }
        };
        check(&[64, 65], &[&[1, 0]]);
        check(&[65, 65], &[&[0], &[1]]);
        check(&[127, 3, 2, 1], &[&[0, 2], &[1, 3]]);
        check(&[40, 50, 30, 20, 10, 60], &[&[5, 1, 4], &[0, 2, 3]]);
        check(&[32, 32, 32, 32, 32], &[&[0, 1, 2, 3], &[4]]);
        // Weights of different signs do not add up.
        check(&[127, -127, 2, -2], &[&[0, 1, 2, 3]]);
        check(&[0], &[&[0]]);
    }

    #[test]
    fn every_group_is_in_one_run_and_runs_fit() {
        let mut random = fastrand::Rng::with_seed(5);
        for round in 0..40 {
            let (k, n) = (random.usize(1..300), random.usize(1..40));
            let most = [10, 70, 127][round % 3];
            let weights: Vec<i8> = (0..k * n).map(|_| random.i8(-most..=most)).collect();
            let packed = PackedWeights::of(RUNS, k, n, &weights, &vec![1.0; n]);
            let weight = |k_at: usize, column: usize| match k_at < k && column < n {
                true => i32::from(weights[k_at * n + column]),
                false => 0,
            };
            for panel in 0..packed.panels() {
                let mut bytes = packed.between(panel, panel + 1).as_chunks::<GROUP>().0.iter();
                for (strip, found) in packed.runs(panel).iter().enumerate() {
                    let columns = || (0..STRIP).map(|column| panel * PANEL + strip * STRIP + column);
                    let found = runs(found);
                    for group in found.iter().flatten() {
                        for column in columns() {
                            let expected: [i8; GROUP] =
                                std::array::from_fn(|i| weight(group * GROUP + i, column) as i8);
                            assert_eq!(bytes.next(), Some(&expected));
                        }
                    }
                    for run in &found {
                        for (column, lane) in columns().flat_map(|column| [(column, 0), (column, 2)]) {
                            let lane =
                                run.iter().flat_map(|group| [0, 1].map(|i| weight(group * GROUP + lane + i, column)));
                            let (above, below): (Vec<i32>, Vec<i32>) = lane.partition(|&weight| weight > 0);
                            assert!(above.iter().sum::<i32>() * 127 <= i16::MAX.into());
                            assert!(below.iter().sum::<i32>() * 127 >= i16::MIN.into());
                        }
                    }
                    let mut all = found.concat();
                    all.sort_unstable();
                    assert_eq!(all, (0..k.div_ceil(GROUP)).collect::<Vec<_>>());
                }
                assert_eq!(bytes.next(), None);
            }
        }
    }
}
