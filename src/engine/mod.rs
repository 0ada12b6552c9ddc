//! Runs a token classifier's graph: tract, with fused operations in place of the file's.

mod checked_gather;
mod checked_products;
mod exported;
mod fuse;
mod gate;
mod guard;
mod input;
mod interface;
mod memory;
mod onnx;
mod ops;
mod plan;
mod precision;
mod proto;
mod quantise;

use std::sync::Arc;

use tract_onnx::prelude::TractError;

use self::fuse::QuantiseLinear;
use self::input::Input;
use self::plan::{Graph, Plans, Window, PROBED_LENGTH};

use crate::Error;

pub use self::fuse::Fused;
pub use self::guard::quiet_guarded_panics;
pub use self::onnx::OnnxFile;
pub use self::precision::Precision;

pub(crate) use self::guard::guarded;
pub(crate) use self::memory::WindowMemory;

/// The longest window that loading tries: longer ones take long, and fail at their own time if they do.
const LONGEST_PROBE: usize = 512;
/// How far the probabilities of a word piece may be from 1 in sum.
const PROBABILITY_TOLERANCE: f32 = 1e-3;

/// What a graph's model says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierSetup {
    /// Number of labels, by which the logits are known among several outputs.
    pub labels: Option<usize>,
    /// The position of a window's first word piece: 0, or behind the padding's in RoBERTa's family.
    pub first_position: usize,
    /// The id of the word piece that fills up windows of a graph that takes one length only.
    pub padding: u32,
    /// The id of a word piece of text, for trying the graph.
    pub piece: u32,
    /// The longest window that the model is said to take, in word pieces.
    pub longest: usize,
}

impl Default for ClassifierSetup {
    fn default() -> Self {
        ClassifierSetup { labels: None, first_position: 0, padding: 0, piece: 1, longest: LONGEST_PROBE }
    }
}

/// A token classifier, ready to run on windows up to [`limit`](Self::limit).
#[derive(Debug)]
pub struct Classifier {
    plans: Plans,
    inputs: Vec<Input>,
    gives_probabilities: bool,
    limit: usize,
    setup: ClassifierSetup,
    fused: Fused,
    piece_rows: Option<u64>,
    token_type_rows: Option<u64>,
}

/// The output for one window: for each word piece a value per label.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    values: Vec<f32>,
    labels: usize,
}

