//! Kernels of WebAssembly. V8 has sixteen vector registers on x86: tiles of several columns spill from ten accumulators
//! on.

use std::arch::wasm32::*;

use super::pack::{Layout, Runs};
use super::run::{self, Sums};
#[cfg(feature = "relaxed-simd")]
use super::TileRow;
use super::{Kernel, Tile, Value, GROUP, PANEL, STEP_BYTES};

/// Rows of a small tile.
const ROWS: usize = 4;

#[cfg(feature = "relaxed-simd")]
pub(super) fn kernels() -> Vec<Kernel> {
    let mut kernels = vec![
        // SAFETY: engines without relaxed SIMD refuse the whole binary.
        Kernel { name: "dot", layout: Layout::Groups, run: |l, v, r, o| unsafe { run::run(relaxed::Dot, l, v, r, o) } },
        Kernel {
            name: "dot16",
            layout: Layout::Runs,
            // SAFETY: as above.
            run: |l, v, r, o| unsafe { run::run(relaxed::Dot16, l, v, r, o) },
        },
    ];
    // SAFETY: as above.
    if unsafe { relaxed::adds_pairs_first() } {
        kernels.swap(0, 1);
    }
    kernels
}

#[cfg(not(feature = "relaxed-simd"))]
pub(super) fn kernels() -> Vec<Kernel> {
    vec![Kernel {
        name: "wide",
        layout: Layout::Groups,
        // SAFETY: engines without SIMD refuse the whole binary.
        run: |l, v, r, o| unsafe { run::run(wide::Wide::default(), l, v, r, o) },
    }]
}

/// The row stride, after a check that all reads are in bounds.
#[inline(always)]
fn stride(rows: &[Value], count: usize, length: usize, groups: usize) -> usize {
    let stride = rows.len() / count;
    assert!(stride >= groups * GROUP && length >= groups * STEP_BYTES);
    stride
}

#[cfg(feature = "relaxed-simd")]
mod relaxed {
    use super::*;
    use crate::int8::pack::{RUN_ROWS, STRIP, STRIP_BYTES};

    /// Whether the engine lowers the dot product to several instructions, as on x86 without VNNI. These add pairs of
    /// products in 16 bits first, which saturates if the second operand uses its eighth bit. Timing would mislead: code is
    /// slow until the browser recompiles it.
    #[target_feature(enable = "relaxed-simd")]
    pub(super) unsafe fn adds_pairs_first() -> bool {
        let (first, second) = std::hint::black_box((i8x16_splat(127), u8x16_splat(255)));
        let sums = i32x4_relaxed_dot_i8x16_i7x16_add(first, second, i32x4_splat(0));
        i32x4_extract_lane::<0>(sums) == 2 * i32::from(i16::MAX)
    }

    /// Vectors of four columns in a tile.
    const VECTORS: usize = 2;
    /// Rows that [`Dot`] takes together.
    const MANY: usize = 12;

    /// Four products per lane in one instruction, where the processor has it. Latency is five cycles and throughput two
    /// per cycle, so at least ten accumulators keep it busy: twelve rows by one vector of columns, which stay in registers
    /// because a row's values are needed only once. The remaining rows take tiles of eight accumulators.
    pub(super) struct Dot;

    impl Sums for Dot {
        type Lanes = v128;
        const ROWS: usize = MANY;
        const PANELS: usize = 1;

        #[inline(always)]
        unsafe fn sums(
            &self,
            rows: &[u8],
            count: usize,
            panels: &[i8],
            _runs: &[Runs],
            groups: usize,
            tile: &mut Tile,
        ) {
            let stride = stride(rows, MANY, panels.len(), groups);
            if count > MANY - ROWS {
                return dot_many(rows, stride, panels, groups, tile);
            }
            for first in (0..count).step_by(ROWS) {
                dot(&rows[first * stride..], stride, panels, groups, &mut tile[first..]);
            }
        }
    }

