//! The surfaces.

mod model_files;
mod tables;
mod texts;

use crate::mutate::{bag, json, onnx, plain, words, zip};
use crate::Surface;

/// All surfaces.
pub const SURFACES: &[Surface] = &[
    surface("onnx", model_files::onnx, onnx, 1500),
    surface("saved-model", model_files::saved_model, zip, 1500),
    surface("java", model_files::java, plain, 60_000),
    surface("sequence-file", model_files::sequence_file, plain, 60_000),
    surface("tokenizer", model_files::tokenizer, json, 1500),
    surface("folder", model_files::folder, bag, 1500),
    surface("bundle", model_files::bundle, bag, 1500),
    surface("regex", texts::regex, words, 8_000),
    surface("text", texts::text, words, 1_000),
    surface("input", texts::input, words, 60_000),
    surface("pipeline", texts::pipeline, json, 2_000),
    surface("records", tables::records, json, 3_000),
    surface("compare", tables::compare, words, 20_000),
];

const fn surface(
    name: &'static str,
    run: fn(&[u8]),
    mutate: fn(&mut Vec<u8>, &mut fastrand::Rng),
    executions: u64,
) -> Surface {
    Surface { name, run, mutate, executions }
}