impl Logits {
    /// The values of the piece at `index` in the window, `[CLS]` being 0: one per label, in id order.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.labels..(index + 1) * self.labels]
    }

    /// Number of word pieces, `[CLS]` and `[SEP]` included.
    pub fn len(&self) -> usize {
        self.values.len() / self.labels
    }

    /// Whether the window held nothing.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl Classifier {
    /// Fuses and optimises a graph, and tries it on windows of 3 word pieces and of `setup.longest` (512 at most). `file`
    /// names it in errors.
    ///
    /// Inputs are `input_ids` and optionally a mask, token types and positions, under the names that exporters give them,
    /// `[batch, sequence]`. The logits are the output called `logits`, or the first whose shape is
    /// `[batch, sequence, setup.labels]`; a softmax over them is left out. If the longest window does not run,
    /// [`limit`](Self::limit) is the longest that does.
    ///
    /// # Errors
    /// `graph_invalid` when it has other inputs or outputs, operators that are not supported, or does not run;
    /// `model_unsupported` when its external data have not been read.
    pub fn new(onnx: OnnxFile, file: &str, setup: &ClassifierSetup) -> Result<Self, Error> {
        Self::new_checked(onnx, file, setup, &|| Ok(()))
    }

    /// As [`new`](Self::new); `check` is called between the steps, and its error ends them.
    pub(crate) fn new_checked(
        onnx: OnnxFile,
        file: &str,
        setup: &ClassifierSetup,
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Self, Error> {
        if let Some(missing) = onnx.external_files().first() {
            let reason = onnx::unread(missing);
            return Err(Error::ModelUnsupported { file: file.to_string(), reason });
        }
        let made = guarded(|| Self::make(onnx, setup, check)).unwrap_or_else(|reason| Err(Stop::Invalid(reason)));
        made.map_err(|stop| match stop {
            Stop::Invalid(reason) => Error::GraphInvalid { file: file.to_string(), reason },
            Stop::Checked(error) => error,
        })
    }

    /// As [`new`](Self::new), from an ONNX file in memory.
    ///
    /// # Errors
    /// Those of [`OnnxFile::read`], and `graph_invalid`.
    pub fn load(mut onnx: &[u8], file: &str, precision: Precision, setup: &ClassifierSetup) -> Result<Self, Error> {
        let length = onnx.len() as u64;
        Self::new(OnnxFile::read(&mut onnx, length, file, precision)?, file, setup)
    }

    fn make(onnx: OnnxFile, setup: &ClassifierSetup, check: &dyn Fn() -> Result<(), Error>) -> Result<Self, Stop> {
        let broken = |error: TractError| format!("{error:#}");
        let mut framework = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
        exported::register(&mut framework);
        fuse::register(&mut framework);
        let (mut proto, precision, quantised) = onnx.into_parts();
        let linear = match precision {
            Precision::F32 => QuantiseLinear::None,
            _ if quantised => QuantiseLinear::All,
            _ => QuantiseLinear::AlreadyInt8,
        };
        let opset = fuse::opset(&proto);
        let Some(graph) = &mut proto.graph else { return Err(Stop::Invalid("it holds no graph".into())) };
        gate::check(graph)?;
        let declared = input::declared(graph)?;
        let inputs = declared.iter().map(|declared| declared.input).collect();
        let name_of = |input: Input| declared.iter().find(|declared| declared.input == input).map(|of| of.name.clone());
        let rows = |input: Input| onnx::table_rows(graph, &name_of(input)?);
        let (piece_rows, token_type_rows) = (rows(Input::PieceIds), rows(Input::TokenTypes));
        interface::cut_softmax(graph, opset);
        let outputs = interface::outputs(graph, setup.labels);
        let fused = fuse::rewrite(&mut proto, linear);
        proto.graph.iter_mut().for_each(exported::check_ranks);
        let graph = Graph::parse(&framework, proto, declared).map_err(broken)?;
        if let Some(missing) = graph.unsupported() {
            return Err(Stop::Invalid(format!("operator {missing} is not supported")));
        }
        if graph.fixed_length().is_some() && !graph.is_masked() {
            let reason =
                "it takes windows of one length only and has no attention_mask for shorter ones; export it with \
                          a dynamic sequence axis";
            return Err(Stop::Invalid(reason.into()));
        }
        let tried = try_plans(&Arc::new(graph), &outputs, setup, check)?;
        Ok(Classifier {
            plans: tried.plans,
            limit: tried.limit,
            gives_probabilities: tried.gives_probabilities,
            inputs,
            setup: setup.clone(),
            fused,
            piece_rows,
            token_type_rows,
        })
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.plans.labels()
    }

    /// The longest window in word pieces that loading has tried, or that the model is said to take if that is more than is
    /// tried.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the graph is planned anew for each length of a window, which takes long for the first of a length.
    pub fn plans_each_length(&self) -> bool {
        self.plans.is_each_length()
    }

    /// How many word pieces the graph has embeddings for; `None` if the graph does not show it.
    pub fn piece_rows(&self) -> Option<u64> {
        self.piece_rows
    }

    /// How many operations run fused.
    pub fn fused(&self) -> Fused {
        self.fused
    }

    /// Whether the graph has an input `token_type_ids` that takes values up to `largest`, as far as the graph shows it.
    pub fn reads_token_types(&self, largest: u32) -> bool {
        self.inputs.contains(&Input::TokenTypes) && self.token_type_rows.is_none_or(|rows| u64::from(largest) < rows)
    }

    /// Runs one window of piece ids, `[CLS]` and `[SEP]` included, with `token_type_ids` of 0.
    ///
    /// # Errors
    /// `inference_failed`, for instance when the window is longer than the model's position table, or values overflow.
    pub fn logits(&self, ids: &[u32]) -> Result<Logits, Error> {
        self.logits_with(ids, &[])
    }

    /// Runs one window of piece ids with a value of `token_type_ids` each, which the graph must know: see
    /// [`reads_token_types`](Self::reads_token_types). Those beyond the end of `token_types` are 0.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    pub fn logits_with(&self, ids: &[u32], token_types: &[u32]) -> Result<Logits, Error> {
        let failed = |reason: String| Error::InferenceFailed { reason };
        let mut values = run(&self.plans, &self.setup, ids, token_types).map_err(failed)?;
        if self.gives_probabilities {
            values.iter_mut().for_each(|value| *value = value.max(f32::MIN_POSITIVE).ln());
        }
        // Negative infinity is deliberate: a label that cannot be.
        if values.iter().any(|&value| value.is_nan() || value == f32::INFINITY) {
            return Err(failed("its values are no finite numbers".into()));
        }
        Ok(Logits { values, labels: self.labels() })
    }
}

fn run(plans: &Plans, setup: &ClassifierSetup, ids: &[u32], token_types: &[u32]) -> Result<Vec<f32>, String> {
    let window = Window { ids, token_types, first_position: setup.first_position, padding: setup.padding };
    guarded(|| plans.run(&window).map_err(|error| format!("{error:#}"))).unwrap_or_else(Err)
}

