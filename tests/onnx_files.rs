//! ONNX files in the forms that exporters give them, and made to do harm: what becomes of their weights.

#[path = "common/onnx.rs"]
mod onnx;

use glossa_ner::engine::{Classifier, ClassifierSetup, OnnxFile, Precision};
use glossa_ner::model::MemoryFiles;
use glossa_ner::{Annotator, Error, Options};
use onnx::{float_list, floats, int, int64, ints, node, tensor, value};
use prost::encoding::{encode_key, encode_varint, WireType};
use prost::Message;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, StringStringEntryProto, TensorProto};

const PIECES: usize = 300;
const WIDTH: usize = 64;
const INNER: usize = 260;
const LABELS: usize = 5;
const IDS: [u32; 7] = [2, 299, 0, 17, 17, 128, 3];

/// A field of a message, its content as it is: for what the types cannot say.
fn field(number: u32, content: impl AsRef<[u8]>) -> Vec<u8> {
    [&head(number, content.as_ref().len() as u64), content.as_ref()].concat()
}

/// What stands before a field's content, whose length may be a lie.
fn head(number: u32, length: u64) -> Vec<u8> {
    let mut bytes = vec![];
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(length, &mut bytes);
    bytes
}

/// Fields by their numbers in ONNX's messages.
mod number {
    pub const MODEL_GRAPH: u32 = 7;
    pub const GRAPH_NODE: u32 = 1;
    pub const GRAPH_INITIALIZER: u32 = 5;
    pub const NODE_INPUT: u32 = 1;
    pub const NODE_ATTRIBUTE: u32 = 5;
    pub const ATTRIBUTE_GRAPH: u32 = 6;
    pub const TENSOR_RAW_DATA: u32 = 9;
}

fn graph(nodes: &[NodeProto], tensors: &[TensorProto]) -> GraphProto {
    onnx::graph(&["input_ids"], nodes, tensors)
}

fn model(graph: GraphProto) -> Vec<u8> {
    onnx::model(13, Some(graph))
}

/// A model's file whose graph is these bytes.
fn model_around(graph: &[u8]) -> Vec<u8> {
    [onnx::model(13, None), field(number::MODEL_GRAPH, graph)].concat()
}

// A small classifier: a table, a linear layer large enough to be taken out of the file, and one that is not.

struct Weights {
    table: Vec<f32>,
    first: Vec<f32>,
    bias: Vec<f32>,
    second: Vec<f32>,
}

fn weights() -> Weights {
    let mut random = fastrand::Rng::with_seed(1);
    let mut take = |count: usize, scale: f32| (0..count).map(|_| (random.f32() - 0.5) * scale).collect::<Vec<f32>>();
    Weights {
        table: take(PIECES * WIDTH, 2.0),
        first: take(WIDTH * INNER, 0.5),
        bias: take(INNER, 0.5),
        second: take(INNER * LABELS, 0.5),
    }
}

fn transposed(rows: usize, values: &[f32]) -> Vec<f32> {
    let columns = values.len() / rows;
    (0..columns).flat_map(|column| values.iter().skip(column).step_by(columns)).copied().collect()
}

/// The nodes behind the first linear layer.
fn tail() -> Vec<NodeProto> {
    vec![node("Add", &["product", "bias"], "inner", &[]), node("MatMul", &["inner", "second"], "logits", &[])]
}

fn plain_nodes() -> Vec<NodeProto> {
    let mut nodes = vec![
        node("Gather", &["table", "input_ids"], "embedded", &[int("axis", 0)]),
        node("MatMul", &["embedded", "first"], "product", &[]),
    ];
    nodes.extend(tail());
    nodes
}

fn plain_tensors(weights: &Weights) -> Vec<TensorProto> {
    vec![
        floats("table", &[PIECES, WIDTH], &weights.table),
        floats("first", &[WIDTH, INNER], &weights.first),
        floats("bias", &[INNER], &weights.bias),
        floats("second", &[INNER, LABELS], &weights.second),
    ]
}

