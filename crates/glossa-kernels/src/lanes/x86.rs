//! Vectors of x86-64: AVX-512 and AVX2.

use std::arch::x86_64::*;

use super::{Lanes, Work};
use crate::int8::Value;

#[target_feature(enable = "avx512f")]
pub(crate) unsafe fn avx512(work: impl Work) {
    work.run::<__m512>();
}

#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn avx2(work: impl Work) {
    work.run::<__m256>();
}

/// # Safety
/// As of [`Lanes`].
#[inline(always)]
unsafe fn store_bits_512(four: [__m512; 4], mask: __m512, to: *mut Value) {
    for (i, vector) in four.into_iter().enumerate() {
        let low = _mm512_and_si512(_mm512_castps_si512(vector), _mm512_castps_si512(mask));
        _mm_storeu_si128(to.add(16 * i).cast(), _mm512_cvtepi32_epi8(low));
    }
}

/// # Safety
/// As of [`Lanes`].
#[inline(always)]
unsafe fn store_bits_256(four: [__m256; 4], mask: __m256, to: *mut Value) {
    let mut low = [_mm256_castps_si256(mask); 4];
    for (low, vector) in low.iter_mut().zip(four) {
        *low = _mm256_and_si256(_mm256_castps_si256(vector), *low);
    }
    // Each instruction takes the lower halves of both vectors, then the upper ones.
    let [a, b, c, d] = low;
    let bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    let bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(to.cast(), bytes);
}

/// The implementation for one width.
macro_rules! lanes {
    ($vector:ty, $width:literal, $splat:ident, $load:ident, $load_bits:ident, $convert:ident, $store:ident, $add:ident,
     $sub:ident, $mul:ident, $div:ident, $fmadd:ident, $max:ident, $min:ident, $to_bits:ident, $shift:ident,
     $add_bits:ident, $from_bits:ident, $store_bits:ident) => {
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
            unsafe fn store_bits(four: [Self; 4], mask: Self, to: *mut Value) {
                $store_bits(four, mask, to);
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
    _mm512_castsi512_ps,
    store_bits_512
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
    _mm256_castsi256_ps,
    store_bits_256
);
