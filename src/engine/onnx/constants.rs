//! Moves large tensors into the parsed graph without the copies that tract's parser would make.

use std::collections::HashMap;
use std::sync::Arc;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{type_proto, GraphProto, TensorProto, TypeProto, ValueInfoProto};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::ops::konst::Const;

use super::fields::LARGE_TENSOR;

/// Large tensors removed from a graph, which has inputs in their place.
pub(in crate::engine) struct Constants(HashMap<String, Arc<Tensor>>);

impl Constants {
    /// Removes large tensors from a graph, before it is parsed. One at a time is held twice.
    pub(in crate::engine) fn take(framework: &tract_onnx::Onnx, graph: &mut GraphProto) -> TractResult<Constants> {
        // tract would panic on it.
        let attributes =
            graph.node.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.t.as_ref());
        if let Some(tensor) = attributes.chain(&graph.initializer).find(|tensor| is_raw_text(tensor)) {
            bail!("the tensor {:?} holds bytes for text", tensor.name);
        }
        let mut taken = HashMap::new();
        for mut tensor in std::mem::take(&mut graph.initializer) {
            if (tensor.raw_data.len() as u64) < LARGE_TENSOR || taken.contains_key(&tensor.name) {
                graph.initializer.push(tensor);
                continue;
            }
            let name = std::mem::take(&mut tensor.name);
            let made = tract_onnx::tensor::load_tensor(&*framework.provider, &tensor, None)
                .with_context(|| format!("the tensor {name:?}"))?;
            if !graph.input.iter().any(|input| input.name == name) {
                let elem_type = tensor.data_type;
                let value = type_proto::Value::TensorType(type_proto::Tensor { elem_type, shape: None });
                let r#type = Some(TypeProto { value: Some(value), ..Default::default() });
                graph.input.push(ValueInfoProto { name: name.clone(), r#type, ..Default::default() });
            }
            taken.insert(name, made.into_arc_tensor());
        }
        Ok(Constants(taken))
    }

    /// Puts the tensors into the parsed graph.
    pub(in crate::engine) fn put_back(mut self, model: &mut InferenceModel) -> TractResult<()> {
        let mut inputs = Vec::new();
        for outlet in model.input_outlets()?.to_vec() {
            let Some(tensor) = self.0.remove(&model.node(outlet.node).name) else {
                inputs.push(outlet);
                continue;
            };
            let fact = InferenceFact::try_from(&tensor)?;
            model.node_mut(outlet.node).op = Box::new(Const::new(tensor)?);
            model.set_outlet_fact(outlet, fact)?;
        }
        model.set_input_outlets(&inputs)
    }
}

/// Whether a tensor of text is given as raw bytes, which the format does not allow.
fn is_raw_text(tensor: &TensorProto) -> bool {
    tensor.data_type == DataType::String as i32 && !tensor.raw_data.is_empty()
}
