//! ONNX files in the forms that exporters give them, and made to do harm: what becomes of their weights.

use glossa_ner::engine::{Classifier, OnnxFile, Precision};
use glossa_ner::model::MemoryFiles;
use glossa_ner::{Annotator, Error, Options};

const PIECES: usize = 300;
const WIDTH: usize = 64;
const INNER: usize = 260;
const LABELS: usize = 5;
const IDS: [u32; 7] = [2, 299, 0, 17, 17, 128, 3];

// Protobuf and ONNX, as far as these files need them.

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = vec![];
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
    let value = value.as_ref();
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

enum Data {
    Raw(Vec<u8>),
    Floats(Vec<u8>),
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A tensor's message; types: 1 is f32, 3 int8.
fn tensor(name: &str, dims: &[usize], data_type: u64, data: &Data) -> Vec<u8> {
    let mut message: Vec<u8> = dims.iter().flat_map(|&dim| number(1, dim as u64)).collect();
    message.extend(number(2, data_type));
    match data {
        Data::Raw(raw) => message.extend([bytes(8, name), bytes(9, raw)].concat()),
        Data::Floats(packed) => message.extend([bytes(4, packed), bytes(8, name)].concat()),
    }
    message
}

fn floats(name: &str, dims: &[usize], values: &[f32]) -> Vec<u8> {
    tensor(name, dims, 1, &Data::Raw(little_endian(values)))
}

/// An attribute that is an integer.
fn int(name: &str, value: u64) -> Vec<u8> {
    [bytes(1, name), number(3, value), number(20, 2)].concat()
}

/// An attribute that is a list of integers.
fn ints(name: &str, values: &[u64]) -> Vec<u8> {
    [bytes(1, name), values.iter().flat_map(|&value| number(8, value)).collect(), number(20, 7)].concat()
}

fn node(op: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut message: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input)).collect();
    message.extend([bytes(2, output), bytes(3, output), bytes(4, op)].concat());
    attributes.iter().for_each(|attribute| message.extend(bytes(5, attribute)));
    message
}

/// A value's message: its type is `elem` with the axes batch and sequence, or none where it is an output.
fn value(name: &str, elem: u64) -> Vec<u8> {
    let shape = bytes(2, [bytes(1, bytes(2, "batch")), bytes(1, bytes(2, "sequence"))].concat());
    let shape = if elem == 7 { shape } else { vec![] };
    [bytes(1, name), bytes(2, bytes(1, [number(1, elem), shape].concat()))].concat()
}

/// A model's file from its graph's fields.
fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    [number(1, 8), bytes(8, number(2, 13)), bytes(7, graph.concat())].concat()
}

fn graph(nodes: &[Vec<u8>], tensors: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut fields: Vec<_> = nodes.iter().map(|node| bytes(1, node)).collect();
    fields.extend(tensors.iter().map(|tensor| bytes(5, tensor)));
    fields.extend([bytes(11, value("input_ids", 7)), bytes(12, value("logits", 1))]);
    fields
}

// A small classifier: a table, a linear layer large enough to be taken out of the file, and one that is not.

struct Weights {
    table: Vec<f32>,
    first: Vec<f32>,
    bias: Vec<f32>,
    second: Vec<f32>,
}

fn weights() -> Weights {
    let mut state = 1u64;
    let mut next = |scale: f32| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * scale
    };
    let mut take = |count: usize, scale: f32| (0..count).map(|_| next(scale)).collect::<Vec<f32>>();
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
fn tail() -> Vec<Vec<u8>> {
    vec![node("Add", &["product", "bias"], "inner", &[]), node("MatMul", &["inner", "second"], "logits", &[])]
}

fn plain_nodes() -> Vec<Vec<u8>> {
    let mut nodes = vec![
        node("Gather", &["table", "input_ids"], "embedded", &[int("axis", 0)]),
        node("MatMul", &["embedded", "first"], "product", &[]),
    ];
    nodes.extend(tail());
    nodes
}

fn plain_tensors(weights: &Weights) -> Vec<Vec<u8>> {
    vec![
        floats("table", &[PIECES, WIDTH], &weights.table),
        floats("first", &[WIDTH, INNER], &weights.first),
        floats("bias", &[INNER], &weights.bias),
        floats("second", &[INNER, LABELS], &weights.second),
    ]
}

fn plain() -> Vec<u8> {
    model(&graph(&plain_nodes(), &plain_tensors(&weights())))
}

