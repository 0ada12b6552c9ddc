//! The loop around every kernel: quantise rows, sum products, scale back, add the bias, apply the activation. It is
//! inlined into functions that are compiled for a processor's features.

use std::ops::Range;

use super::pack::Runs;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::STEP_BYTES;
use super::{Activation, Layer, QuantisedRows, Tile, TileRow, Value, GROUP, PANEL, PANELS, ROWS};
use crate::gelu::Gelu;
use crate::lanes::{Lanes, Work};

/// How a kernel sums products.
pub(super) trait Sums {
    /// Vectors of what follows the sums, of at most [`PANEL`] values.
    type Lanes: Lanes;
    /// Rows taken together; divides [`ROWS`].
    const ROWS: usize;
    /// Panels taken together, at most [`PANELS`].
    const PANELS: usize;

    /// Whether a row's groups lie beside those of the other rows that are taken together, instead of one after another.
    const INTERLEAVED: bool = false;

    /// Called with the panels, at most [`Self::PANELS`] of them, before their sums.
    fn prepare(&mut self, _panels: &[i8], _groups: usize) {}

    /// Writes the sums of [`Self::ROWS`] rows of equal length with the panels, each of `groups` groups. Only those of the first
    /// `count` rows are needed. `runs` are those of the first panel's strips, in the layout that has them.
    ///
    /// # Safety
    /// The processor has the features that the implementation is compiled for.
    unsafe fn sums(&self, rows: &[Value], count: usize, panels: &[i8], runs: &[Runs], groups: usize, tile: &mut Tile);
}

/// The row stride, after a check that all reads of `count` rows and of the panels are in bounds.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
pub(super) fn stride(rows: &[Value], count: usize, panels: &[i8], groups: usize) -> usize {
    let stride = rows.len() / count;
    assert!(stride >= groups * GROUP && !panels.is_empty() && panels.len().is_multiple_of(groups * STEP_BYTES));
    stride
}

/// Runs a layer: see [`super::Kernel::run`], which checks lengths.
///
/// # Safety
/// The processor has the features that `sums` is compiled for.
#[inline(always)]
pub(super) unsafe fn run<S: Sums>(
    mut sums: S,
    layer: &Layer,
    values: &[f32],
    rows: &mut QuantisedRows,
    out: &mut [f32],
) {
    const { assert!(S::PANELS <= PANELS && ROWS.is_multiple_of(S::ROWS)) };
    let weights = &layer.weights;
    rows.fill::<S::Lanes>(values, weights.k(), if S::INTERLEAVED { S::ROWS } else { 1 });
    let (n, groups) = (weights.n(), weights.k().div_ceil(GROUP));
    let mut tile: Tile = [[[0; PANEL]; PANELS]; ROWS];
    let mut first = 0;
    // Panels are the outer loop: they stay in L1 while all rows pass.
    while first < weights.panels() {
        let last = weights.panels().min(first + S::PANELS);
        let panels = weights.between(first, last);
        sums.prepare(panels, groups);
        let columns = first * PANEL..n.min(last * PANEL);
        for row in (0..rows.len()).step_by(S::ROWS) {
            let count = S::ROWS.min(rows.len() - row);
            sums.sums(rows.from(row, S::ROWS), count, panels, weights.runs(first), groups, &mut tile);
            let out = &mut out[row * n + columns.start..];
            let (tile, rows) = (&tile[..count], rows.ranges(row, count));
            let columns = columns.clone();
            match layer.activation {
                Activation::None => S::Lanes::outlined(Finish::<false> { layer, rows, tile, columns, out }),
                Activation::Gelu => S::Lanes::outlined(Finish::<true> { layer, rows, tile, columns, out }),
            }
        }
        first = last;
    }
}

/// Turns the sums of some rows into their output in the layer's `columns`, which begin in each row of `out`, and GELU of it. In explicit
/// vectors: whether the compiler makes them of a loop depends on what it inlines first.
struct Finish<'a, const GELU: bool> {
    layer: &'a Layer,
    /// Minimum and scale of each row.
    rows: (&'a [f32], &'a [f32]),
    tile: &'a [TileRow],
    columns: Range<usize>,
    /// Rows of all columns, from the first of `columns` on.
    out: &'a mut [f32],
}

impl<const GELU: bool> Work for Finish<'_, GELU> {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        const { assert!(PANEL.is_multiple_of(L::WIDTH)) };
        let Finish { layer, rows: (minima, scales), tile, columns, out } = self;
        let weights = &layer.weights;
        let (n, width) = (weights.n(), columns.len());
        assert!(minima.len() == tile.len() && scales.len() == tile.len() && columns.end <= n);
        assert!(!tile.is_empty() && out.len() >= (tile.len() - 1) * n + width && width <= PANELS * PANEL);
        let gelu = Gelu::<L>::new();
        for column in (0..width).step_by(L::WIDTH) {
            let at = columns.start + column;
            let parts =
                [weights.scales(), weights.sums(), &layer.bias].map(|part| L::load(part[at..][..L::WIDTH].as_ptr()));
            let [weight_scales, totals, bias] = parts;
            // Padding has no place in the output.
            let missing = (column + L::WIDTH).saturating_sub(width);
            for (row, sums) in tile.iter().enumerate() {
                let (minimum, scale) = (L::splat_at(minima.as_ptr().add(row)), L::splat_at(scales.as_ptr().add(row)));
                let product = L::load_integers(sums.as_flattened().as_ptr().add(column)).mul(scale).mul(weight_scales);
                let sum = product.add(minimum.mul(totals).add(bias));
                let value = if GELU { gelu.of(sum) } else { sum };
                let out = out.as_mut_ptr().add(row * n + column);
                if missing == 0 {
                    value.store(out);
                } else {
                    let mut whole = [0f32; PANEL];
                    value.store(whole.as_mut_ptr());
                    out.copy_from_nonoverlapping(whole.as_ptr(), L::WIDTH - missing);
                }
            }
        }
    }
}
