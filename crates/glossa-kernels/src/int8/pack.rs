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
    /// Per panel; none where no kernel asks for it.
    pairings: Vec<Pairing>,
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
        let pairings =
            if PAIRED { panels.chunks_exact(groups * STEP_BYTES).map(Pairing::of).collect() } else { Vec::new() };
        PackedWeights { k, n, panels, scales: padded, sums, pairings }
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

    /// The pairing of a panel.
    #[inline(always)]
    pub(super) fn pairing(&self, panel: usize) -> &Pairing {
        const NONE: &Pairing = &Pairing { pairs: Vec::new(), single: Vec::new() };
        self.pairings.get(panel).unwrap_or(NONE)
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

/// Whether a kernel of this target sums in 16 bits, or a test looks at it.
const PAIRED: bool = cfg!(any(test, all(target_arch = "wasm32", feature = "relaxed-simd")));
/// Lanes of 16 bits that a group's products add up in: two of its four `k` each.
const LANES: usize = STEP_BYTES / 2;
/// The largest sum of absolute weights whose products with activations of at most 127 fit a lane.
const LARGEST: u16 = i16::MAX as u16 / 127;

/// The groups of a panel, two by two, so that a kernel can add up the products of two groups in 16 bits before it widens the sums
/// to 32, and they cannot overflow, whatever the activations. Sums are exact, so that the order of groups is free.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Pairing {
    /// Groups that fit together.
    pub(super) pairs: Vec<[u32; 2]>,
    /// The others.
    pub(super) single: Vec<u32>,
}

impl Pairing {
    /// Gives the largest group the largest one that it fits, then the largest of the rest, and so on.
    fn of(panel: &[i8]) -> Self {
        let sizes: Vec<[u16; LANES]> = panel.as_chunks::<STEP_BYTES>().0.iter().map(lane_sizes).collect();
        let largest = |group: &u32| sizes[*group as usize].iter().copied().max();
        let mut left: Vec<u32> = (0..).take(sizes.len()).collect();
        left.sort_by_key(|group| std::cmp::Reverse(largest(group)));
        let mut taken = vec![false; sizes.len()];
        let mut pairing = Pairing::default();
        for (place, &group) in left.iter().enumerate() {
            if taken[group as usize] {
                continue;
            }
            let is_partner = |other: &&u32| {
                let lanes = || sizes[group as usize].iter().zip(&sizes[**other as usize]);
                !taken[**other as usize] && lanes().all(|(one, other)| one + other <= LARGEST)
            };
            match left[place + 1..].iter().find(is_partner) {
                Some(&other) => {
                    taken[other as usize] = true;
                    pairing.pairs.push([group, other]);
                }
                None => pairing.single.push(group),
            }
        }
        pairing
    }
}

/// Per lane of a group, the sum of its absolute weights.
fn lane_sizes(group: &[i8; STEP_BYTES]) -> [u16; LANES] {
    let pairs = group.as_chunks::<2>().0;
    std::array::from_fn(|lane| pairs[lane].iter().map(|weight| u16::from(weight.unsigned_abs())).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pairing of a panel whose groups have all weights equal.
    fn pairing(weights: &[i8]) -> Pairing {
        let rows: Vec<i8> = weights.iter().flat_map(|&weight| [weight; GROUP * PANEL]).collect();
        PackedWeights::new(weights.len() * GROUP, PANEL, &rows, &[1.0; PANEL]).pairing(0).clone()
    }

    #[test]
    fn a_large_group_goes_with_the_largest_that_it_fits() {
        // A lane takes two `k` of a group, and 258 in absolute weights of two groups.
        let check = |weights: &[i8], pairs: &[[u32; 2]], single: &[u32]| {
            let found = pairing(weights);
            assert_eq!((&found.pairs[..], &found.single[..]), (pairs, single), "{weights:?}");
        };
        check(&[64, 65], &[[1, 0]], &[]);
        check(&[65, 65], &[], &[0, 1]);
        check(&[127, 3, 2, 1], &[[0, 2], [1, 3]], &[]);
        check(&[-127, 2, 1, 100], &[[0, 1], [3, 2]], &[]);
        check(&[1, -127, 29, 100, 2], &[[1, 4], [3, 2]], &[0]);
        check(&[0], &[], &[0]);
    }

    #[test]
    fn every_group_is_in_one_pair_or_single_and_pairs_fit() {
        let mut random = fastrand::Rng::with_seed(5);
        for round in 0..40 {
            let (k, n) = (random.usize(1..300), random.usize(1..40));
            let most = [10, 70, 127][round % 3];
            let weights: Vec<i8> = (0..k * n).map(|_| random.i8(-most..=most)).collect();
            let packed = PackedWeights::new(k, n, &weights, &vec![1.0; n]);
            for panel in 0..packed.panels() {
                let sizes: Vec<_> = packed.between(panel, panel + 1).as_chunks().0.iter().map(lane_sizes).collect();
                let Pairing { pairs, single } = packed.pairing(panel);
                let mut all: Vec<u32> = pairs.iter().flatten().chain(single).copied().collect();
                all.sort_unstable();
                assert_eq!(all, (0..k.div_ceil(GROUP) as u32).collect::<Vec<_>>());
                for [one, other] in pairs {
                    let lanes = sizes[*one as usize].iter().zip(&sizes[*other as usize]);
                    assert!(lanes.clone().all(|(one, other)| u32::from(one + other) * 127 <= i16::MAX as u32));
                }
            }
        }
    }
}
