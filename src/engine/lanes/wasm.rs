//! Vectors of WebAssembly; with relaxed SIMD a product and a sum are one instruction.

use std::arch::wasm32::*;

use super::{Lanes, Work};

#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
#[inline(never)]
pub(super) unsafe fn simd128(work: impl Work) {
    work.run::<v128>();
}

impl Lanes for v128 {
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        f32x4_splat(value)
    }

    /// A browser keeps counters and addresses of an inner loop in memory when loops around it fill its registers.
    #[inline(always)]
    unsafe fn apart(work: impl Work) {
        simd128(work);
    }

    #[inline(always)]
    unsafe fn splat_at(from: *const f32) -> Self {
        v128_load32_splat(from.cast())
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        v128_load(from.cast())
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        v128_store(to.cast(), self);
    }

    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        f32x4_add(self, other)
    }

    #[inline(always)]
    unsafe fn minus(self, other: Self) -> Self {
        f32x4_sub(self, other)
    }

    #[inline(always)]
    unsafe fn times(self, other: Self) -> Self {
        f32x4_mul(self, other)
    }

    #[cfg(feature = "relaxed-simd")]
    #[inline(always)]
    unsafe fn times_plus(self, factor: Self, sum: Self) -> Self {
        f32x4_relaxed_madd(self, factor, sum)
    }

    #[cfg(not(feature = "relaxed-simd"))]
    #[inline(always)]
    unsafe fn times_plus(self, factor: Self, sum: Self) -> Self {
        f32x4_add(f32x4_mul(self, factor), sum)
    }

    #[inline(always)]
    unsafe fn at_least(self, floor: Self) -> Self {
        // One instruction on x86, unlike `f32x4_max`; keeps its first operand where either is no number.
        f32x4_pmax(self, floor)
    }

    #[inline(always)]
    unsafe fn times_power_of_two(self, power: Self) -> Self {
        i32x4_add(self, i32x4_shl(power, 23))
    }
}
