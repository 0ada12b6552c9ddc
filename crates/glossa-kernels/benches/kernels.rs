//! Times the int8 kernels, and compares them with the scalar one.
//!
//! Natively: `cargo bench -p glossa-kernels`. In a browser: `node crates/glossa-kernels/benches/kernels.mjs`.
//!
//! The upper bound is the throughput of the processor's dot product: at 3 GHz, 768 GOP/s for two 512-bit `vpdpbusd` a
//! cycle, 192 for two of 128 bits (the widest in a browser), and 72 for widened 16-bit products, which share three ports
//! with their sums.

use glossa_kernels::int8::{all, Activation, Kernel, Layer, PackedWeights, QuantisedRows};

/// The linear layers `[k, n]` of an encoder layer: of 6 x 384, and of BERT-base.
#[cfg(not(target_arch = "wasm32"))]
const SHAPES: [(usize, usize, Activation); 6] = [
    (384, 384, Activation::None),
    (384, 1536, Activation::Gelu),
    (1536, 384, Activation::None),
    (768, 768, Activation::None),
    (768, 3072, Activation::Gelu),
    (3072, 768, Activation::None),
];

/// Pseudorandom numbers, the same in every run. A crate for them would be out of reach: for browsers, rustc compiles this
/// file alone.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }
}

/// A layer with weights of at most `most`, and activations for `rows` rows.
fn example(kernel: Kernel, rows: usize, k: usize, n: usize, most: usize, activation: Activation) -> (Layer, Vec<f32>) {
    let mut numbers = Numbers((rows * 31 + k * 7 + n) as u64);
    // The sum of three is about normal, as weights are.
    let mut weight = || (0..3).map(|_| numbers.below(2 * most / 3 + 1) as i32 - most as i32 / 3).sum::<i32>() as i8;
    let weights: Vec<i8> = (0..k * n).map(|_| weight()).collect();
    let scales: Vec<f32> = (0..n).map(|_| (numbers.below(100) + 1) as f32 * 1e-4).collect();
    let bias: Vec<f32> = (0..n).map(|_| numbers.below(1000) as f32 * 1e-3 - 0.5).collect();
    let values = (0..rows * k).map(|_| numbers.below(20_000) as f32 * 1e-4 - 0.9).collect();
    (Layer::new(PackedWeights::of(kernel, k, n, &weights, &scales), &bias, activation), values)
}

fn run(kernel: Kernel, layer: &Layer, values: &[f32], times: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len() / layer.inputs() * layer.outputs()];
    let mut buffer = QuantisedRows::default();
    for _ in 0..times {
        kernel.run(layer, std::hint::black_box(values), &mut buffer, &mut out);
    }
    out
}

/// Number of outputs in which kernel `at` differs from the scalar one, over layers of odd sizes.
fn differences(at: usize) -> usize {
    let kernels = all();
    let mut numbers = Numbers(5);
    let mut different = 0;
    for round in 0..200 {
        let (rows, k, n) = (numbers.below(21) + 1, numbers.below(150) + 1, numbers.below(130) + 1);
        let activation = if round % 2 == 0 { Activation::None } else { Activation::Gelu };
        // Small ones let the 16-bit kernels take several steps; the largest fill every bit.
        let bits = |kernel| {
            let (layer, values) = example(kernel, rows, k, n, [30, 60, 126][round % 3], activation);
            run(kernel, &layer, &values, 1).into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        let (found, expected) = (bits(kernels[at]), bits(kernels[kernels.len() - 1]));
        different += found.iter().zip(&expected).filter(|(a, b)| a != b).count();
    }
    different
}

/// For WebAssembly: what `benches/kernels.mjs` calls.
#[cfg(target_arch = "wasm32")]
mod exports {
    use super::*;

    #[no_mangle]
    extern "C" fn kernels() -> usize {
        all().len()
    }

    #[no_mangle]
    extern "C" fn name(at: usize) -> *const u8 {
        all()[at].name().as_ptr()
    }

    #[no_mangle]
    extern "C" fn name_length(at: usize) -> usize {
        all()[at].name().len()
    }

    #[no_mangle]
    extern "C" fn different(at: usize) -> usize {
        differences(at)
    }

    /// A layer for a kernel to time: `run_layer` runs it.
    #[no_mangle]
    extern "C" fn make(at: usize, rows: usize, k: usize, n: usize, most: usize, gelu: bool) -> *mut (Layer, Vec<f32>) {
        let activation = if gelu { Activation::Gelu } else { Activation::None };
        Box::into_raw(Box::new(example(all()[at], rows, k, n, most, activation)))
    }

    #[no_mangle]
    unsafe extern "C" fn run_layer(at: usize, made: *const (Layer, Vec<f32>), times: usize) {
        let (layer, values) = &*made;
        run(all()[at], layer, values, times);
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    for at in 0..all().len() {
        assert_eq!(differences(at), 0, "{:?}", all()[at]);
    }
    for (k, n, activation) in SHAPES {
        for rows in [20, 128] {
            let operations = (2 * rows * k * n) as f64;
            for kernel in all() {
                let (layer, values) = example(kernel, rows, k, n, 126, activation);
                let times = (2e8 / operations) as usize + 1;
                let mut gops: Vec<f64> = (0..9)
                    .map(|_| {
                        let start = std::time::Instant::now();
                        run(kernel, &layer, &values, times);
                        operations * times as f64 / start.elapsed().as_nanos() as f64
                    })
                    .collect();
                gops.sort_by(f64::total_cmp);
                println!("{rows:4} x {k:4} x {n:4} {activation:?} {:12} {:7.1} GOP/s", kernel.name(), gops[4]);
            }
        }
    }
}
