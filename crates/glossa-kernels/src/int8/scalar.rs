//! The scalar kernel, which the others are compared with.

use super::pack::{Layout, Runs};
use super::run::{self, Sums};
use super::{Kernel, Tile, Value, GROUP, STEP_BYTES};
use crate::lanes::Portable;

pub(super) const KERNEL: Kernel = Kernel {
    name: "scalar",
    layout: Layout::Groups,
    // SAFETY: it is compiled for no feature.
    run: |layer, values, rows, out| unsafe { run::run(Scalar, layer, values, rows, out) },
};

struct Scalar;

impl Sums for Scalar {
    type Lanes = Portable;
    const ROWS: usize = 4;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn sums(
        &self,
        rows: &[Value],
        _count: usize,
        panels: &[i8],
        _runs: &[Runs],
        _groups: usize,
        tile: &mut Tile,
    ) {
        for (row, tile) in rows.chunks_exact(rows.len() / Self::ROWS).zip(tile) {
            let sums = &mut tile[0];
            sums.fill(0);
            for (values, weights) in row.chunks_exact(GROUP).zip(panels.chunks_exact(STEP_BYTES)) {
                for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(GROUP)) {
                    for (weight, value) in weights.iter().zip(values) {
                        *sum += i32::from(*weight) * i32::from(*value);
                    }
                }
            }
        }
    }
}
