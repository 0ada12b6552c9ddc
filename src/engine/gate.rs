//! What is checked of a graph before tract sees it: a file of some hundred bytes must neither panic it, nor make it run for
//! ever or take all memory.
//!
//! Only what the nodes say by themselves is looked at: attributes, and inputs that are constant. What remains ends in a panic
//! that [`guarded`](super::guarded) turns into an error.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::proto::{attribute, integers};

/// Maximum number of axes of a value. Encoders have up to 6.
const MAX_RANK: i64 = 16;
/// Maximum number of values in a tensor whose shape is constant and that the file does not hold. A mask of 8,192 by 8,192 has
/// 2^26.
const MAX_MADE_VALUES: i64 = 1 << 28;
/// Maximum length that padding adds at one end of an axis.
const MAX_PADDING: i64 = 1 << 16;
/// Operators whose `axes` are an input in newer opsets, and at which place.
const AXES_INPUTS: [(&str, usize); 14] = [
    ("Pad", 3),
    ("ReduceL1", 1),
    ("ReduceL2", 1),
    ("ReduceLogSum", 1),
    ("ReduceLogSumExp", 1),
    ("ReduceMax", 1),
    ("ReduceMean", 1),
    ("ReduceMin", 1),
    ("ReduceProd", 1),
    ("ReduceSum", 1),
    ("ReduceSumSquare", 1),
    ("Slice", 3),
    ("Squeeze", 1),
    ("Unsqueeze", 1),
];
/// Operators that make a tensor of a shape, or of so many copies, and the place of that input.
const SHAPE_INPUTS: [(&str, usize); 5] =
    [("ConstantOfShape", 0), ("Expand", 1), ("OneHot", 1), ("Reshape", 1), ("Tile", 1)];

/// Refuses graphs whose nodes say what cannot be; the error is a reason.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    let known: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    check_graph(graph, &known)?;
    let made = graph.node.iter().flat_map(|node| &node.output).chain(graph.input.iter().map(|input| &input.name));
    let made: HashSet<&str> = made.map(String::as_str).chain(known).collect();
    match graph.output.iter().find(|output| !made.contains(output.name.as_str())) {
        Some(output) => Err(format!("no node gives its output {:?}", output.name)),
        None => Ok(()),
    }
}

fn check_graph(graph: &GraphProto, taken: &HashSet<&str>) -> Result<(), String> {
    let mut constants: HashMap<&str, &TensorProto> = HashMap::new();
    for tensor in &graph.initializer {
        check_tensor(tensor)?;
        constants.insert(&tensor.name, tensor);
    }
    let mut given: HashSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    for node in &graph.node {
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            if !given.insert(output) || taken.contains(output.as_str()) {
                return Err(format!("the value {output:?} is given twice"));
            }
        }
        if let (Some(tensor), [output]) = (constant(node), node.output.as_slice()) {
            constants.insert(output, tensor);
        }
    }
    graph.node.iter().try_for_each(|node| check_node(node, &constants))
}

fn constant(node: &NodeProto) -> Option<&TensorProto> {
    attribute(node, "value").filter(|_| node.op_type == "Constant")?.t.as_ref()
}

fn check_node(node: &NodeProto, constants: &HashMap<&str, &TensorProto>) -> Result<(), String> {
    let op = node.op_type.as_str();
    let of_node = |reason: String| format!("{op} {:?}: {reason}", node.output.first().map_or("", String::as_str));
    for attribute in &node.attribute {
        check_attribute(attribute).map_err(of_node)?;
    }
    let input = |place: usize| integers(constants.get(node.input.get(place)?.as_str())?);
    if let Some(axes) = AXES_INPUTS.iter().find(|(name, _)| *name == op).and_then(|&(_, place)| input(place)) {
        check_axes(&axes).map_err(of_node)?;
    }
    if let Some(shape) = SHAPE_INPUTS.iter().find(|(name, _)| *name == op).and_then(|&(_, place)| input(place)) {
        check_shape(&shape).map_err(of_node)?;
    }
    if op == "Pad" {
        let pads = attribute(node, "pads").map(|pads| pads.ints.clone()).or_else(|| input(1));
        check_pads(&pads.unwrap_or_default()).map_err(of_node)?;
    }
    if let (true, [start, limit, step]) = (op == "Range", [0, 1, 2].map(input).as_slice()) {
        check_range(start, limit, step).map_err(of_node)?;
    }
    Ok(())
}

