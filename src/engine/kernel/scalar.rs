//! The reference kernel, in plain integers.

use super::{Tile, GROUP, PANEL, ROWS};

pub(crate) fn tile(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile {
    let mut sums = [[0; PANEL]; ROWS];
    for (group, weights) in panel.chunks_exact(PANEL * GROUP).enumerate() {
        for (row, sums) in rows.iter().zip(&mut sums) {
            let values = &row[group * GROUP..(group + 1) * GROUP];
            for (weights, sum) in weights.chunks_exact(GROUP).zip(sums) {
                for (weight, value) in weights.iter().zip(values) {
                    *sum += i32::from(*weight) * i32::from(*value);
                }
            }
        }
    }
    sums
}
