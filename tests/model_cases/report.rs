//! docs/models.md.

use std::collections::BTreeMap;

use crate::case::{Case, Run};
use crate::verdict::Verdict;
use crate::Tried;

const HEAD: &str = "\
# Models that run

Made by the tests (`tests/model_cases`); `UPDATE=1 cargo test --release --test model_cases` writes it anew. Each model is
small and random: what is shown is that the architecture, the exporter's operators and the files are understood, not that
a model is good. What must be found is what the token-classification pipeline of transformers finds over onnxruntime, in
texts with accents, emoji and several languages.

- **equal**: the same chunks, each confidence within 0.0003.
- **same chunks**: the same chunks, each confidence within 0.03 (fp16 is computed in f32) or, of int8, within 0.15
  (activations are rounded otherwise).
- **near ties**: of a file with weights of 8 bits, at least 95 of 100 chunks; our rounding is not onnxruntime's, and random
  weights leave labels that are all but equal.
- **refused**: the model is refused when it is loaded, with the words below.
- **–**: that exporter cannot write it. An empty cell was not tried.
";

/// The whole document.
pub fn document(cases: &Tried, families: &Tried) -> String {
    let mut notes = Notes::default();
    let mut text = HEAD.to_string();
    text += "\n## Families and exporters\n\n";
    text += &by_exporter(families, &mut notes);
    text += "\n## Forms\n\nThe same weights in other files, or other names, types and axes.\n\n";
    text += &by_form(families, &mut notes);
    text += "\n## Public bug reports\n\nModels rebuilt from reports to other projects (`tests/cases`).\n\n";
    text += &by_report(cases, &mut notes);
    text += "\n## Words of the refusals\n\n";
    for (number, words) in notes.0.iter().enumerate() {
        text += &format!("{}. {words}\n", number + 1);
    }
    text
}

/// Numbered refusals, each kind once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    /// A cell of a table.
    fn cell(&mut self, verdict: Option<&Verdict>) -> String {
        match verdict {
            None => "fails".into(),
            Some(Verdict::Equal) => "equal".into(),
            Some(Verdict::SameChunks) => "same chunks".into(),
            Some(Verdict::NearTies) => "near ties".into(),
            Some(Verdict::Refused { code, message }) => {
                let words = format!("`{code}`: {}", message.replace('\n', " "));
                let known = self.0.iter().position(|note| *note == words);
                let number = known.unwrap_or_else(|| {
                    self.0.push(words);
                    self.0.len() - 1
                });
                format!("refused ({})", number + 1)
            }
        }
    }
}

fn runs(tried: &Tried) -> impl Iterator<Item = (&Case, &Run, Option<&Verdict>)> {
    tried.set.cases.iter().flat_map(move |case| {
        let outcomes = tried.outcomes.get(&case.name);
        case.runs.iter().map(move |run| (case, run, outcomes.and_then(|outcomes| outcomes.get(&run.name))))
    })
}

/// A row per family, a column per exporter: plain exports.
fn by_exporter(families: &Tried, notes: &mut Notes) -> String {
    let mut columns: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for (case, run, verdict) in runs(families).filter(|(_, run, _)| run.form.is_empty()) {
        if !columns.contains(&run.exporter.as_str()) {
            columns.push(&run.exporter);
        }
        let cell = notes.cell(verdict);
        rows.entry(&case.name).or_default().insert(&run.exporter, cell);
    }
    for case in &families.set.cases {
        for exporter in &case.unwritten {
            rows.entry(&case.name).or_default().insert(exporter, "–".into());
        }
    }
    columns.sort_by_key(|exporter| (exporter.starts_with("dynamo"), *exporter));
    let mut text = row(["family"].into_iter().chain(columns.iter().copied()));
    text += &row(std::iter::repeat_n("---", columns.len() + 1));
    for (family, cells) in &rows {
        let cells = columns.iter().map(|column| cells.get(column).map_or("", String::as_str));
        text += &row([*family].into_iter().chain(cells));
    }
    text
}

/// A row per form and what comes of it, with the families.
fn by_form(families: &Tried, notes: &mut Notes) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut rows: BTreeMap<&str, Vec<(String, Vec<&str>)>> = BTreeMap::new();
    for (case, run, verdict) in runs(families).filter(|(_, run, _)| !run.form.is_empty()) {
        if !order.contains(&run.form.as_str()) {
            order.push(&run.form);
        }
        let cell = notes.cell(verdict);
        let cells = rows.entry(&run.form).or_default();
        match cells.iter_mut().find(|(known, _)| *known == cell) {
            Some((_, names)) if names.contains(&case.name.as_str()) => {}
            Some((_, names)) => names.push(&case.name),
            None => cells.push((cell, vec![&case.name])),
        }
    }
    order.sort_unstable();
    let mut text = row(["form", "outcome"]) + &row(["---", "---"]);
    for form in order {
        let outcomes: Vec<String> =
            rows[form].iter().map(|(cell, names)| format!("{cell}: {}", names.join(", "))).collect();
        text += &row([form, outcomes.join("; ").as_str()]);
    }
    text
}

/// A row per case and outcome, with the runs.
fn by_report(cases: &Tried, notes: &mut Notes) -> String {
    let mut text = row(["case", "reported as", "outcome"]) + &row(["---", "---", "---"]);
    for case in &cases.set.cases {
        let outcomes = cases.outcomes.get(&case.name);
        let mut cells: Vec<(String, Vec<&str>)> = Vec::new();
        for run in &case.runs {
            let cell = notes.cell(outcomes.and_then(|outcomes| outcomes.get(&run.name)));
            match cells.iter_mut().find(|(known, _)| *known == cell) {
                Some((_, names)) => names.push(&run.name),
                None => cells.push((cell, vec![&run.name])),
            }
        }
        let cells: Vec<String> = cells.iter().map(|(cell, names)| format!("{cell}: {}", names.join(", "))).collect();
        text += &row([case.name.as_str(), case.source.as_str(), &cells.join("; ")]);
    }
    text
}

fn row<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let cells: Vec<&str> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}
