//! Which ONNX operators a graph may hold.

use tract_onnx::Onnx;

/// Operators of other fields, which tract knows. Without them the browser's binary is a third smaller: what only they
/// reach is taken out of it by `trim.mjs`, whose list goes with this one.
const OF_OTHER_FIELDS: &[&str] = &[
    // Images.
    "AveragePool", "Conv", "ConvInteger", "ConvTranspose", "DepthToSpace", "GlobalAveragePool", "GlobalLpPool",
    "GlobalMaxPool", "GridSample", "LRN", "MaxPool", "NonMaxSuppression", "QLinearConv", "Resize", "SpaceToDepth",
    // Sound.
    "BlackmanWindow", "DFT", "HammingWindow", "HannWindow", "MelWeightMatrix", "STFT",
    // Recurrent networks.
    "GRU", "LSTM", "RNN", "Scan",
    // Tables, trees and dice.
    "ArrayFeatureExtractor", "CategoryMapper", "LinearClassifier", "LinearRegressor", "Multinomial", "Normalizer",
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "TreeEnsembleClassifier",
];

/// tract, with the operators that token classifiers are made of.
pub(super) fn framework() -> Onnx {
    let mut framework = tract_onnx::onnx().with_ignore_value_info(true).with_ignore_output_shapes(true);
    framework.op_register.0.retain(|name, _| !OF_OTHER_FIELDS.contains(&name.as_str()));
    framework
}