fn plain() -> Vec<u8> {
    model(graph(&plain_nodes(), &plain_tensors(&weights())))
}

fn logits(onnx: &[u8], precision: Precision) -> (Vec<f32>, usize) {
    let classifier =
        Classifier::load(onnx, "model.onnx", precision, &ClassifierSetup::default()).expect("a classifier");
    let logits = classifier.logits(&IDS).expect("logits");
    ((0..IDS.len()).flat_map(|i| logits.row(i).to_vec()).collect(), classifier.fused().linear)
}

fn by_hand(weights: &Weights) -> Vec<f32> {
    let product = |row: &[f32], matrix: &[f32], columns: usize| -> Vec<f32> {
        (0..columns).map(|column| row.iter().enumerate().map(|(k, x)| x * matrix[k * columns + column]).sum()).collect()
    };
    let of = |id: &u32| {
        let row = &weights.table[*id as usize * WIDTH..][..WIDTH];
        let inner = product(row, &weights.first, INNER);
        let inner: Vec<f32> = inner.iter().zip(&weights.bias).map(|(x, bias)| x + bias).collect();
        product(&inner, &weights.second, LABELS)
    };
    IDS.iter().flat_map(of).collect()
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().chain(b).all(|value| value.is_finite()), "{a:?} {b:?}");
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Rows in int8 with a scale each, as `training/export.py` makes them.
fn quantised(columns: usize, values: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let scales: Vec<f32> =
        values.chunks(columns).map(|row| row.iter().fold(0f32, |most, x| most.max(x.abs())) / 127.0).collect();
    let rounded = values
        .chunks(columns)
        .zip(&scales)
        .flat_map(|(row, scale)| row.iter().map(move |x| (x / scale).round_ties_even()));
    (rounded.collect(), scales)
}

fn int8(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    onnx::int8(name, dims, &values.iter().map(|&value| value as i8).collect::<Vec<_>>())
}

#[test]
fn weights_are_as_exact_as_their_precision() {
    let expected = by_hand(&weights());
    let (f32, layers) = logits(&plain(), Precision::F32);
    assert!(layers == 0 && furthest(&f32, &expected) < 1e-4);
    // Small files stay as they are unless asked.
    assert_eq!(logits(&plain(), Precision::Auto), (f32, 0));
    let (int8, layers) = logits(&plain(), Precision::Int8);
    let range = expected.iter().fold(0f32, |most, x| most.max(x.abs()));
    let far = furthest(&int8, &expected) / range;
    assert!(layers == 2 && far > 0.0 && far < 0.03, "{layers} layers, {far} off");
}

#[test]
fn weights_quantised_while_they_are_read_equal_a_file_quantised_before() {
    let weights = weights();
    let (table, table_scales) = quantised(WIDTH, &weights.table);
    let layer = |k: usize, n: usize, values: &[f32]| {
        let (values, scales) = quantised(k, &transposed(k, values));
        (transposed(n, &values), scales)
    };
    let (first, first_scales) = layer(WIDTH, INNER, &weights.first);
    let (second, second_scales) = layer(INNER, LABELS, &weights.second);
    let mut nodes = vec![
        node("Gather", &["t8", "input_ids"], "rows", &[int("axis", 0)]),
        node("Gather", &["ts", "input_ids"], "scales", &[int("axis", 0)]),
        node("Cast", &["rows"], "cast", &[int("to", 1)]),
        node("Mul", &["cast", "scales"], "embedded", &[]),
        node("DequantizeLinear", &["f8", "fs"], "first", &[int("axis", 1)]),
        node("DequantizeLinear", &["s8", "ss"], "second", &[int("axis", 1)]),
        node("MatMul", &["embedded", "first"], "product", &[]),
    ];
    nodes.extend(tail());
    let tensors = [
        int8("t8", &[PIECES, WIDTH], &table),
        floats("ts", &[PIECES, 1], &table_scales),
        int8("f8", &[WIDTH, INNER], &first),
        floats("fs", &[INNER], &first_scales),
        floats("bias", &[INNER], &weights.bias),
        int8("s8", &[INNER, LABELS], &second),
        floats("ss", &[LABELS], &second_scales),
    ];
    let before = logits(&model(graph(&nodes, &tensors)), Precision::Auto);
    assert_eq!(logits(&plain(), Precision::Int8), before);
}

