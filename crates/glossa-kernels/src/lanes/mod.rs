//! Vectors of f32 of the width that the processor has, so that a loop is written once.
//!
//! A loop is a [`Work`], generic over the vector. [`run`] compiles it for each instruction set, and picks the best one
//! that this processor has.

use crate::int8::Value;

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

/// A vector of f32.
///
/// # Safety
/// The processor must have the type's instruction set, which [`run`] ensures. `load` and `store` access `WIDTH` values.
pub(crate) trait Lanes: Copy {
    const WIDTH: usize;

    /// One value in every lane.
    unsafe fn splat(value: f32) -> Self;
    /// Vectors of constants for a loop, which stay what they are: made once.
    #[inline(always)]
    unsafe fn constants<const N: usize>(values: [f32; N]) -> [Self; N] {
        let mut vectors = [Self::splat(0.0); N];
        for (vector, value) in vectors.iter_mut().zip(values) {
            *vector = Self::splat(value);
        }
        vectors
    }
    /// The value at `from` in every lane.
    #[inline(always)]
    unsafe fn splat_at(from: *const f32) -> Self {
        Self::splat(*from)
    }
    unsafe fn load(from: *const f32) -> Self;
    /// Integers, each rounded to the nearest f32.
    unsafe fn load_integers(from: *const i32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Stores the bits of each lane of four vectors that `mask` has too: at most the lowest seven.
    unsafe fn store_bits(four: [Self; 4], mask: Self, to: *mut Value);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// `self * factor + sum`, rounded once or twice.
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self;
    /// Lane-wise maximum; NaN where `self` is NaN.
    unsafe fn max(self, other: Self) -> Self;
    /// Lane-wise minimum; NaN where `self` is NaN.
    unsafe fn min(self, other: Self) -> Self;
    /// `self * 2^n` for the integer `n` in the low bits of `power`'s mantissa.
    unsafe fn mul_power_of_two(self, power: Self) -> Self;

    /// Outlines a hot inner loop where that makes for better code.
    #[inline(always)]
    unsafe fn outlined(work: impl Work) {
        work.run::<Self>();
    }

    /// The lanes' sum.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        self.fold(|a, b| a + b)
    }

    /// The lanes, folded pairwise.
    #[inline(always)]
    unsafe fn fold(self, add: impl Fn(f32, f32) -> f32) -> f32 {
        // Seeing only lanes read, LLVM would compute them one by one, back to the loop that the vector comes from.
        let vector = std::hint::black_box(self);
        let mut lanes = [0f32; 16];
        vector.store(lanes.as_mut_ptr());
        let mut width = Self::WIDTH;
        while width > 1 {
            width /= 2;
            for i in 0..width {
                lanes[i] = add(lanes[i], lanes[i + width]);
            }
        }
        lanes[0]
    }

    /// The least lane, of numbers.
    #[inline(always)]
    unsafe fn least(self) -> f32 {
        // `f32::min` is a call where there is no instruction that treats NaN as it does.
        self.fold(|a, b| if b < a { b } else { a })
    }

    /// The largest lane, of numbers.
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        self.fold(|a, b| if b > a { b } else { a })
    }
}

/// `e^x` for `x` of at most 0, with a relative error below 4e-7; `x` below -87 counts as -87.
#[derive(Clone, Copy)]
pub(crate) struct Exp<L> {
    least: L,
    /// Adding this leaves the sum's integer part in the low bits of the mantissa.
    round: L,
    log2_e: L,
    /// Minus ln 2 in two parts, the first exact in a product with a small integer.
    ln_2: [L; 2],
    /// Coefficients, the highest power's first, of the terms from the square on.
    series: [L; 6],
    one: L,
}

impl<L: Lanes> Exp<L> {
    /// Its constants: make them once, outside of loops.
    ///
    /// # Safety
    /// The processor has the vector's instruction set.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        let series = [1.987_569_2e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
        let [least, round, log2_e, one] = L::constants([-87.0, 12_582_912.0, std::f32::consts::LOG2_E, 1.0]);
        let ln_2 = L::constants([-0.693_359_4, 2.121_944_4e-4]);
        Exp { least, round, log2_e, ln_2, series: L::constants(series), one }
    }

    /// `e^x` of each lane.
    ///
    /// # Safety
    /// As of [`Exp::new`].
    #[inline(always)]
    pub(crate) unsafe fn of(&self, x: L) -> L {
        let x = x.max(self.least);
        let shifted = x.mul_add(self.log2_e, self.round);
        let power = shifted.sub(self.round);
        let rest = power.mul_add(self.ln_2[0], x);
        let rest = power.mul_add(self.ln_2[1], rest);
        let mut series = self.series[0];
        for coefficient in &self.series[1..] {
            series = series.mul_add(rest, *coefficient);
        }
        let series = series.mul_add(rest.mul(rest), rest).add(self.one);
        series.mul_power_of_two(shifted)
    }
}

