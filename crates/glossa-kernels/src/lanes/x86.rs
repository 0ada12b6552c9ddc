//! Vectors of x86-64: AVX-512 and AVX2.

use std::arch::x86_64::*;

use super::{Lanes, Work};

#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn avx512(work: impl Work) {
    work.run::<__m512>();
}

#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn avx2(work: impl Work) {
    work.run::<__m256>();
}

/// The implementation for one width.
macro_rules! lanes {
    ($vector:ty, $width:literal, $splat:ident, $load:ident, $load_bits:ident, $convert:ident, $store:ident, $add:ident,
     $sub:ident, $mul:ident, $div:ident, $fmadd:ident, $max:ident, $min:ident, $to_bits:ident, $shift:ident,
     $add_bits:ident, $from_bits:ident) => {
        impl Lanes for $vector {
            const WIDTH: usize = $width;

            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                $splat(value)
            }

            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                $load(from)
            }

            #[inline(always)]
            unsafe fn load_integers(from: *const i32) -> Self {
                $convert($load_bits(from.cast()))
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                $store(to, self);
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                $add(self, other)
            }

            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                $sub(self, other)
            }

            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                $mul(self, other)
            }

            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                $div(self, other)
            }

            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
                $fmadd(self, factor, sum)
            }

            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                // The instruction returns its second operand where either is NaN.
                $max(other, self)
            }

            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                $min(other, self)
            }

            #[inline(always)]
            unsafe fn mul_power_of_two(self, power: Self) -> Self {
                $from_bits($add_bits($to_bits(self), $shift::<23>($to_bits(power))))
            }
        }
    };
}

lanes!(
    __m512,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_loadu_si512,
    _mm512_cvtepi32_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_fmadd_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_castps_si512,
    _mm512_slli_epi32,
    _mm512_add_epi32,
    _mm512_castsi512_ps
);
lanes!(
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_loadu_si256,
    _mm256_cvtepi32_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_fmadd_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_castps_si256,
    _mm256_slli_epi32,
    _mm256_add_epi32,
    _mm256_castsi256_ps
);
