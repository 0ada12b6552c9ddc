//! Kernels of WebAssembly. V8 has sixteen vector registers on x86: tiles of several columns spill from ten accumulators
//! on.

use std::arch::wasm32::*;

use super::pack::Pairing;
use super::run::{self, Sums};
use super::{Kernel, Tile, Value, GROUP, PANEL, STEP_BYTES};
#[cfg(feature = "relaxed-simd")]
use super::{QuantisedRows, TileRow};

/// Rows of a small tile.
const ROWS: usize = 4;

#[cfg(feature = "relaxed-simd")]
pub(super) fn kernels() -> Vec<Kernel> {
    let mut kernels = vec![
        // SAFETY: engines without relaxed SIMD refuse the whole binary.
        Kernel { name: "dot", run: |l, v, r, o| unsafe { run::run(relaxed::Dot, l, v, r, o) } },
        // SAFETY: as above.
        Kernel { name: "dot16", run: |l, v, r, o| unsafe { run::run(relaxed::Dot16::default(), l, v, r, o) } },
    ];
    // SAFETY: as above.
    if unsafe { relaxed::adds_pairs_first() } {
        kernels.swap(0, 1);
    }
    kernels
}

#[cfg(not(feature = "relaxed-simd"))]
pub(super) fn kernels() -> Vec<Kernel> {
    // SAFETY: engines without SIMD refuse the whole binary.
    vec![Kernel { name: "wide", run: |l, v, r, o| unsafe { run::run(wide::Wide::default(), l, v, r, o) } }]
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
    /// Bytes of a group in half a panel.
    const HALF: usize = STEP_BYTES / 2;

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
        unsafe fn sums(&self, _first: usize, rows: &[u8], count: usize, panels: &[i8], groups: usize, tile: &mut Tile) {
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

    /// Rows that [`Dot16`] takes together: with two vectors of columns, their sums and the weights of two groups stay in registers.
    const FEW: usize = 3;
    /// Bytes in which the values of a group lie, of as many rows: four are to spare, so that a place is a shift.
    const BLOCK: usize = 16;

    /// Where the processor lacks that instruction: sums pairs of products in 16 bits, over two groups where that cannot overflow,
    /// then widens. What the arithmetic of addresses takes counts: so rows and weights are laid out as they are read, once for all
    /// panels and once for all rows.
    #[derive(Default)]
    pub(super) struct Dot16 {
        /// Of [`FEW`] rows at a time, group after group.
        rows: Vec<u8>,
        /// A panel's left half, then its right one, each in the order of the pairing: pairs, then single groups.
        panel: Vec<i8>,
        pairing: Pairing,
    }

    impl Sums for Dot16 {
        type Lanes = v128;
        const ROWS: usize = FEW;
        const PANELS: usize = 1;

        #[inline(always)]
        fn arrange(&mut self, rows: &QuantisedRows, groups: usize) {
            let blocks = rows.len().div_ceil(FEW);
            self.rows.resize(blocks * groups * BLOCK, 0);
            for (block, out) in self.rows.chunks_exact_mut(groups * BLOCK).enumerate() {
                let from = rows.from(block * FEW, FEW);
                let stride = from.len() / FEW;
                for (group, out) in out.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
                    for row in 0..FEW {
                        out[row * GROUP..][..GROUP].copy_from_slice(&from[row * stride + group * GROUP..][..GROUP]);
                    }
                }
            }
        }

        #[inline(always)]
        fn prepare(&mut self, panels: &[i8], groups: usize, pairing: &Pairing) {
            self.pairing.pairs.clone_from(&pairing.pairs);
            self.pairing.single.clone_from(&pairing.single);
            self.panel.resize(panels.len(), 0);
            let (left, right) = self.panel.split_at_mut(groups * HALF);
            let order = pairing.pairs.iter().flatten().chain(&pairing.single);
            let places = left.chunks_exact_mut(HALF).zip(right.chunks_exact_mut(HALF));
            for ((left, right), &group) in places.zip(order) {
                let weights = &panels[group as usize * STEP_BYTES..][..STEP_BYTES];
                left.copy_from_slice(&weights[..HALF]);
                right.copy_from_slice(&weights[HALF..]);
            }
        }

        #[inline(always)]
        unsafe fn sums(
            &self,
            first: usize,
            _rows: &[u8],
            _count: usize,
            _panels: &[i8],
            groups: usize,
            tile: &mut Tile,
        ) {
            let rows = &self.rows[first / FEW * groups * BLOCK..][..groups * BLOCK];
            dot16(rows, &self.panel, groups, &self.pairing, tile);
        }
    }

    /// `rows` and `panel` are laid out as in [`Dot16`], whose groups the pairing has, each once and below `groups`.
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn dot16(rows: &[u8], panel: &[i8], groups: usize, pairing: &Pairing, tile: &mut Tile) {
        assert!(rows.len() >= groups * BLOCK && panel.len() >= groups * STEP_BYTES);
        for half in 0..2 {
            let mut sums = [[i32x4_splat(0); VECTORS]; FEW];
            let mut weights = panel.as_ptr().add(half * groups * HALF).cast::<v128>();
            for &pair in &pairing.pairs {
                add16(rows.as_ptr(), weights, pair.map(|group| group as usize), &mut sums);
                weights = weights.add(2 * VECTORS);
            }
            for &group in &pairing.single {
                add16(rows.as_ptr(), weights, [group as usize], &mut sums);
                weights = weights.add(VECTORS);
            }
            store(sums, half, tile);
        }
    }

    /// Adds the products of some groups, which fit 16 bits together, with the weights of one after another.
    #[inline]
    #[target_feature(enable = "relaxed-simd")]
    unsafe fn add16<const S: usize>(
        rows: *const u8,
        weights: *const v128,
        groups: [usize; S],
        sums: &mut [[v128; VECTORS]; FEW],
    ) {
        let weights: [[v128; VECTORS]; S] = std::array::from_fn(|step| {
            [v128_load(weights.add(VECTORS * step)), v128_load(weights.add(VECTORS * step + 1))]
        });
        let groups = groups.map(|group| rows.add(group * BLOCK));
        for (row, sums) in sums.iter_mut().enumerate() {
            let values = groups.map(|group| v128_load32_splat(group.add(row * GROUP).cast()));
            for (vector, sum) in sums.iter_mut().enumerate() {
                let mut pairs = i16x8_relaxed_dot_i8x16_i7x16(weights[0][vector], values[0]);
                for step in 1..S {
                    pairs = i16x8_add(pairs, i16x8_relaxed_dot_i8x16_i7x16(weights[step][vector], values[step]));
                }
                // One instruction, and the ones stay in a register; `extadd_pairwise` reads them from memory.
                *sum = i32x4_add(*sum, i32x4_dot_i16x8(pairs, i16x8_splat(1)));
            }
        }
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
        fn prepare(&mut self, panels: &[i8], groups: usize, _pairing: &Pairing) {
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
            _first: usize,
            rows: &[i16],
            _count: usize,
            _panels: &[i8],
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