/// A loop over vectors.
pub(crate) trait Work {
    /// # Safety
    /// The instruction set of `L` must exist; implementations are `#[inline(always)]`, to be compiled for it.
    unsafe fn run<L: Lanes>(self);
}

/// An instruction set that loops are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
    /// Scalar arithmetic, for every processor: the twin that the others are compared with.
    Portable,
}

impl Set {
    /// All sets of this target, the fastest first.
    pub(crate) const ALL: &[Set] = &[
        #[cfg(target_arch = "x86_64")]
        Set::Avx512,
        #[cfg(target_arch = "x86_64")]
        Set::Avx2,
        #[cfg(target_arch = "aarch64")]
        Set::Neon,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Set::Simd128,
        Set::Portable,
    ];

    /// Whether this processor has it.
    pub(crate) fn exists(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "aarch64")]
            Set::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            // Engines without SIMD refuse the whole binary.
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Set::Simd128 => true,
            Set::Portable => true,
        }
    }

    /// Runs a loop compiled for the set, which must exist.
    pub(crate) fn run(self, work: impl Work) {
        assert!(self.exists());
        // SAFETY: the set exists.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => x86::avx512(work),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => x86::avx2(work),
                #[cfg(target_arch = "aarch64")]
                Set::Neon => aarch64::neon(work),
                #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
                Set::Simd128 => wasm::simd128(work),
                Set::Portable => work.run::<Portable>(),
            }
        }
    }
}

/// Runs a loop with the widest vectors of this processor.
pub(crate) fn run(work: impl Work) {
    Set::ALL.iter().find(|set| set.exists()).unwrap_or(&Set::Portable).run(work);
}

/// Four lanes of scalar arithmetic.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn with(self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
        Portable(std::array::from_fn(|i| operation(self.0[i], other.0[i])))
    }
}

impl Lanes for Portable {
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Portable([value; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Portable(from.cast::<[f32; 4]>().read_unaligned())
    }

    #[inline(always)]
    unsafe fn load_integers(from: *const i32) -> Self {
        Portable(from.cast::<[i32; 4]>().read_unaligned().map(|integer| integer as f32))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        to.cast::<[f32; 4]>().write_unaligned(self.0);
    }

    #[inline(always)]
    unsafe fn store_bits(four: [Self; 4], mask: Self, to: *mut Value) {
        let bits = |i: usize| four[i / 4].0[i % 4].to_bits() & mask.0[i % 4].to_bits();
        to.cast::<[Value; 16]>().write_unaligned(std::array::from_fn(|i| bits(i) as Value));
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.with(other, |a, b| a / b)
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        self.mul(factor).add(sum)
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.with(other, |x, other| if x < other { other } else { x })
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        self.with(other, |x, other| if x > other { other } else { x })
    }

    #[inline(always)]
    unsafe fn mul_power_of_two(self, power: Self) -> Self {
        self.with(power, |x, power| f32::from_bits(x.to_bits().wrapping_add(power.to_bits() << 23)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Exponentials<'a>(&'a mut [f32]);

    impl Work for Exponentials<'_> {
        #[inline(always)]
        unsafe fn run<L: Lanes>(self) {
            let exp = Exp::<L>::new();
            for values in self.0.chunks_exact_mut(L::WIDTH) {
                exp.of(L::load(values.as_ptr())).store(values.as_mut_ptr());
            }
        }
    }

    #[test]
    fn exp_is_close_over_its_range() {
        let inputs: Vec<f32> = (0..16 * 600).map(|i| -(i as f32) / 100.0).collect();
        for set in Set::ALL.iter().filter(|set| set.exists()) {
            let mut values = inputs.clone();
            set.run(Exponentials(&mut values));
            for (x, value) in inputs.iter().zip(values) {
                let exact = f64::from(x.max(-87.0)).exp();
                assert!((f64::from(value) - exact).abs() <= exact * 4e-7, "{set:?}: {x}");
            }
        }
    }

    #[test]
    fn exp_of_nan_is_nan() {
        for set in Set::ALL.iter().filter(|set| set.exists()) {
            let mut values = [f32::NAN; 16];
            set.run(Exponentials(&mut values));
            assert!(values.iter().all(|value| value.is_nan()), "{set:?}");
        }
    }
}
