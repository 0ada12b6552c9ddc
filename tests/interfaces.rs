//! Graphs whose inputs, outputs and weights are as exporters leave them: one and the same classifier in many forms.

#[path = "common/onnx.rs"]
mod onnx;

use glossa_ner::engine::{Classifier, ClassifierSetup, OnnxFile, Precision};
use glossa_ner::Error;
use onnx::{floats, int, int64, ints, node, value};
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{dimension::Value, Dimension};
use tract_onnx::pb::{type_proto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto};
use tract_onnx::pb::{OperatorSetIdProto, ValueInfoProto};

const PIECES: usize = 60;
const POSITIONS: usize = 40;
const LABELS: usize = 5;
const IDS: [u32; 6] = [2, 59, 0, 17, 17, 28];

fn table(rows: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..rows * LABELS).map(|_| (random.f32() - 0.5) * 4.0).collect()
}

/// The logits of a word piece are its row of a table, and those of its position with `positions`.
fn expected(ids: &[u32], positions: Option<usize>) -> Vec<f32> {
    let (pieces, places) = (table(PIECES, 1), table(POSITIONS, 2));
    let row = |table: &[f32], row: usize| table[row * LABELS..][..LABELS].to_vec();
    let of = |(i, &id): (usize, &u32)| {
        let mut logits = row(&pieces, id as usize);
        if let Some(first) = positions {
            logits.iter_mut().zip(row(&places, i + first)).for_each(|(logit, more)| *logit += more);
        }
        logits
    };
    ids.iter().enumerate().flat_map(of).collect()
}

fn tensors() -> Vec<TensorProto> {
    vec![
        floats("pieces", &[PIECES, LABELS], &table(PIECES, 1)),
        floats("places", &[POSITIONS, LABELS], &table(POSITIONS, 2)),
    ]
}

fn gather(ids: &str, output: &str) -> NodeProto {
    node("Gather", &["pieces", ids], output, &[int("axis", 0)])
}

fn plain() -> GraphProto {
    onnx::graph(&["input_ids"], &[gather("input_ids", "logits")], &tensors())
}

fn bytes(graph: GraphProto) -> Vec<u8> {
    let opset_import = vec![OperatorSetIdProto { version: 17, ..Default::default() }];
    ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..Default::default() }.encode_to_vec()
}

fn setup() -> ClassifierSetup {
    ClassifierSetup { labels: Some(LABELS), longest: 30, ..Default::default() }
}

fn load(graph: GraphProto, setup: &ClassifierSetup) -> Result<Classifier, Error> {
    Classifier::load(&bytes(graph), "model.onnx", Precision::F32, setup)
}

fn logits(classifier: &Classifier, ids: &[u32]) -> Vec<f32> {
    let logits = classifier.logits(ids).expect("logits");
    (0..ids.len()).flat_map(|i| logits.row(i).to_vec()).collect()
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    let furthest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(furthest < 1e-5, "{furthest}");
}

#[track_caller]
fn assert_same(graph: GraphProto) {
    assert_near(&logits(&load(graph, &setup()).expect("a classifier"), &IDS), &expected(&IDS, None));
}

/// A value whose axes have these sizes; 0 stands for any.
fn sized(name: &str, data_type: DataType, sizes: &[i64]) -> ValueInfoProto {
    let mut made = value(name, data_type, &vec!["axis"; sizes.len()]);
    if let Some(type_proto::Value::TensorType(tensor)) = made.r#type.as_mut().and_then(|of| of.value.as_mut()) {
        let axes = &mut tensor.shape.as_mut().expect("a shape").dim;
        for (axis, &size) in axes.iter_mut().zip(sizes).filter(|(_, &size)| size > 0) {
            *axis = Dimension { value: Some(Value::DimValue(size)), ..Default::default() };
        }
    }
    made
}

