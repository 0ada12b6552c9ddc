//! Files of annotated texts: see `glossa_ner::formats`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;

use glossa_ner::formats::{
    self, read_files, Document, FilesOptions, Format, NamedFile, ReadOptions, Record, Unit, Warnings, WriteOptions,
};
use glossa_ner::pipeline_file::PipelineFile;
use glossa_ner::text::charset::Charset;
use glossa_ner::Error;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use pythonize::{depythonize, pythonize};
use serde::Deserialize;

use crate::engine::SIGNALS_EVERY;
use crate::error::{input_invalid, option_invalid, raised};
use crate::input;

/// Records that are read ahead.
const AHEAD: usize = 8;

/// The one key of a document whose name in JSON differs from that in Python.
const TRUNCATED: (&str, &str) = ("truncatedFrom", "truncated_from");

/// How files are read.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ReadSettings {
    format: Option<Format>,
    recognise: bool,
    charset: Option<Charset>,
    text_field: Option<String>,
    id_field: Option<String>,
    unit: Option<Unit>,
}

/// How documents are written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WriteSettings {
    csv_mark: bool,
    details: bool,
    label_field: Option<String>,
}

/// A document as a `dict` with offsets in `unit`.
pub(crate) fn to_python(py: Python<'_>, mut document: Document, unit: Unit) -> PyResult<Bound<'_, PyAny>> {
    convert(&mut document, Unit::Utf16, unit).map_err(|error| raised(&error))?;
    let dict = pythonize(py, &document)?;
    if let Some(at) = document.truncated_from {
        dict.set_item(TRUNCATED.1, at)?;
        dict.del_item(TRUNCATED.0)?;
    }
    Ok(dict)
}

/// A document from a `dict` with offsets in `unit`.
///
/// # Errors
/// `input_invalid` if it is none, or has places beyond its text.
pub(crate) fn from_python(object: &Bound<'_, PyAny>, unit: Unit) -> PyResult<Document> {
    let given = object.cast::<PyDict>().map_err(|_| {
        let name = object.get_type().name().map_or_else(|_| "object".into(), |name| name.to_string());
        raised(&input_invalid("document", format!("it is of type {name}, not dict")))
    })?;
    let dict = given.copy()?;
    if let Some(at) = dict.get_item(TRUNCATED.1)? {
        dict.set_item(TRUNCATED.0, at)?;
    }
    // Errors name what is wrong.
    let mut document: Document =
        depythonize(&dict).map_err(|error| raised(&input_invalid("document", error.to_string())))?;
    convert(&mut document, unit, Unit::Utf16).and_then(|()| document.check()).map_err(|error| raised(&error))?;
    Ok(document)
}

/// Changes the unit of all offsets of a document's text.
fn convert(document: &mut Document, from: Unit, to: Unit) -> Result<(), Error> {
    if from == to {
        return Ok(());
    }
    let text = std::mem::take(&mut document.text);
    let index = formats::TextIndex::new(&text);
    let id = document.id.clone();
    let change = |offset: &mut usize| {
        let reason = || format!("{offset} is no place in its text, counted in {}", from.words());
        *offset = index.at(from, *offset).ok_or_else(|| input_invalid(&id, reason()))?.offset(to);
        Ok::<(), Error>(())
    };
    let passages = document.passages.iter_mut().flat_map(|passage| [&mut passage.begin, &mut passage.end]);
    let mentions = document.mentions.iter_mut().flat_map(|mention| {
        let spans = mention.spans.iter_mut().flat_map(|span| [&mut span.begin, &mut span.end]);
        spans.chain(mention.tokens.iter_mut().flat_map(|token| [&mut token.begin, &mut token.end]))
    });
    passages.chain(mentions).chain(document.truncated_from.as_mut()).try_for_each(change)?;
    document.text = text;
    Ok(())
}

/// A file's name, and its bytes if it is in memory.
type Named = (PathBuf, Option<Vec<u8>>);

/// The records of files, one after another.
#[pyclass(frozen, module = "glossa_ner._glossa")]
pub(crate) struct Reader {
    // Files are read by a thread of their own, from which one by one comes: the reader itself belongs to one thread.
    records: Mutex<Receiver<(Record, Format)>>,
    unit: Unit,
}

#[pymethods]
impl Reader {
    #[new]
    fn new(files: Vec<Named>, settings: &str, offset_unit: &str) -> PyResult<Self> {
        let ReadSettings { format, recognise, charset, text_field, id_field, unit } = input::options(settings)?;
        let read = ReadOptions { text_field, id_field, unit };
        let options = FilesOptions { format, recognise, charset, read };
        let unit = input::unit("offset_unit", offset_unit)?;
        let (sender, records) = sync_channel(AHEAD);
        thread::Builder::new().name("glossa-read".into()).spawn(move || {
            let mut found = read_files(files.into_iter().map(file).collect(), &options);
            while let Some(record) = found.next() {
                if sender.send((record, found.format())).is_err() {
                    break;
                }
            }
        })?;
        Ok(Reader { records: Mutex::new(records), unit })
    }

    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (record, format) = loop {
            let next = py.detach(|| {
                let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
                records.recv_timeout(SIGNALS_EVERY)
            });
            match next {
                Ok(next) => break next,
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        };
        let id = record.name().to_string();
        let (document, error) = match record.document {
            Ok(document) => (Some(to_python(py, document, self.unit)?), None),
            Err(error) => (None, Some(raised(&error).into_value(py))),
        };
        let problems: Vec<_> = record.problems.iter().map(|error| raised(error).into_value(py)).collect();
        let class = py.import("glossa_ner._results")?.getattr("Record")?;
        let warnings = counted(py, &record.warnings)?;
        class.call1((record.place, id, format.name(), document, error, problems, warnings)).map(Some)
    }
}

fn file((path, bytes): Named) -> NamedFile {
    let name = path.display().to_string();
    match bytes {
        Some(bytes) => NamedFile::of_bytes(name, bytes),
        None => NamedFile::new(name.clone(), move || match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::FileMissing { file: name }),
            Err(error) => Err(Error::FileUnreadable { file: name, reason: error.to_string() }),
        }),
    }
}