#[test]
fn every_form_of_the_same_weights_gives_the_same() {
    let weights = weights();
    let expected = logits(&plain(), Precision::Int8);
    let turned = transposed(WIDTH, &weights.first);
    let gather = node("Gather", &["table", "input_ids"], "embedded", &[int("axis", 0)]);
    let with_tail = |nodes: &[NodeProto]| [nodes, &tail()].concat();
    let replaced = |at: usize, tensor: TensorProto| {
        let mut tensors = plain_tensors(&weights);
        tensors[at] = tensor;
        tensors
    };
    let turned_tensors = || replaced(1, floats("turned", &[INNER, WIDTH], &turned));

    let listed_floats =
        [float_list("table", &[PIECES, WIDTH], &weights.table), float_list("first", &[WIDTH, INNER], &weights.first)];
    let in_floats = [listed_floats.into(), plain_tensors(&weights)[2..].to_vec()].concat();
    // Fields may come in any order, and repeated ones in several places.
    let whole = graph(&plain_nodes(), &plain_tensors(&weights));
    let tensors_alone = GraphProto { initializer: whole.initializer.clone(), ..Default::default() };
    let without_tensors = GraphProto { initializer: vec![], ..whole.clone() };
    let weights_first = [tensors_alone.encode_to_vec(), without_tensors.encode_to_vec()].concat();
    let mut among_inputs = whole;
    among_inputs.input.push(value("first", DataType::Float, &["k", "n"]));
    let transpose = with_tail(&[
        gather.clone(),
        node("Transpose", &["turned"], "first", &[ints("perm", &[1, 0])]),
        node("MatMul", &["embedded", "first"], "product", &[]),
    ]);
    let gemm = |name: &str, attributes: &[AttributeProto]| {
        vec![
            gather.clone(),
            node("Squeeze", &["embedded", "axis"], "flat", &[]),
            node("Gemm", &["flat", name, "bias"], "deep", attributes),
            node("Unsqueeze", &["deep", "axis"], "inner", &[]),
            node("MatMul", &["inner", "second"], "logits", &[]),
        ]
    };
    let with_axis = |mut tensors: Vec<TensorProto>| {
        tensors.push(int64("axis", &[1], &[0]));
        tensors
    };
    let files = [
        ("floats in a list", model(graph(&plain_nodes(), &in_floats))),
        ("weights before nodes", model_around(&weights_first)),
        ("weights among the inputs", model(among_inputs)),
        ("transposed by a node", model(graph(&transpose, &turned_tensors()))),
        ("Gemm", model(graph(&gemm("first", &[]), &with_axis(plain_tensors(&weights))))),
        ("Gemm of a transpose", model(graph(&gemm("turned", &[int("transB", 1)]), &with_axis(turned_tensors())))),
    ];
    for (name, file) in files {
        assert_eq!(logits(&file, Precision::Int8), expected, "{name}");
        assert!(furthest(&logits(&file, Precision::F32).0, &by_hand(&weights)) < 1e-4, "{name} in f32");
    }
}

#[test]
fn weights_that_something_else_reads_too_stay_exact_for_it() {
    // The sum of a row of the first layer's weights is added to every logit.
    let mut nodes = plain_nodes();
    nodes[3] = node("MatMul", &["inner", "second"], "product of second", &[]);
    nodes.push(node("Gather", &["first", "five"], "row", &[int("axis", 0)]));
    nodes.push(node("ReduceSum", &["row"], "sum", &[int("keepdims", 0)]));
    nodes.push(node("Add", &["product of second", "sum"], "logits", &[]));
    let weights = weights();
    let mut tensors = plain_tensors(&weights);
    tensors.push(int64("five", &[1], &[5]));
    let sum: f32 = weights.first[5 * INNER..][..INNER].iter().sum();
    for (precision, int8_layers) in [(Precision::F32, 0), (Precision::Int8, 2)] {
        let (without, _) = logits(&plain(), precision);
        let (found, layers) = logits(&model(graph(&nodes, &tensors)), precision);
        assert_eq!(layers, int8_layers);
        // In int8 the row's sum would be some thousandths off.
        let expected: Vec<f32> = without.iter().map(|logit| logit + sum).collect();
        let difference = furthest(&found, &expected);
        assert!(difference < 1e-5, "{precision:?}: {difference}");
    }
}

