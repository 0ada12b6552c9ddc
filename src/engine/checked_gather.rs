//! Lookups whose indices are checked: tract takes an index beyond the table as it comes, and panics or reads another row.
//!
//! Indices come from the text: word pieces beyond the table of embeddings, positions behind the last. Where panics abort, as
//! in WebAssembly, there is no other way to an error.

use tract_onnx::tract_core::ops::array::{Gather, GatherElements};
use tract_onnx::tract_hir::internal::*;

/// Puts a check before every lookup of a graph that is about to run.
pub(super) fn check_lookups(graph: &mut TypedModel) -> TractResult<()> {
    let check_of = |node: &TypedNode| {
        let gather = node.op_as::<Gather>().map(|op| InRange { axis: op.axis, by_element: false });
        gather.or_else(|| node.op_as::<GatherElements>().map(|op| InRange { axis: op.axis, by_element: true }))
    };
    let lookups: Vec<(usize, InRange)> =
        graph.nodes().iter().filter_map(|node| Some((node.id, check_of(node)?))).collect();
    for (id, check) in lookups {
        let &[table, indices] = graph.node(id).inputs.as_slice() else { continue };
        let plain = graph.outlet_fact(table)?.is_plain() && graph.outlet_fact(indices)?.is_plain();
        if !plain || graph.outlet_fact(indices)?.datum_type != i64::datum_type() {
            continue;
        }
        let name = graph.unique_name(format!("{}.checked", graph.node(id).name));
        let checked = graph.wire_node(name, check, &[table, indices])?;
        graph.add_edge(checked[0], InletId::new(id, 1))?;
    }
    Ok(())
}

/// Gives its second input, the indices, if each is one of the first input's axis: 0 to its length, or from its end -1 to
/// -length. With `by_element` the indices also say by their own places where along the other axes to look.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
struct InRange {
    axis: usize,
    by_element: bool,
}

impl Op for InRange {
    fn name(&self) -> StaticName {
        "InRange".into()
    }

    op_as_typed_op!();
}

impl EvalOp for InRange {
    op_out_of_plan!();

    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (table, indices) = args_2!(inputs);
        if self.by_element {
            let fits = indices.rank() == table.rank()
                && (0..table.rank()).all(|axis| axis == self.axis || indices.shape()[axis] <= table.shape()[axis]);
            ensure!(fits, "indices {:?} of elements {:?}", indices.shape(), table.shape());
        }
        let rows = table.shape().get(self.axis).copied().unwrap_or(0) as i64;
        let plain = indices.try_as_plain_ram()?;
        if let Some(index) = plain.as_slice::<i64>()?.iter().find(|&&index| !(-rows..rows).contains(&index)) {
            bail!("index {index} of a table of {rows} rows");
        }
        Ok(tvec![indices])
    }
}

impl TypedOp for InRange {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(tvec![inputs[1].without_value()])
    }

    as_op!();
}