/// Why no classifier is made of a graph.
enum Stop {
    /// The graph is at fault, with this reason.
    Invalid(String),
    /// The caller's check has failed.
    Checked(Error),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Stop::Invalid(reason)
    }
}

/// Plans that ran.
struct Tried {
    plans: Plans,
    limit: usize,
    gives_probabilities: bool,
}

/// Plans the first output, in the first form, that gives values for the labels and runs on the longest window; failing
/// that, the first that runs at all. The error is that of the first try.
fn try_plans(
    graph: &Arc<Graph>,
    outputs: &[usize],
    setup: &ClassifierSetup,
    check: &dyn Fn() -> Result<(), Error>,
) -> Result<Tried, Stop> {
    let check = || check().map_err(Stop::Checked);
    let mut reason = None;
    let mut second_best: Option<(Plans, Vec<f32>)> = None;
    let longest = setup.longest.clamp(1, LONGEST_PROBE);
    let probe = |plans: &Plans, length: usize| run(plans, setup, &vec![setup.piece; length], &[]);
    for &output in outputs {
        for form in Plans::forms(graph, output) {
            check()?;
            let plans = guarded(|| form().map_err(|error| format!("{error:#}"))).unwrap_or_else(Err);
            let tried = plans.and_then(|plans| {
                let longest = longest.min(plans.fixed_length().unwrap_or(usize::MAX));
                let values = probe(&plans, PROBED_LENGTH.min(longest))?;
                Ok((plans, longest, values))
            });
            let (plans, longest, values) = match tried {
                Ok(tried) => tried,
                Err(error) => {
                    reason.get_or_insert(error);
                    continue;
                }
            };
            if setup.labels.is_some_and(|labels| labels != plans.labels()) && outputs.len() > 1 {
                second_best.get_or_insert((plans, values));
                break;
            }
            check()?;
            match probe(&plans, longest) {
                Ok(_) => {
                    let limit = plans.fixed_length().unwrap_or(setup.longest);
                    return Ok(Tried { limit, gives_probabilities: are_probabilities(&values, plans.labels()), plans });
                }
                Err(error) => {
                    reason.get_or_insert(error);
                    second_best.get_or_insert((plans, values));
                }
            }
        }
    }
    let Some((plans, values)) = second_best else {
        return Err(Stop::Invalid(reason.unwrap_or_else(|| "it has no output".into())));
    };
    let (mut runs, mut fails) = (PROBED_LENGTH.min(longest), longest + 1);
    while fails - runs > 1 {
        check()?;
        let length = runs + (fails - runs) / 2;
        if probe(&plans, length).is_ok() {
            runs = length;
        } else {
            fails = length;
        }
    }
    let limit = if runs == longest { setup.longest } else { runs };
    Ok(Tried { limit, gives_probabilities: are_probabilities(&values, plans.labels()), plans })
}

/// Whether the values of each word piece are probabilities: logits sum up to 1 by chance only.
fn are_probabilities(values: &[f32], labels: usize) -> bool {
    let row = |row: &[f32]| {
        row.iter().all(|value| (0.0..=1.0).contains(value))
            && (row.iter().sum::<f32>() - 1.0).abs() < PROBABILITY_TOLERANCE
    };
    labels > 1 && values.chunks(labels).all(row)
}

#[cfg(test)]
mod tests {
    use super::{exported, fuse};

    /// What exporters, onnxruntime's optimiser and its quantiser write for encoders, except what `fuse` always replaces.
    const OPERATORS: &str = "\
        Abs Add And ArgMax ArgMin BatchNormalization BiasGelu BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil \
        Celu Clip Compress Concat Constant ConstantOfShape Conv ConvInteger Cos CumSum DequantizeLinear Div Dropout \
        DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike FastGelu Flatten Floor Gather GatherBlockQuantized \
        GatherElements GatherND Gelu Gemm Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Identity If \
        InstanceNormalization IsInf IsNaN LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul \
        MatMulInteger MatMulNBits Max Mean MeanVarianceNormalization Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow \
        QLinearConv QLinearMatMul QuantizeLinear QuickGelu RMSNormalization Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum \
        ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape RotaryEmbedding \
        Round Scatter ScatterElements ScatterND Selu Shape Sigmoid Sign SimplifiedLayerNormalization Sin Size \
        SkipLayerNormalization SkipSimplifiedLayerNormalization Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum \
        Swish Tan Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor";

    #[test]
    fn operators_of_encoders_are_known() {
        let mut framework = tract_onnx::onnx();
        exported::register(&mut framework);
        fuse::register(&mut framework);
        let unknown: Vec<&str> =
            OPERATORS.split_whitespace().filter(|name| !framework.op_register.0.contains_key(*name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