#[test]
fn inputs_have_the_names_and_types_of_exporters() {
    for (name, data_type) in
        [("input_ids", DataType::Int32), ("input_ids:0", DataType::Int64), ("input_word_ids", DataType::Int32)]
    {
        let mut graph = plain();
        graph.input = vec![sized(name, data_type, &[0, 0])];
        graph.node[0] = gather(name, "logits");
        assert_same(graph);
    }
    let mut graph = plain();
    graph.input.push(value("pixel_values", DataType::Float, &["batch", "sequence"]));
    let error = load(graph, &setup()).expect_err("an error");
    assert_eq!((error.code(), error.to_string().contains("pixel_values")), ("graph_invalid", true), "{error}");
}

#[test]
fn inputs_that_are_fixed_to_more_than_fits_in_memory_are_refused() {
    for sizes in [[1 << 27, 0], [0, 1 << 40], [1 << 12, 1 << 12], [i64::MAX, i64::MAX]] {
        let mut graph = plain();
        graph.input = vec![sized("input_ids", DataType::Int64, &sizes)];
        let error = load(graph, &setup()).expect_err("an error");
        assert_eq!((error.code(), error.to_string().contains("65536 word pieces")), ("graph_invalid", true), "{error}");
    }
    let mut graph = plain();
    graph.input = vec![sized("input_ids", DataType::Int64, &[32, 0])];
    assert_same(graph);
}

#[test]
fn matrices_that_do_not_fit_are_not_multiplied() {
    // One matrix has as many columns as there are labels, the other as many rows as the window has word pieces.
    let mut graph = plain();
    graph.node[0] = gather("input_ids", "rows");
    graph.node.push(node("MatMul", &["rows", "rows"], "logits", &[]));
    let error = load(graph, &setup()).expect_err("an error");
    assert_eq!(
        (error.code(), error.to_string().contains("matrices that do not fit")),
        ("graph_invalid", true),
        "{error}"
    );
}

/// A graph that adds the logits of positions, which are an input.
fn positioned() -> GraphProto {
    let nodes = [
        gather("input_ids", "of pieces"),
        node("Gather", &["places", "position_ids"], "of places", &[int("axis", 0)]),
        node("Add", &["of pieces", "of places"], "logits", &[]),
    ];
    onnx::graph(&["input_ids", "position_ids"], &nodes, &tensors())
}

#[test]
fn positions_count_from_the_first_of_the_model() {
    for first_position in [0, 2] {
        let setup = ClassifierSetup { first_position, ..setup() };
        let classifier = load(positioned(), &setup).expect("a classifier");
        assert_near(&logits(&classifier, &IDS), &expected(&IDS, Some(first_position)));
    }
}

#[test]
fn a_table_of_positions_that_ends_early_is_the_limit() {
    let setup = ClassifierSetup { first_position: 3, longest: 512, ..setup() };
    let classifier = load(positioned(), &setup).expect("a classifier");
    assert_eq!(classifier.limit(), POSITIONS - 3);
    assert!(classifier.logits(&[1; POSITIONS - 3]).is_ok());
    // tract panics on it.
    let error = classifier.logits(&[1; POSITIONS]).expect_err("an error");
    assert_eq!(error.code(), "inference_failed");
    assert_near(&logits(&classifier, &IDS), &expected(&IDS, Some(3)));
}

/// As [`plain`], of one length only; its mask multiplies the logits.
fn fixed(batch: i64, length: i64) -> GraphProto {
    let nodes = [
        gather("input_ids", "of pieces"),
        node("Cast", &["attention_mask"], "kept", &[int("to", DataType::Float as i64)]),
        node("Unsqueeze", &["kept", "two"], "column", &[]),
        node("Mul", &["of pieces", "column"], "masked", &[]),
        node("Reshape", &["masked", "shape"], "logits", &[]),
    ];
    let shape = int64("shape", &[3], &[batch, length, LABELS as i64]);
    let tensors = [tensors(), vec![int64("two", &[1], &[2]), shape]].concat();
    let mut graph = onnx::graph(&[], &nodes, &tensors);
    graph.input = ["input_ids", "attention_mask"].map(|name| sized(name, DataType::Int64, &[batch, length])).into();
    graph
}

