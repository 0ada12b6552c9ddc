//! Runs a token classifier's graph: tract, with fused operations in place of the file's.

mod fuse;
mod input;
mod onnx;
mod ops;
mod precision;
mod proto;
mod quantise;

use std::sync::Arc;

use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;
use tract_onnx::tract_hir::ops::unimpl::UnimplementedOp;

use self::fuse::QuantiseLinear;
use self::input::Input;
use self::onnx::Constants;

use crate::Error;

pub use self::fuse::Fused;
pub use self::onnx::OnnxFile;
pub use self::precision::Precision;

/// A BERT-like token classifier, ready to run on windows of any length.
#[derive(Debug)]
pub struct Classifier {
    plan: Arc<TypedRunnableModel>,
    inputs: Vec<Input>,
    labels: usize,
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
    /// Fuses and optimises a graph. `file` names it in errors.
    ///
    /// Inputs are `input_ids` and optionally `attention_mask` and `token_type_ids`, int64 `[batch, sequence]`; the
    /// first output is f32 `[batch, sequence, labels]`.
    ///
    /// # Errors
    /// `graph_invalid` when it has other inputs or outputs, or operators that are not supported.
    pub fn new(onnx: OnnxFile, file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::GraphInvalid { file: file.to_string(), reason };
        let mut framework = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
        fuse::register(&mut framework);
        let (mut proto, precision, quantised) = onnx.into_parts();
        let piece_rows = onnx::table_rows(&proto, "input_ids");
        let token_type_rows = onnx::table_rows(&proto, "token_type_ids");
        let linear = match precision {
            Precision::F32 => QuantiseLinear::None,
            _ if quantised => QuantiseLinear::All,
            _ => QuantiseLinear::AlreadyInt8,
        };
        let fused = fuse::rewrite(&mut proto, linear);
        let classifier = Self::optimise(&framework, proto, fused, &invalid)?;
        Ok(Classifier { piece_rows, token_type_rows, ..classifier })
    }

    /// As [`new`](Self::new), from an ONNX file in memory.
    ///
    /// # Errors
    /// Those of [`OnnxFile::read`], and `graph_invalid`.
    pub fn load(mut onnx: &[u8], file: &str, precision: Precision) -> Result<Self, Error> {
        let length = onnx.len() as u64;
        Self::new(OnnxFile::read(&mut onnx, length, file, precision)?, file)
    }

    fn optimise(
        framework: &tract_onnx::Onnx,
        mut proto: ModelProto,
        fused: Fused,
        invalid: &dyn Fn(String) -> Error,
    ) -> Result<Self, Error> {
        let broken = |error: TractError| invalid(format!("{error:#}"));
        let constants =
            proto.graph.as_mut().map(|graph| Constants::take(framework, graph)).transpose().map_err(broken)?;
        let mut graph = framework.model_for_proto_model(&proto).map_err(broken)?;
        drop(proto);
        if let Some(constants) = constants {
            constants.put_back(&mut graph).map_err(broken)?;
        }
        if graph.nodes().is_empty() {
            return Err(invalid("it holds no operations".into()));
        }

        let length = graph.symbols.sym("sequence").to_dim();
        let mut inputs = Vec::new();
        for (i, outlet) in graph.input_outlets().map_err(broken)?.to_vec().into_iter().enumerate() {
            let name = graph.node(outlet.node).name.clone();
            let input = Input::named(&name).ok_or_else(|| invalid(format!("unknown input {name:?}")))?;
            let fact = InferenceFact::dt_shape(i64::datum_type(), tvec![1.to_dim(), length.clone()]);
            graph.set_input_fact(i, fact).map_err(broken)?;
            inputs.push(input);
        }
        if !inputs.contains(&Input::PieceIds) {
            return Err(invalid("it has no input input_ids".into()));
        }
        let outlet =
            *graph.output_outlets().map_err(broken)?.first().ok_or_else(|| invalid("it has no output".into()))?;
        graph.select_output_outlets(&[outlet]).map_err(broken)?;
        if let Some(missing) = unsupported(&graph) {
            return Err(invalid(format!("operator {missing} is not supported")));
        }

        let typed = graph.into_typed().map_err(broken)?.into_decluttered().map_err(broken)?;
        let output = typed.output_fact(0).map_err(broken)?.clone();
        let labels = match (output.datum_type, output.shape.rank(), output.shape.last().map(DimLike::to_usize)) {
            (DatumType::F32, 3, Some(Ok(labels))) if labels > 0 => labels,
            _ => return Err(invalid(format!("its output is {output:?}, not f32 [batch, sequence, labels]"))),
        };
        let plan = typed.into_optimized().and_then(IntoRunnable::into_runnable).map_err(broken)?;
        Ok(Classifier { plan, inputs, labels, fused, piece_rows: None, token_type_rows: None })
    }

    /// Number of labels.
    pub fn labels(&self) -> usize {
        self.labels
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
        let failed = |error: TractError| Error::InferenceFailed { reason: format!("{error:#}") };
        let mut inputs = tvec![];
        for input in &self.inputs {
            let values: Vec<i64> = match input {
                Input::PieceIds => ids.iter().map(|&id| i64::from(id)).collect(),
                Input::Mask => vec![1; ids.len()],
                Input::TokenTypes => {
                    let mut values: Vec<i64> = token_types.iter().map(|&value| i64::from(value)).collect();
                    values.resize(ids.len(), 0);
                    values
                }
            };
            inputs.push(Tensor::from_shape(&[1, ids.len()], &values).map_err(failed)?.into_tvalue());
        }
        let outputs = self.plan.run(inputs).map_err(failed)?;
        let values =
            outputs[0].try_as_plain_ram().and_then(|values| Ok(values.as_slice::<f32>()?.to_vec())).map_err(failed)?;
        if values.len() != ids.len() * self.labels {
            let reason = format!("{} values for {} word pieces of {} labels", values.len(), ids.len(), self.labels);
            return Err(Error::InferenceFailed { reason });
        }
        // Negative infinity is deliberate: a label that cannot be.
        if values.iter().any(|&value| value.is_nan() || value == f32::INFINITY) {
            return Err(Error::InferenceFailed { reason: "its values are no finite numbers".into() });
        }
        Ok(Logits { values, labels: self.labels })
    }
}

/// The first operator that is not supported, by its ONNX name.
fn unsupported(graph: &InferenceModel) -> Option<String> {
    let unknown = graph.nodes().iter().find(|node| node.op_is::<UnimplementedOp>())?;
    // tract calls it Unimplemented(NAME).
    let name = unknown.op.name();
    Some(name.strip_prefix("Unimplemented(").and_then(|name| name.strip_suffix(')')).unwrap_or(&name).to_string())
}

#[cfg(test)]
mod tests {
    use super::fuse;

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
        fuse::register(&mut framework);
        let unknown: Vec<&str> =
            OPERATORS.split_whitespace().filter(|name| !framework.op_register.0.contains_key(*name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
