//! Long tensors of symbolic numbers become int64 ones.
//!
//! tract computes with symbols wherever a shape may come of it. The distances between all positions of a window, or the
//! positions themselves, are no shapes: as symbols, each takes an allocation, and DeBERTa's take seconds a window.

use tract_onnx::tract_core::model::translator::Translate;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::{cast, Cast};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_hir::internal::*;

/// Up to this many symbolic numbers are kept: shapes have no more.
const SHORT: usize = 16;

/// The same graph with long tensors of symbolic numbers as int64.
pub(in crate::engine) fn with_long_int64(graph: &TypedModel) -> TractResult<TypedModel> {
    LongInt64.translate_model(graph)
}

#[derive(Debug)]
struct LongInt64;

impl Translate<TypedFact, Box<dyn TypedOp>, TypedFact, Box<dyn TypedOp>> for LongInt64 {
    fn translate_node(
        &self,
        source: &TypedModel,
        node: &TypedNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        let mut inputs: TVec<OutletId> = node.inputs.iter().map(|outlet| mapping[outlet]).collect();
        let is_long_symbolic = |fact: &TypedFact| fact.datum_type == TDim::datum_type() && is_long(fact);
        if let ([input], Some(to)) = (inputs.as_slice(), node.op_as::<Cast>()) {
            if to.to == TDim::datum_type() && is_long(&node.outputs[0].fact) {
                return as_int64(target, &node.name, *input);
            }
        }
        if let Some(constant) = node.op_as::<Const>().filter(|_| is_long_symbolic(&node.outputs[0].fact)) {
            if let Ok(numbers) = constant.val().cast_to::<i64>() {
                return Ok(tvec![target.add_const(node.name.clone(), numbers.into_owned())?]);
            }
        }
        // An operation on both kinds of numbers is one on int64.
        let mut became_int64 = false;
        for (new, old) in inputs.iter().zip(&node.inputs) {
            became_int64 |= target.outlet_fact(*new)?.datum_type != source.outlet_fact(*old)?.datum_type;
        }
        if became_int64 {
            for (place, input) in inputs.iter_mut().enumerate() {
                if target.outlet_fact(*input)?.datum_type == TDim::datum_type() {
                    *input = as_int64(target, &format!("{}.{place}", node.name), *input)?[0];
                }
            }
        }
        let op: Box<dyn TypedOp> = match node.op_as::<TypedBinOp>() {
            Some(TypedBinOp(op, Some(kind))) if became_int64 && *kind == TDim::datum_type() => {
                Box::new(TypedBinOp(op.clone(), Some(i64::datum_type())))
            }
            _ => node.op.clone(),
        };
        let outputs = target.wire_node(&node.name, op, &inputs)?;
        let mut results = tvec![];
        for (i, output) in outputs.into_iter().enumerate() {
            let long = is_long_symbolic(target.outlet_fact(output)?);
            results.push(if long { as_int64(target, &format!("{}.int64.{i}", node.name), output)?[0] } else { output });
        }
        Ok(results)
    }
}

fn is_long(fact: &TypedFact) -> bool {
    fact.shape.volume().to_usize().map_or(true, |count| count > SHORT)
}

fn as_int64(target: &mut TypedModel, name: &str, input: OutletId) -> TractResult<TVec<OutletId>> {
    if target.outlet_fact(input)?.datum_type == i64::datum_type() {
        return Ok(tvec![input]);
    }
    let name = target.unique_name(format!("{name}.int64"));
    target.wire_node(name, cast(i64::datum_type()), &[input])
}
