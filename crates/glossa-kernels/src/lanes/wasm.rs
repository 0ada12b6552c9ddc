//! Vectors of WebAssembly; relaxed SIMD has a fused multiply-add.

use std::arch::wasm32::*;

use super::{Lanes, Work};
use crate::int8::Value;

#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "relaxed-simd"))]
#[inline(never)]
pub(crate) unsafe fn simd128(work: impl Work) {
    work.run::<v128>();
}

impl Lanes for v128 {
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        f32x4_splat(value)
    }

    /// V8 makes a constant by three instructions wherever it is used, even in a loop. It loads what it does not know to be constant.
    #[inline(always)]
    unsafe fn constants<const N: usize>(values: [f32; N]) -> [Self; N] {
        std::hint::black_box(values).map(|value| f32x4_splat(value))
    }

    /// V8 spills counters and addresses of an inner loop when the loops around it fill its registers.
    #[inline(always)]
    unsafe fn outlined(work: impl Work) {
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
    unsafe fn load_integers(from: *const i32) -> Self {
        f32x4_convert_i32x4(v128_load(from.cast()))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        v128_store(to.cast(), self);
    }

    #[inline(always)]
    unsafe fn store_bits(four: [Self; 4], mask: Self, to: *mut Value) {
        let [a, b, c, d] = four;
        let first = i16x8_narrow_i32x4(v128_and(a, mask), v128_and(b, mask));
        let second = i16x8_narrow_i32x4(v128_and(c, mask), v128_and(d, mask));
        #[cfg(feature = "relaxed-simd")]
        v128_store(to.cast(), u8x16_narrow_i16x8(first, second));
        #[cfg(not(feature = "relaxed-simd"))]
        {
            v128_store(to.cast(), first);
            v128_store(to.add(8).cast(), second);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        f32x4_add(self, other)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        f32x4_sub(self, other)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        f32x4_mul(self, other)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        f32x4_div(self, other)
    }

    #[cfg(feature = "relaxed-simd")]
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        f32x4_relaxed_madd(self, factor, sum)
    }

    #[cfg(not(feature = "relaxed-simd"))]
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        f32x4_add(f32x4_mul(self, factor), sum)
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // One instruction on x86, unlike `f32x4_max`; returns its first operand where either is NaN.
        f32x4_pmax(self, other)
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        f32x4_pmin(self, other)
    }

    #[inline(always)]
    unsafe fn mul_power_of_two(self, power: Self) -> Self {
        i32x4_add(self, i32x4_shl(power, 23))
    }
}
