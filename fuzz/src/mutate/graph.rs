//! Changes to ONNX files, as graphs: other operators, attributes, shapes and connections.

use fastrand::Rng;
use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value;
use tract_onnx::pb::{type_proto, AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

use super::bytes;

/// Operators of encoders, with those that onnxruntime's optimiser writes, and some that take much.
const OPERATORS: &str = "Abs Add And ArgMax Attention BatchNormalization BiasGelu BitShift Cast CastLike Ceil Clip Compress Concat \
    Constant ConstantOfShape Conv ConvInteger Cos CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear \
    Einsum Elu EmbedLayerNormalization Equal Erf Exp Expand EyeLike FastGelu Flatten Floor Gather GatherBlockQuantized \
    GatherElements GatherND Gelu Gemm GlobalAveragePool Greater GroupNormalization GRU HardSigmoid Identity If \
    InstanceNormalization IsNaN LayerNormalization LeakyRelu Less Log LogSoftmax Loop LpNormalization LRN LSTM MatMul \
    MatMulInteger MatMulNBits Max MaxPool Mean MeanVarianceNormalization Min Mod Mul MultiHeadAttention Neg \
    NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QAttention QLinearConv QLinearMatMul QuantizeLinear QuickGelu \
    RMSNormalization RandomNormal RandomUniformLike Range Reciprocal ReduceL2 ReduceLogSumExp ReduceMax ReduceMean \
    ReduceProd ReduceSum Relu Reshape Resize ReverseSequence RNN RotaryEmbedding Round Scan Scatter ScatterElements \
    ScatterND Selu Shape Shrink Sigmoid Sign Sin Size SkipLayerNormalization Slice Softmax Softplus SpaceToDepth Split \
    SplitToSequence Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor";
/// Attributes of integers, and of lists of them.
const INTEGERS: [&str; 24] = [
    "axis",
    "keepdims",
    "to",
    "allowzero",
    "num_heads",
    "batch_dims",
    "exclusive",
    "reverse",
    "group",
    "transA",
    "transB",
    "num_outputs",
    "is_causal",
    "bits",
    "block_size",
    "K",
    "N",
    "detect_positive",
    "largest",
    "upper",
    "select_last_index",
    "noop_with_empty_axes",
    "blocksize",
    "k",
];
const LISTS: [&str; 12] = [
    "axes",
    "perm",
    "pads",
    "split",
    "shape",
    "kernel_shape",
    "strides",
    "dilations",
    "value_ints",
    "starts",
    "ends",
    "repeats",
];

/// Changes a graph; or its bytes, now and then, and if it is none.
pub fn onnx(input: &mut Vec<u8>, random: &mut Rng) {
    let model = ModelProto::decode(input.as_slice()).ok().filter(|model| model.graph.is_some());
    let Some(mut model) = model.filter(|_| random.u8(..8) > 0) else { return bytes::plain(input, random) };
    for _ in 0..random.usize(1..4) {
        if random.u8(..20) == 0 {
            if let Some(opset) = model.opset_import.first_mut() {
                opset.version =
                    random.choice([1, 6, 7, 9, 11, 12, 13, 14, 17, 18, 20, 21, 23, -1, i64::MAX]).unwrap_or(1);
            }
        }
        model.graph.iter_mut().for_each(|graph| change(graph, random));
    }
    *input = model.encode_to_vec();
}

fn change(graph: &mut GraphProto, random: &mut Rng) {
    let values: Vec<String> = values(graph);
    let value = |random: &mut Rng| random.choice(&values).cloned().unwrap_or_default();
    let count = graph.node.len();
    match random.usize(..16) {
        0 if count > 0 => graph.node[random.usize(..count)].op_type = operator(random),
        1 if count > 0 => {
            let node = &mut graph.node[random.usize(..count)];
            if let Some(input) = random.choice(&mut node.input) {
                *input = value(random);
            }
        }
        2 if count > 0 => {
            let node = &mut graph.node[random.usize(..count)];
            if random.bool() || node.input.is_empty() {
                node.input.push(value(random));
            } else {
                node.input.remove(random.usize(..node.input.len()));
            }
        }
        3 if count > 0 => {
            let node = graph.node[random.usize(..count)].clone();
            graph.node.insert(random.usize(..=count), node);
        }
        4 if count > 0 => drop(graph.node.remove(random.usize(..count))),
        5 if count > 0 => {
            let node = &mut graph.node[random.usize(..count)];
            match random.choice(&mut node.output) {
                Some(output) => *output = value(random),
                None => node.output.push(value(random)),
            }
        }
        6 | 7 if count > 0 => change_attributes(&mut graph.node[random.usize(..count)], random),
        8..=10 => insert_node(graph, value(random), value(random), random),
        11 | 12 => {
            if let Some(tensor) = random.choice(&mut graph.initializer) {
                change_tensor(tensor, random);
            }
        }
        13 => change_input(graph, random),
        14 => {
            let values = random.bool();
            let tensor = integers(&format!("fuzz{}", graph.initializer.len()), &list(random, values));
            if count > 0 {
                let name = tensor.name.clone();
                graph.node[random.usize(..count)].input.push(name);
            }
            graph.initializer.push(tensor);
        }
        _ => {
            let subgraphs = graph.node.iter_mut().flat_map(|node| &mut node.attribute).filter_map(|of| of.g.as_mut());
            match subgraphs.last() {
                Some(subgraph) => change(subgraph, random),
                None if count > 1 => {
                    let (a, b) = (random.usize(..count), random.usize(..count));
                    graph.node.swap(a, b);
                }
                None => (),
            }
        }
    }
}

/// The names of all values of a graph, the missing one among them.
fn values(graph: &GraphProto) -> Vec<String> {
    let given = graph.node.iter().flat_map(|node| node.output.iter().cloned());
    let inputs = graph.input.iter().map(|input| input.name.clone());
    let tensors = graph.initializer.iter().map(|tensor| tensor.name.clone());
    given.chain(inputs).chain(tensors).chain([String::new()]).collect()
}

fn operator(random: &mut Rng) -> String {
    let operators: Vec<&str> = OPERATORS.split_whitespace().collect();
    random.choice(operators).unwrap_or_default().to_string()
}

/// A node that takes a value, and that whoever took the value before takes instead.
fn insert_node(graph: &mut GraphProto, input: String, other: String, random: &mut Rng) {
    let output = format!("fuzz{}", graph.node.len());
    let at = graph.node.iter().position(|node| node.output.contains(&input)).map_or(0, |at| at + 1);
    for taken in graph.node[at..].iter_mut().flat_map(|node| &mut node.input).filter(|taken| **taken == input) {
        taken.clone_from(&output);
    }
    let mut node = NodeProto { op_type: operator(random), output: vec![output], ..Default::default() };
    node.input.push(input);
    if random.bool() {
        node.input.push(other);
    }
    if random.u8(..3) == 0 {
        change_attributes(&mut node, random);
    }
    graph.node.insert(at, node);
}

fn change_attributes(node: &mut NodeProto, random: &mut Rng) {
    let kind = random.usize(..4);
    if let (Some(attribute), true) = (random.choice(&mut node.attribute), kind < 2) {
        match random.usize(..5) {
            0 => attribute.i = integer(random),
            1 => attribute.ints = list(random, false),
            2 => attribute.f = random.choice([0.0, -1.0, f32::NAN, f32::INFINITY, 1e-30]).unwrap_or(0.0),
            3 => attribute.t.iter_mut().for_each(|tensor| change_tensor(tensor, random)),
            _ => {
                attribute.s =
                    random.choice([&b""[..], b"linear", b"ij,jk->ik", b"abc->b", b"tanh"]).unwrap_or_default().into();
            }
        }
        return;
    }
    let named = |name: &str, kind: AttributeType| AttributeProto {
        name: name.into(),
        r#type: kind as i32,
        ..Default::default()
    };
    node.attribute.push(match kind {
        2 => AttributeProto {
            ints: list(random, false),
            ..named(random.choice(LISTS).unwrap_or_default(), AttributeType::Ints)
        },
        _ => AttributeProto {
            i: integer(random),
            ..named(random.choice(INTEGERS).unwrap_or_default(), AttributeType::Int)
        },
    });
}

fn change_tensor(tensor: &mut TensorProto, random: &mut Rng) {
    match random.usize(..6) {
        0 => tensor.dims = list(random, true),
        1 => tensor.data_type = random.i32(0..24),
        2 => {
            let length = tensor.raw_data.len();
            if length >= 8 {
                let at = random.usize(..=length - 8) / 8 * 8;
                tensor.raw_data[at..at + 8].copy_from_slice(&integer(random).to_le_bytes());
            }
        }
        3 => *tensor = integers(&tensor.name.clone(), &list(random, false)),
        // As one value, without axes.
        4 => *tensor = TensorProto { dims: vec![], ..integers(&tensor.name.clone(), &[integer(random)]) },
        _ => bytes::plain(&mut tensor.raw_data, random),
    }
}

fn change_input(graph: &mut GraphProto, random: &mut Rng) {
    let all = graph.input.iter_mut().chain(&mut graph.output);
    let Some(info) = random.choice(all.collect::<Vec<_>>()) else { return };
    let Some(type_proto::Value::TensorType(tensor)) = info.r#type.as_mut().and_then(|of| of.value.as_mut()) else {
        return;
    };
    let dimensions = tensor.shape.get_or_insert_default();
    match random.usize(..4) {
        0 => tensor.elem_type = random.i32(0..24),
        1 => drop(dimensions.dim.pop()),
        2 => dimensions.dim.push(Default::default()),
        _ => {
            if let Some(dimension) = random.choice(&mut dimensions.dim) {
                dimension.value = Some(Value::DimValue(integer(random)));
            }
        }
    }
}

fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: vec![values.len() as i64],
        data_type: DataType::Int64 as i32,
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..Default::default()
    }
}

fn integer(random: &mut Rng) -> i64 {
    match random.usize(..8) {
        0..=2 => random.i64(-3..5),
        3 => random.i64(-20..200),
        4 => 1 << random.usize(..63),
        5 => -(1 << random.usize(..63)),
        6 => i64::MAX,
        _ => i64::MIN,
    }
}

/// Some integers; of a shape's sizes if `small`.
fn list(random: &mut Rng, small: bool) -> Vec<i64> {
    let count = if random.u8(..20) == 0 { random.usize(..100) } else { random.usize(..5) };
    let one = |random: &mut Rng| if small && random.u8(..8) > 0 { random.i64(0..9) } else { integer(random) };
    (0..count).map(|_| one(random)).collect()
}
