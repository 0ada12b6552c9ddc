//! Linear layers in int8: int8 weights, 7-bit activations quantised row by row, exact 32-bit sums, bias and activation.
//!
//! Every kernel gives the same output to the bit. Activations are 0 to 127 and weights -127 to 127, so that the
//! pairwise 16-bit sums of x86's `maddubs` cannot saturate, and WebAssembly's relaxed dot product, whose second operand
//! must not use its eighth bit, has only one result. The f32 arithmetic before and after uses no fused multiply-add,
//! which not every processor has.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod pack;
mod quantised_rows;
mod run;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

use pack::Layout;
pub use pack::PackedWeights;
pub use quantised_rows::QuantisedRows;

/// Columns of a panel of weights.
const PANEL: usize = 16;
/// Consecutive `k` whose products a dot-product instruction adds up.
const GROUP: usize = 4;
/// Bytes of a panel that hold one group of `k`.
const STEP_BYTES: usize = PANEL * GROUP;
/// Rows are padded to a multiple of this; the number of rows that a kernel takes together divides it.
const ROWS: usize = 24;
/// Maximum number of panels that a kernel takes together.
const PANELS: usize = 3;

/// A stored activation. Plain WebAssembly SIMD multiplies only 16-bit integers, so there it is widened when stored.
#[cfg(all(target_arch = "wasm32", not(feature = "relaxed-simd")))]
pub(crate) type Value = i16;
#[cfg(not(all(target_arch = "wasm32", not(feature = "relaxed-simd"))))]
pub(crate) type Value = u8;

/// Sums of some rows and panels: `[row][panel][column]`.
type Tile = [TileRow; ROWS];

/// Sums of one row: `[panel][column]`.
type TileRow = [[i32; PANEL]; PANELS];

/// What is applied to a linear layer's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    None,
    /// `x / 2 * (1 + erf(x / sqrt 2))`, with an error of at most 1.5e-6.
    Gelu,
}

/// `activation(x * weights + bias)`.
#[derive(Debug)]
pub struct Layer {
    weights: PackedWeights,
    /// One value per column, padding included.
    bias: Vec<f32>,
    activation: Activation,
}

impl Layer {
    /// `bias` holds one value per column of the weights, or nothing for zeros.
    ///
    /// # Panics
    /// If `bias` has another length.
    pub fn new(weights: PackedWeights, bias: &[f32], activation: Activation) -> Self {
        assert!(bias.is_empty() || bias.len() == weights.n(), "{} biases of {} columns", bias.len(), weights.n());
        let mut bias = bias.to_vec();
        bias.resize(weights.columns(), 0.0);
        Layer { weights, bias, activation }
    }

    /// Length of an input row.
    pub fn inputs(&self) -> usize {
        self.weights.k()
    }

    /// Length of an output row.
    pub fn outputs(&self) -> usize {
        self.weights.n()
    }
}

