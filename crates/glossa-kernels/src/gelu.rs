//! GELU without calls or branches.

use crate::lanes::Lanes;

/// `x / 2 * (1 + erf(x / sqrt 2))`, with an error of at most 1.5e-6: the normal distribution is a ratio of polynomials, fitted to
/// 7e-8 where it is neither 0 nor 1 in f32. Without fused multiply-add, so that all vectors give the same bits.
#[derive(Clone, Copy)]
pub(crate) struct Gelu<L> {
    /// Where the distribution is 0 and 1 in f32.
    ends: [L; 2],
    half: L,
    /// Coefficients, the highest power's first.
    above: [L; 7],
    below: [L; 5],
}

impl<L: Lanes> Gelu<L> {
    /// Its constants: make them once, outside of loops.
    ///
    /// # Safety
    /// The processor has the vector's instruction set.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        let above = [
            1.094_571_6e-10,
            -2.353_294_1e-8,
            3.897_567_2e-6,
            2.217_220_9e-4,
            4.821_61e-3,
            4.066_483_3e-2,
            0.398_941_34,
        ];
        let below = [8.039_178e-5, 2.118_118_8e-3, 3.186_467e-2, 0.268_588_5, 1.0];
        let [low, high, half] = L::constants([-5.6, 5.6, 0.5]);
        Gelu { ends: [low, high], half, above: L::constants(above), below: L::constants(below) }
    }

    /// GELU of each lane.
    ///
    /// # Safety
    /// As of [`Gelu::new`].
    #[inline(always)]
    pub(crate) unsafe fn of(&self, x: L) -> L {
        let near = x.max(self.ends[0]).min(self.ends[1]);
        let square = near.mul(near);
        let share = near.mul(polynomial(square, &self.above)).div(polynomial(square, &self.below));
        x.mul(self.half.add(share))
    }
}

/// The polynomial with these coefficients, the highest power's first. A function: a closure that is not inlined is not compiled for
/// the processor's features.
///
/// # Safety
/// As of [`Gelu::new`].
#[inline(always)]
unsafe fn polynomial<L: Lanes>(x: L, coefficients: &[L]) -> L {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = sum.mul(x).add(coefficient);
    }
    sum
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
            assert!((gelu_of(x) - exact).abs() < 5e-7, "{x}: {} {exact}", gelu_of(x));
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
                assert!((f64::from(gelu_of(x as f32)) - x * share).abs() < 1.5e-6, "{x}: {}", gelu_of(x as f32));
            }
            above += step / 6.0 * (density(x) + 4.0 * density(x + step / 2.0) + density(x + step));
        }
        assert!(gelu_of(f32::NAN).is_nan() && gelu_of(f32::INFINITY) == f32::INFINITY);
    }
}
