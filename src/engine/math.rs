//! Functions that the compiler can vectorise on every target: no calls, no branches.

/// `e^x` for `x` at most 0, to about 2 units in the last place; below -87 a number near 1e-38.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Adding this leaves the sum's integer part in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let power = shifted - ROUND;
    // ln 2 in two parts, the first exact in a product with a small integer.
    let rest = x - power * 0.693_359_4 + power * 2.121_944_4e-4;
    let series = 1.987_569_2e-4;
    let series = series * rest + 1.398_199_9e-3;
    let series = series * rest + 8.333_452e-3;
    let series = series * rest + 4.166_579_6e-2;
    let series = series * rest + 1.666_666_5e-1;
    let series = series * rest + 0.5;
    let series = series * (rest * rest) + rest + 1.0;
    f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// `x / 2 * (1 + erf(x / sqrt 2))` in place, off by at most 1.5e-6: the normal distribution as a ratio of polynomials,
/// fitted to 7e-8 where it is not yet 0 or 1 in f32.
#[inline(always)]
pub(super) fn gelu(values: &mut [f32]) {
    for value in values {
        let x = *value;
        let near = if x < -5.6 { -5.6 } else { x };
        let near = if near > 5.6 { 5.6 } else { near };
        let square = near * near;
        let above = 1.094_571_6e-10;
        let above = above * square - 2.353_294_1e-8;
        let above = above * square + 3.897_567_2e-6;
        let above = above * square + 2.217_220_9e-4;
        let above = above * square + 4.821_61e-3;
        let above = above * square + 4.066_483_3e-2;
        let above = above * square + 0.398_941_34;
        let below = 8.039_178e-5;
        let below = below * square + 2.118_118_8e-3;
        let below = below * square + 3.186_467e-2;
        let below = below * square + 0.268_588_5;
        let below = below * square + 1.0;
        *value = x * (0.5 + near * above / below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_close_over_its_range() {
        for i in 0..=8700 {
            let x = -(i as f32) / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) - exact).abs() <= exact * 4e-7, "{x}");
        }
        assert!(exp(-1000.0) < 1e-37);
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
            let mut value = [x];
            gelu(&mut value);
            assert!((value[0] - exact).abs() < 5e-7, "{x}: {} {exact}", value[0]);
        }
    }
}
