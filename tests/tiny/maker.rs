//! The model of `tests/models/tiny`: a BERT of one layer that labels by rule.
//!
//! What a word piece is labelled stands in [`PIECES`], so what a text's chunks are can be told by reading; the first
//! piece of a token decides. Attention and the feed-forward layer change the scores a little, by what else is in the
//! window: no label, but every confidence.

use glossa_ner::model::{Manifest, ManifestFile, Measured, MemoryFiles};
use glossa_ner::text::{TokenTypes, TokenizerOptions};
use glossa_ner::{Annotator, Decoding, Options};
use sha2::{Digest, Sha256};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{NodeProto, TensorProto};

use crate::onnx::{float, floats, graph, int, int64, ints, model, node, tensor};

/// Labels in id order.
pub const LABELS: [&str; 8] = ["O", "B-DNA", "I-DNA", "B-cell_type", "I-cell_type", "B-protein", "I-protein", "PAD"];

/// Labels with the score that a word piece gives each; the others get 0.
type Rule = &'static [(&'static str, f32)];

const PROTEIN: Rule = &[("B-protein", 0.8), ("B-DNA", 0.5)];
const OF_DNA: Rule = &[("I-DNA", 0.9), ("O", 0.3)];
const OF_PROTEIN: Rule = &[("I-protein", 0.9), ("O", 0.3)];
const OUTSIDE: Rule = &[("O", 0.9)];

/// The vocabulary: word pieces in id order, each with its rule.
const PIECES: &[(&str, Rule)] = &[
    ("[PAD]", OUTSIDE),
    ("[UNK]", OUTSIDE),
    ("[CLS]", OUTSIDE),
    ("[SEP]", OUTSIDE),
    ("[MASK]", OUTSIDE),
    ("il", PROTEIN),
    ("nf", PROTEIN),
    ("cd", PROTEIN),
    // A gene as often as its protein.
    ("gata", &[("B-DNA", 0.7), ("B-protein", 0.6)]),
    ("gene", OF_DNA),
    ("promoter", OF_DNA),
    ("kappa", OF_PROTEIN),
    ("b", OF_PROTEIN),
    ("receptor", OF_PROTEIN),
    // A cell type if it is a capital: see `segment_row`.
    ("t", &[("O", 0.7), ("B-cell_type", 0.6)]),
    ("cells", &[("I-cell_type", 0.7), ("B-cell_type", 0.6), ("O", 0.2)]),
    // The label that only padding has in some models' training.
    ("blank", &[("PAD", 0.9)]),
    ("-", OUTSIDE),
    (".", OUTSIDE),
    (",", OUTSIDE),
    ("/", OUTSIDE),
    ("(", OUTSIDE),
    (")", OUTSIDE),
    ("1", OUTSIDE),
    ("2", OUTSIDE),
    ("##2", OUTSIDE),
    ("##8", OUTSIDE),
    ("the", OUTSIDE),
    ("of", OUTSIDE),
    ("in", OUTSIDE),
    ("and", OUTSIDE),
    ("to", OUTSIDE),
    ("human", OUTSIDE),
    ("binding", OUTSIDE),
    ("requires", OUTSIDE),
    ("express", OUTSIDE),
    ("##ion", OUTSIDE),
    ("##s", OUTSIDE),
    ("activate", OUTSIDE),
];

/// Word pieces a window by default: few, so that short texts take several windows.
const WINDOW: usize = 32;
/// The longest window.
const POSITIONS: usize = 128;

const HEADS: usize = 2;
/// Twice [`HALF`]: see [`row`].
const WIDTH: usize = 32;
const HALF: usize = WIDTH / 2;
/// A row's dimension after those of the labels: what it takes to make all rows equally long.
const FILL: usize = LABELS.len();
/// A score of 1 in a row's dimension, so that a row's variance is 1 and normalisation leaves it as it is.
const UNIT: f32 = 4.0;
/// What the classifier makes of a score of 1.
const LOGIT: f32 = 8.0;

/// A row of an embedding table: scores, then the same with the other sign, so that the mean is 0.
fn row(scores: [f32; HALF]) -> Vec<f32> {
    scores.iter().copied().chain(scores.iter().map(|score| -score)).map(|score| score * UNIT).collect()
}

fn label(name: &str) -> usize {
    LABELS.iter().position(|label| *label == name).expect("a label")
}

fn piece_row(rule: Rule) -> Vec<f32> {
    let mut scores = [0.0; HALF];
    rule.iter().for_each(|(name, score)| scores[label(name)] = *score);
    scores[FILL] = (1.0 - scores.iter().map(|score| score * score).sum::<f32>()).sqrt();
    row(scores)
}

