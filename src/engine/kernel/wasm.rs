//! Kernels of WebAssembly: one dot-product instruction where the binary may use relaxed SIMD, else widening products.

#[cfg(target_feature = "simd128")]
pub(super) use simd::tile;

#[cfg(target_feature = "simd128")]
mod simd {
    use std::arch::wasm32::*;

    use super::super::{Tile, GROUP, PANEL, ROWS};

    /// Bytes of a panel that belong to one group of `k`.
    const STEP: usize = PANEL * GROUP;
    /// Columns computed together: with four rows, as many sums as fit the sixteen registers of x86 beside operands.
    const COLUMNS: usize = 8;

    pub(crate) fn tile(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile {
        // SAFETY: a binary that holds an instruction which the engine does not know is refused as a whole.
        unsafe { sums(rows, panel) }
    }

    #[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
    unsafe fn sums(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile {
        let groups = panel.len() / STEP;
        assert!(rows.iter().all(|row| row.len() >= groups * GROUP));
        let mut tile = [[0; PANEL]; ROWS];
        for half in 0..PANEL / COLUMNS {
            let mut sums = [[i32x4_splat(0); 2]; ROWS];
            for group in 0..groups {
                // The panel holds `groups` steps, and each row as many groups.
                let at = panel.as_ptr().add(group * STEP + half * COLUMNS * GROUP).cast::<v128>();
                let weights = [v128_load(at), v128_load(at.add(1))];
                for (sums, row) in sums.iter_mut().zip(rows) {
                    let values = v128_load32_splat(row.as_ptr().add(group * GROUP).cast());
                    sums[0] = dot(weights[0], values, sums[0]);
                    sums[1] = dot(weights[1], values, sums[1]);
                }
            }
            for (out, sums) in tile.iter_mut().zip(sums) {
                let out = out[half * COLUMNS..].as_mut_ptr().cast::<v128>();
                v128_store(out, sums[0]);
                v128_store(out.add(1), sums[1]);
            }
        }
        tile
    }

    /// Adds to each lane the products of its four weights and values.
    #[cfg(feature = "relaxed-simd")]
    #[inline]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn dot(weights: v128, values: v128, sum: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(weights, values, sum)
    }

    #[cfg(not(feature = "relaxed-simd"))]
    #[inline(always)]
    unsafe fn dot(weights: v128, values: v128, sum: v128) -> v128 {
        let low = i32x4_dot_i16x8(i16x8_extend_low_i8x16(weights), i16x8_extend_low_u8x16(values));
        let high = i32x4_dot_i16x8(i16x8_extend_high_i8x16(weights), i16x8_extend_high_u8x16(values));
        // Each holds pair sums of two columns; adding neighbours gives one lane a column.
        let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
        let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
        i32x4_add(sum, i32x4_add(even, odd))
    }
}
