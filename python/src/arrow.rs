//! Annotates the rows of Arrow data, batch by batch as they are asked for.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Field, SchemaRef};
use glossa_ner::formats::Unit;
use glossa_ner::{AnnotateOptions, Annotation, Annotator, Error};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{to_schema_pycapsule, to_stream_pycapsule, ArrayIterator};
use pyo3_arrow::input::AnyRecordBatch;
use serde::Deserialize;

use crate::column::{find, Texts};
use crate::engine::{check_signals, signals, Engine, SIGNALS_EVERY};
use crate::error::{input_invalid, raised, Failure};
use crate::output::{Layout, Names, Output};
use crate::{input, windows};

/// Rows of a batch that is given, at most.
const MOST_ROWS: usize = 4096;
/// Bytes of texts in a batch that is given, from which on it gets no other row.
const MOST_BYTES: usize = 16 << 20;

/// How data is annotated.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    text: String,
    columns: Names,
    layout: Layout,
    offset_unit: String,
    threads: Option<usize>,
    max_characters: Option<usize>,
}

/// Rows with their results, to be read once.
#[pyclass(frozen, module = "glossa_ner._glossa")]
pub(crate) struct Stream {
    schema: SchemaRef,
    reader: Mutex<Option<Box<dyn RecordBatchReader + Send>>>,
}

#[pymethods]
impl Stream {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        let reader = reader.ok_or_else(|| {
            raised(&input_invalid("Arrow stream", "it has been read: keep what was read, or annotate again"))
        })?;
        let field = Field::new_struct("", self.schema.fields().clone(), false);
        let field = Arc::new(field.with_metadata(self.schema.metadata().clone()));
        let batches = reader.map(|batch| Ok(Arc::new(StructArray::from(batch?)) as ArrayRef));
        Ok(to_stream_pycapsule(py, Box::new(ArrayIterator::new(batches, field)), requested_schema)?)
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        format!("<Arrow stream of {}>", names.join(", "))
    }
}

/// Annotates the rows of `data`, which gives an Arrow stream or a batch.
#[pyfunction]
pub(crate) fn annotate(
    engine: &Bound<'_, Engine>,
    data: &Bound<'_, PyAny>,
    options: &str,
    settings: &str,
) -> PyResult<Stream> {
    let settings: Settings = input::options(settings)?;
    let options: AnnotateOptions = input::options(options)?;
    let annotator = engine.get().annotator.clone();
    input::check(&annotator, &options)?;
    let unit = match settings.layout {
        Layout::Glossa => input::unit("offset_unit", &settings.offset_unit)?,
        Layout::SparkNlp => Unit::Utf16,
    };
    let threads = input::threads(settings.threads)?;
    let no_arrow = |error: PyErr| {
        let reason = format!(
            "it is no Arrow table, batch or stream of them, such as those of pyarrow, polars or DuckDB: {error}"
        );
        raised(&input_invalid("data", reason))
    };
    let input = data.extract::<AnyRecordBatch>().and_then(AnyRecordBatch::into_reader).map_err(no_arrow)?;
    let text = find(&input.schema(), &settings.text)?;
    let output = Output::new(&input.schema(), &settings.columns, settings.layout, options.label_scores > 0)?;
    let schema = output.schema();
    let work = Work { annotator, options, unit, threads, max_characters: settings.max_characters };
    let reader = Annotated { input, waiting: None, text, work, output };
    Ok(Stream { schema, reader: Mutex::new(Some(Box::new(reader))) })
}

/// A reader of rows that annotates them.
struct Annotated {
    input: Box<dyn RecordBatchReader + Send>,
    /// A batch of the input, and how many of its rows are done.
    waiting: Option<(RecordBatch, usize)>,
    text: usize,
    work: Work,
    output: Output,
}

