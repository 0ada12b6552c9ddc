//! The reference kernel, in plain integers.

use super::drive::{self, Sums};
use super::{Kernel, Tile, Value, GROUP, STEP};

pub(super) const KERNEL: Kernel = Kernel {
    name: "scalar",
    // SAFETY: it asks for no feature.
    run: |layer, values, rows, out| unsafe { drive::run(Scalar, layer, values, rows, out) },
};

struct Scalar;

impl Sums for Scalar {
    const ROWS: usize = 4;
    const PANELS: usize = 1;

    #[inline(always)]
    unsafe fn sums(
        &self,
        rows: &[Value],
        _count: usize,
        panels: &[i8],
        _groups: usize,
        _steps: usize,
        tile: &mut Tile,
    ) {
        for (row, tile) in rows.chunks_exact(rows.len() / Self::ROWS).zip(tile) {
            let sums = &mut tile[0];
            sums.fill(0);
            for (values, weights) in row.chunks_exact(GROUP).zip(panels.chunks_exact(STEP)) {
                for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(GROUP)) {
                    for (weight, value) in weights.iter().zip(values) {
                        *sum += i32::from(*weight) * i32::from(*value);
                    }
                }
            }
        }
    }
}
