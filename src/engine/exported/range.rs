//! `Range` that counts down: tract divides by a negative step as if it were a large one.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use crate::engine::proto::{attribute, integers, raw_tensor, standard, tensor_attribute};

/// Writes ranges of integers with a constant negative step as `start - range(0, start - limit, -step)`.
pub(in crate::engine) fn count_up(graph: &mut GraphProto) {
    let mut steps: HashMap<String, i64> = HashMap::new();
    let nodes = graph.node.iter().filter(|node| node.op_type == "Constant").filter_map(|node| {
        let tensor = attribute(node, "value")?.t.as_ref()?;
        Some((node.output.first()?.as_str(), tensor))
    });
    for (name, tensor) in graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).chain(nodes) {
        let is_int64 = tensor.data_type == DataType::Int64 as i32;
        if let (true, Some(&[step])) = (is_int64, integers(tensor).as_deref()) {
            if step < 0 && step != i64::MIN {
                steps.insert(name.to_string(), step);
            }
        }
    }
    if steps.is_empty() {
        return;
    }
    for node in std::mem::take(&mut graph.node) {
        let step = node.input.get(2).filter(|_| node.op_type == "Range").and_then(|step| steps.get(step));
        let (Some(step), [start, limit, _], [output]) = (step, node.input.as_slice(), node.output.as_slice()) else {
            graph.node.push(node);
            continue;
        };
        let name = |part: &str| format!("{output}.{part}");
        let constant = |part: &str, value: i64| NodeProto {
            attribute: vec![tensor_attribute("value", raw_tensor(DataType::Int64, &[], value.to_le_bytes().to_vec()))],
            ..standard("Constant", &[], &name(part))
        };
        graph.node.extend([
            constant("zero", 0),
            constant("step", -step),
            standard("Sub", &[start, limit], &name("distance")),
            standard("Range", &[&name("zero"), &name("distance"), &name("step")], &name("up")),
            standard("Sub", &[start, &name("up")], output),
        ]);
    }
}
