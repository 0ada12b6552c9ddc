//! `glossa eval`: measures a model on annotated records.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::formats::Format;
use crate::{Annotator, Decoding, Error, Mode};
use clap::Args;
use serde::Serialize;

use super::{
    Agreement, AtThreshold, Calibrated, ConfidenceFit, ConfidenceSamples, Counted, Record, Report, ReportPage, RunInfo,
    Score, Tally, TemperatureFit, TemperatureSamples,
};
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
    /// Fit each entity's confidence to how often its chunks are right, for a bundle's manifest.
    #[arg(long, conflicts_with = "fit_temperature")]
    fit_confidence: bool,
    /// Count only these entities, on records that annotate no others.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "fit_temperature")]
    entities: Vec<String>,
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
    #[serde(rename = "fittedConfidence", skip_serializing_if = "Option::is_none")]
    confidence: Option<ConfidenceFit>,
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
    let counted = Counted::new(&arguments.entities, &annotator)?;
    records.iter_mut().for_each(|record| counted.keep(record));
    let mode = arguments.mode.over(&pipeline.annotate)?.mode;
    if arguments.fit_confidence && annotator.decoders().is_empty() {
        let reason = "confidences of a bundle need Spark NLP's pipeline; load the model with encoding \"spark\"";
        return Err(Error::option_invalid("encoding", reason).into());
    }
    let mut all = Tally::default();
    let (mut samples, mut confidences) = (TemperatureSamples::default(), ConfidenceSamples::default());
    let run = |record: &&Record| {
        let mut tally = Tally::default();
        let (mut samples, mut confidences) = (TemperatureSamples::default(), ConfidenceSamples::default());
        let chunks = if arguments.fit_temperature {
            samples.add(&mut tally, &annotator, record, mode)?
        } else {
            let (labelled, chunks) = tally.add(&annotator, record, mode, &counted)?;
            if arguments.fit_confidence {
                confidences.add(&labelled, record);
            }
            chunks
        };
        Ok((tally, samples, confidences, chunks))
    };
    let mut page = ReportPage::default();
    in_order(records.iter(), arguments.setup.threads(), run, |record, measured| {
        let (tally, kept, means, chunks) = measured?;
        page.add(record, &chunks);
        all.merge(tally);
        samples.merge(kept);
        confidences.merge(means);
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
    let confidence = if arguments.fit_confidence {
        let nothing =
            || Error::InputInvalid { input: place.clone(), reason: "nothing is found to fit the confidence to".into() };
        Some(confidences.fit(&annotator).ok_or_else(nothing)?)
    } else {
        None
    };
    print(&Summary { report: &report, fitted, confidence }, &mut BufWriter::new(io::stdout().lock()))?;
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
    let Report { exact, token, calibration, thresholds } = summary.report;
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
    writeln!(out, "{:24} {:>9} {:>9} {:>9} {:>9}", "confidence at least", "precision", "recall", "F1", "chunks")?;
    for AtThreshold { threshold, chunks, score } in thresholds.all.iter().step_by(2) {
        let Score { precision, recall, f1, .. } = score;
        writeln!(out, "{threshold:<24.1} {precision:>9.4} {recall:>9.4} {f1:>9.4} {chunks:>9}")?;
    }
    writeln!(out)?;
    if let Some(fit) = &summary.confidence {
        writeln!(out, "{:24} {:>9} {:>9} {:>9} {:>9}", "confidence", "slope", "offset", "ECE", "fitted")?;
        for (name, confidence) in fit.confidences.iter() {
            let ece = |found: &Agreement| found.entities.get(name).map_or(0.0, |found| found.ece);
            let (before, after) = (ece(&fit.before), ece(&fit.after));
            writeln!(out, "{name:24} {:>9.4} {:>9.4} {before:>9.4} {after:>9.4}", confidence.slope, confidence.offset)?;
        }
        writeln!(out, "{:44} {:>9.4} {:>9.4}", "all", fit.before.all.ece, fit.after.all.ece)?;
        writeln!(out)?;
    }
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
