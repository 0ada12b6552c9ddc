//! Kernels of x86-64: AVX-512 VNNI, AVX-VNNI, AVX2.

use std::arch::x86_64::*;

use super::pack::{Layout, Runs, RUN_ROWS, STRIP, STRIP_BYTES};
use super::run::{self, stride, Sums};
use super::{Kernel, Layer, QuantisedRows, Tile, GROUP, PANEL, STEP_BYTES};

/// The kernels that this processor runs, the fastest first.
pub(super) fn kernels() -> Vec<Kernel> {
    let mut found = Vec::new();
    let avx2 = is_x86_feature_detected!("avx2");
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && avx2
    {
        found.push(Kernel {
            name: "avx512vnni",
            layout: Layout::Groups,
            // SAFETY: the processor has the features that the function is compiled for.
            run: |l, v, r, o| unsafe { avx512_vnni(l, v, r, o) },
        });
    }
    if avx2 && is_x86_feature_detected!("avxvnni") {
        found.push(Kernel {
            name: "avxvnni",
            layout: Layout::Groups,
            // SAFETY: as above.
            run: |l, v, r, o| unsafe { avx_vnni(l, v, r, o) },
        });
    }
    if avx2 {
        // SAFETY: as above.
        found.push(Kernel { name: "avx2", layout: Layout::Runs, run: |l, v, r, o| unsafe { avx2_only(l, v, r, o) } });
    }
    found
}

#[target_feature(enable = "avx2,avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn avx512_vnni(layer: &Layer, values: &[f32], rows: &mut QuantisedRows, out: &mut [f32]) {
    run::run(Avx512Vnni, layer, values, rows, out);
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn avx_vnni(layer: &Layer, values: &[f32], rows: &mut QuantisedRows, out: &mut [f32]) {
    run::run(AvxVnni, layer, values, rows, out);
}

#[target_feature(enable = "avx2")]
unsafe fn avx2_only(layer: &Layer, values: &[f32], rows: &mut QuantisedRows, out: &mut [f32]) {
    run::run(Avx2, layer, values, rows, out);
}

/// The activations of one group as one lane.
///
/// # Safety
/// Four bytes must be readable.
#[inline(always)]
unsafe fn four(at: *const u8) -> i32 {
    at.cast::<i32>().read_unaligned()
}

/// Eight rows by three panels: 24 sums, three vectors of weights and one of activations of the 32 registers.
struct Avx512Vnni;

impl Sums for Avx512Vnni {
    type Lanes = __m512;
    const ROWS: usize = 8;
    const PANELS: usize = 3;

    #[inline(always)]
    unsafe fn sums(&self, rows: &[u8], _count: usize, panels: &[i8], _runs: &[Runs], groups: usize, tile: &mut Tile) {
        match panels.len() / (groups * STEP_BYTES) {
            3 => avx512_vnni_sums::<3>(rows, panels, groups, tile),
            2 => avx512_vnni_sums::<2>(rows, panels, groups, tile),
            _ => avx512_vnni_sums::<1>(rows, panels, groups, tile),
        }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn avx512_vnni_sums<const P: usize>(rows: &[u8], panels: &[i8], groups: usize, tile: &mut Tile) {
    let stride = stride(rows, Avx512Vnni::ROWS, panels, groups);
    assert!(panels.len() >= P * groups * STEP_BYTES);
    let mut sums = [[_mm512_setzero_si512(); P]; Avx512Vnni::ROWS];
    for group in 0..groups {
        let mut weights = [_mm512_setzero_si512(); P];
        for (panel, weights) in weights.iter_mut().enumerate() {
            *weights = _mm512_loadu_si512(panels.as_ptr().add((panel * groups + group) * STEP_BYTES).cast());
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let values = _mm512_set1_epi32(four(rows.as_ptr().add(row * stride + group * GROUP)));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, values, weights);
            }
        }
    }
    for (out, sums) in tile.iter_mut().zip(sums) {
        for (out, sum) in out.iter_mut().zip(sums) {
            _mm512_storeu_si512(out.as_mut_ptr().cast(), sum);
        }
    }
}

/// Four rows by one panel in two vectors: eight sums, two vectors of weights and one of activations of 16 registers.
struct AvxVnni;

