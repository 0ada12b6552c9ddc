//! Vectors of 64-bit Arm: NEON.

use std::arch::aarch64::*;

use super::{Lanes, Work};
use crate::int8::Value;

#[target_feature(enable = "neon")]
pub(crate) unsafe fn neon(work: impl Work) {
    work.run::<float32x4_t>();
}

impl Lanes for float32x4_t {
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        vdupq_n_f32(value)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        vld1q_f32(from)
    }

    #[inline(always)]
    unsafe fn load_integers(from: *const i32) -> Self {
        vcvtq_f32_s32(vld1q_s32(from))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        vst1q_f32(to, self);
    }

    #[inline(always)]
    unsafe fn store_bits(four: [Self; 4], mask: Self, to: *mut Value) {
        let [a, b, c, d] = four;
        let mask_byte = vgetq_lane_u32::<0>(vreinterpretq_u32_f32(mask)) as u8;
        let narrow = |a, b| vcombine_u16(vmovn_u32(vreinterpretq_u32_f32(a)), vmovn_u32(vreinterpretq_u32_f32(b)));
        // Each takes the lower half of a lane.
        let bytes = vcombine_u8(vmovn_u16(narrow(a, b)), vmovn_u16(narrow(c, d)));
        vst1q_u8(to, vandq_u8(bytes, vdupq_n_u8(mask_byte)));
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        vaddq_f32(self, other)
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        vsubq_f32(self, other)
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        vmulq_f32(self, other)
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        vdivq_f32(self, other)
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        vfmaq_f32(sum, self, factor)
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // NaN where either is.
        vmaxq_f32(self, other)
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        vminq_f32(self, other)
    }

    #[inline(always)]
    unsafe fn mul_power_of_two(self, power: Self) -> Self {
        let shifted = vshlq_n_u32::<23>(vreinterpretq_u32_f32(power));
        vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(self), shifted))
    }
}
