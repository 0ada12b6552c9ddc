//! The loop around every kernel: quantise rows, sum products, scale back, add the bias, apply the activation. It is
//! inlined into functions that are compiled for a processor's features.

use super::pack::Pairing;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::STEP_BYTES;
use super::{Activation, Layer, QuantisedRows, Tile, Value, GROUP, PANEL, PANELS, ROWS};
use crate::gelu::gelu;
use crate::lanes::Lanes;

/// How a kernel sums products.
pub(super) trait Sums {
    /// Vectors of what follows the sums, of at most [`PANEL`] values.
    type Lanes: Lanes;
    /// Rows taken together; divides [`ROWS`].
    const ROWS: usize;
    /// Panels taken together, at most [`PANELS`].
    const PANELS: usize;

    /// Called with all rows, before any panel.
    fn arrange(&mut self, _rows: &QuantisedRows, _groups: usize) {}

    /// Called with the panels, at most [`Self::PANELS`] of them, before their sums. `pairing` is that of the first.
    fn prepare(&mut self, _panels: &[i8], _groups: usize, _pairing: &Pairing) {}

    /// Writes the sums of [`Self::ROWS`] rows of equal length, from row `first` on, with the panels, each of `groups` groups. Only
    /// those of the first `count` rows are needed.
    ///
    /// # Safety
    /// The processor has the features that the implementation is compiled for.
    unsafe fn sums(&self, first: usize, rows: &[Value], count: usize, panels: &[i8], groups: usize, tile: &mut Tile);
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
    rows.fill(values, weights.k());
    let (n, groups) = (weights.n(), weights.k().div_ceil(GROUP));
    sums.arrange(rows, groups);
    let mut tile: Tile = [[[0; PANEL]; PANELS]; ROWS];
    let mut first = 0;
    // Panels are the outer loop: they stay in L1 while all rows pass.
    while first < weights.panels() {
        let last = weights.panels().min(first + S::PANELS);
        let panels = weights.between(first, last);
        sums.prepare(panels, groups, weights.pairing(first));
        let columns = first * PANEL..n.min(last * PANEL);
        for row in (0..rows.len()).step_by(S::ROWS) {
            let count = S::ROWS.min(rows.len() - row);
            sums.sums(row, rows.from(row, S::ROWS), count, panels, groups, &mut tile);
            for (row, sums) in (row..).zip(&tile[..count]) {
                let (row, out) = (rows.row(row), &mut out[row * n..][columns.clone()]);
                match layer.activation {
                    Activation::None => finish::<S::Lanes, false>(layer, row, sums, columns.start, out),
                    Activation::Gelu => finish::<S::Lanes, true>(layer, row, sums, columns.start, out),
                }
            }
        }
        first = last;
    }
}

/// Turns one row's sums, from the layer's `column` on, into its output. In explicit vectors: whether the compiler makes them of a
/// loop depends on what it inlines first.
///
/// # Safety
/// The processor has the vectors' instruction set.
#[inline(always)]
unsafe fn finish<L: Lanes, const GELU: bool>(
    layer: &Layer,
    (minimum, scale): (f32, f32),
    sums: &[[i32; PANEL]; PANELS],
    column: usize,
    out: &mut [f32],
) {
    const { assert!(PANEL.is_multiple_of(L::WIDTH)) };
    let columns = column..column + out.len().next_multiple_of(PANEL);
    let weights = &layer.weights;
    let parts = weights.scales()[columns.clone()].as_chunks::<PANEL>().0.iter();
    let parts = parts.zip(weights.sums()[columns.clone()].as_chunks::<PANEL>().0);
    let parts = parts.zip(layer.bias[columns].as_chunks::<PANEL>().0);
    let (minimum, scale) = (L::splat(minimum), L::splat(scale));
    for ((((scales, totals), bias), sums), out) in parts.zip(sums).zip(out.chunks_mut(PANEL)) {
        let mut whole = [0f32; PANEL];
        let values = match <&mut [f32; PANEL]>::try_from(&mut *out) {
            Ok(out) => out,
            Err(_) => &mut whole,
        };
        for i in (0..PANEL).step_by(L::WIDTH) {
            let product = L::load_integers(sums.as_ptr().add(i)).mul(scale).mul(L::load(scales.as_ptr().add(i)));
            let rest = minimum.mul(L::load(totals.as_ptr().add(i))).add(L::load(bias.as_ptr().add(i)));
            let sum = product.add(rest);
            (if GELU { gelu(sum) } else { sum }).store(values.as_mut_ptr().add(i));
        }
        if out.len() < PANEL {
            out.copy_from_slice(&whole[..out.len()]);
        }
    }
}
