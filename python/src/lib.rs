//! The compiled part of the Python package `glossa_ner`: translates types for Python, nothing else. What Python programs call is
//! in `glossa_ner/*.py`, and so is the documentation.

mod arrow;
mod column;
mod documents;
mod engine;
mod error;
mod input;
mod many;
mod output;
mod results;
mod windows;

use std::ffi::OsString;

use glossa_ner::engine::quiet_guarded_panics;
use pyo3::prelude::*;

/// Runs the command `glossa` with these arguments, of which the first is the program's name; returns its exit code.
#[pyfunction]
fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| glossa_ner::command_line::run_from(arguments))
}

#[pymodule]
fn _glossa(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // The hook is that of this library alone.
    quiet_guarded_panics();
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<many::Outcomes>()?;
    module.add_class::<arrow::Stream>()?;
    module.add_class::<documents::Reader>()?;
    module.add_function(wrap_pyfunction!(arrow::annotate, module)?)?;
    module.add_function(wrap_pyfunction!(documents::all_formats, module)?)?;
    module.add_function(wrap_pyfunction!(documents::write, module)?)?;
    module.add_function(wrap_pyfunction!(documents::pipeline_file, module)?)?;
    module.add_function(wrap_pyfunction!(command_line, module)?)
}
