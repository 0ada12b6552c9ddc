//! The library for JavaScript: translates types, and nothing else. Files come as bytes that JavaScript has downloaded
//! or that its user chose; what is annotated, and how, is decided elsewhere.

mod files;
mod formats;

use std::cell::RefCell;

use js_sys::{Function, Object, Reflect};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use web_sys::Performance;

use self::files::JsFiles;
use crate::engine::{Fused, Precision};
use crate::model::{missing_external_files, LoadContext, Model};
use crate::pipeline_file::{explained, PipelineFile};
use crate::{annotator, AnnotateOptions, Error, Options, WindowScores};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;
}

/// Reports panics on the console; the worker that panics is lost. The binaries of `build.sh` abort without a message, to stay
/// small: this serves those of a plain `cargo build`.
#[wasm_bindgen(start)]
pub(crate) fn start() {
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
}

/// An `Error` for JS: `message`, `name` `GlossaError`, and a stable `code`.
fn js_error(error: &Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    object.set_name("GlossaError");
    // Setting a property of a new object cannot fail.
    let _ = Reflect::set(&object, &"code".into(), &error.code().into());
    object.into()
}

/// A plain JS value; its fields are camelCase, `None` is `undefined`.
fn plain(value: &impl Serialize) -> JsValue {
    let serializer =
        serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(false).serialize_maps_as_objects(true);
    value.serialize(&serializer).unwrap_or(JsValue::UNDEFINED)
}

/// An options object; `undefined` and `null`, as the whole or as a field, stand for the defaults.
fn read<T: Default + DeserializeOwned>(value: &JsValue) -> Result<T, JsValue> {
    let invalid = |reason: String| js_error(&Error::OptionInvalid { option: "options".into(), reason });
    // By way of a JSON value, so that unknown fields are seen: read directly, only known ones are looked up.
    let value: Value = serde_wasm_bindgen::from_value(value.clone()).map_err(|error| invalid(error.to_string()))?;
    match value {
        Value::Null => Ok(T::default()),
        Value::Object(mut fields) => {
            fields.retain(|_, field| !field.is_null());
            // A list of values would be taken for those of the fields in their order.
            if let Some(list @ Value::Array(_)) = fields.get("tokenizer") {
                return Err(invalid(format!("tokenizer: {list} is no object")));
            }
            serde_json::from_value(Value::Object(fields)).map_err(|error| invalid(explained(&error)))
        }
        other => Err(invalid(format!("{other} is no object"))),
    }
}

/// A loaded model.
#[wasm_bindgen]
pub struct Annotator {
    inner: annotator::Annotator,
}

/// A text being annotated: see `begin`.
#[wasm_bindgen]
pub struct Job {
    inner: RefCell<crate::Job>,
}

/// What `on_progress` is called with: bytes of the ONNX file that have been read. When all have been, the graph is still
/// to be optimised.
#[derive(Serialize)]
#[serde(tag = "stage", rename = "prepare")]
struct Progress {
    loaded: f64,
    total: f64,
}

/// What `info` returns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    name: &'a str,
    /// The path or address of the ONNX file.
    file: &'a str,
    labels: &'a [String],
    entities: Vec<&'a str>,
    /// Word pieces per window, special pieces included.
    max_sentence_length: usize,
    /// What a user should know about how the files were read.
    warnings: &'a [String],
    /// Linear layers that run in int8.
    int8_layers: usize,
    /// The arithmetic that those layers run in, whatever was asked for.
    precision: Precision,
    /// What of the model's graph runs as fused operations.
    fused: Fused,
}

#[wasm_bindgen]
impl Annotator {
    /// Loads a model from files.
    ///
    /// `name` is where the files come from: errors name a file as `name/path`, and a model without a name of its own takes
    /// the last part of it. `files` maps paths (`model.onnx`, `assets/vocab.txt`) to `Uint8Array`s, to arrays of them
    /// that together are the file, or, in a worker, to `Blob`s, which are read a part at a time. A single file `….zip`
    /// is a zip of a model's files. `on_progress` is called with `{stage: "prepare", loaded, total}`; exceptions from it
    /// are ignored. `hashed` are the paths of files whose sha256 the caller compares with the manifest's; the sha256 of
    /// any other file that a manifest lists is computed here.
    ///
    /// Throws `option_invalid`, and the errors of `Model::read` and `Annotator::from_model`.
    #[wasm_bindgen(js_name = fromFiles)]
    pub fn from_files(
        name: String,
        files: &Object,
        options: JsValue,
        on_progress: Option<Function>,
        hashed: Option<Vec<String>>,
    ) -> Result<Annotator, JsValue> {
        let options: Options = read(&options)?;
        let files = JsFiles::new(name, files, hashed.unwrap_or_default());
        let progress = |loaded: u64, total: u64| {
            if let Some(listener) = &on_progress {
                let event = Progress { loaded: loaded as f64, total: total as f64 };
                let _ = listener.call1(&JsValue::NULL, &plain(&event));
            }
        };
        let context =
            LoadContext { precision: options.precision, dtype: options.dtype, progress: &progress, check: &|| Ok(()) };
        let model = Model::read(&files, &context).map_err(|error| js_error(&error))?;
        // Optimising the graph takes its size again: by then the files need not be held any more.
        drop(files);
        let inner = annotator::Annotator::from_model(model, &options).map_err(|error| js_error(&error))?;
        Ok(Annotator { inner })
    }

