//! The doors to a browser: types in and out, downloads, time. What is annotated, and how, is decided elsewhere.

mod files;

use std::borrow::Cow;
use std::cell::RefCell;

use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Performance, ReadableStreamDefaultReader, Response};

use self::files::{Hashes, JsFile, JsFiles, Pieces};
use crate::engine::{Fused, Precision};
use crate::model::{is_archive_name, EXPORT_FOLDER_FILES, HUGGING_FACE_FILES, MANIFEST};
use crate::model::{LoadContext, Manifest, ManifestFile, Model};
use crate::pipeline_file::{explained, PipelineFile};
use crate::{annotator, AnnotateOptions, Error, Options, WindowScores};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn plain_fetch(address: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(thread_local_v2, js_name = performance)]
    static PERFORMANCE: Performance;
}

/// Sends panics to the console, where a developer finds them: the worker that ran into one is lost. In the binaries of
/// `build.sh` panics are silent, to keep them small; in one of a plain `cargo build` they speak.
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

/// What `onProgress` is told: the download as a whole, in bytes, then the model's preparation, in bytes of its file that
/// have been read; at its end what is left is to be optimised.
#[derive(Serialize)]
#[serde(tag = "stage", rename_all = "camelCase")]
enum Progress<'a> {
    Download { file: &'a str, loaded: f64, total: f64 },
    Prepare { loaded: f64, total: f64 },
}

/// Calls a listener, if there is one. What it throws is its own affair; context goes on.
fn tell(listener: Option<&Function>, progress: &Progress<'_>) {
    if let Some(listener) = listener {
        let _ = listener.call1(&JsValue::NULL, &plain(progress));
    }
}

/// What `info` returns.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    name: &'a str,
    labels: &'a [String],
    entities: Vec<&'a str>,
    /// Linear layers that run in int8.
    int8_layers: usize,
    /// The arithmetic that those layers run in, whatever was asked for.
    precision: Precision,
    /// What of the model's graph runs by our own operations.
    fused: Fused,
}

#[wasm_bindgen]
impl Annotator {
    /// Downloads a model folder, or a zip whose address ends so, and loads it. `address` is absolute; `on_progress`
    /// is called with `{stage: "download", file, loaded, total}` in bytes over all files, then
    /// `{stage: "prepare", loaded, total}` in bytes of the ONNX file; `ask`, if it is given, in place of `fetch` with the
    /// address of each file: the promise of a `Response`, or of the bytes as an `ArrayBuffer`.
    pub async fn fetch(
        address: String,
        options: JsValue,
        on_progress: Option<Function>,
        ask: Option<Function>,
    ) -> Result<Annotator, JsValue> {
        let options: Options = read(&options)?;
        let listener = on_progress.as_ref();
        let found = download(&address, ask.as_ref(), &|progress| tell(listener, progress)).await;
        let (files, hashes) = found.map_err(|error| js_error(&error))?;
        let loaded = Self::load(files, &options, listener);
        // If a file is not the one that it should be, that is what is wrong.
        hashes.check().await.map_err(|error| js_error(&error))?;
        loaded
    }

    /// Loads a model from files. `files` maps paths (`model.onnx`, `assets/vocab.txt`) to `Uint8Array`s or, in a worker,
    /// to `Blob`s, which are read a part at a time; a single file `….zip` is a model's zip, such as a saved model of
    /// Spark NLP. `on_progress` is called with `{stage: "prepare", loaded, total}`.
    #[wasm_bindgen(js_name = fromFiles)]
    pub fn from_files(
        name: String,
        files: &Object,
        options: JsValue,
        on_progress: Option<Function>,
    ) -> Result<Annotator, JsValue> {
        let options: Options = read(&options)?;
        let mut held = JsFiles::new(name);
        for entry in Object::entries(files).iter() {
            let entry = Array::from(&entry);
            held.insert(entry.get(0).as_string().unwrap_or_default(), JsFile::new(entry.get(1)));
        }
        Self::load(held, &options, on_progress.as_ref())
    }