fn check_attribute(attribute: &AttributeProto) -> Result<(), String> {
    match attribute.name.as_str() {
        "axis" | "batch_dims" => check_axes(&[attribute.i])?,
        "axes" => check_axes(&attribute.ints)?,
        "perm" => {
            let mut order = attribute.ints.clone();
            order.sort_unstable();
            let counted = order.iter().zip(0..MAX_RANK).all(|(axis, place)| *axis == place);
            if !counted || order.len() as i64 > MAX_RANK {
                return Err(format!("the axes {:?} are no permutation", attribute.ints));
            }
        }
        _ => (),
    }
    attribute.t.iter().chain(&attribute.tensors).try_for_each(check_tensor)?;
    attribute.g.iter().chain(&attribute.graphs).try_for_each(|graph| check_graph(graph, &HashSet::new()))
}

fn check_axes(axes: &[i64]) -> Result<(), String> {
    match axes.iter().find(|axis| !(-MAX_RANK..MAX_RANK).contains(*axis)) {
        Some(axis) => Err(format!("there is no axis {axis}")),
        None => Ok(()),
    }
}

/// -1 and 0 stand for sizes that are not known here.
fn check_shape(shape: &[i64]) -> Result<(), String> {
    let mut known = shape.iter().map(|&size| if size == -1 { 1 } else { size.max(1) });
    let count = known.try_fold(1i64, i64::checked_mul);
    let fits = count.is_some_and(|count| count <= MAX_MADE_VALUES) && shape.iter().all(|&size| size >= -1);
    if fits && shape.len() as i64 <= MAX_RANK {
        return Ok(());
    }
    Err(format!("{shape:?} is a shape of more than {MAX_MADE_VALUES} values, or of none"))
}

fn check_pads(pads: &[i64]) -> Result<(), String> {
    match pads.iter().find(|pad| !(0..=MAX_PADDING).contains(*pad)) {
        Some(pad) => Err(format!("it pads by {pad}")),
        None => Ok(()),
    }
}

fn check_range(start: &Option<Vec<i64>>, limit: &Option<Vec<i64>>, step: &Option<Vec<i64>>) -> Result<(), String> {
    let (Some([start]), Some([limit]), Some([step])) = (start.as_deref(), limit.as_deref(), step.as_deref()) else {
        return Ok(());
    };
    let count = limit.checked_sub(*start).and_then(|distance| distance.checked_div(*step));
    match count {
        Some(count) if count <= MAX_MADE_VALUES => Ok(()),
        _ => Err(format!("it counts from {start} to {limit} by {step}")),
    }
}

