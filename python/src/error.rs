//! Errors, as Python has them.

use glossa_ner::Error;
use pyo3::prelude::*;

pyo3::import_exception!(glossa_ner._errors, GlossaError);

/// The exception of an error.
pub(crate) fn raised(error: &Error) -> PyErr {
    GlossaError::new_err((error.code(), error.to_string()))
}

/// The exception of an option that is not as it should be.
pub(crate) fn option_invalid(option: &str, reason: impl Into<String>) -> PyErr {
    raised(&Error::OptionInvalid { option: option.into(), reason: reason.into() })
}

/// The error of something to annotate.
pub(crate) fn input_invalid(input: &str, reason: impl Into<String>) -> Error {
    Error::InputInvalid { input: input.into(), reason: reason.into() }
}

/// What ends work: an error of the library, or an exception of Python's, such as `KeyboardInterrupt`.
pub(crate) enum Failure {
    Coded(Error),
    Raised(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Coded(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Failure::Raised(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> PyErr {
        match failure {
            Failure::Coded(error) => raised(&error),
            Failure::Raised(error) => error,
        }
    }
}
