//! GELU without calls or branches.

use crate::lanes::Lanes;

/// `x / 2 * (1 + erf(x / sqrt 2))`, with an error of at most 1.7e-4 (minimax: a polynomial for the normal distribution less a half,
/// and what is beyond its end counts as its end). What reads it keeps 7 bits of a range of several units, and so 0.02 and more; the
/// formula with `tanh` in common use is off by 4.7e-4. Without fused multiply-add, so that all vectors give the same bits.
#[derive(Clone, Copy)]
pub(crate) struct Gelu<L> {
    ends: [L; 2],
    half: L,
    /// Of the powers of the square, the highest power's first.
    coefficients: [L; 7],
}

impl<L: Lanes> Gelu<L> {
    /// Its constants: make them once, outside of loops.
    ///
    /// # Safety
    /// The processor has the vector's instruction set.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        let coefficients = [
            2.482_660_8e-8,
            -1.700_366_9e-6,
            4.991_803_9e-5,
            -8.324_339_3e-4,
            8.858_62e-3,
            -6.475_557_4e-2,
            0.398_009_03,
        ];
        let [low, high, half] = L::constants([-3.94, 3.94, 0.5]);
        Gelu { ends: [low, high], half, coefficients: L::constants(coefficients) }
    }

    /// GELU of each lane.
    ///
    /// # Safety
    /// As of [`Gelu::new`].
    #[inline(always)]
    pub(crate) unsafe fn of(&self, x: L) -> L {
        let near = x.max(self.ends[0]).min(self.ends[1]);
        let square = near.mul(near);
        let mut sum = self.coefficients[0];
        for coefficient in &self.coefficients[1..] {
            sum = sum.mul(square).add(*coefficient);
        }
        x.mul(near.mul(sum).add(self.half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Portable;

    fn gelu_of(x: f32) -> f32 {
        let mut out = [0.0; 4];
        // SAFETY: every processor has scalar arithmetic, and the vector is four values.
        unsafe { Gelu::new().of(Portable::splat(x)).store(out.as_mut_ptr()) };
        out[0]
    }

    #[test]
    fn gelu_is_close_to_the_exact_one() {
        // From `math.erf` of Python.
        for (x, exact) in [
            (-6.0, -5.919_529e-9),
            (-3.0, -0.004_049_694),
            (-1.0, -0.158_655_25),
            (-0.1, -0.046_017_216),
            (0.0, 0.0),
            (0.5, 0.345_731_23),
            (2.0, 1.954_499_7),
            (9.0, 9.0),
        ] {
            assert!((gelu_of(x) - exact).abs() < 1.7e-4, "{x}: {} {exact}", gelu_of(x));
        }
    }

    #[test]
    fn gelu_is_within_its_error_bound_everywhere() {
        // The normal distribution by Simpson's rule, upwards from 0.
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let step = 1.0 / 256.0;
        let mut above = 0.5;
        for i in 0..4000 {
            let x = f64::from(i) * step;
            for (x, share) in [(x, above), (-x, 1.0 - above)] {
                assert!((f64::from(gelu_of(x as f32)) - x * share).abs() < 1.7e-4, "{x}: {}", gelu_of(x as f32));
            }
            above += step / 6.0 * (density(x) + 4.0 * density(x + step / 2.0) + density(x + step));
        }
        assert!(gelu_of(f32::NAN).is_nan() && gelu_of(f32::INFINITY) == f32::INFINITY);
    }
}