/// An implementation for some processors.
#[derive(Clone, Copy)]
pub struct Kernel {
    name: &'static str,
    layout: Layout,
    run: fn(&Layer, &[f32], &mut QuantisedRows, &mut [f32]),
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl Kernel {
    /// Its name: that of the instructions it uses.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the layer on `[rows, inputs]` values and writes `[rows, outputs]`, both row-major. A row with an infinity or
    /// NaN becomes a row of NaN. `buffer` holds the quantised rows; reuse it from call to call.
    ///
    /// # Panics
    /// If `values` or `out` does not consist of whole rows, of the same number, or the weights are packed for another kernel in an
    /// order that this one does not read.
    pub fn run(&self, layer: &Layer, values: &[f32], buffer: &mut QuantisedRows, out: &mut [f32]) {
        assert_eq!(layer.weights.layout(), self.layout, "weights packed for another kernel than {self:?}");
        let rows = values.len() / layer.inputs();
        assert_eq!((values.len(), out.len()), (rows * layer.inputs(), rows * layer.outputs()));
        (self.run)(layer, values, buffer, out);
    }
}

/// The fastest kernel of this processor.
pub fn best() -> Kernel {
    static BEST: OnceLock<Kernel> = OnceLock::new();
    *BEST.get_or_init(|| all()[0])
}

/// The kernels that this processor runs, the fastest first, the scalar one last.
pub fn all() -> Vec<Kernel> {
    let mut kernels = Vec::new();
    #[cfg(target_arch = "aarch64")]
    kernels.extend(aarch64::kernels());
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
    use crate::gelu::Gelu;
    use crate::lanes::{Lanes, Portable};

    /// Random numbers of 31 bits.
    fn values(seed: u64) -> impl FnMut() -> u64 {
        let mut random = fastrand::Rng::with_seed(seed);
        move || random.u64(..1 << 31)
    }

    /// A layer for each kernel.
    fn layers(k: usize, n: usize, activation: Activation, weight: &mut dyn FnMut() -> u64) -> impl Fn(Kernel) -> Layer {
        // Of three rounds two have small weights, of which more fit 16 bits together.
        let most = [127, 60, 20][weight() as usize % 3];
        let mut whole = || (weight() % (2 * most + 1)) as i64 - most as i64;
        let weights: Vec<i8> = (0..k * n).map(|_| whole() as i8).collect();
        let scales: Vec<f32> = (0..n).map(|_| (weight() % 1000 + 1) as f32 * 1e-5).collect();
        let bias: Vec<f32> = (0..n).map(|_| (weight() % 1000) as f32 * 1e-3 - 0.5).collect();
        move |kernel| Layer::new(PackedWeights::of(kernel, k, n, &weights, &scales), &bias, activation)
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
            let layer = layers(k, n, activation, &mut next);
            let input: Vec<f32> = (0..rows * k).map(|_| (next() % 20_000) as f32 * 1e-3 - 9.0).collect();
            let expected = run(scalar::KERNEL, &layer(scalar::KERNEL), &input);
            for kernel in all() {
                assert!(run(kernel, &layer(kernel), &input) == expected, "{kernel:?}: {rows} rows, {k} x {n}");
            }
        }
    }

