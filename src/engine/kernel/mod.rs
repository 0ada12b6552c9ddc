//! Integer arithmetic of linear layers: int8 weights, 7-bit activations, exact 32-bit sums.
//!
//! Every kernel gives the same integers as [`scalar`]: activations are 0 to 127 and weights -127 to 127, so that the
//! pairwise 16-bit sums of x86's `maddubs` cannot saturate and WebAssembly's relaxed dot product, whose second operand
//! must not use its eighth bit, has only one result.

mod pack;
mod rows;
pub(crate) mod scalar;
#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use pack::PackedWeights;
pub(crate) use rows::QuantisedRows;

/// Columns of weights that a kernel computes together.
pub(crate) const PANEL: usize = 16;
/// Consecutive `k` whose products a dot-product instruction adds up.
pub(crate) const GROUP: usize = 4;
/// Rows of activations that a kernel computes together.
pub(crate) const ROWS: usize = 4;

/// Sums of one panel: `[row][column]`.
pub(crate) type Tile = [[i32; PANEL]; ROWS];

/// A kernel: products of `ROWS` rows of activations, each of `4 * groups` values, with a panel of as many weights.
pub(crate) type Kernel = fn(rows: [&[u8]; ROWS], panel: &[i8]) -> Tile;

/// The fastest kernel that this machine runs.
pub(crate) fn best() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = x86::best() {
        return kernel;
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return wasm::tile;
    #[allow(unreachable_code)]
    scalar::tile
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from a small fixed generator.
    fn values(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 33
        }
    }

    fn kernels() -> Vec<(&'static str, Kernel)> {
        #[allow(unused_mut)]
        let mut kernels: Vec<(&'static str, Kernel)> = vec![("best", best())];
        #[cfg(target_arch = "x86_64")]
        kernels.extend(x86::all());
        kernels
    }

    #[test]
    fn every_kernel_gives_the_integers_of_the_scalar_one() {
        for groups in [1, 2, 3, 5, 8, 31, 96, 384] {
            for extreme in [false, true] {
                let mut next = values(groups as u64);
                let length = groups * GROUP;
                let rows: Vec<Vec<u8>> = (0..ROWS)
                    .map(|_| (0..length).map(|_| if extreme { 127 } else { (next() % 128) as u8 }).collect())
                    .collect();
                let panel: Vec<i8> = (0..length * PANEL)
                    .map(|_| match (extreme, next() % 255) {
                        (true, value) if value % 2 == 0 => 127,
                        (true, _) => -127,
                        (false, value) => (value as i16 - 127) as i8,
                    })
                    .collect();
                let rows: [&[u8]; ROWS] = std::array::from_fn(|row| rows[row].as_slice());
                let expected = scalar::tile(rows, &panel);
                for (name, kernel) in kernels() {
                    assert_eq!(kernel(rows, &panel), expected, "{name} with {groups} groups");
                }
            }
        }
    }
}
