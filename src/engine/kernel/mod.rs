//! Linear layers in integers: int8 weights, 7-bit activations, exact 32-bit sums, and what follows on each sum.
//!
//! Every kernel gives the same output to the bit. Activations are 0 to 127 and weights -127 to 127, so that the
//! pairwise 16-bit sums of x86's `maddubs` cannot saturate and WebAssembly's relaxed dot product, whose second operand
//! must not use its eighth bit, has only one result; and the arithmetic in f32 before and after uses no fused
//! multiply-add, which not every machine has.

mod drive;
mod pack;
mod rows;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

pub(crate) use pack::PackedWeights;
pub(crate) use rows::QuantisedRows;

/// Columns of weights that lie together.
const PANEL: usize = 16;
/// Consecutive `k` whose products a dot-product instruction adds up.
const GROUP: usize = 4;
/// Bytes of a panel that belong to one group of `k`.
const STEP: usize = PANEL * GROUP;
/// Rows are stored in multiples of this, which every kernel's number of rows divides.
const ROWS: usize = 24;
/// Most panels that a kernel takes together.
const PANELS: usize = 3;

/// An activation as it is stored: where integers are multiplied in 16 bits only, it is widened once, here.
#[cfg(all(target_arch = "wasm32", not(feature = "relaxed-simd")))]
type Value = i16;
#[cfg(not(all(target_arch = "wasm32", not(feature = "relaxed-simd"))))]
type Value = u8;

/// Sums of some rows and panels: `[row][panel][column]`.
type Tile = [TileRow; ROWS];

/// Sums of one row: `[panel][column]`.
type TileRow = [[i32; PANEL]; PANELS];

/// What is applied to a linear layer's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Activation {
    None,
    /// `x / 2 * (1 + erf(x / sqrt 2))`
    Gelu,
}

/// `activation(x * weights + bias)`.
#[derive(Debug)]
pub(crate) struct Layer {
    weights: PackedWeights,
    /// As long as the weights' panels are wide together.
    bias: Vec<f32>,
    activation: Activation,
}

impl Layer {
    /// `bias` holds one value per column of the weights; an empty one stands for zeros.
    pub(crate) fn new(weights: PackedWeights, bias: &[f32], activation: Activation) -> Self {
        let mut bias = bias.to_vec();
        bias.resize(weights.columns(), 0.0);
        Layer { weights, bias, activation }
    }

    /// Values a row that the layer takes.
    pub(crate) fn inputs(&self) -> usize {
        self.weights.k()
    }

    /// Values a row that the layer gives.
    pub(crate) fn outputs(&self) -> usize {
        self.weights.n()
    }
}

/// A way to run a layer on some processors.
#[derive(Clone, Copy)]
pub(crate) struct Kernel {
    pub(crate) name: &'static str,
    run: fn(&Layer, &[f32], &mut QuantisedRows, &mut [f32]),
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Kernel {
    /// Runs the layer on `[rows, inputs]` values into `[rows, outputs]`, both row-major. A row with a value that is no
    /// finite number becomes a row of NaN.
    pub(crate) fn run(&self, layer: &Layer, values: &[f32], buffer: &mut QuantisedRows, out: &mut [f32]) {
        (self.run)(layer, values, buffer, out);
    }
}

/// The kernel to use on this machine.
pub(crate) fn best() -> Kernel {
    static BEST: OnceLock<Kernel> = OnceLock::new();
    *BEST.get_or_init(|| all()[0])
}

/// The kernels that this machine runs, the fastest first, the scalar one last.
pub(crate) fn all() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    #[cfg(target_arch = "x86_64")]
    kernels.extend(x86::kernels());
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    kernels.extend(wasm::kernels());
    kernels.push(scalar::KERNEL);
    kernels
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

    fn layer(k: usize, n: usize, activation: Activation, weight: &mut dyn FnMut() -> u64) -> Layer {
        let weights: Vec<i8> = (0..k * n).map(|_| (weight() % 255) as i16 - 127).map(|weight| weight as i8).collect();
        let scales: Vec<f32> = (0..n).map(|_| (weight() % 1000 + 1) as f32 * 1e-5).collect();
        let bias: Vec<f32> = (0..n).map(|_| (weight() % 1000) as f32 * 1e-3 - 0.5).collect();
        Layer::new(PackedWeights::new(k, n, &weights, &scales), &bias, activation)
    }

