//! Which ONNX file of a Hugging Face folder is the model: exporters leave several, of different number formats.

use serde::{Deserialize, Serialize};

use super::Source;
use crate::Error;

/// The number format of a Hugging Face folder's ONNX file, by the names of transformers.js.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// The most exact file that a folder has; at an address, the smallest that runs well.
    #[default]
    Auto,
    /// `model.onnx`, or `model_optimized.onnx`.
    Fp32,
    /// `model_fp16.onnx`.
    Fp16,
    /// `model_quantized.onnx`.
    Q8,
    /// `model_int8.onnx`.
    Int8,
    /// `model_uint8.onnx`.
    Uint8,
    /// `model_q4.onnx`.
    Q4,
    /// `model_q4f16.onnx`.
    Q4f16,
    /// `model_bf16.onnx`.
    Bf16,
    /// `model_bnb4.onnx`.
    Bnb4,
}

impl Dtype {
    /// The name in JS and on the command line.
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// The folders in which exporters put ONNX files: optimum in the first, transformers.js looks in the second.
pub const GRAPH_FOLDERS: [&str; 2] = ["", "onnx"];

/// Names of ONNX files and their number formats: the names of transformers.js, of optimum (`optimized`, `quantized`) and of
/// sentence-transformers (`O1` to `O4`, `qint8` and `quint8` with an instruction set). The most exact first; `bf16` and
/// `bnb4`, which few engines run, last.
pub const GRAPH_FILES: [(Dtype, &str); 18] = [
    (Dtype::Fp32, "model.onnx"),
    (Dtype::Fp32, "model_optimized.onnx"),
    (Dtype::Fp32, "model_O1.onnx"),
    (Dtype::Fp32, "model_O2.onnx"),
    (Dtype::Fp32, "model_O3.onnx"),
    (Dtype::Fp16, "model_fp16.onnx"),
    (Dtype::Fp16, "model_O4.onnx"),
    (Dtype::Q8, "model_quantized.onnx"),
    (Dtype::Int8, "model_int8.onnx"),
    (Dtype::Int8, "model_qint8_avx512_vnni.onnx"),
    (Dtype::Int8, "model_qint8_avx512.onnx"),
    (Dtype::Int8, "model_qint8_arm64.onnx"),
    (Dtype::Uint8, "model_uint8.onnx"),
    (Dtype::Uint8, "model_quint8_avx2.onnx"),
    (Dtype::Q4, "model_q4.onnx"),
    (Dtype::Q4f16, "model_q4f16.onnx"),
    (Dtype::Bf16, "model_bf16.onnx"),
    (Dtype::Bnb4, "model_bnb4.onnx"),
];

/// The path of the ONNX file to read; adds a warning if the folder left a choice.
///
/// # Errors
/// `option_invalid` if there are ONNX files, but none of this number format; `model_unsupported` if their names do not say
/// which is the model, or there are only weights of another format; `file_missing` if there are none.
pub(super) fn choose(source: &dyn Source, dtype: Dtype, warnings: &mut Vec<String>) -> Result<String, Error> {
    let mut found = Vec::new();
    for folder in GRAPH_FOLDERS {
        let names = source.list(folder)?;
        let graphs = names.into_iter().filter(|name| name.ends_with(".onnx") && !name.starts_with('.'));
        found.extend(graphs.map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }));
    }
    let rank = |path: &str| GRAPH_FILES.iter().position(|(_, name)| *name == file_name(path));
    let mut known: Vec<(usize, &String)> = found.iter().filter_map(|path| Some((rank(path)?, path))).collect();
    // Stable: of two files of one name, that of the root comes first.
    known.sort_by_key(|(rank, _)| *rank);
    let of = |(rank, _): &&(usize, &String)| dtype == Dtype::Auto || GRAPH_FILES[*rank].0 == dtype;
    if let Some((rank, path)) = known.iter().find(of) {
        if dtype == Dtype::Auto && known.len() > 1 {
            let taken = GRAPH_FILES[*rank].0.name();
            let others: Vec<&str> = known.iter().map(|(_, path)| path.as_str()).filter(|other| other != path).collect();
            warnings.push(format!(
                "the folder has several ONNX files: {path} ({taken}) is read, not {}; the option dtype chooses",
                others.join(", ")
            ));
        }
        return Ok((*path).clone());
    }
    match &found[..] {
        [] => Err(no_graph(source, dtype)?),
        _ if dtype != Dtype::Auto => {
            let reason = format!("the folder has no ONNX file of {}, only {}", dtype.name(), found.join(", "));
            Err(Error::option_invalid("dtype", reason))
        }
        [only] => {
            warnings.push(format!("{only} is read: it is the only ONNX file of the folder"));
            Ok(only.clone())
        }
        several => Err(Error::ModelUnsupported {
            file: source.name().to_string(),
            reason: format!(
                "nothing says which of its ONNX files is the model ({}); rename that one to model.onnx",
                several.join(", ")
            ),
        }),
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The error for a folder without ONNX files.
fn no_graph(source: &dyn Source, dtype: Dtype) -> Result<Error, Error> {
    let others = ["model.safetensors", "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"];
    let weights = source.list("")?.into_iter().find(|name| {
        others.contains(&name.as_str())
            || name.starts_with("model-00001-of-")
            || name.starts_with("pytorch_model-00001-")
    });
    if let Some(weights) = weights {
        return Ok(Error::ModelUnsupported {
            file: source.locate(&weights),
            reason: "there is no ONNX file; export the model with optimum (ORTModelForTokenClassification)".into(),
        });
    }
    let name = GRAPH_FILES.iter().find(|(other, _)| *other == dtype).map_or("model.onnx", |(_, name)| *name);
    Ok(Error::FileMissing { file: source.locate(&format!("onnx/{name}")) })
}

/// Refuses the option for a model that has one ONNX file by its layout.
///
/// # Errors
/// `option_invalid`.
pub(super) fn refuse(dtype: Dtype) -> Result<(), Error> {
    match dtype {
        Dtype::Auto => Ok(()),
        _ => Err(Error::option_invalid(
            "dtype",
            "only Hugging Face folders have ONNX files to choose from; leave it out",
        )),
    }
}