/// `token_type_ids` tell how a token is capitalised ([`TokenTypes::Casing`]): with capitals it is less likely outside
/// an entity, and with more than one more likely a protein.
fn segment_row(casing: u32) -> Vec<f32> {
    let mut scores = [0.0; HALF];
    if casing > 0 {
        scores[label("O")] = -0.3;
    }
    if casing > 1 {
        scores[label("B-protein")] = 0.1;
    }
    row(scores)
}

/// Small numbers that repeat after 13 columns and rows, between -1 and 1.
fn ripple(row: usize, column: usize) -> f32 {
    ((7 * row + 11 * column) % 13) as f32 / 6.0 - 1.0
}

fn matrix(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(row, column)| value(row, column))
        .collect()
}

/// A graph while it is written.
#[derive(Default)]
struct Writer {
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
}

impl Writer {
    /// Adds a node and gives back the name of its output.
    fn node(&mut self, op: &str, inputs: &[&str], output: &str) -> String {
        self.nodes.push(node(op, inputs, output, &[]));
        output.to_string()
    }

    fn table(&mut self, name: &str, rows: Vec<Vec<f32>>, ids: &str) -> String {
        self.tensors.push(floats(&format!("{name}.weight"), &[rows.len(), WIDTH], &rows.concat()));
        self.node("Gather", &[&format!("{name}.weight"), ids], name)
    }

    /// A linear layer of weights `[inputs, outputs]` and a bias.
    fn linear(&mut self, name: &str, input: &str, size: [usize; 2], weights: impl Fn(usize, usize) -> f32) -> String {
        let [inputs, outputs] = size;
        let bias: Vec<f32> = (0..outputs).map(|column| ripple(3, column) / 50.0).collect();
        self.tensors.push(floats(&format!("{name}.weight"), &size, &matrix(inputs, outputs, weights)));
        self.tensors.push(floats(&format!("{name}.bias"), &[outputs], &bias));
        let product = self.node("MatMul", &[input, &format!("{name}.weight")], &format!("{name}.product"));
        self.node("Add", &[&product, &format!("{name}.bias")], name)
    }

    fn norm(&mut self, name: &str, input: &str) -> String {
        self.tensors.push(floats(&format!("{name}.weight"), &[WIDTH], &[1.0; WIDTH]));
        self.tensors.push(floats(&format!("{name}.bias"), &[WIDTH], &[0.0; WIDTH]));
        let inputs = [input, &format!("{name}.weight"), &format!("{name}.bias")];
        self.nodes.push(node("LayerNormalization", &inputs, name, &[int("axis", -1), float("epsilon", 1e-5)]));
        name.to_string()
    }

    /// The value as `[batch, heads, …]`, its axes in the order given.
    fn heads(&mut self, input: &str, axes: [i64; 4]) -> String {
        let split = self.node("Reshape", &[input, "heads"], &format!("{input}.split"));
        let output = format!("{input}.heads");
        self.nodes.push(node("Transpose", &[&split], &output, &[ints("perm", &axes)]));
        output
    }
}