    fn load(files: JsFiles, options: &Options, listener: Option<&Function>) -> Result<Annotator, JsValue> {
        let progress = |loaded: u64, total: u64| {
            tell(listener, &Progress::Prepare { loaded: loaded as f64, total: total as f64 });
        };
        let context = LoadContext { precision: options.precision, progress: &progress };
        let model = Model::read(&files, &context).map_err(|error| js_error(&error))?;
        // Before the graph is optimised, which takes its size again.
        drop(files);
        let inner = annotator::Annotator::from_model(model, options).map_err(|error| js_error(&error))?;
        Ok(Annotator { inner })
    }

    /// Reads a pipeline's document: `{model, options, annotate, format}`, with defaults for what it leaves out. `name`
    /// is the document's in errors.
    #[wasm_bindgen(js_name = parsePipeline)]
    pub fn parse_pipeline(text: &str, name: &str) -> Result<JsValue, JsValue> {
        PipelineFile::parse(text, name).map(|pipeline| plain(&pipeline)).map_err(|error| js_error(&error))
    }

    /// `{name, labels, entities, int8Layers, precision, fused}` of the model; `fused` counts the parts of its graph that
    /// run by our own operations, as [`Fused`] names them.
    pub fn info(&self) -> JsValue {
        let inner = &self.inner;
        let int8_layers = inner.fused().linear;
        plain(&Info {
            name: inner.name(),
            labels: inner.labels(),
            entities: inner.entities(),
            int8_layers,
            precision: inner.precision(),
            fused: inner.fused(),
        })
    }

    /// `{chunks: [{begin, end, text, entity, confidence, result}], truncatedFrom}`, as plain objects; what there is not
    /// is missing. `options`: see `AnnotateOptions`.
    pub fn annotate(&self, text: &str, options: JsValue) -> Result<JsValue, JsValue> {
        let options: AnnotateOptions = read(&options)?;
        self.inner.annotate(text, &options).map(|annotation| plain(&annotation)).map_err(|error| js_error(&error))
    }

