//! What all targets are: a surface under libFuzzer, which mutates inputs in its own ways and in those of the surface.

use fastrand::Rng;
use glossa_fuzz::Surface;

pub use libfuzzer_sys;

/// The target of a surface.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::start(), |data: &[u8]| $crate::surface($name).check(data));

        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate($crate::surface($name), data, size, max_size, seed)
        });
    };
}

/// To be called once: libFuzzer's hook would end the process at panics that are caught.
pub fn start() {
    glossa_fuzz::quiet_guarded_panics();
}

/// The surface of this name.
pub fn surface(name: &str) -> &'static Surface {
    Surface::named(name).expect("a surface")
}

/// Changes the first `size` bytes, in place, to at most `max_size` bytes.
pub fn mutate(surface: &Surface, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Rng::with_seed(seed.into());
    if random.bool() {
        let mut input = data[..size].to_vec();
        (surface.mutate)(&mut input, &mut random);
        if (1..=max_size).contains(&input.len()) {
            data[..input.len()].copy_from_slice(&input);
            return input.len();
        }
    }
    libfuzzer_sys::fuzzer_mutate(data, size, max_size)
}
