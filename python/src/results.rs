//! Results as the objects of `glossa_ner/_results.py`.

use glossa_ner::formats::Unit;
use glossa_ner::{Annotation, Chunk, ChunkToken};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The classes of results.
struct Classes<'py> {
    chunk: Bound<'py, PyAny>,
    token: Bound<'py, PyAny>,
    label: Bound<'py, PyAny>,
}

/// An annotation whose offsets are in `unit`.
pub(crate) fn annotation<'py>(py: Python<'py>, found: &Annotation, unit: Unit) -> PyResult<Bound<'py, PyAny>> {
    let module = py.import("glossa_ner._results")?;
    let classes = Classes {
        chunk: module.getattr("Chunk")?,
        token: module.getattr("ChunkToken")?,
        label: module.getattr("LabelScore")?,
    };
    let chunks = found.chunks.iter().map(|found| chunk(&classes, found)).collect::<PyResult<Vec<_>>>()?;
    let precision = found.precision.map(glossa_ner::engine::Precision::name);
    let chunks = PyTuple::new(py, chunks)?;
    module.getattr("Annotation")?.call1((chunks, found.truncated_from, precision, unit.name()))
}

fn chunk<'py>(classes: &Classes<'py>, found: &Chunk) -> PyResult<Bound<'py, PyAny>> {
    let tokens = found.tokens.iter().map(|found| token(classes, found)).collect::<PyResult<Vec<_>>>()?;
    let tokens = PyTuple::new(classes.chunk.py(), tokens)?;
    let Chunk { begin, end, text, entity, confidence, result, .. } = found;
    classes.chunk.call1((begin, end, text, entity, confidence, result, tokens))
}

fn token<'py>(classes: &Classes<'py>, found: &ChunkToken) -> PyResult<Bound<'py, PyAny>> {
    let label = |label: &glossa_ner::LabelScore| classes.label.call1((&label.label, label.score));
    let labels = found.labels.iter().map(label).collect::<PyResult<Vec<_>>>()?;
    classes.token.call1((found.begin, found.end, PyTuple::new(classes.token.py(), labels)?))
}