    /// Each token with its label, before the converter: `[{begin, end, label, score}]`, label and score missing
    /// where the model did not read the token. `options`: `{mode}`.
    pub fn label(&self, text: &str, options: JsValue) -> Result<JsValue, JsValue> {
        #[derive(Serialize)]
        struct Labelled<'a> {
            begin: usize,
            end: usize,
            label: Option<&'a str>,
            score: Option<f32>,
        }
        let options: AnnotateOptions = read(&options)?;
        let labelling = self.inner.label(text, options.mode).map_err(|error| js_error(&error))?;
        let labelled = labelling.tokens.iter().zip(&labelling.labels).map(|(token, label)| {
            let place = labelling.document.original_range(token);
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

    /// Windows in all.
    #[wasm_bindgen(getter)]
    pub fn total(&self) -> usize {
        self.inner.borrow().progress().1
    }
}

/// Fetches a bundle's files, or where there is no manifest those of a Spark NLP export folder or a Hugging Face folder;
/// or one zip.
async fn download(
    address: &str,
    ask: Option<&Function>,
    tell: &dyn Fn(&Progress<'_>),
) -> Result<(JsFiles, Hashes), Error> {
    let address = address.trim_end_matches('/');
    let (root, archive) = match address.rsplit_once('/') {
        Some((folder, file)) if is_archive_name(file) => (folder, Some(file)),
        _ => (address, None),
    };
    let (mut files, mut hashes) = (JsFiles::new(root), Hashes::default());
    let locate = |path: &str| format!("{root}/{path}");
    let unlisted = |paths: &[&str]| paths.iter().map(|path| (path.to_string(), None)).collect::<Vec<_>>();
    let paths: Vec<(String, Option<ManifestFile>)> = if let Some(archive) = archive {
        unlisted(&[archive])
    } else if let Some(found) = fetch_if_there(&locate(MANIFEST), ask).await? {
        let manifest = Manifest::parse(&found.to_vec(), &locate(MANIFEST))?;
        files.insert(MANIFEST, JsFile::Pieces(found));
        manifest.files.into_iter().map(|file| (file.path.clone(), Some(file))).collect()
    } else if let Some(found) = fetch_if_there(&locate(EXPORT_FOLDER_FILES[0]), ask).await? {
        files.insert(EXPORT_FOLDER_FILES[0], JsFile::Pieces(found));
        unlisted(&EXPORT_FOLDER_FILES[1..])
    } else {
        unlisted(&HUGGING_FACE_FILES)
    };
    let total = paths.iter().filter_map(|(_, listed)| Some(listed.as_ref()?.bytes)).sum::<u64>() as f64;
    let mut before = 0.0;
    let (mut graph, mut tokenizer) = (false, false);
    for (path, listed) in paths {
        // Of the places where a Hugging Face folder may have them, the first will do.
        if listed.is_none() && ((graph && path.ends_with(".onnx")) || (tokenizer && path == "vocab.txt")) {
            continue;
        }
        let loaded = |loaded: f64| tell(&Progress::Download { file: &path, loaded: before + loaded, total });
        loaded(0.0);
        match fetch_file(&locate(&path), ask, listed.as_ref(), &loaded).await {
            Ok(found) => {
                before += found.length() as f64;
                graph |= path.ends_with(".onnx");
                tokenizer |= path == "tokenizer.json";
                match listed {
                    Some(entry) => files.insert_listed(entry, found, &mut hashes),
                    None => files.insert(path, JsFile::Pieces(found)),
                }
            }
            // Whether a missing file matters is for the model's reader to say.
            Err(Error::FileMissing { .. }) if listed.is_none() && archive.is_none() => (),
            Err(error) => return Err(error),
        }
    }
    Ok((files, hashes))
}

/// Fetches a small file; `None` when there is no such file.
async fn fetch_if_there(address: &str, ask: Option<&Function>) -> Result<Option<Pieces>, Error> {
    match fetch_file(address, ask, None, &|_| ()).await {
        Ok(found) => Ok(Some(found)),
        Err(Error::FileMissing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Fetches one file, telling how many bytes have come. One that a manifest lists is refused as soon as it is longer than
/// it says there, and its hash goes along as the address's fragment: no server sees it, but a service worker does, and
/// can tell a cached file from its successor.
async fn fetch_file(
    address: &str,
    ask: Option<&Function>,
    listed: Option<&ManifestFile>,
    loaded: &dyn Fn(f64),
) -> Result<Pieces, Error> {
    let unreadable =
        |reason: JsValue| Error::FileUnreadable { file: address.to_string(), reason: files::reason(&reason) };
    let expected = listed.map(|file| file.bytes);
    let asked = listed.map_or(Cow::Borrowed(address), |file| format!("{address}#sha256={}", file.sha256).into());
    let response = match ask {
        Some(ask) => ask.call1(&JsValue::UNDEFINED, &(&*asked).into()).map(|promise| Promise::resolve(&promise)),
        None => plain_fetch(&asked),
    };
    let more = || Error::FileMismatch {
        file: address.to_string(),
        expected: format!("{} bytes", expected.unwrap_or_default()),
        found: "more".into(),
    };
    let too_long = |pieces: &Pieces| expected.is_some_and(|expected| pieces.length() > expected);
    let response = JsFuture::from(response.map_err(unreadable)?).await.map_err(unreadable)?;
    if response.has_type::<ArrayBuffer>() {
        let mut pieces = Pieces::default();
        pieces.push(Uint8Array::new(&response));
        loaded(pieces.length() as f64);
        return if too_long(&pieces) { Err(more()) } else { Ok(pieces) };
    }
    let response: Response = response.dyn_into().map_err(unreadable)?;
    match response.status() {
        404 | 410 => return Err(Error::FileMissing { file: address.to_string() }),
        _ if !response.ok() => return Err(unreadable(format!("status {}", response.status()).into())),
        _ => (),
    }
    let mut pieces = expected.map_or_else(Pieces::default, Pieces::of_length);
    let Some(body) = response.body() else { return Ok(pieces) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let part = JsFuture::from(reader.read()).await.map_err(unreadable)?;
        let done = Reflect::get(&part, &"done".into()).map_err(unreadable)?;
        if done.is_truthy() {
            return Ok(pieces);
        }
        pieces.push(Reflect::get(&part, &"value".into()).map_err(unreadable)?.unchecked_into());
        loaded(pieces.length() as f64);
        if too_long(&pieces) {
            let _ = reader.cancel();
            return Err(more());
        }
    }
}