    #[target_feature(enable = "relaxed-simd")]
    unsafe fn dot_many(rows: &[u8], stride: usize, panel: &[i8], groups: usize, tile: &mut [TileRow]) {
        for vector in 0..PANEL / 4 {
            let mut sums = [i32x4_splat(0); MANY];
            for group in 0..groups {
                let weights = v128_load(panel.as_ptr().add(group * STEP_BYTES + vector * 16).cast());
                for (row, sum) in sums.iter_mut().enumerate() {
                    let values = v128_load32_splat(rows.as_ptr().add(row * stride + group * GROUP).cast());
                    *sum = i32x4_relaxed_dot_i8x16_i7x16_add(weights, values, *sum);
                }
            }
            for (out, sum) in tile.iter_mut().zip(sums) {
                v128_store(out[0].as_mut_ptr().add(vector * 4).cast(), sum);
            }
        }
    }

    #[target_feature(enable = "relaxed-simd")]
    unsafe fn dot(rows: &[u8], stride: usize, panel: &[i8], groups: usize, tile: &mut [TileRow]) {
        for half in 0..2 {
            let mut sums = [[i32x4_splat(0); VECTORS]; ROWS];
            for group in 0..groups {
                let at = panel.as_ptr().add(group * STEP_BYTES + half * STEP_BYTES / 2).cast::<v128>();
                let weights = [v128_load(at), v128_load(at.add(1))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let values = v128_load32_splat(rows.as_ptr().add(row * stride + group * GROUP).cast());
                    sums[0] = i32x4_relaxed_dot_i8x16_i7x16_add(weights[0], values, sums[0]);
                    sums[1] = i32x4_relaxed_dot_i8x16_i7x16_add(weights[1], values, sums[1]);
                }
            }
            store(sums, half, tile);
        }
    }

    /// Where the processor lacks that instruction: sums the products of a run's groups in 16 bits, then widens. What the arithmetic of
    /// addresses takes counts: so rows lie beside one another, and weights in the order in which they are read. Eight sums, the weights of
    /// four groups, ones, products and values are the fifteen registers that V8 has to give.
    pub(super) struct Dot16;

    impl Sums for Dot16 {
        type Lanes = v128;
        const ROWS: usize = RUN_ROWS;
        const PANELS: usize = 1;
        const INTERLEAVED: bool = true;

        #[inline(always)]
        unsafe fn sums(
            &self,
            rows: &[u8],
            _count: usize,
            panels: &[i8],
            runs: &[Runs],
            groups: usize,
            tile: &mut Tile,
        ) {
            dot16(rows, panels, runs, groups, tile);
        }
    }

    /// `runs` has each group once, and none from `groups` on.
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn dot16(rows: &[u8], panel: &[i8], runs: &[Runs], groups: usize, tile: &mut Tile) {
        assert!(rows.len() >= groups * Dot16::ROWS * GROUP && panel.len() >= groups * STEP_BYTES);
        for (strip, runs) in runs.iter().enumerate() {
            let mut sums = [i32x4_splat(0); Dot16::ROWS];
            let weights = panel.as_ptr().add(strip * groups * STRIP_BYTES).cast::<v128>();
            let weights = add16::<4>(rows.as_ptr(), weights, runs, &mut sums);
            let weights = add16::<3>(rows.as_ptr(), weights, runs, &mut sums);
            let weights = add16::<2>(rows.as_ptr(), weights, runs, &mut sums);
            add16::<1>(rows.as_ptr(), weights, runs, &mut sums);
            for (out, sum) in tile.iter_mut().zip(sums) {
                v128_store(out[0].as_mut_ptr().add(strip * STRIP).cast(), sum);
            }
        }
    }

