//! Which of several kernels is the fastest here: a browser does not tell what its processor has.

use super::{Activation, Kernel, Layer, PackedWeights, QuantisedRows};

/// Milliseconds that a probe takes: enough for the browser to compile the kernels a second time, for speed.
const TIME: f64 = 10.0;
/// Milliseconds of one measurement: several ticks of a browser's coarse clock.
const TURN: f64 = 0.5;

/// Runs the kernels in turn on a small layer; the one with the shortest run wins. `clock` gives milliseconds.
pub(crate) fn fastest(kernels: &[Kernel], clock: &dyn Fn() -> f64) -> Option<Kernel> {
    let &[first, _, ..] = kernels else { return kernels.first().copied() };
    let (rows, k, n) = (16, 384, 32);
    // Weights of a trained layer's size.
    let weights: Vec<i8> = (0..k * n).map(|i| (i * 37 % 61) as i8 - 30).collect();
    let layer = Layer::new(PackedWeights::new(k, n, &weights, &vec![1.0; n]), &[], Activation::None);
    let values: Vec<f32> = (0..rows * k).map(|i| (i * 31 % 67) as f32).collect();
    let mut out = vec![0.0; rows * n];
    let mut buffer = QuantisedRows::default();
    let (mut best, mut least) = (first, f64::INFINITY);
    let start = clock();
    while clock() - start < TIME {
        for kernel in kernels {
            let (mut runs, turn) = (0, clock());
            let mut passed = 0.0;
            while passed < TURN {
                kernel.run(&layer, &values, &mut buffer, &mut out);
                runs += 1;
                passed = clock() - turn;
            }
            if passed / f64::from(runs) < least {
                (best, least) = (*kernel, passed / f64::from(runs));
            }
        }
    }
    Some(best)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NOW: Cell<f64> = const { Cell::new(0.0) };
    }

    fn kernel<const MICROSECONDS: usize>(name: &'static str) -> Kernel {
        Kernel { name, run: |_, _, _, _| NOW.set(NOW.get() + MICROSECONDS as f64 * 1e-3) }
    }

    #[test]
    fn the_fastest_wins_wherever_it_stands() {
        // The clock ticks in tenths of milliseconds.
        let clock = || (NOW.get() * 10.0).floor() / 10.0;
        let kernels = [kernel::<40>("a"), kernel::<26>("b"), kernel::<33>("c")];
        for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
            let found = fastest(&order.map(|i| kernels[i]), &clock);
            assert_eq!(found.map(|kernel| kernel.name), Some("b"));
        }
        assert!(fastest(&[], &clock).is_none());
    }
}
