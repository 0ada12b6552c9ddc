//! Products whose matrices fit: tract reads behind the end of the shorter one where their common axis differs in length.
//!
//! It believes lengths that may be the same, as that of the window and a number are.

use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_hir::internal::*;

/// Refuses a graph with a product over an axis whose length is not the same in both matrices, or not known to be.
pub(super) fn check_products(graph: &TypedModel) -> TractResult<()> {
    for node in graph.nodes() {
        let Some(product) = node.op_as::<EinSum>() else { continue };
        let facts = graph.node_input_facts(node.id)?;
        for axis in product.axes.iter_all_axes().filter(|axis| axis.outputs.iter().all(TVec::is_empty)) {
            let lengths =
                facts.iter().zip(&axis.inputs).flat_map(|(fact, places)| places.iter().map(|&at| &fact.shape[at]));
            let lengths: TVec<&TDim> = lengths.collect();
            if let Some(other) = lengths.iter().find(|length| **length != lengths[0]) {
                bail!("{} multiplies {} values by {other}", node.name, lengths[0]);
            }
        }
    }
    Ok(())
}
