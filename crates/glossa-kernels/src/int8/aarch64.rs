//! Kernels of 64-bit Arm: i8mm, dot product, and NEON alone.
//!
//! Activations are 0 to 127, so that signed products serve: all three are exact.

use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};

use super::pack::{Layout, Runs};
use super::run::{self, stride, Sums};
use super::{Kernel, Layer, QuantisedRows, Tile, GROUP, STEP_BYTES};

/// Vectors of weights in a step: each has four columns of a group.
const VECTORS: usize = STEP_BYTES / 16;

/// The kernels that this processor runs, the fastest first.
pub(super) fn kernels() -> Vec<Kernel> {
    let mut found = Vec::new();
    if is_aarch64_feature_detected!("i8mm") {
        // SAFETY: the processor has the features that the function is compiled for.
        found.push(Kernel { name: "i8mm", layout: Layout::Groups, run: |l, v, r, o| unsafe { i8mm(l, v, r, o) } });
    }
    if is_aarch64_feature_detected!("dotprod") {
        found.push(Kernel {
            name: "dotprod",
            layout: Layout::Groups,
            // SAFETY: as above.
            run: |l, v, r, o| unsafe { dotprod(l, v, r, o) },
        });
    }
    if is_aarch64_feature_detected!("neon") {
        // SAFETY: as above.
        found.push(Kernel { name: "neon", layout: Layout::Groups, run: |l, v, r, o| unsafe { neon(l, v, r, o) } });
    }
    found
}

#[target_feature(enable = "neon,i8mm")]
unsafe fn i8mm(layer: &Layer, values: &[f32], rows: &mut QuantisedRows, out: &mut [f32]) {
    run::run(I8mm, layer, values, rows, out);
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn dotprod(layer: &Layer, values: &[f32], rows: &mut QuantisedRows, out: &mut [f32]) {
    run::run(Dotprod, layer, values, rows, out);
}

#[target_feature(enable = "neon")]
unsafe fn neon(layer: &Layer, values: &[f32], rows: &mut QuantisedRows, out: &mut [f32]) {
    run::run(Neon, layer, values, rows, out);
}

/// The weights of a group.
///
/// # Safety
/// The group must be one of the panel.
#[inline(always)]
unsafe fn weights(panel: &[i8], group: usize) -> [int8x16_t; VECTORS] {
    let at = panel.as_ptr().add(group * STEP_BYTES);
    [vld1q_s8(at), vld1q_s8(at.add(16)), vld1q_s8(at.add(32)), vld1q_s8(at.add(48))]
}

/// The activations of a row's group in each quarter.
///
/// # Safety
/// Four bytes must be readable.
#[inline(always)]
unsafe fn four(at: *const u8) -> int8x16_t {
    vreinterpretq_s8_s32(vdupq_n_s32(at.cast::<i32>().read_unaligned()))
}

/// Two rows by two columns a product of eight `k`: two pairs of rows by eight pairs of columns are 16 sums of the 32 registers.
struct I8mm;

impl Sums for I8mm {
    type Lanes = float32x4_t;
    const ROWS: usize = 4;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn sums(&self, rows: &[u8], _count: usize, panels: &[i8], _runs: &[Runs], groups: usize, tile: &mut Tile) {
        i8mm_sums(rows, panels, groups, tile);
    }
}

#[target_feature(enable = "neon,i8mm")]
unsafe fn i8mm_sums(rows: &[u8], panel: &[i8], groups: usize, tile: &mut Tile) {
    const PAIRS: usize = I8mm::ROWS / 2;
    let stride = stride(rows, I8mm::ROWS, panel, groups);
    let mut sums = [[vdupq_n_s32(0); 2 * VECTORS]; PAIRS];
    for first in (0..groups).step_by(2) {
        // The last group of an odd number is multiplied with zeros.
        let two = first + 1 < groups;
        let low = weights(panel, first);
        let high = if two { weights(panel, first + 1) } else { [vdupq_n_s8(0); VECTORS] };
        let mut columns = [vdupq_n_s8(0); 2 * VECTORS];
        for (pair, (low, high)) in columns.as_chunks_mut::<2>().0.iter_mut().zip(low.into_iter().zip(high)) {
            let (low, high) = (vreinterpretq_s32_s8(low), vreinterpretq_s32_s8(high));
            *pair = [vreinterpretq_s8_s32(vzip1q_s32(low, high)), vreinterpretq_s8_s32(vzip2q_s32(low, high))];
        }
        for (pair, sums) in sums.iter_mut().enumerate() {
            let at = rows.as_ptr().add(2 * pair * stride + first * GROUP);
            let values = [at, at.add(stride)].map(|at| {
                if two {
                    at.cast::<u64>().read_unaligned()
                } else {
                    u64::from(at.cast::<u32>().read_unaligned())
                }
            });
            let values = vreinterpretq_s8_u64(vcombine_u64(vcreate_u64(values[0]), vcreate_u64(values[1])));
            for (sum, columns) in sums.iter_mut().zip(columns) {
                // The intrinsic is not stable.
                asm!("smmla {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) *sum, in(vreg) values, in(vreg) columns,
                    options(pure, nomem, nostack, preserves_flags));
            }
        }
    }
    for (pair, sums) in sums.into_iter().enumerate() {
        for (vector, sums) in sums.as_chunks::<2>().0.iter().enumerate() {
            // Each sum has two columns of one row, then those of the other.
            let [a, b] = sums.map(|sum| vreinterpretq_u64_s32(sum));
            for (row, sum) in [vzip1q_u64(a, b), vzip2q_u64(a, b)].into_iter().enumerate() {
                vst1q_s32(tile[2 * pair + row][0].as_mut_ptr().add(4 * vector), vreinterpretq_s32_u64(sum));
            }
        }
    }
}

/// Six rows by one panel in four vectors: 24 sums, four vectors of weights and one of activations of the 32 registers.
struct Dotprod;

impl Sums for Dotprod {
    type Lanes = float32x4_t;
    const ROWS: usize = 6;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn sums(&self, rows: &[u8], _count: usize, panels: &[i8], _runs: &[Runs], groups: usize, tile: &mut Tile) {
        dotprod_sums(rows, panels, groups, tile);
    }
}

#[target_feature(enable = "neon,dotprod")]
unsafe fn dotprod_sums(rows: &[u8], panel: &[i8], groups: usize, tile: &mut Tile) {
    in_quarters::<{ Dotprod::ROWS }>(rows, panel, groups, tile, |sum, values, weights| {
        let mut sum = sum;
        // The intrinsic is not stable.
        asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) sum, in(vreg) values, in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags));
        sum
    });
}