    fn run(kernel: Kernel, layer: &Layer, values: &[f32]) -> Vec<u32> {
        let mut out = vec![0.0; values.len() / layer.inputs() * layer.outputs()];
        kernel.run(layer, values, &mut QuantisedRows::default(), &mut out);
        out.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn every_kernel_gives_the_bits_of_the_scalar_one() {
        let mut next = values(7);
        for round in 0..120 {
            let (rows, k, n) = (next() as usize % 21 + 1, next() as usize % 150 + 1, next() as usize % 130 + 1);
            let activation = if round % 2 == 0 { Activation::None } else { Activation::Gelu };
            let layer = layer(k, n, activation, &mut next);
            let input: Vec<f32> = (0..rows * k).map(|_| (next() % 20_000) as f32 * 1e-3 - 9.0).collect();
            let expected = run(scalar::KERNEL, &layer, &input);
            for kernel in all() {
                assert!(run(kernel, &layer, &input) == expected, "{kernel:?}: {rows} rows, {k} x {n}");
            }
        }
    }

    #[test]
    fn the_largest_products_are_exact() {
        for k in [4, 1537, 3072] {
            for weight in [127, -127] {
                let weights = PackedWeights::new(k, 17, &vec![weight; k * 17], &[1.0; 17]);
                let layer = Layer::new(weights, &[], Activation::None);
                // One zero makes the rest 127.
                let mut input = vec![127.0; 9 * k];
                input.iter_mut().step_by(k).for_each(|value| *value = 0.0);
                let expected = (i32::from(weight) * 127 * (k as i32 - 1)) as f32;
                for kernel in all() {
                    assert_eq!(run(kernel, &layer, &input), [expected.to_bits(); 9 * 17], "{kernel:?}, {k}");
                }
            }
        }
    }

    #[test]
    fn a_row_that_is_not_finite_becomes_nan_and_others_stay() {
        let mut next = values(3);
        let layer = layer(40, 20, Activation::Gelu, &mut next);
        let input: Vec<f32> = (0..9 * 40).map(|_| (next() % 100) as f32).collect();
        let intact = run(scalar::KERNEL, &layer, &input);
        for (value, at) in [(f32::NAN, 0), (f32::INFINITY, 39), (f32::NEG_INFINITY, 17), (f32::MAX, 33)] {
            let mut spoilt = input.clone();
            spoilt[3 * 40 + at] = value;
            // Finite, but the row's span is not.
            spoilt[3 * 40 + 5] = f32::MIN;
            for kernel in all() {
                let out = run(kernel, &layer, &spoilt);
                assert!(out[3 * 20..4 * 20].iter().all(|&bits| f32::from_bits(bits).is_nan()), "{kernel:?}, {value}");
                assert!(out[..3 * 20] == intact[..3 * 20] && out[4 * 20..] == intact[4 * 20..], "{kernel:?}, {value}");
            }
        }
    }

    #[test]
    fn rows_without_span_give_their_value() {
        let weights = PackedWeights::new(3, 2, &[1, 2, 3, 4, 5, 6], &[0.5, 0.0]);
        let layer = Layer::new(weights, &[1.0, 2.0], Activation::None);
        for kernel in all() {
            for (value, expected) in [(0.0, 1.0), (2.0, 10.0), (1e-44, 1.0)] {
                let out = run(kernel, &layer, &[value; 3]);
                assert_eq!([f32::from_bits(out[0]), f32::from_bits(out[1])], [expected, 2.0], "{kernel:?}, {value}");
            }
            // A span too small to divide by counts as none.
            let out = run(kernel, &layer, &[0.0, 1e-40, 0.0]);
            assert!((f32::from_bits(out[0]) - 1.0).abs() < 1e-6, "{kernel:?}");
        }
    }
}
