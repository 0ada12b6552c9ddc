//! A fact about one tensor.

/// Tensors of up to this many values have their values followed.
pub(super) const SMALL: usize = 64;

/// The size of an axis, or an integer of a tensor that holds sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::fuse) enum Size {
    Known(i64),
    /// The window's length in word pieces, at least 1.
    Length,
}

/// What is known of a tensor.
#[derive(Debug, Clone, Default)]
pub(in crate::engine::fuse) struct Fact {
    pub(in crate::engine::fuse) shape: Option<Vec<Size>>,
    /// Every value, of a small tensor of integers.
    pub(in crate::engine::fuse) values: Option<Vec<Size>>,
    /// Range of all values; `Some` implies no NaN.
    pub(in crate::engine::fuse) bounds: Option<(f64, f64)>,
}

impl Fact {
    /// The value, if all are equal.
    pub(in crate::engine::fuse) fn uniform(&self) -> Option<f64> {
        self.bounds.filter(|(low, high)| low == high).map(|(low, _)| low)
    }
}
