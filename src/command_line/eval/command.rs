//! `glossa eval`: measures a model on annotated records.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::formats::Format;
use crate::{Annotator, Decoding, Error, Mode};
use clap::Args;
use serde::Serialize;

use super::{Calibrated, Record, Report, ReportPage, RunInfo, Score, Tally, TemperatureFit, TemperatureSamples};
use crate::command_line::input::{numbered_lines, place_name};
use crate::command_line::option_flags::ModeFlag;
use crate::command_line::parallel::in_order;
use crate::command_line::setup::Setup;
use crate::command_line::sources::FormatFlags;
use crate::command_line::Failure;

#[derive(Args)]
pub(crate) struct Eval {
    /// Fit the softmax temperature at which the scores are best calibrated, for a bundle's manifest.
    #[arg(long)]
    fit_temperature: bool,
    /// Write an HTML report of scores and errors: a single file, which a browser opens from disk.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// JSON lines with annotated records, or a file of any format that holds annotations; `-` reads standard input.
    file: PathBuf,
    #[command(flatten)]
    format: FormatFlags,
    // Of a pipeline file, only the model, the load options and the mode are used: a threshold or renamed entities would
    // change the scores.
    #[command(flatten)]
    setup: Setup,
    #[command(flatten)]
    mode: ModeFlag,
}

/// The last line of the output.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    fitted: Option<TemperatureFit>,
}

pub(crate) fn run(arguments: &Eval) -> Result<(), Failure> {
    let place = place_name(&arguments.file);
    let mut records = Vec::new();
    match arguments.format.documents(&arguments.file, &[Format::Jsonl])? {
        Some(documents) => {
            for document in documents {
                records.push(Record::of_document(document, &place)?);
            }
        }
        None => {
            for (line, place) in numbered_lines(&arguments.format.encoding.read(&arguments.file)?, &place) {
                records.push(Record::parse(line, &place)?);
            }
        }
    }
    let (pipeline, annotator) = arguments.setup.load()?;
    let mode = arguments.mode.over(&pipeline.annotate)?.mode;
    let (mut all, mut samples) = (Tally::default(), TemperatureSamples::default());
    let run = |record: &&Record| {
        let (mut tally, mut samples) = (Tally::default(), TemperatureSamples::default());
        let chunks = if arguments.fit_temperature {
            samples.add(&mut tally, &annotator, record, mode)?
        } else {
            tally.add(&annotator, record, mode)?
        };
        Ok((tally, samples, chunks))
    };
    let mut page = ReportPage::default();
    in_order(records.iter(), arguments.setup.threads(), run, |record, measured| {
        let (tally, kept, chunks) = measured?;
        page.add(record, &chunks);
        all.merge(tally);
        samples.merge(kept);
        Ok(())
    })?;
    let report = all.report();
    let fitted = if arguments.fit_temperature {
        let nothing =
            || Error::InputInvalid { input: place.clone(), reason: "it has no token to fit the temperature to".into() };
        Some(samples.fit(&annotator).ok_or_else(nothing)?)
    } else {
        None
    };
    print(&Summary { report: &report, fitted }, &mut BufWriter::new(io::stdout().lock()))?;
    if let Some(file) = &arguments.report {
        // Only the file's name: the page may be published, and its folders are private.
        let records = arguments.file.file_name().map_or(place.clone(), |name| name.to_string_lossy().into_owned());
        let run_info =
            RunInfo { model: annotator.name(), records: &records, options: options_in_effect(mode, &annotator) };
        let with_path = |error: io::Error| io::Error::other(format!("{}: {error}", file.display()));
        std::fs::write(file, page.html(&run_info, &report)).map_err(with_path)?;
    }
    Ok(())
}

/// The options that the figures depend on, by name.
fn options_in_effect(mode: Mode, annotator: &Annotator) -> Vec<(&'static str, String)> {
    let mode = match mode {
        Mode::Window => "window",
        Mode::Truncate => "truncate",
    };
    let decoding = match annotator.decoding() {
        Decoding::Argmax => "argmax",
        Decoding::Viterbi => "viterbi",
    };
    let temperature = annotator.temperature();
    vec![("mode", mode.into()), ("decoding", decoding.into()), ("temperature", format!("{temperature}"))]
}

fn print(summary: &Summary<'_>, out: &mut impl Write) -> io::Result<()> {
    let row = |out: &mut dyn Write, name: &str, score: &Score| {
        let Score { precision, recall, f1, support } = score;
        writeln!(out, "{name:24} {precision:>9.4} {recall:>9.4} {f1:>9.4} {support:>9}")
    };
    let heading = |out: &mut dyn Write, name: &str| {
        writeln!(out, "{name:24} {:>9} {:>9} {:>9} {:>9}", "precision", "recall", "F1", "support")
    };
    let Report { exact, token, calibration } = summary.report;
    heading(out, "exact span")?;
    exact.entities.iter().try_for_each(|(name, score)| row(out, name, score))?;
    let support = exact.entities.values().map(|score| score.support).sum();
    row(out, "all", &Score { precision: exact.precision, recall: exact.recall, f1: exact.f1, support })?;
    writeln!(out)?;
    heading(out, "token label")?;
    token.labels.iter().try_for_each(|(name, score)| row(out, name, score))?;
    writeln!(out, "{:24} {:>29.4}", "macro without O", token.macro_f1)?;
    writeln!(out)?;
    writeln!(out, "{:24} {:>9} {:>29}", "calibration error", "ECE", "scores")?;
    for (name, reliability) in [("token scores", &calibration.token), ("chunk confidences", &calibration.chunk)] {
        writeln!(out, "{name:24} {:>9.4} {:>29}", reliability.ece, reliability.count)?;
    }
    writeln!(out)?;
    if let Some(fitted) = &summary.fitted {
        writeln!(out, "{:24} {:>9} {:>9} {:>9}", "temperature", "NLL", "token ECE", "chunk ECE")?;
        for (temperature, Calibrated { nll, calibration }) in
            [(1.0, &fitted.before), (fitted.temperature, &fitted.after)]
        {
            let (token, chunk) = (calibration.token.ece, calibration.chunk.ece);
            writeln!(out, "{temperature:<24.4} {nll:>9.4} {token:>9.4} {chunk:>9.4}")?;
        }
        writeln!(out)?;
    }
    serde_json::to_writer(&mut *out, summary)?;
    writeln!(out)?;
    out.flush()
}
