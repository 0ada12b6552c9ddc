//! Kernels of x86-64, by what the processor has.

use std::arch::x86_64::*;

use super::{Kernel, Tile, GROUP, PANEL, ROWS};

pub(super) fn best() -> Option<Kernel> {
    all().first().map(|&(_, kernel)| kernel)
}

/// The kernels that this processor runs, the fastest first.
pub(super) fn all() -> Vec<(&'static str, Kernel)> {
    let mut found: Vec<(&'static str, Kernel)> = Vec::new();
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
        // SAFETY: the processor has the features that the function is compiled for.
        found.push(("avx512vnni", |rows, panel| unsafe { avx512_vnni(rows, panel) }));
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni") {
        // SAFETY: as above.
        found.push(("avxvnni", |rows, panel| unsafe { avx_vnni(rows, panel) }));
    }
    if is_x86_feature_detected!("avx2") {
        // SAFETY: as above.
        found.push(("avx2", |rows, panel| unsafe { avx2(rows, panel) }));
    }
    found
}

/// Bytes of a panel that belong to one group of `k`.
const STEP: usize = PANEL * GROUP;

/// Four consecutive activations as one lane.
///
/// # Safety
/// `at + 4` must not exceed the row's length.
#[inline(always)]
unsafe fn four(row: &[u8], at: usize) -> i32 {
    debug_assert!(at + GROUP <= row.len());
    row.as_ptr().add(at).cast::<i32>().read_unaligned()
}

/// Ends the program rather than read beyond a row.
#[inline(always)]
fn check(rows: &[&[u8]; ROWS], panel: &[i8]) -> usize {
    let groups = panel.len() / STEP;
    assert!(rows.iter().all(|row| row.len() >= groups * GROUP));
    groups
}

#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn avx512_vnni(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile {
    let mut sums = [_mm512_setzero_si512(); ROWS];
    for group in 0..check(&rows, panel) {
        let weights = _mm512_loadu_si512(panel.as_ptr().add(group * STEP).cast());
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = _mm512_dpbusd_epi32(*sum, _mm512_set1_epi32(four(row, group * GROUP)), weights);
        }
    }
    let mut tile = [[0; PANEL]; ROWS];
    for (out, sum) in tile.iter_mut().zip(sums) {
        _mm512_storeu_si512(out.as_mut_ptr().cast(), sum);
    }
    tile
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn avx_vnni(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile {
    in_halves(rows, panel, |sum, values, weights| _mm256_dpbusd_avx_epi32(sum, values, weights))
}

#[target_feature(enable = "avx2")]
unsafe fn avx2(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile {
    in_halves(rows, panel, |sum, values, weights| {
        // Two products of at most 127 * 127 fit 16 bits, so this does not saturate.
        let pairs = _mm256_maddubs_epi16(values, weights);
        _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    })
}

/// A panel as two vectors of eight columns.
#[inline(always)]
unsafe fn in_halves(
    rows: [&[u8]; ROWS],
    panel: &[i8],
    add: impl Fn(__m256i, __m256i, __m256i) -> __m256i,
) -> Tile {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for group in 0..check(&rows, panel) {
        let at = panel.as_ptr().add(group * STEP);
        let weights = [_mm256_loadu_si256(at.cast()), _mm256_loadu_si256(at.add(STEP / 2).cast())];
        for (sums, row) in sums.iter_mut().zip(rows) {
            let values = _mm256_set1_epi32(four(row, group * GROUP));
            sums[0] = add(sums[0], values, weights[0]);
            sums[1] = add(sums[1], values, weights[1]);
        }
    }
    let mut tile = [[0; PANEL]; ROWS];
    for (out, sums) in tile.iter_mut().zip(sums) {
        _mm256_storeu_si256(out.as_mut_ptr().cast(), sums[0]);
        _mm256_storeu_si256(out.as_mut_ptr().add(PANEL / 2).cast(), sums[1]);
    }
    tile
}