#[test]
fn windows_of_a_fixed_length_are_filled_up() {
    for (batch, length) in [(1, 8), (2, 8), (1, 6)] {
        let classifier = load(fixed(batch, length), &setup()).expect("a classifier");
        assert_eq!(classifier.limit(), length as usize);
        assert_near(&logits(&classifier, &IDS), &expected(&IDS, None));
        assert_eq!(classifier.logits(&[1; 9]).expect_err("an error").code(), "inference_failed");
    }
    let mut unmasked = plain();
    unmasked.input = vec![sized("input_ids", DataType::Int64, &[1, 8])];
    let error = load(unmasked, &setup()).expect_err("an error");
    assert!(error.to_string().contains("attention_mask"), "{error}");
}

#[test]
fn the_logits_are_found_among_the_outputs() {
    let hidden = node("Concat", &["found", "found"], "hidden", &[int("axis", 2)]);
    let output = |name: &str, labels: i64| sized(name, DataType::Float, &[0, 0, labels]);
    let width = LABELS as i64;
    for outputs in [
        vec![output("found", width)],
        vec![output("hidden", 2 * width), output("found", width)],
        // Without declared sizes.
        vec![output("hidden", 0), output("found", 0)],
    ] {
        let mut graph = plain();
        graph.node = vec![gather("input_ids", "found"), hidden.clone()];
        graph.output = outputs;
        assert_same(graph);
    }
    // By its name, before another one that would fit.
    let mut graph = plain();
    graph.node.push(node("Neg", &["logits"], "other", &[]));
    graph.output.insert(0, output("other", width));
    assert_same(graph);
}

#[test]
fn a_softmax_in_the_graph_is_not_repeated() {
    let shares = |nodes: &[NodeProto]| {
        let mut graph = plain();
        graph.node = [&[gather("input_ids", "scores")], nodes].concat();
        graph
    };
    assert_same(shares(&[node("Softmax", &["scores"], "logits", &[int("axis", -1)])]));
    let named =
        [node("Softmax", &["scores"], "shares", &[int("axis", 2)]), node("Identity", &["shares"], "logits", &[])];
    assert_same(shares(&named));
    // Probabilities by other operators: their logarithms are logits but for a number added to all of them.
    let by_hand = [
        node("Exp", &["scores"], "exp", &[]),
        node("ReduceSum", &["exp", "last"], "sum", &[int("keepdims", 1)]),
        node("Div", &["exp", "sum"], "logits", &[]),
    ];
    let mut graph = shares(&by_hand);
    graph.initializer.push(int64("last", &[1], &[-1]));
    let found = logits(&load(graph, &setup()).expect("a classifier"), &IDS);
    let centred = |values: &[f32]| -> Vec<f32> {
        let rows = values.chunks(LABELS).map(|row| row.iter().map(|value| value - row[0]).collect::<Vec<f32>>());
        rows.flatten().collect()
    };
    assert_near(&centred(&found), &centred(&expected(&IDS, None)));
}

#[test]
fn halves_are_widened() {
    let halves = |values: &[f32]| values.iter().flat_map(|value| half(*value).to_le_bytes()).collect::<Vec<u8>>();
    let mut graph = plain();
    let rounded: Vec<f32> = table(PIECES, 1).iter().map(|value| (value * 16.0).round() / 16.0).collect();
    graph.initializer[0] = onnx::tensor("pieces", &[PIECES, LABELS], DataType::Float16, halves(&rounded));
    graph.node =
        vec![gather("input_ids", "half"), node("Cast", &["half"], "logits", &[int("to", DataType::Float16 as i64)])];
    graph.output = vec![sized("logits", DataType::Float16, &[0, 0, LABELS as i64])];
    let found = logits(&load(graph, &setup()).expect("a classifier"), &IDS);
    let expected: Vec<f32> = IDS.iter().flat_map(|&id| rounded[id as usize * LABELS..][..LABELS].to_vec()).collect();
    assert_near(&found, &expected);
}

