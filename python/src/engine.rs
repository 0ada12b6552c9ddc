//! A loaded model.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use glossa_ner::formats::Document;
use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotator, Options};
use pyo3::prelude::*;

use crate::documents::{from_python, to_python};
use crate::error::{raised, Failure};
use crate::many::Outcomes;
use crate::{input, results, windows};

/// How often signals are looked at, such as that of Ctrl+C.
pub(crate) const SIGNALS_EVERY: Duration = Duration::from_millis(50);

/// A loaded model.
#[pyclass(frozen, module = "glossa_ner._glossa")]
pub(crate) struct Engine {
    pub(crate) annotator: Arc<Annotator>,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(py: Python<'_>, model: PathBuf, options: &str) -> PyResult<Self> {
        let options: Options = input::options(options)?;
        let loaded = py.detach(|| Folder::open(&model).and_then(|folder| Annotator::load(&folder, &options)));
        Ok(Engine { annotator: Arc::new(loaded.map_err(|error| raised(&error))?) })
    }

    fn annotate<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        options: &str,
        unit: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let unit = input::unit("offset_unit", unit)?;
        let options: AnnotateOptions = input::options(options)?;
        let text = input::text(text).map_err(|error| raised(&error))?;
        let annotate = || windows::annotate(&self.annotator, &text, &options, unit, signals());
        let found = py.detach(annotate).map_err(PyErr::from)?;
        results::annotation(py, &found, unit)
    }

    fn annotate_document<'py>(
        &self,
        py: Python<'py>,
        document: &Bound<'py, PyAny>,
        options: &str,
        unit: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let unit = input::unit("offset_unit", unit)?;
        let options: AnnotateOptions = input::options(options)?;
        let document: Document = from_python(document, unit)?;
        let reading = document.reading_text();
        let utf16 = glossa_ner::formats::Unit::Utf16;
        let annotate = || windows::annotate(&self.annotator, reading.text(), &options, utf16, signals());
        let found = py.detach(annotate).map_err(PyErr::from)?;
        to_python(py, document.annotated(&reading, found, self.annotator.name()), unit)
    }

    fn annotate_all(
        &self,
        texts: &Bound<'_, PyAny>,
        options: &str,
        unit: &str,
        threads: Option<usize>,
        max_characters: Option<usize>,
    ) -> PyResult<Outcomes> {
        let options: AnnotateOptions = input::options(options)?;
        input::check(&self.annotator, &options)?;
        let unit = input::unit("offset_unit", unit)?;
        let threads = input::threads(threads)?;
        Ok(Outcomes::new(texts.try_iter()?.unbind(), self.annotator.clone(), options, unit, threads, max_characters))
    }

    /// Raises `option_invalid` for options that the model does not take.
    fn check(&self, options: &str) -> PyResult<()> {
        input::check(&self.annotator, &input::options(options)?)
    }

    #[getter]
    fn name(&self) -> &str {
        self.annotator.name()
    }

    #[getter]
    fn labels(&self) -> &[String] {
        self.annotator.labels()
    }

    #[getter]
    fn entities(&self) -> Vec<&str> {
        self.annotator.entities()
    }

    #[getter]
    fn warnings(&self) -> &[String] {
        self.annotator.warnings()
    }

    #[getter]
    fn precision(&self) -> &'static str {
        self.annotator.precision().name()
    }

    #[getter]
    fn max_sentence_length(&self) -> usize {
        self.annotator.max_sentence_length()
    }
}

/// Looks at signals: the error is the exception that a signal's handler has raised.
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is not general enough in its lifetime")]
pub(crate) fn check_signals() -> PyResult<()> {
    Python::attach(|py| py.check_signals())
}

/// Looks at signals now and then: the error is the exception that a signal's handler has raised.
pub(crate) fn signals() -> impl FnMut() -> Result<(), Failure> {
    let mut looked = Instant::now();
    move || {
        if looked.elapsed() < SIGNALS_EVERY {
            return Ok(());
        }
        looked = Instant::now();
        Ok(check_signals()?)
    }
}
