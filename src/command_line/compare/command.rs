//! `glossa compare`: reports the differences between two outputs.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::formats::Format;
use crate::Error;
use clap::Args;

use super::{compare, Comparison, Counts, EndOffset, Entry, Table};
use crate::command_line::sources::FormatFlags;
use crate::command_line::Failure;

/// Number of examples printed for each kind of difference.
const EXAMPLES: usize = 10;

#[derive(Args)]
pub(crate) struct Compare {
    /// Output of glossa, or chunks of Spark NLP with one per row; both as JSON lines or CSV. Or a file of any format that holds
    /// annotations.
    a: PathBuf,
    /// Like A.
    b: PathBuf,
    /// `end` is inclusive in A, as in Spark NLP. Otherwise this is inferred from the lengths of the texts.
    #[arg(long)]
    spark_a: bool,
    /// Like --spark-a, for B.
    #[arg(long)]
    spark_b: bool,
    /// Compare confidences too.
    #[arg(long)]
    confidence: bool,
    /// Largest difference at which confidences count as equal.
    #[arg(long, value_name = "DISTANCE", default_value = "0.0001", value_parser = distance, requires = "confidence")]
    tolerance: f64,
    #[command(flatten)]
    format: FormatFlags,
}

fn distance(argument: &str) -> Result<f64, String> {
    let distance: f64 = argument.parse().map_err(|error| format!("{error}"))?;
    if distance >= 0.0 {
        Ok(distance)
    } else {
        Err("it is not 0 or more".into())
    }
}

/// Prints the differences and returns whether there are none.
pub(crate) fn run(arguments: &Compare) -> Result<bool, Failure> {
    if [&arguments.a, &arguments.b].iter().all(|file| file.as_path() == Path::new("-")) {
        let reason = "only one of the two can be standard input".to_string();
        return Err(Error::InputInvalid { input: "-".into(), reason }.into());
    }
    let table = |file: &Path, spark: bool| {
        let ends = if spark { EndOffset::Inclusive } else { EndOffset::Auto };
        match arguments.format.documents(file, &[Format::Jsonl, Format::Csv, Format::Tsv])? {
            Some(documents) => Ok(Table::of_documents(documents)),
            None => Table::parse(&arguments.format.encoding.read(file)?, &file.display().to_string(), ends),
        }
    };
    let (a, b) = (table(&arguments.a, arguments.spark_a)?, table(&arguments.b, arguments.spark_b)?);
    let comparison = compare(&a, &b, arguments.confidence.then_some(arguments.tolerance))?;
    match print(&comparison, arguments.confidence, &mut BufWriter::new(io::stdout().lock())) {
        // If the reader closes the pipe early, the exit code still tells the result.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(comparison.is_equal()),
    }
}

fn print(comparison: &Comparison, confidence: bool, out: &mut impl Write) -> io::Result<()> {
    let row = |out: &mut dyn Write, name: &str, counts: &Counts| {
        let Counts { both, only_a, only_b, other_entity, confidence: far } = counts;
        write!(out, "{name:24} {both:>9} {only_a:>9} {only_b:>9} {other_entity:>12}")?;
        if confidence {
            writeln!(out, " {far:>10}")
        } else {
            writeln!(out)
        }
    };
    write!(out, "{:24} {:>9} {:>9} {:>9} {:>12}", "entity", "both", "only A", "only B", "other entity")?;
    writeln!(out, "{}", if confidence { " confidence" } else { "" })?;
    comparison.entities.iter().try_for_each(|(name, counts)| row(out, name, counts))?;
    let total = comparison.total();
    row(out, "all", &total)?;

    let plain = |entry: &Entry| entry.entity.clone();
    examples(out, "only in A", comparison.only_a.len(), comparison.only_a.iter().map(|entry| (entry, plain(entry))))?;
    examples(out, "only in B", comparison.only_b.len(), comparison.only_b.iter().map(|entry| (entry, plain(entry))))?;
    let pairs = comparison.other_entity.iter().map(|(a, b)| (a, format!("{} -> {}", a.entity, b.entity)));
    examples(out, "other entity at the same place", comparison.other_entity.len(), pairs)?;
    let number = |entry: &Entry| entry.confidence.map_or("none".to_string(), |value| value.to_string());
    let pairs = comparison.confidence.iter().map(|(a, b)| (a, format!("{} {} -> {}", a.entity, number(a), number(b))));
    examples(out, "other confidence", comparison.confidence.len(), pairs)?;

    let Counts { both, only_a, only_b, other_entity, confidence: far } = total;
    let verdict = if comparison.is_equal() { "equal" } else { "different" };
    write!(out, "\n{verdict}: {both} in both, {only_a} only in A, {only_b} only in B, {other_entity} of other entity")?;
    writeln!(out, "{}", if confidence { format!(", {far} of other confidence") } else { String::new() })?;
    out.flush()
}

/// Prints the first chunks of one kind of difference, each with a remark.
fn examples<'e>(
    out: &mut impl Write,
    heading: &str,
    count: usize,
    entries: impl Iterator<Item = (&'e Entry, String)>,
) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let shown = if count > EXAMPLES { format!(", the first {EXAMPLES}") } else { String::new() };
    writeln!(out, "\n{heading} ({count}{shown})")?;
    for (entry, remark) in entries.take(EXAMPLES) {
        let Entry { id, begin, end, text, .. } = entry;
        let text = text.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let id = if id.is_empty() { "-" } else { id };
        writeln!(out, "  {id} {begin} {end}  {remark}  {text}")?;
    }
    Ok(())
}