    /// Adds the products of the runs of `LENGTH` groups, whose weights follow one another; returns where the next ones begin.
    #[inline]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn add16<const LENGTH: usize>(
        rows: *const u8,
        mut weights: *const v128,
        runs: &Runs,
        sums: &mut [v128; Dot16::ROWS],
    ) -> *const v128 {
        for run in runs.of_length::<LENGTH>() {
            // Volatile: else LLVM loads them as a vector, adds to it, and takes it apart.
            let places: [u32; LENGTH] = std::array::from_fn(|group| std::ptr::read_volatile(&run[group]));
            let groups = places.map(|place| rows.add(place as usize));
            let weights_of: [v128; LENGTH] = std::array::from_fn(|group| v128_load(weights.add(group)));
            for (row, sum) in sums.iter_mut().enumerate() {
                let product = |group: usize| {
                    i16x8_relaxed_dot_i8x16_i7x16(
                        weights_of[group],
                        v128_load32_splat(groups[group].add(row * GROUP).cast()),
                    )
                };
                let mut products = product(0);
                for group in 1..LENGTH {
                    products = i16x8_add(products, product(group));
                }
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(products, i16x8_splat(1)));
            }
            weights = weights.add(LENGTH);
        }
        weights
    }

    #[inline(always)]
    unsafe fn store<const R: usize>(sums: [[v128; VECTORS]; R], half: usize, tile: &mut [TileRow]) {
        for (out, sums) in tile.iter_mut().zip(sums) {
            let out = out[0].as_mut_ptr().add(half * PANEL / 2).cast::<v128>();
            v128_store(out, sums[0]);
            v128_store(out.add(1), sums[1]);
        }
    }
}

#[cfg(not(feature = "relaxed-simd"))]
mod wide {
    use super::*;

    /// Columns of a tile: two vectors, of two columns each.
    const COLUMNS: usize = 4;

    /// Products of 16-bit integers: plain SIMD does not multiply bytes. A panel is widened once for all rows.
    #[derive(Default)]
    pub(super) struct Wide {
        /// Four columns after another, and in these group after group.
        panel: Vec<i16>,
    }

    impl Sums for Wide {
        type Lanes = v128;
        const ROWS: usize = ROWS;
        const PANELS: usize = 1;

        #[inline(always)]
        fn prepare(&mut self, panels: &[i8], groups: usize) {
            self.panel.resize(panels.len(), 0);
            let columns = self.panel.chunks_exact_mut(groups * COLUMNS * GROUP);
            for (first, wide) in columns.enumerate() {
                let groups = wide.as_chunks_mut::<{ COLUMNS * GROUP }>().0.iter_mut();
                for (wide, weights) in groups.zip(panels.chunks_exact(STEP_BYTES)) {
                    let weights = &weights[first * COLUMNS * GROUP..][..COLUMNS * GROUP];
                    // SAFETY: both are sixteen values.
                    unsafe {
                        let weights = v128_load(weights.as_ptr().cast());
                        let wide = wide.as_mut_ptr().cast::<v128>();
                        v128_store(wide, i16x8_extend_low_i8x16(weights));
                        v128_store(wide.add(1), i16x8_extend_high_i8x16(weights));
                    }
                }
            }
        }

        #[inline(always)]
        unsafe fn sums(
            &self,
            rows: &[i16],
            _count: usize,
            _panels: &[i8],
            _runs: &[Runs],
            groups: usize,
            tile: &mut Tile,
        ) {
            wide(rows, &self.panel, groups, tile);
        }
    }

    unsafe fn wide(rows: &[i16], panel: &[i16], groups: usize, tile: &mut Tile) {
        let stride = stride(rows, ROWS, panel.len(), groups);
        for quarter in 0..PANEL / COLUMNS {
            // Each vector holds, of two columns, the sums over the first and the second two of each group.
            let mut sums = [[i32x4_splat(0); 2]; ROWS];
            let panel = panel.as_ptr().add(quarter * groups * COLUMNS * GROUP).cast::<v128>();
            for group in 0..groups {
                let weights = [v128_load(panel.add(2 * group)), v128_load(panel.add(2 * group + 1))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let values = v128_load64_splat(rows.as_ptr().add(row * stride + group * GROUP).cast());
                    sums[0] = i32x4_add(sums[0], i32x4_dot_i16x8(weights[0], values));
                    sums[1] = i32x4_add(sums[1], i32x4_dot_i16x8(weights[1], values));
                }
            }
            for (out, [low, high]) in tile.iter_mut().zip(sums) {
                let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
                let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
                v128_store(out[0].as_mut_ptr().add(quarter * COLUMNS).cast(), i32x4_add(even, odd));
            }
        }
    }
}