/// The 16-bit form of a multiple of 1/16 below 4.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    if value == 0.0 {
        return sign;
    }
    let exponent = (bits >> 23 & 0xFF) as i32 - 127 + 15;
    sign | (exponent as u16) << 10 | (bits >> 13 & 0x3FF) as u16
}

#[test]
fn branches_are_taken_by_shapes() {
    let branch = |name: &str, op: &str| GraphProto {
        name: name.into(),
        node: vec![node(op, &["found"], name, &[])],
        output: vec![value(name, DataType::Float, &[])],
        ..Default::default()
    };
    let attribute = |name: &str, graph: GraphProto| tract_onnx::pb::AttributeProto {
        name: name.into(),
        g: Some(graph),
        r#type: tract_onnx::pb::attribute_proto::AttributeType::Graph as i32,
        ..Default::default()
    };
    let branches =
        [attribute("then_branch", branch("kept", "Identity")), attribute("else_branch", branch("lost", "Neg"))];
    // By a rank, which is known at once, and by a size that is computed from the length.
    let by_rank = vec![
        node("Shape", &["found"], "shape", &[]),
        node("Shape", &["shape"], "rank", &[]),
        node("Squeeze", &["rank", "first"], "one rank", &[]),
        node("Equal", &["one rank", "three"], "condition", &[]),
    ];
    let by_size = vec![
        node("Shape", &["found"], "shape", &[]),
        node("Gather", &["shape", "one"], "length", &[int("axis", 0)]),
        node("Add", &["length", "three"], "more", &[]),
        node("Greater", &["more", "length"], "condition", &[]),
    ];
    for conditions in [by_rank, by_size] {
        let mut graph = plain();
        graph.node = vec![gather("input_ids", "found")];
        graph.node.extend(conditions);
        graph.node.push(node("If", &["condition"], "logits", &branches));
        graph.initializer.extend([int64("first", &[1], &[0]), int64("three", &[], &[3]), int64("one", &[], &[1])]);
        assert_same(graph);
    }
}

#[test]
fn ranges_count_down() {
    // The last position first.
    let nodes = [
        gather("input_ids", "of pieces"),
        node("Shape", &["input_ids"], "shape", &[]),
        node("Gather", &["shape", "one"], "length", &[int("axis", 0)]),
        node("Range", &["length", "zero", "down"], "places down", &[]),
        node("Gather", &["places", "places down"], "of places", &[int("axis", 0)]),
        node("Add", &["of pieces", "of places"], "logits", &[]),
    ];
    let numbers = [int64("one", &[], &[1]), int64("zero", &[], &[0]), int64("down", &[], &[-1])];
    let graph = onnx::graph(&["input_ids"], &nodes, &[&tensors()[..], &numbers].concat());
    let places = table(POSITIONS, 2);
    let mut wanted = expected(&IDS, None);
    for (i, row) in wanted.chunks_mut(LABELS).enumerate() {
        let place = IDS.len() - i;
        row.iter_mut().zip(&places[place * LABELS..]).for_each(|(logit, more)| *logit += more);
    }
    assert_near(&logits(&load(graph, &setup()).expect("a classifier"), &IDS), &wanted);
}

// External data.

fn outside(tensor: &TensorProto, location: &str, offset: usize, length: usize) -> TensorProto {
    let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
    TensorProto {
        raw_data: vec![],
        data_location: Some(1),
        external_data: vec![
            entry("location", location.into()),
            entry("offset", offset.to_string()),
            entry("length", length.to_string()),
        ],
        ..tensor.clone()
    }
}

