//! Bytes as numbers.

/// Bytes as the signed numbers that they encode in two's complement, without a copy.
pub fn as_signed(bytes: &[u8]) -> &[i8] {
    // SAFETY: both types have the same size and alignment, and every bit pattern is a value of either.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_are_read_in_twos_complement() {
        assert_eq!(super::as_signed(&[0, 1, 127, 128, 255]), [0, 1, 127, -128, -1]);
        assert!(super::as_signed(&[]).is_empty());
    }
}
