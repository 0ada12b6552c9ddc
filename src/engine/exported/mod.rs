//! Operators as exporters write them, where tract's own do not fit: sizes that are known only when a window runs, and
//! branches by such sizes.

mod branch;
mod branch_op;
mod cast;
mod gather_elements;
mod long_int64;
mod range;
mod ranked;

use tract_onnx::Onnx;

pub(super) use branch::take_known_branches;
pub(super) use long_int64::with_long_int64;
pub(super) use range::count_up;
pub(super) use ranked::check_ranks;

/// Registers these operators in place of tract's.
pub(super) fn register(framework: &mut Onnx) {
    framework.op_register.insert("Cast", cast::parse);
    framework.op_register.insert("GatherElements", gather_elements::parse);
    framework.op_register.insert("If", branch_op::parse);
    framework.op_register.insert(ranked::RANKED, ranked::parse);
}