/// The bytes of `model.onnx`.
pub fn onnx() -> Vec<u8> {
    let mut writer = Writer::default();
    let positions: Vec<i64> = (0..POSITIONS as i64).collect();
    writer.tensors = vec![
        int64("zero", &[1], &[0]),
        int64("one", &[1], &[1]),
        int64("middle axes", &[2], &[1, 2]),
        int64("positions", &[1, POSITIONS], &positions),
        int64("heads", &[4], &[0, 0, HEADS as i64, (WIDTH / HEADS) as i64]),
        int64("whole", &[3], &[0, 0, WIDTH as i64]),
        tensor("root", &[], DataType::Float, ((WIDTH / HEADS) as f32).sqrt().to_le_bytes().into()),
        tensor("everything", &[], DataType::Float, 1f32.to_le_bytes().into()),
        tensor("hidden", &[], DataType::Float, (-1e4f32).to_le_bytes().into()),
    ];

    let shape = writer.node("Shape", &["input_ids"], "shape");
    let length = writer.node("Gather", &[&shape, "one"], "length");
    let places = writer.node("Slice", &["positions", "zero", &length, "one", "one"], "places");
    let words = writer.table("words", PIECES.iter().map(|(_, rule)| piece_row(rule)).collect(), "input_ids");
    let segments =
        writer.table("segments", (0..=TokenTypes::Casing.largest()).map(segment_row).collect(), "token_type_ids");
    let place_row = |place| (0..WIDTH).map(|column| ripple(place, column) / 20.0).collect();
    let placed = writer.table("place", (0..POSITIONS).map(place_row).collect(), &places);
    let sum = writer.node("Add", &[&words, &segments], "words and segments");
    let sum = writer.node("Add", &[&sum, &placed], "embeddings");
    let embedded = writer.norm("embeddings.norm", &sum);

    writer.nodes.push(node("Cast", &["attention_mask"], "mask", &[int("to", DataType::Float as i64)]));
    let mask = writer.node("Unsqueeze", &["mask", "middle axes"], "mask.spread");
    let mask = writer.node("Sub", &["everything", &mask], "mask.left out");
    let mask = writer.node("Mul", &[&mask, "hidden"], "mask.added");

    // Attention depends on the content, and brings in a tenth of what is attended to.
    let square = [WIDTH, WIDTH];
    let queries = writer.linear("queries", &embedded, square, |row, column| ripple(row, column) / 8.0);
    let keys = writer.linear("keys", &embedded, square, |row, column| ripple(column, row) / 8.0);
    let values = writer.linear("values", &embedded, square, |row, column| if row == column { 0.1 } else { 0.0 });
    let queries = writer.heads(&queries, [0, 2, 1, 3]);
    let keys = writer.heads(&keys, [0, 2, 3, 1]);
    let values = writer.heads(&values, [0, 2, 1, 3]);
    let scores = writer.node("MatMul", &[&queries, &keys], "scores");
    let scores = writer.node("Div", &[&scores, "root"], "scores.scaled");
    let scores = writer.node("Add", &[&scores, &mask], "scores.masked");
    writer.nodes.push(node("Softmax", &[&scores], "shares", &[int("axis", -1)]));
    let context = writer.node("MatMul", &["shares", &values], "context.heads");
    writer.nodes.push(node("Transpose", &[&context], "context.rows", &[ints("perm", &[0, 2, 1, 3])]));
    let context = writer.node("Reshape", &["context.rows", "whole"], "context");
    let mixed = writer.linear("attention", &context, square, |row, column| if row == column { 1.0 } else { 0.0 });
    let sum = writer.node("Add", &[&mixed, &embedded], "attention.sum");
    let attended = writer.norm("attention.norm", &sum);

    let inner = writer.linear("inner", &attended, square, |row, column| ripple(row, column) / 8.0);
    let inner = writer.node("Gelu", &[&inner], "gelu");
    let outer = writer.linear("outer", &inner, square, |row, column| ripple(column, row) / 40.0);
    let sum = writer.node("Add", &[&outer, &attended], "outer.sum");
    let last = writer.norm("outer.norm", &sum);

    // A label's score is half the difference of its two dimensions.
    let score = |row: usize, label: usize| match row {
        row if row == label => LOGIT / UNIT / 2.0,
        row if row == label + HALF => -LOGIT / UNIT / 2.0,
        _ => 0.0,
    };
    let logits = writer.linear("classifier", &last, [WIDTH, LABELS.len()], score);
    writer.node("Identity", &[&logits], "logits");
    let inputs = ["input_ids", "attention_mask", "token_type_ids"];
    model(20, Some(graph(&inputs, &writer.nodes, &writer.tensors)))
}

/// Every file of the bundle, by name.
pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let vocabulary: String = PIECES.iter().map(|(piece, _)| format!("{piece}\n")).collect();
    let contents = [("model.onnx", onnx()), ("vocab.txt", vocabulary.into_bytes())];
    let listed = contents.iter().map(|(path, bytes)| ManifestFile {
        path: path.to_string(),
        bytes: bytes.len() as u64,
        sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
    });
    let manifest = Manifest {
        format: "glossa-bundle/2".into(),
        name: "tiny".into(),
        labels: LABELS.map(String::from).into(),
        label_sets: None,
        files: listed.collect(),
        tokenizer: TokenizerOptions::default(),
        case_sensitive: false,
        max_sentence_length: WINDOW,
        token_types: Some(TokenTypes::Casing),
        decoding: Some(Decoding::Viterbi),
        temperature: Some(1.5),
        transitions: None,
        constraints: None,
        confidences: None,
        document_structure: None,
        normalisation: None,
        licence: "Apache-2.0".into(),
        attribution: vec![],
        measured: Measured::default(),
    };
    let manifest = serde_json::to_string_pretty(&manifest).expect("JSON") + "\n";
    [("manifest.json", manifest.into_bytes())].into_iter().chain(contents).collect()
}

/// The bundle in memory.
pub fn source() -> MemoryFiles {
    let mut source = MemoryFiles::new("tiny");
    files().into_iter().for_each(|(name, bytes)| source.insert(name, bytes));
    source
}

/// The bundle loaded.
pub fn annotator(options: &Options) -> Annotator {
    Annotator::load(&source(), options).expect("the tiny model")
}