fn read(graph: GraphProto) -> OnnxFile {
    let bytes = bytes(graph);
    OnnxFile::read(&mut bytes.as_slice(), bytes.len() as u64, "model.onnx", Precision::F32).expect("a file")
}

#[test]
fn weights_lie_beside_the_file() {
    let inside = tensors();
    let raw = |i: usize| inside[i].raw_data.as_slice();
    let (first, second) = (raw(0).len(), raw(1).len());
    let gap = [7u8; 100];
    let both = [raw(1), &gap, raw(0)].concat();
    let one_file = vec![
        outside(&inside[0], "model.onnx_data", second + gap.len(), first),
        outside(&inside[1], "model.onnx_data", 0, second),
    ];
    let two_files = vec![outside(&inside[0], "w/pieces", 0, first), outside(&inside[1], "places", gap.len(), second)];
    // The same values for both, as tied weights have them: the positions are the first word pieces.
    let shared = vec![outside(&inside[0], "all", 0, first), outside(&inside[1], "all", 0, second)];
    let cases = [
        (one_file, vec![("model.onnx_data", both)], false),
        (two_files, vec![("places", [&gap, raw(1)].concat()), ("w/pieces", raw(0).to_vec())], false),
        (shared, vec![("all", raw(0).to_vec()), ("all", raw(0).to_vec())], true),
    ];
    for (tensors, files, shares) in cases {
        let mut graph = positioned();
        graph.initializer = tensors;
        let listed = {
            let bytes = bytes(graph.clone());
            OnnxFile::list_external_files(&mut bytes.as_slice(), bytes.len() as u64, "model.onnx").expect("a list")
        };
        let mut file = read(graph);
        assert_eq!(file.external_files(), listed);
        for (location, content) in &files {
            assert!(file.external_files().iter().any(|name| name == location), "{location}");
            file.read_external(location, &mut content.as_slice(), content.len() as u64, location).expect("weights");
        }
        assert_eq!(file.external_files(), [""; 0]);
        let classifier = Classifier::new(file, "model.onnx", &setup()).expect("a classifier");
        let mut wanted = expected(&IDS, Some(0));
        if shares {
            let pieces = table(PIECES, 1);
            wanted = expected(&IDS, None).iter().zip(&pieces).map(|(logit, more)| logit + more).collect();
        }
        assert_near(&logits(&classifier, &IDS), &wanted);
    }
}

#[test]
fn files_of_weights_that_are_missing_or_cut_off_are_named() {
    let length = tensors()[0].raw_data.len();
    let mut graph = plain();
    graph.initializer[0] = outside(&graph.initializer[0].clone(), "weights", 0, length);
    let error = Classifier::new(read(graph.clone()), "model.onnx", &setup()).expect_err("an error");
    assert_eq!((error.code(), error.to_string().contains("weights")), ("model_unsupported", true), "{error}");
    let error =
        read(graph.clone()).read_external("weights", &mut &[0u8; 10][..], 10, "m/weights").expect_err("an error");
    assert_eq!((error.code(), error.to_string().contains("m/weights")), ("file_unreadable", true), "{error}");
    // Out of the folder, or of another length than the dimensions say.
    for (location, length) in [("../weights", length), ("/etc/weights", length), ("weights", length - 4)] {
        let mut graph = plain();
        graph.initializer[0] = outside(&graph.initializer[0].clone(), location, 0, length);
        let bytes = bytes(graph);
        let read = OnnxFile::read(&mut bytes.as_slice(), bytes.len() as u64, "model.onnx", Precision::F32);
        assert_eq!(read.expect_err("an error").code(), "graph_invalid");
    }
}

