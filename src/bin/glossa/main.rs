//! The command line: `glossa annotate`, `glossa eval` and `glossa compare`.

mod compare;
mod eval;
mod flags;
mod setup;

use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use clap::{Args, Parser, Subcommand, ValueEnum};
use glossa_ner::export::{Format, Writer};
use glossa_ner::{AggregationStrategy, AnnotateOptions, Annotation, Error};

use flags::{change, list};
use setup::Setup;

/// Finds biomedical entities in text.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Annotates texts: each file is a document, or with JSON lines `{"id", "text"}` each line is.
    Annotate(Annotate),
    /// Measures a model on records `{"id", "text", "entities": [[begin, end, entity], …]}`, one a line, with offsets
    /// in code points. The last line of the output is the report as one JSON object.
    Eval(eval::Eval),
    /// Reports what differs between two outputs, ours or Spark NLP's. The exit code is 0 if nothing does, 1 if
    /// something does, and 2 if they cannot be compared.
    Compare(compare::Compare),
}

#[derive(Args)]
struct Annotate {
    /// How results are written; as a table by default.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// How files are read.
    #[arg(long, value_enum, default_value_t)]
    input: Input,
    /// Drop chunks of lower confidence, 0 to 1.
    #[arg(long, value_name = "CONFIDENCE")]
    threshold: Option<f32>,
    /// Keep only this entity; may be given more than once.
    #[arg(long = "entity", value_name = "NAME", visible_alias = "white-list")]
    entities: Vec<String>,
    /// Drop this entity; may be given more than once.
    #[arg(long, value_name = "NAME")]
    black_list: Vec<String>,
    /// Join neighbouring chunks of one entity.
    #[arg(long)]
    greedy: bool,
    /// Join chunks of one entity with only such words between them; may be given more than once.
    #[arg(long = "ignore-stop-word", value_name = "WORD", allow_hyphen_values = true)]
    ignore_stop_words: Vec<String>,
    /// Write another name for an entity; may be given more than once.
    #[arg(long = "replace-label", value_name = "OLD=NEW", value_parser = replacement)]
    replace_labels: Vec<(String, String)>,
    /// The model's labels are entities' names without B- and I-.
    #[arg(long)]
    no_schema: bool,
    /// How labels of a model read by its own tokenizer are joined: none, simple, first, average or max.
    #[arg(long, value_name = "STRATEGY", value_parser = flags::named::<AggregationStrategy>)]
    aggregation_strategy: Option<AggregationStrategy>,
    /// Files to annotate; standard input if there are none, or for `-`.
    files: Vec<PathBuf>,
    // Last, since its headings would hold for what follows.
    #[command(flatten)]
    setup: Setup,
}

fn replacement(argument: &str) -> Result<(String, String), String> {
    let (old, new) = argument.split_once('=').ok_or("it is not OLD=NEW")?;
    Ok((old.to_string(), new.to_string()))
}

#[derive(Clone, Copy, Default, PartialEq, ValueEnum)]
enum Input {
    /// JSON lines if the first line is a JSON object with a text, otherwise text.
    #[default]
    Auto,
    /// A file is one document.
    Text,
    /// A line is one document.
    Jsonl,
}

struct InputDocument {
    id: String,
    text: String,
}

/// What ends the program early: an error of the library's, or a failure to write.
enum Failure {
    Coded(Error),
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Coded(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Annotate(arguments) => exit_code(annotate(&arguments), 1),
        Command::Eval(arguments) => exit_code(eval::run(&arguments), 1),
        // As of `diff`: 1 is taken by an answer.
        Command::Compare(arguments) => match compare::run(&arguments) {
            Ok(equal) => ExitCode::from(u8::from(!equal)),
            Err(failure) => exit_code(Err(failure), 2),
        },
    }
}

/// Says what went wrong, if anything did.
fn exit_code(done: Result<(), Failure>, failed: u8) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output may stop early, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Failure::Output(error)) => {
            eprintln!("glossa: output_failed: {error}");
            ExitCode::from(failed)
        }
        Err(Failure::Coded(error)) => {
            eprintln!("glossa: {}: {error}", error.code());
            ExitCode::from(failed)
        }
    }
}