impl Sums for AvxVnni {
    type Lanes = __m256;
    const ROWS: usize = 4;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn sums(&self, rows: &[u8], _count: usize, panels: &[i8], _runs: &[Runs], groups: usize, tile: &mut Tile) {
        avx_vnni_sums(rows, panels, groups, tile);
    }
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn avx_vnni_sums(rows: &[u8], panel: &[i8], groups: usize, tile: &mut Tile) {
    in_halves(rows, panel, groups, tile, |sum, values, weights| _mm256_dpbusd_avx_epi32(sum, values, weights));
}

/// Without a dot product: sums the products of a run's groups in 16 bits, then widens. Eight rows by one strip as a vector: eight sums, the
/// weights of four groups, ones, products and values of 16 registers.
struct Avx2;

impl Sums for Avx2 {
    type Lanes = __m256;
    const ROWS: usize = RUN_ROWS;
    const PANELS: usize = 1;
    const INTERLEAVED: bool = true;

    #[inline(always)]
    unsafe fn sums(&self, rows: &[u8], _count: usize, panels: &[i8], runs: &[Runs], groups: usize, tile: &mut Tile) {
        avx2_sums(rows, panels, runs, groups, tile);
    }
}

/// `runs` has each group once, and none from `groups` on.
#[target_feature(enable = "avx2")]
unsafe fn avx2_sums(rows: &[u8], panel: &[i8], runs: &[Runs], groups: usize, tile: &mut Tile) {
    assert!(rows.len() >= groups * Avx2::ROWS * GROUP && panel.len() >= groups * STEP_BYTES);
    for (strip, runs) in runs.iter().enumerate() {
        let mut sums = [_mm256_setzero_si256(); Avx2::ROWS];
        let weights = panel.as_ptr().add(strip * groups * STRIP_BYTES).cast();
        let weights = avx2_add::<4>(rows.as_ptr(), weights, runs, &mut sums);
        let weights = avx2_add::<3>(rows.as_ptr(), weights, runs, &mut sums);
        let weights = avx2_add::<2>(rows.as_ptr(), weights, runs, &mut sums);
        avx2_add::<1>(rows.as_ptr(), weights, runs, &mut sums);
        for (out, sum) in tile.iter_mut().zip(sums) {
            _mm256_storeu_si256(out[0].as_mut_ptr().add(strip * STRIP).cast(), sum);
        }
    }
}

/// Adds the products of the runs of `LENGTH` groups, whose weights follow one another; returns where the next ones begin.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn avx2_add<const LENGTH: usize>(
    rows: *const u8,
    mut weights: *const __m256i,
    runs: &Runs,
    sums: &mut [__m256i; Avx2::ROWS],
) -> *const __m256i {
    for run in runs.of_length::<LENGTH>() {
        let groups = run.map(|place| rows.add(place as usize));
        let weights_of: [__m256i; LENGTH] = std::array::from_fn(|group| _mm256_loadu_si256(weights.add(group)));
        for (row, sum) in sums.iter_mut().enumerate() {
            let product = |group: usize| {
                let values = _mm256_set1_epi32(four(groups[group].add(row * GROUP)));
                _mm256_maddubs_epi16(values, weights_of[group])
            };
            let mut products = product(0);
            for group in 1..LENGTH {
                products = _mm256_add_epi16(products, product(group));
            }
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(products, _mm256_set1_epi16(1)));
        }
        weights = weights.add(LENGTH);
    }
    weights
}

/// Four rows and a panel as two vectors of eight columns.
#[inline(always)]
unsafe fn in_halves(
    rows: &[u8],
    panel: &[i8],
    groups: usize,
    tile: &mut Tile,
    add: impl Fn(__m256i, __m256i, __m256i) -> __m256i,
) {
    let stride = stride(rows, 4, panel, groups);
    let mut sums = [[_mm256_setzero_si256(); 2]; 4];
    for group in 0..groups {
        let at = panel.as_ptr().add(group * STEP_BYTES);
        let weights = [_mm256_loadu_si256(at.cast()), _mm256_loadu_si256(at.add(STEP_BYTES / 2).cast())];
        for (row, sums) in sums.iter_mut().enumerate() {
            let values = _mm256_set1_epi32(four(rows.as_ptr().add(row * stride + group * GROUP)));
            sums[0] = add(sums[0], values, weights[0]);
            sums[1] = add(sums[1], values, weights[1]);
        }
    }
    for (out, sums) in tile.iter_mut().zip(sums) {
        let out = out[0].as_mut_ptr();
        _mm256_storeu_si256(out.cast(), sums[0]);
        _mm256_storeu_si256(out.add(PANEL / 2).cast(), sums[1]);
    }
}