/// What was left out, and how often.
fn counted<'py>(py: Python<'py>, warnings: &Warnings) -> PyResult<Bound<'py, PyDict>> {
    let counted = PyDict::new(py);
    for (what, times) in warnings.iter() {
        counted.set_item(what, times)?;
    }
    Ok(counted)
}

/// Writes documents, to a file or as bytes; returns the bytes, if there is no file, and what could not be written.
#[pyfunction]
pub(crate) fn write<'py>(
    py: Python<'py>,
    documents: &Bound<'py, PyAny>,
    format: &str,
    file: Option<PathBuf>,
    settings: &str,
    offset_unit: &str,
) -> PyResult<(Option<Bound<'py, PyBytes>>, Bound<'py, PyDict>)> {
    let WriteSettings { csv_mark, details, label_field } = input::options(settings)?;
    let unit = input::unit("offset_unit", offset_unit)?;
    let known = || Format::ALL.iter().filter(|format| format.can_be_written()).map(|format| format.name());
    let unknown =
        || option_invalid("format", format!("{format:?} is none of {}", known().collect::<Vec<_>>().join(", ")));
    let format = Format::of_name(format).ok_or_else(unknown)?;
    let options = WriteOptions { csv_mark, details, label_field };
    let documents = documents.try_iter()?;
    let warnings = match &file {
        None => {
            let writer = formats::Writer::new(format, Vec::new(), &options).map_err(|error| raised(&error))?;
            let (bytes, warnings) = written(py, writer, documents, unit)?;
            return Ok((Some(PyBytes::new(py, &bytes)), counted(py, &warnings)?));
        }
        Some(path) => {
            // A format that cannot be written shall not empty the file.
            formats::Writer::new(format, io::sink(), &options).map_err(|error| raised(&error))?;
            let out = BufWriter::new(File::create(path)?);
            let writer = formats::Writer::new(format, out, &options).map_err(|error| raised(&error))?;
            written(py, writer, documents, unit)?.1
        }
    };
    Ok((None, counted(py, &warnings)?))
}

fn written<W: Write>(
    py: Python<'_>,
    mut writer: formats::Writer<W>,
    documents: Bound<'_, pyo3::types::PyIterator>,
    unit: Unit,
) -> PyResult<(W, Warnings)> {
    for document in documents {
        py.check_signals()?;
        writer.document(&from_python(&document?, unit)?)?;
    }
    Ok(writer.finish()?)
}

/// All formats: name, title, end of file names, whether it is read, whether it is written, whether each document is a file.
#[pyfunction]
#[pyo3(name = "formats")]
pub(crate) fn all_formats(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let info = |format: Format| {
        let (read, written) = (format.can_be_read(), format.can_be_written());
        (format.name(), format.title(), format.extension(), read, written, format.is_file_per_document())
    };
    PyList::new(py, Format::ALL.map(info))
}

/// A pipeline file: the model as written, and the options of loading and annotating as JSON, and the format's name.
#[pyfunction]
pub(crate) fn pipeline_file(
    text: &str,
    name: &str,
) -> PyResult<(Option<String>, String, String, Option<&'static str>)> {
    let file = PipelineFile::parse(text, name).map_err(|error| raised(&error))?;
    let json = |value: serde_json::Result<String>| value.map_err(|error| option_invalid("options", error.to_string()));
    let (options, annotate) =
        (json(serde_json::to_string(&file.options))?, json(serde_json::to_string(&file.annotate))?);
    Ok((file.model, options, annotate, file.format.map(Format::name)))
}