    #[test]
    fn outputs_are_those_of_values_half_a_step_away_at_most() {
        let mut next = values(11);
        for round in 0..60 {
            let (rows, k, n) = (next() as usize % 9 + 1, next() as usize % 70 + 1, next() as usize % 40 + 1);
            let activation = if round % 2 == 0 { Activation::None } else { Activation::Gelu };
            let weights: Vec<i8> = (0..k * n).map(|_| (next() % 255) as i16 - 127).map(|weight| weight as i8).collect();
            let scales: Vec<f32> = (0..n).map(|_| (next() % 1000 + 1) as f32 * 1e-5).collect();
            let bias: Vec<f32> = (0..n).map(|_| (next() % 1000) as f32 * 1e-3 - 0.5).collect();
            // Rows of all signs, above 0 and below it.
            let shift = [0.0, 12.0, -12.0][round % 3];
            let input: Vec<f32> = (0..rows * k).map(|_| (next() % 20_000) as f32 * 1e-3 - 10.0 + shift).collect();
            for kernel in all() {
                let layer = Layer::new(PackedWeights::of(kernel, k, n, &weights, &scales), &bias, activation);
                assert_eq!((layer.inputs(), layer.outputs()), (k, n));
                let out = run(kernel, &layer, &input);
                for (row, out) in input.chunks(k).zip(out.chunks(n)) {
                    let (least, most) = row.iter().fold((f32::MAX, f32::MIN), |(a, b), &x| (a.min(x), b.max(x)));
                    let half = f64::from(most - least) / 127.0 / 2.0;
                    for (column, &out) in out.iter().enumerate() {
                        let weight = |i: usize| f64::from(weights[i * n + column]) * f64::from(scales[column]);
                        let product = |(i, x): (usize, &f32)| f64::from(*x) * weight(i);
                        let exact = row.iter().enumerate().map(product).sum::<f64>() + f64::from(bias[column]);
                        let size = (0..k).map(|i| weight(i).abs()).sum::<f64>();
                        // GELU is at most 1.13 times as steep; rounding in f32 is a part of the largest term.
                        let allowed = 1.13 * half * size + 1e-5 * (1.0 + size * f64::from(least.abs().max(most.abs())));
                        let mut expected = [exact as f32; 4];
                        if activation == Activation::Gelu {
                            // SAFETY: every processor has scalar arithmetic, and the vector is four values.
                            unsafe { Gelu::new().of(Portable::splat(expected[0])).store(expected.as_mut_ptr()) };
                        }
                        let difference = f64::from(f32::from_bits(out) - expected[0]).abs();
                        assert!(
                            difference <= allowed,
                            "{kernel:?}, {k} x {n}, column {column}: {difference} {allowed}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_value_is_rounded_to_the_nearest_of_128_steps() {
        // One weight that is not zero reads one value; the others set the range.
        let (least, most) = (-3.0, 9.7);
        let step = (most - least) / 127.0;
        let layer = |kernel| Layer::new(PackedWeights::of(kernel, 3, 1, &[0, 1, 0], &[1.0]), &[], Activation::None);
        for i in 0..=1270 {
            let value = least + (most - least) * i as f32 / 1270.0;
            let nearest = least + ((value - least) / step).round() * step;
            for kernel in all() {
                let out = f32::from_bits(run(kernel, &layer(kernel), &[most, value, least])[0]);
                // Half-way between two steps, either is right.
                let right = (out - nearest).abs() < 1e-4 || ((out - value).abs() - step / 2.0).abs() < 1e-4;
                assert!(right, "{kernel:?}: {value} became {out}, not {nearest}");
            }
        }
    }

    #[test]
    fn large_values_of_a_finite_range_give_finite_outputs() {
        for kernel in all() {
            let layer = Layer::new(PackedWeights::of(kernel, 2, 1, &[1, 0], &[1e-38]), &[], Activation::None);
            for (value, other) in [(3e38, 2.5e38), (2.5e38, 3e38), (-3e38, -2.5e38)] {
                let out = f32::from_bits(run(kernel, &layer, &[value, other])[0]);
                assert!((out - value * 1e-38).abs() < 1e-5, "{kernel:?}: {value} became {out}");
            }
        }
    }

    #[test]
    fn the_largest_products_are_exact() {
        for k in [4, 1537, 3072] {
            for weight in [127, -127] {
                // One zero makes the rest 127.
                let mut input = vec![127.0; 9 * k];
                input.iter_mut().step_by(k).for_each(|value| *value = 0.0);
                let expected = (i32::from(weight) * 127 * (k as i32 - 1)) as f32;
                for kernel in all() {
                    let weights = PackedWeights::of(kernel, k, 17, &vec![weight; k * 17], &[1.0; 17]);
                    let layer = Layer::new(weights, &[], Activation::None);
                    assert_eq!(run(kernel, &layer, &input), [expected.to_bits(); 9 * 17], "{kernel:?}, {k}");
                }
            }
        }
    }

    #[test]
    fn a_row_that_is_not_finite_becomes_nan_and_others_stay() {
        let mut next = values(3);
        let layer = layers(40, 20, Activation::Gelu, &mut next);
        let input: Vec<f32> = (0..9 * 40).map(|_| (next() % 100) as f32).collect();
        let intact = run(scalar::KERNEL, &layer(scalar::KERNEL), &input);
        for (value, at) in [(f32::NAN, 0), (f32::INFINITY, 39), (f32::NEG_INFINITY, 17), (f32::MAX, 33)] {
            let mut spoilt = input.clone();
            spoilt[3 * 40 + at] = value;
            // With the maximum, all values are finite, but their range is not.
            spoilt[3 * 40 + 5] = f32::MIN;
            for kernel in all() {
                let out = run(kernel, &layer(kernel), &spoilt);
                assert!(out[3 * 20..4 * 20].iter().all(|&bits| f32::from_bits(bits).is_nan()), "{kernel:?}, {value}");
                assert!(out[..3 * 20] == intact[..3 * 20] && out[4 * 20..] == intact[4 * 20..], "{kernel:?}, {value}");
            }
        }
    }

    #[test]
    fn constant_rows_give_their_value() {
        for kernel in all() {
            let weights = PackedWeights::of(kernel, 3, 2, &[1, 2, 3, 4, 5, 6], &[0.5, 0.0]);
            let layer = Layer::new(weights, &[1.0, 2.0], Activation::None);
            for (value, expected) in [(0.0, 1.0), (2.0, 10.0), (1e-44, 1.0)] {
                let out = run(kernel, &layer, &[value; 3]);
                assert_eq!([f32::from_bits(out[0]), f32::from_bits(out[1])], [expected, 2.0], "{kernel:?}, {value}");
            }
            // A range whose inverse overflows counts as none.
            let out = run(kernel, &layer, &[0.0, 1e-40, 0.0]);
            assert!((f32::from_bits(out[0]) - 1.0).abs() < 1e-6, "{kernel:?}");
        }
    }

    #[test]
    fn kernels_are_known_by_their_names() {
        let names: Vec<&str> = all().iter().map(Kernel::name).collect();
        println!("kernels: {}", names.join(" "));
        assert_eq!(names.last(), Some(&"scalar"));
        assert!(names.iter().all(|name| names.iter().filter(|other| *other == name).count() == 1), "{names:?}");
        assert_eq!(format!("{:?}", best()), names[0]);
        #[cfg(target_arch = "x86_64")]
        assert_eq!(names.contains(&"avx2"), is_x86_feature_detected!("avx2"));
        #[cfg(target_arch = "aarch64")]
        assert_eq!(names.contains(&"i8mm"), std::arch::is_aarch64_feature_detected!("i8mm"));
    }

    #[test]
    fn a_kernel_refuses_weights_in_an_order_that_it_does_not_read() {
        let kernels = all();
        for (one, other) in kernels.iter().flat_map(|one| kernels.iter().map(move |other| (*one, *other))) {
            let run = || {
                let layer = Layer::new(PackedWeights::of(one, 3, 2, &[1; 6], &[1.0; 2]), &[], Activation::None);
                run(other, &layer, &[1.0; 3]);
            };
            assert_eq!(std::panic::catch_unwind(run).is_ok(), one.layout == other.layout, "{one:?} {other:?}");
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let refused = |action: &(dyn Fn() + std::panic::RefUnwindSafe)| std::panic::catch_unwind(action).is_err();
        let weights = || PackedWeights::new(3, 2, &[1; 6], &[1.0; 2]);
        let layer = Layer::new(weights(), &[], Activation::None);
        let run = |values: usize, out: usize| {
            best().run(&layer, &vec![1.0; values], &mut QuantisedRows::default(), &mut vec![0.0; out]);
        };
        assert!(!refused(&|| run(6, 4)));
        assert!(refused(&|| run(5, 4)) && refused(&|| run(6, 3)) && refused(&|| run(6, 6)));
        assert!(refused(&|| drop(PackedWeights::new(3, 2, &[1; 5], &[1.0; 2]))));
        assert!(refused(&|| drop(PackedWeights::new(3, 2, &[1; 6], &[1.0]))));
        assert!(refused(&|| drop(PackedWeights::new(0, 2, &[], &[1.0; 2]))));
        assert!(refused(&|| drop(Layer::new(weights(), &[1.0; 3], Activation::None))));
    }
}
