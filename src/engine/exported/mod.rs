//! Operators as exporters write them, where tract's own do not fit: sizes that are known only when a window runs, and
//! branches by such sizes.

mod branch;
mod cast;

use tract_onnx::Onnx;

pub(super) use branch::take_known_branches;

/// Registers these operators in place of tract's.
pub(super) fn register(framework: &mut Onnx) {
    framework.op_register.insert("Cast", cast::parse);
}