    /// Paths of the files that the ONNX files among `files` have their weights in (external data) and that are not among
    /// them. `name` and `files`: see `fromFiles`.
    ///
    /// Throws `graph_invalid`.
    #[wasm_bindgen(js_name = externalFiles)]
    pub fn external_files(name: String, files: &Object) -> Result<Vec<String>, JsValue> {
        missing_external_files(&JsFiles::new(name, files, Vec::new())).map_err(|error| js_error(&error))
    }

    /// Reads a pipeline file: `{model, options, annotate, format}`, with defaults for what it leaves out. `name` is the file's
    /// in errors.
    #[wasm_bindgen(js_name = parsePipeline)]
    pub fn parse_pipeline(text: &str, name: &str) -> Result<JsValue, JsValue> {
        PipelineFile::parse(text, name).map(|pipeline| plain(&pipeline)).map_err(|error| js_error(&error))
    }

    /// `{name, labels, entities, int8Layers, precision, fused}` of the model; `fused` counts the parts of its graph
    /// that run as fused operations, as [`Fused`] names them.
    pub fn info(&self) -> JsValue {
        let inner = &self.inner;
        let int8_layers = inner.fused().linear;
        plain(&Info {
            name: inner.name(),
            file: inner.graph_file(),
            labels: inner.labels(),
            entities: inner.entities(),
            max_sentence_length: inner.max_sentence_length(),
            warnings: inner.warnings(),
            int8_layers,
            precision: inner.precision(),
            fused: inner.fused(),
        })
    }

    /// `{chunks: [{begin, end, text, entity, confidence, result, tokens}], truncatedFrom}`, as plain objects; absent values are
    /// left out. `tokens` are `[{begin, end, labels: [{label, score}]}]`. `options`: see `AnnotateOptions`.
    pub fn annotate(&self, text: &str, options: JsValue) -> Result<JsValue, JsValue> {
        let options: AnnotateOptions = read(&options)?;
        self.inner.annotate(text, &options).map(|annotation| plain(&annotation)).map_err(|error| js_error(&error))
    }

    /// Each token with its label, before the converter: `[{begin, end, label, score}]`, label and score missing
    /// where the model did not read the token. With several label sets, all tokens with the labels of one, then with those of the
    /// next. `options`: `{mode}`.
    pub fn label(&self, text: &str, options: JsValue) -> Result<JsValue, JsValue> {
        #[derive(Serialize)]
        struct Labelled<'a> {
            begin: usize,
            end: usize,
            label: Option<&'a str>,
            score: Option<f32>,
        }
        let options: AnnotateOptions = read(&options)?;
        let found = self.inner.label(text, options.mode).map_err(|error| js_error(&error))?;
        let labelled =
            found.label_sets.iter().flat_map(|labels| found.tokens.iter().zip(labels)).map(|(token, label)| {
                let place = found.document.original_range(token);
                Labelled {
                    begin: place.start,
                    end: place.end,
                    label: label.map(|label| label.label),
                    score: label.and_then(|label| label.score),
                }
            });
        Ok(plain(&labelled.collect::<Vec<_>>()))
    }

    /// Starts on a text without running the model, for callers that must stay responsive.
    pub fn begin(&self, text: &str, options: JsValue) -> Result<Job, JsValue> {
        let job = self.inner.begin(text, &read(&options)?).map_err(|error| js_error(&error))?;
        Ok(Job { inner: RefCell::new(job) })
    }

    /// Runs windows until `milliseconds` have passed or none is left; `false` when none is left.
    pub fn advance(&self, job: &Job, milliseconds: f64) -> Result<bool, JsValue> {
        let now = || PERFORMANCE.with(Performance::now);
        let until = now() + milliseconds;
        let mut job = job.inner.borrow_mut();
        while self.inner.advance(&mut job).map_err(|error| js_error(&error))? {
            if now() >= until {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the model gives for one window of a job, for `accept` of the same text's job in another worker.
    pub fn run(&self, job: &Job, window: usize) -> Result<Vec<f32>, JsValue> {
        self.inner.run(&job.inner.borrow(), window).map(WindowScores::into_values).map_err(|error| js_error(&error))
    }

    /// Takes what `run` gave for the job's next window, which then counts as run.
    pub fn accept(&self, job: &Job, rows: Vec<f32>) -> Result<(), JsValue> {
        self.inner.accept(&mut job.inner.borrow_mut(), self.inner.window_scores(rows)).map_err(|error| js_error(&error))
    }

    /// The result of a job, as `annotate` returns it.
    pub fn finish(&self, job: Job) -> Result<JsValue, JsValue> {
        self.inner.finish(job.inner.into_inner()).map(|found| plain(&found)).map_err(|error| js_error(&error))
    }
}

#[wasm_bindgen]
impl Job {
    /// Windows run.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> usize {
        self.inner.borrow().progress().0
    }

    /// See [`crate::Job::reuse_windows`].
    #[wasm_bindgen(js_name = reuseWindows)]
    pub fn reuse_windows(&self) {
        self.inner.borrow_mut().reuse_windows();
    }

    /// Windows that the model was run on: the others were kept of an earlier job.
    #[wasm_bindgen(getter)]
    pub fn ran(&self) -> usize {
        self.inner.borrow().ran()
    }

    /// Windows in all.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> usize {
        self.inner.borrow().progress().1
    }
}
