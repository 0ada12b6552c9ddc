//! Many texts on several threads, in order and in bounded memory.

use std::collections::BTreeMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use glossa_ner::formats::Unit;
use glossa_ner::{AnnotateOptions, Annotation, Annotator, Error};
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::engine::SIGNALS_EVERY;
use crate::error::{input_invalid, raised};
use crate::{input, results, windows};

/// How many texts are under way for each thread: one that takes long must not keep the other threads waiting.
const AHEAD: usize = 8;
/// Bytes of the texts under way from which on no other is taken.
const MOST_BYTES: usize = 16 << 20;

/// What became of many texts, one after another, in their order.
#[pyclass(frozen, module = "glossa_ner._glossa")]
pub(crate) struct Outcomes(Mutex<State>);

struct State {
    texts: Py<PyIterator>,
    /// Why there are no more texts; `Some(None)` is the regular end.
    ended: Option<Option<PyErr>>,
    threads: Threads,
    unit: Unit,
    max_characters: Option<usize>,
    /// Texts that were taken, and outcomes that were given.
    begun: usize,
    given: usize,
    /// Bytes of the texts under way.
    bytes: usize,
    done: BTreeMap<usize, Result<Annotation, Error>>,
}

impl Outcomes {
    pub(crate) fn new(
        texts: Py<PyIterator>,
        annotator: Arc<Annotator>,
        options: AnnotateOptions,
        unit: Unit,
        threads: usize,
        max_characters: Option<usize>,
    ) -> Self {
        let threads = Threads { annotator, options: Arc::new(options), unit, most: threads, started: None };
        let (begun, given, bytes, done) = (0, 0, 0, BTreeMap::new());
        Outcomes(Mutex::new(State { texts, ended: None, threads, unit, max_characters, begun, given, bytes, done }))
    }
}

#[pymethods]
impl Outcomes {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // Waiting for the lock could wait for ever: its holder may need the interpreter.
        let mut state =
            self.0.try_lock().map_err(|_| PyValueError::new_err("another thread asks for the next outcome"))?;
        let Some((index, outcome)) = state.next(py)? else { return Ok(None) };
        let class = py.import("glossa_ner._results")?.getattr("Outcome")?;
        match outcome {
            Ok(found) => class.call1((index, results::annotation(py, &found, state.unit)?, py.None())),
            Err(error) => class.call1((index, py.None(), raised(&error).into_value(py))),
        }
        .map(Some)
    }
}

impl State {
    fn next(&mut self, py: Python<'_>) -> PyResult<Option<(usize, Result<Annotation, Error>)>> {
        loop {
            self.take(py)?;
            if let Some(outcome) = self.done.remove(&self.given) {
                self.given += 1;
                return Ok(Some((self.given - 1, outcome)));
            }
            if self.begun == self.given {
                let why = self.ended.replace(None).flatten();
                return why.map_or(Ok(None), Err);
            }
            let results = &mut self.threads.started()?.results;
            match py.detach(move || results.recv_timeout(SIGNALS_EVERY)) {
                Ok(Done { index, bytes, result }) => {
                    self.bytes -= bytes;
                    self.done.insert(index, result);
                }
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
        }
    }

    /// Takes texts, as many as may be under way.
    fn take(&mut self, py: Python<'_>) -> PyResult<()> {
        while self.ended.is_none()
            && self.begun - self.given < AHEAD * self.threads.most
            && (self.bytes < MOST_BYTES || self.begun == self.given)
        {
            let text = match self.texts.bind(py).clone().next() {
                None => {
                    self.ended = Some(None);
                    return Ok(());
                }
                // What came before it is given first.
                Some(Err(error)) if error.is_instance_of::<PyException>(py) => {
                    self.ended = Some(Some(error));
                    return Ok(());
                }
                Some(text) => input::text(&text?),
            };
            let index = self.begun;
            match text.and_then(|text| input::check_length(&text, self.max_characters).map(|()| text)) {
                Ok(text) => {
                    self.bytes += text.len();
                    self.threads.started()?.texts.send((index, text)).map_err(|_| ended())?;
                }
                Err(error) => drop(self.done.insert(index, Err(error))),
            }
            self.begun += 1;
        }
        Ok(())
    }
}

fn ended() -> PyErr {
    raised(&Error::InferenceFailed { reason: "the threads have ended".into() })
}

/// A text that is done.
struct Done {
    index: usize,
    bytes: usize,
    result: Result<Annotation, Error>,
}

/// The threads, which are started with the first text and end with the value.
struct Threads {
    annotator: Arc<Annotator>,
    options: Arc<AnnotateOptions>,
    unit: Unit,
    most: usize,
    started: Option<Started>,
}

struct Started {
    texts: Sender<(usize, String)>,
    results: Receiver<Done>,
    stop: Arc<AtomicBool>,
}

impl Threads {
    fn started(&mut self) -> PyResult<&mut Started> {
        if self.started.is_none() {
            let (texts, waiting) = channel::<(usize, String)>();
            let (sender, results) = channel();
            let (waiting, stop) = (Arc::new(Mutex::new(waiting)), Arc::new(AtomicBool::new(false)));
            for number in 0..self.most {
                let (waiting, sender, stop) = (waiting.clone(), sender.clone(), stop.clone());
                let (annotator, options, unit) = (self.annotator.clone(), self.options.clone(), self.unit);
                let work = move || run(&annotator, &options, unit, &waiting, &sender, &stop);
                // Fewer threads will do, but not none.
                match thread::Builder::new().name(format!("glossa-{number}")).spawn(work) {
                    Ok(_) => {}
                    Err(error) if number == 0 => return Err(error.into()),
                    Err(_) => break,
                }
            }
            self.started = Some(Started { texts, results, stop });
        }
        self.started.as_mut().ok_or_else(ended)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// A thread's work: texts until there are no more, or until nobody waits for them.
fn run(
    annotator: &Annotator,
    options: &AnnotateOptions,
    unit: Unit,
    waiting: &Mutex<Receiver<(usize, String)>>,
    results: &Sender<Done>,
    stop: &AtomicBool,
) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((index, text)) = next else { break };
        let check =
            || if stop.load(Ordering::Relaxed) { Err(input_invalid("text", "nobody waits for it")) } else { Ok(()) };
        let annotate = || windows::annotate(annotator, &text, options, unit, check);
        // A thread that panicked would leave its text without an outcome, for which the caller would wait for ever.
        let result = catch_unwind(AssertUnwindSafe(annotate))
            .unwrap_or_else(|_| Err(Error::InferenceFailed { reason: "the engine has panicked".into() }));
        if stop.load(Ordering::Relaxed) || results.send(Done { index, bytes: text.len(), result }).is_err() {
            break;
        }
    }
}
