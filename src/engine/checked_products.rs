//! Products whose matrices fit: tract reads behind the end of the shorter one where their common axis differs in length.
//!
//! It believes lengths that may be the same, as that of the window and a number are.

use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::internal::*;

/// Refuses a graph with a product over an axis whose length is not the same in both matrices, or not known to be.
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