/// Whether a tensor holds as many values as its dimensions say. What is in another file is checked where it is read.
fn check_tensor(tensor: &TensorProto) -> Result<(), String> {
    let wrong = || format!("the tensor {:?} does not hold the values of its dimensions {:?}", tensor.name, tensor.dims);
    if tensor.dims.len() as i64 > MAX_RANK {
        return Err(wrong());
    }
    let count = tensor.dims.iter().try_fold(1u64, |count, &dim| count.checked_mul(u64::try_from(dim).ok()?));
    let count = count.ok_or_else(wrong)?;
    let width = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Bool | DataType::Int8 | DataType::Uint8) => 1,
        Ok(DataType::Float16 | DataType::Bfloat16 | DataType::Int16 | DataType::Uint16) => 2,
        Ok(DataType::Float | DataType::Int32 | DataType::Uint32) => 4,
        Ok(DataType::Double | DataType::Int64 | DataType::Uint64) => 8,
        _ => return Ok(()),
    };
    let lists = [
        tensor.float_data.len(),
        tensor.int32_data.len(),
        tensor.int64_data.len(),
        tensor.double_data.len(),
        tensor.uint64_data.len(),
    ];
    let held = match tensor.raw_data.len() as u64 {
        0 => lists.iter().sum::<usize>() as u64,
        bytes if bytes.is_multiple_of(width) => bytes / width,
        _ => return Err(wrong()),
    };
    if held == count {
        Ok(())
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{type_proto, TypeProto, ValueInfoProto};

    use super::super::proto::{integer_attribute, ints_attribute, raw_tensor, tensor_attribute};
    use super::*;

    fn value(name: &str) -> ValueInfoProto {
        let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: None };
        let r#type = TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
        ValueInfoProto { name: name.into(), r#type: Some(r#type), ..Default::default() }
    }

    fn node(op: &str, inputs: &[&str], output: &str, attributes: &[AttributeProto]) -> NodeProto {
        NodeProto {
            op_type: op.into(),
            input: inputs.iter().map(|&input| input.into()).collect(),
            output: vec![output.into()],
            attribute: attributes.to_vec(),
            ..Default::default()
        }
    }

    fn numbers(name: &str, values: &[i64]) -> TensorProto {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        TensorProto { name: name.into(), ..raw_tensor(DataType::Int64, &[values.len() as i64], bytes) }
    }

    fn graph(nodes: &[NodeProto], tensors: &[TensorProto]) -> GraphProto {
        GraphProto {
            node: nodes.to_vec(),
            initializer: tensors.to_vec(),
            input: vec![value("x")],
            output: vec![value("y")],
            ..Default::default()
        }
    }

    #[test]
    fn what_no_node_can_do_is_refused() {
        let one = |op: &str, attributes: &[AttributeProto]| graph(&[node(op, &["x"], "y", attributes)], &[]);
        let with = |op: &str, values: &[i64]| graph(&[node(op, &["x", "n"], "y", &[])], &[numbers("n", values)]);
        let axis = |axis: i64| integer_attribute("axis", axis);
        let wide = raw_tensor(DataType::Float, &[1 << 33], vec![0; 4]);
        let refused = [
            one("LayerNormalization", &[axis(-1_000_000)]),
            one("Gather", &[axis(99)]),
            one("Transpose", &[ints_attribute("perm", &[0, 1, 1])]),
            one("Transpose", &[ints_attribute("perm", &[0, 82, 1])]),
            one("ReduceMean", &[ints_attribute("axes", &[-16_385])]),
            with("ReduceSum", &[40]),
            with("Pad", &[0, -3]),
            with("Pad", &[0, 1 << 40]),
            with("Expand", &[1 << 20, 1 << 20]),
            with("Reshape", &[i64::MAX, i64::MAX]),
            with("Tile", &[-7]),
            graph(&[node("Constant", &[], "y", &[tensor_attribute("value", wide.clone())])], &[]),
            graph(&[node("Identity", &["w"], "y", &[])], &[TensorProto { name: "w".into(), ..wide }]),
            graph(&[node("Identity", &["x"], "y", &[]), node("Identity", &["x"], "y", &[])], &[]),
            graph(&[node("Identity", &["x"], "x", &[]), node("Identity", &["x"], "y", &[])], &[]),
            graph(&[node("Identity", &["x"], "z", &[])], &[]),
        ];
        for graph in refused {
            assert!(check(&graph).is_err(), "{graph:?}");
        }
        let range = |limit: i64, step: i64| {
            let scalar = |name: &str, value: i64| TensorProto { dims: vec![], ..numbers(name, &[value]) };
            let tensors = [scalar("a", 0), scalar("b", limit), scalar("c", step)];
            check(&graph(&[node("Range", &["a", "b", "c"], "y", &[])], &tensors))
        };
        assert!(range(512, 1).is_ok() && range(1 << 40, 1).is_err() && range(3, 0).is_err());
    }

    #[test]
    fn what_exporters_write_is_not_refused() {
        let with = |op: &str, values: &[i64]| graph(&[node(op, &["x", "n"], "y", &[])], &[numbers("n", values)]);
        for graph in [
            with("Reshape", &[0, -1, 12, 64]),
            with("Reshape", &[]),
            with("Unsqueeze", &[-1]),
            with("Expand", &[1, 1, 512, 512]),
            with("Pad", &[0, 0, 1, 1]),
            graph(&[node("Transpose", &["x"], "y", &[ints_attribute("perm", &[0, 2, 1, 3])])], &[]),
        ] {
            assert_eq!(check(&graph), Ok(()));
        }
    }
}