/// As [`Dotprod`] with four rows, the product in several instructions.
struct Neon;

impl Sums for Neon {
    type Lanes = float32x4_t;
    const ROWS: usize = 4;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn sums(&self, rows: &[u8], _count: usize, panels: &[i8], _runs: &[Runs], groups: usize, tile: &mut Tile) {
        neon_sums(rows, panels, groups, tile);
    }
}

#[target_feature(enable = "neon")]
unsafe fn neon_sums(rows: &[u8], panel: &[i8], groups: usize, tile: &mut Tile) {
    in_quarters::<{ Neon::ROWS }>(rows, panel, groups, tile, |sum, values, weights| {
        let low = vmull_s8(vget_low_s8(values), vget_low_s8(weights));
        let high = vmull_high_s8(values, weights);
        // Two products of at most 127 * 127 fit 16 bits.
        vpadalq_s16(sum, vpaddq_s16(low, high))
    });
}

/// Some rows and a panel as four vectors of four columns.
#[inline(always)]
unsafe fn in_quarters<const R: usize>(
    rows: &[u8],
    panel: &[i8],
    groups: usize,
    tile: &mut Tile,
    add: impl Fn(int32x4_t, int8x16_t, int8x16_t) -> int32x4_t,
) {
    let stride = stride(rows, R, panel, groups);
    let mut sums = [[vdupq_n_s32(0); VECTORS]; R];
    for group in 0..groups {
        let weights = weights(panel, group);
        for (row, sums) in sums.iter_mut().enumerate() {
            let values = four(rows.as_ptr().add(row * stride + group * GROUP));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = add(*sum, values, weights);
            }
        }
    }
    for (out, sums) in tile.iter_mut().zip(sums) {
        for (vector, sum) in sums.into_iter().enumerate() {
            vst1q_s32(out[0].as_mut_ptr().add(4 * vector), sum);
        }
    }
}