impl Annotate {
    /// Puts the flags that were given in the place of settings.
    fn change(&self, options: &mut AnnotateOptions) {
        change(&mut options.threshold, &self.threshold);
        change(&mut options.entities, &list(&self.entities));
        change(&mut options.black_list, &list(&self.black_list));
        options.greedy_mode |= self.greedy;
        change(&mut options.ignore_stop_words, &list(&self.ignore_stop_words));
        if !self.replace_labels.is_empty() {
            options.replace_labels = self.replace_labels.iter().cloned().collect();
        }
        options.ner_has_no_schema |= self.no_schema;
        change(&mut options.aggregation_strategy, &self.aggregation_strategy);
    }
}

fn annotate(arguments: &Annotate) -> Result<(), Failure> {
    let (mut pipeline, annotator) = arguments.setup.load()?;
    arguments.change(&mut pipeline.annotate);
    let options = pipeline.annotate;
    let format = arguments.format.or(pipeline.format).unwrap_or_default();
    let mut documents = Vec::new();
    if arguments.files.is_empty() {
        read(Path::new("-"), arguments.input, &mut documents)?;
    }
    for file in &arguments.files {
        read(file, arguments.input, &mut documents)?;
    }
    let mut writer = Writer::new(format, BufWriter::new(io::stdout().lock()));
    let run = |document: &InputDocument| annotator.annotate(&document.text, &options);
    in_order(&documents, arguments.setup.threads(), run, |document, annotation: Annotation| {
        Ok(writer.document(&document.id, &document.text, &annotation)?)
    })?;
    writer.finish()?;
    Ok(())
}

/// Runs a function on all items, on several threads, and gives the results out in the items' order.
fn in_order<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    run: impl Fn(&T) -> Result<R, Error> + Sync,
    mut take: impl FnMut(&T, R) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.min(items.len()) {
            let (sender, next, run) = (sender.clone(), &next, &run);
            scope.spawn(move || loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(i) else { break };
                // Nobody listens any more once an earlier item failed.
                if sender.send((i, run(item))).is_err() {
                    break;
                }
            });
        }
        drop(sender);
        let mut waiting = std::collections::BTreeMap::new();
        let mut given = 0;
        for (i, result) in receiver {
            waiting.insert(i, result);
            while let Some(result) = waiting.remove(&given) {
                take(&items[given], result?)?;
                given += 1;
            }
        }
        Ok(())
    })
}

fn read(file: &Path, input: Input, documents: &mut Vec<InputDocument>) -> Result<(), Error> {
    let place = if file == Path::new("-") { "stdin".to_string() } else { file.display().to_string() };
    let text = read_text(file)?;
    let lines = match input {
        Input::Text => false,
        Input::Jsonl => true,
        Input::Auto => {
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            serde_json::from_str::<serde_json::Value>(first).is_ok_and(|value| value["text"].is_string())
        }
    };
    if !lines {
        documents.push(InputDocument { id: place, text });
        return Ok(());
    }
    for (line, place) in numbered_lines(&text, &place) {
        let invalid = |reason: String| Error::InputInvalid { input: place.clone(), reason };
        let record: serde_json::Value = serde_json::from_str(line).map_err(|error| invalid(error.to_string()))?;
        let text = record["text"].as_str().ok_or_else(|| invalid("it has no \"text\"".into()))?.to_string();
        let id = match &record["id"] {
            serde_json::Value::String(id) => id.clone(),
            serde_json::Value::Null => place,
            id => id.to_string(),
        };
        documents.push(InputDocument { id, text });
    }
    Ok(())
}

/// Lines that are not blank, each with `file:line`.
fn numbered_lines<'a>(text: &'a str, place: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(move |(i, line)| (line, format!("{place}:{}", i + 1)))
}

/// A file's text, or that of standard input for `-`.
fn read_text(file: &Path) -> Result<String, Error> {
    let place = file.display().to_string();
    let mut bytes = Vec::new();
    let done = if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::FileMissing { file: place }),
        Err(error) => Err(Error::FileUnreadable { file: place, reason: error.to_string() }),
        Ok(_) => String::from_utf8(bytes)
            .map_err(|error| Error::InputInvalid { input: place, reason: format!("it is no UTF-8: {error}") }),
    }
}