fn logits(onnx: &[u8], precision: Precision) -> (Vec<f32>, usize) {
    let classifier = Classifier::load(onnx, "model.onnx", precision).expect("a classifier");
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

fn int8(name: &str, dims: &[usize], values: &[f32]) -> Vec<u8> {
    tensor(name, dims, 3, &Data::Raw(values.iter().map(|&value| value as i8 as u8).collect()))
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
    let before = logits(&model(&graph(&nodes, &tensors)), Precision::Auto);
    assert_eq!(logits(&plain(), Precision::Int8), before);
}

#[test]
fn every_form_of_the_same_weights_gives_the_same() {
    let weights = weights();
    let expected = logits(&plain(), Precision::Int8);
    let turned = transposed(WIDTH, &weights.first);
    let gather = node("Gather", &["table", "input_ids"], "embedded", &[int("axis", 0)]);
    let with_tail = |nodes: &[Vec<u8>]| [nodes, &tail()].concat();
    let replaced = |at: usize, tensor: Vec<u8>| {
        let mut tensors = plain_tensors(&weights);
        tensors[at] = tensor;
        tensors
    };
    let turned_tensors = || replaced(1, floats("turned", &[INNER, WIDTH], &turned));

    let packed = |name, dims: &[usize], values: &[f32]| tensor(name, dims, 1, &Data::Floats(little_endian(values)));
    let in_floats =
        vec![packed("table", &[PIECES, WIDTH], &weights.table), packed("first", &[WIDTH, INNER], &weights.first)];
    let in_floats = [in_floats, plain_tensors(&weights)[2..].to_vec()].concat();
    let mut weights_first = graph(&[], &plain_tensors(&weights));
    weights_first.extend(plain_nodes().iter().map(|node| bytes(1, node)));
    let mut listed = graph(&plain_nodes(), &plain_tensors(&weights));
    listed.push(bytes(11, value("first", 1)));
    let transpose = with_tail(&[
        gather.clone(),
        node("Transpose", &["turned"], "first", &[ints("perm", &[1, 0])]),
        node("MatMul", &["embedded", "first"], "product", &[]),
    ]);
    let gemm = |name: &str, attributes: &[Vec<u8>]| {
        vec![
            gather.clone(),
            node("Squeeze", &["embedded", "axis"], "flat", &[]),
            node("Gemm", &["flat", name, "bias"], "deep", attributes),
            node("Unsqueeze", &["deep", "axis"], "inner", &[]),
            node("MatMul", &["inner", "second"], "logits", &[]),
        ]
    };
    let with_axis = |mut tensors: Vec<Vec<u8>>| {
        tensors.push(tensor("axis", &[1], 7, &Data::Raw(0i64.to_le_bytes().to_vec())));
        tensors
    };
    let files = [
        ("floats in a list", model(&graph(&plain_nodes(), &in_floats))),
        ("weights before nodes", model(&weights_first)),
        ("weights among the inputs", model(&listed)),
        ("transposed by a node", model(&graph(&transpose, &turned_tensors()))),
        ("Gemm", model(&graph(&gemm("first", &[]), &with_axis(plain_tensors(&weights))))),
        ("Gemm of a transpose", model(&graph(&gemm("turned", &[int("transB", 1)]), &with_axis(turned_tensors())))),
    ];
    for (name, file) in files {
        assert_eq!(logits(&file, Precision::Int8), expected, "{name}");
        assert!(furthest(&logits(&file, Precision::F32).0, &by_hand(&weights)) < 1e-4, "{name} in f32");
    }
}

#[test]
fn weights_read_in_two_ways_stay_exact() {
    // The first layer's weights are given out too, so that something else may read them.
    let mut nodes = plain_nodes();
    nodes.push(node("Gather", &["first", "input_ids"], "unread", &[int("axis", 0)]));
    let (found, layers) = logits(&model(&graph(&nodes, &plain_tensors(&weights()))), Precision::Int8);
    assert!(layers > 0 && furthest(&found, &by_hand(&weights())) < 1.0);
}

fn refused(onnx: &[u8], precision: Precision) -> Error {
    Classifier::load(onnx, "model.onnx", precision).map(|_| ()).expect_err("an error")
}

#[test]
fn weights_in_another_file_are_named() {
    // Large and small, in the file's initializers and in a node.
    let entry = |key: &str, value: &str| bytes(13, [bytes(1, key), bytes(2, value)].concat());
    let place = [entry("location", "weights.bin"), number(14, 1)].concat();
    let outside = |dims: &[usize]| {
        let dims: Vec<u8> = dims.iter().flat_map(|&dim| number(1, dim as u64)).collect();
        [dims, number(2, 1), bytes(8, "first"), place.clone()].concat()
    };
    let mut tensors = plain_tensors(&weights());
    tensors[1] = outside(&[WIDTH, INNER]);
    let mut long = plain_tensors(&weights());
    long[1] = [outside(&[WIDTH, INNER]), bytes(12, vec![b'x'; 70_000])].concat();
    let attribute = [bytes(1, "value"), bytes(5, outside(&[4, 4])), number(20, 4)].concat();
    let mut nodes = plain_nodes();
    nodes.push(node("Constant", &[], "constant", &[attribute]));
    let files =
        [graph(&plain_nodes(), &tensors), graph(&plain_nodes(), &long), graph(&nodes, &plain_tensors(&weights()))];
    for file in files {
        for precision in [Precision::F32, Precision::Int8] {
            let error = refused(&model(&file), precision);
            assert_eq!(error.code(), "model_unsupported", "{error}");
            let text = error.to_string();
            assert!(text.contains("weights.bin") && text.contains("onnx.save"), "{text}");
        }
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused_where_they_would_become_int8() {
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for table in [true, false] {
            let mut weights = weights();
            let (values, name) = if table { (&mut weights.table, "table") } else { (&mut weights.first, "first") };
            values[1234] = wrong;
            let error = refused(&model(&graph(&plain_nodes(), &plain_tensors(&weights))), Precision::Int8);
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
        let classifier =
            Classifier::load(&model(&graph(&plain_nodes(), &plain_tensors(&weights))), "model.onnx", precision);
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
            assert_eq!(
                refused(&model(&graph(&plain_nodes(), &tensors)), precision).code(),
                "graph_invalid",
                "{dims:?}"
            );
        }
        let mut tensors = plain_tensors(&weights());
        tensors[1] = tensor("first", &[WIDTH, INNER], 8, &Data::Raw(little_endian(&weights().first)));
        assert_eq!(refused(&model(&graph(&plain_nodes(), &tensors)), precision).code(), "graph_invalid");
    }
}

#[test]
fn a_single_value_is_no_row_for_weights() {
    let mut nodes = plain_nodes();
    nodes[1] = node("MatMul", &["one", "first"], "product", &[]);
    let mut tensors = plain_tensors(&weights());
    tensors.push(floats("one", &[], &[1.0]));
    for precision in [Precision::F32, Precision::Int8] {
        assert_eq!(refused(&model(&graph(&nodes, &tensors)), precision).code(), "graph_invalid");
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
    let head = |declared: u64| {
        [number(1, 8), varint(7 << 3 | 2), varint(declared), varint(5 << 3 | 2), varint(declared - 20)].concat()
    };
    for declared in [1 << 31, 1 << 40, u64::MAX] {
        let tensor = [
            number(1, 1 << 20),
            number(1, 1 << 20),
            number(2, 1),
            bytes(8, "w"),
            varint(9 << 3 | 2),
            varint(declared - 90),
        ]
        .concat();
        for onnx in [[head(declared), tensor].concat(), head(declared)] {
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
    let nodes =
        [bytes(1, []), bytes(1, bytes(5, [])), bytes(5, []), bytes(1, bytes(1, []))].map(|node| node.repeat(3 << 20));
    let attributes = bytes(1, bytes(5, []).repeat(3 << 20));
    for fields in nodes.into_iter().chain([attributes]) {
        let error = refused(&model(&[fields]), Precision::Auto);
        assert_eq!(error.code(), "graph_invalid");
        assert!(error.to_string().contains("too many"), "{error}");
    }
    let mut nested = vec![];
    for _ in 0..200 {
        nested = bytes(1, bytes(5, bytes(6, nested)));
    }
    assert_eq!(refused(&model(&[nested]), Precision::Auto).code(), "graph_invalid");
}

#[test]
fn weights_between_nodes_that_read_them_otherwise_are_refused() {
    let mut fields = graph(&plain_nodes(), &plain_tensors(&weights()));
    fields.push(bytes(1, node("Identity", &["first"], "other", &[])));
    assert_eq!(refused(&model(&fields), Precision::Int8).code(), "model_unsupported");
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
    let mut fields = graph(&nodes, &tensors);
    fields.insert(fields.len() - 1, bytes(11, value("token_type_ids", 7)));
    let classifier = Classifier::load(&model(&fields), "model.onnx", Precision::F32).expect("a classifier");
    assert!(classifier.reads_token_types(1) && !classifier.reads_token_types(2));
    let ids = [5, 6, 7];
    let (zeros, ones) =
        (classifier.logits(&ids).expect("logits"), classifier.logits_with(&ids, &[0, 1]).expect("logits"));
    assert_eq!(zeros.row(0), ones.row(0));
    assert_ne!(zeros.row(1), ones.row(1));
    assert_eq!(zeros.row(2), ones.row(2));

    let without = Classifier::load(&plain(), "model.onnx", Precision::F32).expect("a classifier");
    assert!(!without.reads_token_types(0));
}

#[test]
fn operators_that_no_transformer_has_are_named() {
    for operator in ["LSTM", "MaxPool", "Resize", "DFT", "TreeEnsembleClassifier", "Loop", "NoSuchOperator"] {
        let mut nodes = plain_nodes();
        nodes.insert(1, node(operator, &["embedded"], "changed", &[]));
        nodes[2] = node("MatMul", &["changed", "first"], "product", &[]);
        for precision in [Precision::F32, Precision::Int8] {
            let error = refused(&model(&graph(&nodes, &plain_tensors(&weights()))), precision);
            assert_eq!(error.code(), "graph_invalid");
            assert!(error.to_string().contains(&format!("operator {operator} is not supported")), "{error}");
        }
    }
}
