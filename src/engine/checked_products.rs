//! Matrix products whose contracted axes have one size: where they do not, tract reads the smaller operand out of bounds.
//!
//! It takes symbolic dimensions that may be equal, such as the window's length and 32, for equal.

use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::internal::*;

/// Refuses a graph with a product over an axis whose size is not the same in all operands, or not known to be.
pub(super) fn check_products(graph: &TypedModel) -> TractResult<()> {
    for node in graph.nodes() {
        let Some(product) = node.op_as::<EinSum>() else { continue };
        for axis in product.axes.iter_all_axes().filter(|axis| axis.outputs.iter().all(TVec::is_empty)) {
            let mut known = None;
            for (outlet, places) in node.inputs.iter().zip(&axis.inputs) {
                let shape = &graph.outlet_fact(*outlet)?.shape;
                for &at in places {
                    if *known.get_or_insert(&shape[at]) != &shape[at] {
                        bail!("it multiplies matrices that do not fit");
                    }
                }
            }
        }
    }
    Ok(())
}