impl Annotated {
    /// The next rows of the input: few enough that they and their results take little memory, whatever batches come.
    fn rows(&mut self) -> Option<Result<(RecordBatch, Texts), ArrowError>> {
        let (batch, done) = match self.waiting.take() {
            Some(waiting) => waiting,
            None => match self.input.next()? {
                Ok(batch) => (batch, 0),
                Err(error) => return Some(Err(error)),
            },
        };
        let texts = match Texts::of(&batch.slice(done, batch.num_rows() - done), self.text) {
            Ok(texts) => texts,
            Err(error) => return Some(Err(error)),
        };
        let (mut rows, mut bytes) = (0, 0);
        while done + rows < batch.num_rows() && rows < MOST_ROWS && (bytes < MOST_BYTES || rows == 0) {
            bytes += texts.bytes(rows).map_or(0, <[u8]>::len);
            rows += 1;
        }
        let part = batch.slice(done, rows);
        if done + rows < batch.num_rows() {
            self.waiting = Some((batch, done + rows));
        }
        Some(Ok((part, texts)))
    }
}

impl Iterator for Annotated {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.rows()?.and_then(|(rows, texts)| {
            // Whoever asks may hold the interpreter or not: others shall have it meanwhile.
            let found = Python::attach(|py| py.detach(|| self.work.annotate(&texts, rows.num_rows())));
            let found = found.map_err(|failure| ArrowError::ExternalError(Box::new(PyErr::from(failure))))?;
            self.output.batch(&rows, &found)
        }))
    }
}

impl RecordBatchReader for Annotated {
    fn schema(&self) -> SchemaRef {
        self.output.schema()
    }
}

struct Work {
    annotator: Arc<Annotator>,
    options: AnnotateOptions,
    unit: Unit,
    threads: usize,
    max_characters: Option<usize>,
}

impl Work {
    /// What becomes of each of the first `rows` texts. Fails as a whole only by an exception of a signal's handler.
    fn annotate(&self, texts: &Texts, rows: usize) -> Result<Vec<Result<Annotation, Error>>, Failure> {
        let threads = self.threads.min(rows);
        if threads <= 1 {
            return (0..rows).map(|row| self.in_this_thread(texts, row)).collect();
        }
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let mut found: Vec<Option<Result<Annotation, Error>>> = vec![None; rows];
        thread::scope(|scope| {
            let (sender, results) = channel();
            for _ in 0..threads {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                let work = move || loop {
                    let row = next.fetch_add(1, Ordering::Relaxed);
                    if row >= rows || stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let check = || {
                        if stop.load(Ordering::Relaxed) {
                            Err(input_invalid("text", "nobody waits for it"))
                        } else {
                            Ok(())
                        }
                    };
                    let done = self.row(texts, row, check);
                    if sender.send((row, done)).is_err() {
                        break;
                    }
                };
                // Fewer threads will do: what none has done is done below.
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            drop(sender);
            loop {
                match results.recv_timeout(SIGNALS_EVERY) {
                    Ok((row, done)) => found[row] = Some(done),
                    Err(RecvTimeoutError::Timeout) => {
                        let looked = check_signals();
                        if let Err(error) = looked {
                            stop.store(true, Ordering::Relaxed);
                            return Err(Failure::Raised(error));
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        })?;
        let each = found.into_iter().enumerate();
        each.map(|(row, done)| done.map_or_else(|| self.in_this_thread(texts, row), Ok)).collect()
    }

    fn in_this_thread(&self, texts: &Texts, row: usize) -> Result<Result<Annotation, Error>, Failure> {
        match self.row(texts, row, signals()) {
            Ok(found) => Ok(Ok(found)),
            Err(Failure::Coded(error)) => Ok(Err(error)),
            Err(raised) => Err(raised),
        }
    }

    fn row<F: From<Error>>(
        &self,
        texts: &Texts,
        row: usize,
        check: impl FnMut() -> Result<(), F>,
    ) -> Result<Annotation, F> {
        let text = texts.text(row)?;
        // Offsets are numbers of 32 bits in the columns of results.
        let most = self.max_characters.unwrap_or(usize::MAX).min(i32::MAX as usize);
        input::check_length(text, Some(most))?;
        let annotate = || windows::annotate(&self.annotator, text, &self.options, self.unit, check);
        let panicked = |_| Err(Error::InferenceFailed { reason: "the engine has panicked".into() }.into());
        catch_unwind(AssertUnwindSafe(annotate)).unwrap_or_else(panicked)
    }
}