fn refused(onnx: &[u8], precision: Precision) -> Error {
    Classifier::load(onnx, "model.onnx", precision, &ClassifierSetup::default()).map(|_| ()).expect_err("an error")
}

#[test]
fn weights_in_another_file_are_named() {
    // Large and small, in the file's initializers and in a node.
    let outside = |dims: &[usize]| TensorProto {
        external_data: vec![StringStringEntryProto { key: "location".into(), value: "weights.bin".into() }],
        data_location: Some(1),
        ..tensor("first", dims, DataType::Float, vec![])
    };
    let mut tensors = plain_tensors(&weights());
    tensors[1] = outside(&[WIDTH, INNER]);
    let mut long = plain_tensors(&weights());
    long[1] = TensorProto { doc_string: "x".repeat(70_000), ..outside(&[WIDTH, INNER]) };
    let mut nodes = plain_nodes();
    let value = AttributeProto { t: Some(outside(&[4, 4])), r#type: AttributeType::Tensor as i32, ..int("value", 0) };
    nodes.push(node("Constant", &[], "constant", &[value]));
    let files =
        [graph(&plain_nodes(), &tensors), graph(&plain_nodes(), &long), graph(&nodes, &plain_tensors(&weights()))];
    for file in files {
        for precision in [Precision::F32, Precision::Int8] {
            let error = refused(&model(file.clone()), precision);
            assert_eq!(error.code(), "model_unsupported", "{error}");
            let text = error.to_string();
            assert!(text.contains("weights.bin") && text.contains("onnx.save"), "{text}");
        }
    }
}

#[test]
fn weights_beside_the_file_are_quantised_as_those_in_it() {
    let inside = plain_tensors(&weights());
    let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    let outside = inside.iter().map(|tensor| TensorProto {
        raw_data: vec![],
        external_data: vec![entry("location", &tensor.name)],
        data_location: Some(1),
        ..tensor.clone()
    });
    let outside: Vec<TensorProto> = outside.collect();
    for precision in [Precision::F32, Precision::Int8] {
        let bytes = model(graph(&plain_nodes(), &outside));
        let mut file =
            OnnxFile::read(&mut bytes.as_slice(), bytes.len() as u64, "model.onnx", precision).expect("a file");
        for tensor in &inside {
            let values = &tensor.raw_data;
            let read = file.read_external(&tensor.name, &mut values.as_slice(), values.len() as u64, &tensor.name);
            read.expect("weights");
        }
        let classifier = Classifier::new(file, "model.onnx", &ClassifierSetup::default()).expect("a classifier");
        let found = classifier.logits(&IDS).expect("logits");
        let found: Vec<f32> = (0..IDS.len()).flat_map(|i| found.row(i).to_vec()).collect();
        assert_eq!((found, classifier.fused().linear), logits(&plain(), precision), "{precision:?}");
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused_where_they_would_become_int8() {
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for table in [true, false] {
            let mut weights = weights();
            let (values, name) = if table { (&mut weights.table, "table") } else { (&mut weights.first, "first") };
            values[1234] = wrong;
            let error = refused(&model(graph(&plain_nodes(), &plain_tensors(&weights))), Precision::Int8);
            assert_eq!(error.code(), "graph_invalid");
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn values_that_overflow_are_told() {
    for precision in [Precision::F32, Precision::Int8] {
        let mut weights = weights();
        weights.table.iter_mut().chain(&mut weights.first).for_each(|value| *value *= 1e22);
        let classifier = Classifier::load(
            &model(graph(&plain_nodes(), &plain_tensors(&weights))),
            "model.onnx",
            precision,
            &ClassifierSetup::default(),
        );
        let error = classifier.expect("a classifier").logits(&[1, 2]).expect_err("no numbers");
        assert_eq!(error.code(), "inference_failed", "{error}");
    }
}

#[test]
fn dimensions_must_fit_the_values() {
    for precision in [Precision::F32, Precision::Int8] {
        for dims in
            [vec![WIDTH, INNER + 1], vec![WIDTH * INNER], vec![1 << 40, 1 << 40], vec![0, 9], vec![usize::MAX, 1]]
        {
            let mut tensors = plain_tensors(&weights());
            tensors[1] = floats("first", &dims, &weights().first);
            assert_eq!(refused(&model(graph(&plain_nodes(), &tensors)), precision).code(), "graph_invalid", "{dims:?}");
        }
        let mut tensors = plain_tensors(&weights());
        tensors[1] = TensorProto { data_type: DataType::String as i32, ..plain_tensors(&weights()).swap_remove(1) };
        assert_eq!(refused(&model(graph(&plain_nodes(), &tensors)), precision).code(), "graph_invalid");
    }
}

#[test]
fn a_single_value_is_no_row_for_weights() {
    let mut nodes = plain_nodes();
    nodes[1] = node("MatMul", &["one", "first"], "product", &[]);
    let mut tensors = plain_tensors(&weights());
    tensors.push(floats("one", &[], &[1.0]));
    for precision in [Precision::F32, Precision::Int8] {
        assert_eq!(refused(&model(graph(&nodes, &tensors)), precision).code(), "graph_invalid");
    }
}

#[test]
fn files_cut_off_anywhere_are_refused() {
    let whole = plain();
    for precision in [Precision::F32, Precision::Int8] {
        for part in 0..97 {
            let cut = &whole[..whole.len() * part / 97];
            assert_eq!(refused(cut, precision).code(), "graph_invalid", "{part}/97");
        }
    }
}

#[test]
fn lengths_that_lie_take_no_memory() {
    let onset = |declared: u64| {
        let start = [head(number::MODEL_GRAPH, declared), head(number::GRAPH_INITIALIZER, declared - 20)];
        [onnx::model(13, None), start.concat()].concat()
    };
    for declared in [1 << 31, 1 << 40, u64::MAX] {
        let tensor = tensor("w", &[1 << 20, 1 << 20], DataType::Float, vec![]).encode_to_vec();
        let tensor = [tensor, head(number::TENSOR_RAW_DATA, declared - 90)].concat();
        for onnx in [[onset(declared), tensor].concat(), onset(declared)] {
            // The stream may even be said to be that long.
            for length in [onnx.len() as u64, 1 << 20] {
                let read = OnnxFile::read(&mut onnx.as_slice(), length, "model.onnx", Precision::Int8);
                assert_eq!(read.expect_err("an error").code(), "graph_invalid");
            }
        }
    }
}

#[test]
fn graphs_that_would_take_far_more_memory_parsed_are_refused() {
    use number::{ATTRIBUTE_GRAPH, GRAPH_INITIALIZER, GRAPH_NODE, NODE_ATTRIBUTE, NODE_INPUT};
    let repeated = [
        field(GRAPH_NODE, []),
        field(GRAPH_NODE, field(NODE_ATTRIBUTE, [])),
        field(GRAPH_INITIALIZER, []),
        field(GRAPH_NODE, field(NODE_INPUT, [])),
    ];
    let attributes = field(GRAPH_NODE, field(NODE_ATTRIBUTE, []).repeat(3 << 20));
    for fields in repeated.map(|field| field.repeat(3 << 20)).into_iter().chain([attributes]) {
        let error = refused(&model_around(&fields), Precision::Auto);
        assert_eq!(error.code(), "graph_invalid");
        assert!(error.to_string().contains("too many"), "{error}");
    }
    let mut nested = vec![];
    for _ in 0..200 {
        nested = field(GRAPH_NODE, field(NODE_ATTRIBUTE, field(ATTRIBUTE_GRAPH, nested)));
    }
    assert_eq!(refused(&model_around(&nested), Precision::Auto).code(), "graph_invalid");
}

#[test]
fn weights_between_nodes_that_read_them_otherwise_are_refused() {
    let before = graph(&plain_nodes(), &plain_tensors(&weights())).encode_to_vec();
    let after = field(number::GRAPH_NODE, node("Identity", &["first"], "other", &[]).encode_to_vec());
    assert_eq!(refused(&model_around(&[before, after].concat()), Precision::Int8).code(), "model_unsupported");
}

#[test]
fn a_vocabulary_fits_the_table() {
    let folder = |pieces: usize| {
        let mut files = MemoryFiles::new("memory");
        files.insert("model.onnx", plain());
        let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(str::to_string);
        let vocabulary: Vec<String> = special.into_iter().chain((4..pieces).map(|id| format!("p{id}"))).collect();
        files.insert("assets/vocab.txt", vocabulary.join("\n").into_bytes());
        files.insert("assets/labels.txt", b"O\nB-A\nI-A\nB-B\nI-B".to_vec());
        files
    };
    for precision in [Precision::F32, Precision::Int8] {
        let load = |pieces| Annotator::load(&folder(pieces), &Options { precision, ..Options::default() });
        let annotator = load(PIECES).expect("a model");
        assert!(annotator.annotate("p299 and more", &Default::default()).is_ok());
        let error = load(PIECES + 1).expect_err("an error");
        assert_eq!(error.code(), "vocabulary_mismatch");
        assert!(error.to_string().contains("300"), "{error}");
    }
}

#[test]
fn token_types_are_read_as_far_as_the_table_goes() {
    let weights = weights();
    let mut nodes = vec![
        node("Gather", &["table", "input_ids"], "pieces", &[int("axis", 0)]),
        node("Gather", &["kinds", "token_type_ids"], "segments", &[int("axis", 0)]),
        node("Add", &["pieces", "segments"], "embedded", &[]),
        node("MatMul", &["embedded", "first"], "product", &[]),
    ];
    nodes.extend(tail());
    let mut tensors = plain_tensors(&weights);
    tensors.push(floats("kinds", &[2, WIDTH], &[[0.0; WIDTH], [0.5; WIDTH]].concat()));
    let graph = onnx::graph(&["input_ids", "token_type_ids"], &nodes, &tensors);
    let classifier = Classifier::load(&model(graph), "model.onnx", Precision::F32, &ClassifierSetup::default())
        .expect("a classifier");
    assert!(classifier.reads_token_types(1) && !classifier.reads_token_types(2));
    let ids = [5, 6, 7];
    let (zeros, ones) =
        (classifier.logits(&ids).expect("logits"), classifier.logits_with(&ids, &[0, 1]).expect("logits"));
    assert_eq!(zeros.row(0), ones.row(0));
    assert_ne!(zeros.row(1), ones.row(1));
    assert_eq!(zeros.row(2), ones.row(2));

    let without =
        Classifier::load(&plain(), "model.onnx", Precision::F32, &ClassifierSetup::default()).expect("a classifier");
    assert!(!without.reads_token_types(0));
}

#[test]
fn unknown_operators_are_named() {
    for operator in ["Loop", "RoiAlign", "StringNormalizer", "MaxUnpool", "NoSuchOperator"] {
        let mut nodes = plain_nodes();
        nodes.insert(1, node(operator, &["embedded"], "changed", &[]));
        nodes[2] = node("MatMul", &["changed", "first"], "product", &[]);
        for precision in [Precision::F32, Precision::Int8] {
            let error = refused(&model(graph(&nodes, &plain_tensors(&weights()))), precision);
            assert_eq!(error.code(), "graph_invalid");
            assert!(error.to_string().contains(&format!("operator {operator} is not supported")), "{error}");
        }
    }
}
