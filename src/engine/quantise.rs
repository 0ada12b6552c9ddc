//! Symmetric int8: the largest absolute value of a row or column becomes 127.

use super::proto::raw_floats;

/// A matrix in int8, -127 to 127 in two's complement, with a scale per row.
pub(super) struct QuantisedRows {
    pub(super) values: Vec<u8>,
    pub(super) scales: Vec<f32>,
}

impl QuantisedRows {
    /// Quantises and appends a row of raw f32; `false` if a value is an infinity or NaN.
    pub(super) fn push(&mut self, row: &[u8]) -> bool {
        let largest = raw_floats(row).map(magnitude).max().unwrap_or(0);
        let Some(scale) = scale(largest) else { return false };
        self.values.extend(raw_floats(row).map(|value| quantise(value, scale)));
        self.scales.push(scale);
        true
    }
}

/// Quantises raw f32 rows with a scale per column; gives values and scales, or `None` if a value is an infinity or NaN.
pub(super) fn by_column(columns: usize, data: &[u8]) -> Option<(Vec<u8>, Vec<f32>)> {
    let mut largest = vec![0; columns];
    for row in data.chunks_exact(4 * columns) {
        for (largest, value) in largest.iter_mut().zip(raw_floats(row)) {
            *largest = magnitude(value).max(*largest);
        }
    }
    let scales = largest.into_iter().map(scale).collect::<Option<Vec<f32>>>()?;
    let mut values = Vec::with_capacity(data.len() / 4);
    for row in data.chunks_exact(4 * columns) {
        values.extend(raw_floats(row).zip(&scales).map(|(value, &scale)| quantise(value, scale)));
    }
    Some((values, scales))
}

/// The absolute value, as an integer of the same order; infinity and NaN come last.
fn magnitude(value: f32) -> u32 {
    value.to_bits() & 0x7FFF_FFFF
}

/// The scale that takes the largest magnitude to 127; `None` for an infinity or NaN.
fn scale(largest: u32) -> Option<f32> {
    let largest = f32::from_bits(largest);
    // The 127th part of a subnormal number may be 0.
    let scale = if largest / 127.0 > 0.0 { largest / 127.0 } else { 1.0 };
    largest.is_finite().then_some(scale)
}

/// The nearest int8, ties to even.
fn quantise(value: f32, scale: f32) -> u8 {
    // Adding 1.5 * 2^23 rounds and leaves the integer in the lowest bits, without a call for each value.
    ((value / scale).clamp(-127.0, 127.0) + 12_582_912.0).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn the_largest_becomes_127_and_halves_round_to_even() {
        let data = raw(&[1.0, -254.0, 2.5, 127.0, 0.0, 3.0]);
        let (values, scales) = by_column(2, &data).expect("finite values");
        assert_eq!(scales, [2.5 / 127.0, 2.0]);
        assert_eq!(values, [51, -127i8 as u8, 127, 64, 0, 2]);
        let mut rows = QuantisedRows { values: vec![], scales: vec![] };
        assert!(data.chunks_exact(8).all(|row| rows.push(row)));
        assert_eq!(rows.scales, [2.0, 1.0, 3.0 / 127.0]);
        assert_eq!(rows.values, [0, -127i8 as u8, 2, 127, 0, 127]);
    }

    #[test]
    fn zeros_have_a_scale_and_infinities_none() {
        assert_eq!(by_column(1, &raw(&[0.0, 0.0])), Some((vec![0, 0], vec![1.0])));
        assert_eq!(by_column(1, &raw(&[1e-45])), Some((vec![0], vec![1.0])));
        assert_eq!(by_column(1, &raw(&[f32::NAN])), None);
        assert!(!QuantisedRows { values: vec![], scales: vec![] }.push(&raw(&[1.0, f32::INFINITY])));
    }
}