/// Word pieces beyond the third have no row of elements.
#[test]
fn a_lookup_of_elements_beyond_their_rows_is_told() {
    let nodes = [
        node("Unsqueeze", &["input_ids", "last"], "columns", &[]),
        node("Expand", &["columns", "labels"], "indices", &[]),
        node("Mod", &["indices", "count"], "within", &[]),
        node("GatherElements", &["three", "within"], "logits", &[int("axis", 2)]),
    ];
    let tensors = [
        int64("last", &[1], &[-1]),
        int64("labels", &[3], &[1, 1, LABELS as i64]),
        int64("count", &[], &[LABELS as i64]),
        floats("three", &[1, 3, LABELS], &table(3, 1)),
    ];
    let graph = onnx::graph(&["input_ids"], &nodes, &tensors);
    let classifier = load(graph, &setup()).expect("a classifier of short windows");
    assert_eq!(classifier.limit(), 3);
    let first = table(3, 1)[0];
    assert_near(&logits(&classifier, &[5]), &[first; LABELS]);
    let error = classifier.logits(&[5; 4]).expect_err("an error");
    assert!(error.to_string().contains("[1, 4, 5] of elements [1, 3, 5]"), "{error}");
}

/// tract would count up to such an axis for ever.
#[test]
fn an_axis_that_its_values_do_not_have_is_told() {
    let number = floats("number", &[], &[1.0]);
    let one = [1.0f32];
    for (op, axis, input) in [
        ("LayerNormalization", -1, "number"),
        ("LayerNormalization", -2, "sum"),
        ("LayerNormalization", 3, "sum"),
        ("RMSNormalization", -1, "number"),
        ("OneHot", -2, "whole"),
    ] {
        let inputs: &[&str] = if op == "OneHot" { &[input, "depth", "values"] } else { &[input, "scale"] };
        let mut made = node(op, inputs, "made", &[int("axis", axis)]);
        if op != "OneHot" {
            made.output.extend(["mean".into(), "inverse".into()]);
        }
        let nodes = [
            gather("input_ids", "found"),
            node("ReduceSum", &["found"], "sum", &[int("keepdims", 0)]),
            made,
            node("Add", &["found", "made"], "logits", &[]),
        ];
        let tensors = [
            floats("pieces", &[PIECES, LABELS], &table(PIECES, 1)),
            number.clone(),
            floats("scale", &[1], &one),
            int64("whole", &[], &[1]),
            int64("depth", &[], &[5]),
            floats("values", &[2], &[0.0, 1.0]),
        ];
        let error = load(onnx::graph(&["input_ids"], &nodes, &tensors), &setup()).expect_err("an error");
        assert_eq!(error.code(), "graph_invalid");
        assert!(error.to_string().contains("there is no axis"), "{op} {axis}: {error}");
    }
}

/// Along the last axis of a table, an index beyond a row would be one of the next row.
#[test]
fn a_lookup_beyond_its_table_is_told() {
    let one = int64("one", &[], &[1]);
    let by_rows = [node("Add", &["input_ids", "one"], "next", &[]), gather("next", "logits")];
    let by_columns = [
        node("Add", &["input_ids", "one"], "next", &[]),
        node("Transpose", &["pieces"], "columns", &[ints("perm", &[1, 0])]),
        node("Gather", &["columns", "next"], "found", &[int("axis", 1)]),
        node("Transpose", &["found"], "logits", &[ints("perm", &[1, 2, 0])]),
    ];
    for nodes in [by_rows.as_slice(), by_columns.as_slice()] {
        let graph = onnx::graph(&["input_ids"], nodes, &[tensors(), vec![one.clone()]].concat());
        let classifier = load(graph, &setup()).expect("a classifier");
        let last = PIECES as u32 - 1;
        assert_near(&logits(&classifier, &[4, last - 1]), &expected(&[5, last], None));
        let error = classifier.logits(&[4, last, 4]).expect_err("an error");
        assert_eq!(error.code(), "inference_failed");
        assert!(error.to_string().contains("index 60 of a table of 60 rows"), "{error}");
    }
}
