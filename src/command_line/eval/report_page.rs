//! The report of an evaluation as one self-contained HTML page.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::Chunk;
use maud::{html, Markup, PreEscaped, DOCTYPE};

use super::charts::reliability_diagram;
use super::judge::{judge, Cell, Confusion, Judged, Verdict};
use super::{Record, Report, Score, Span};

/// Documents shown in full.
const SHOWN: usize = 20;
/// The most entities that the confusion matrix shows: it has a cell for each two of them.
const MOST_NAMES: usize = 50;

/// Content security policy: the page loads nothing, whatever a record contains.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Collects the records and chunks that the page shows.
#[derive(Debug, Default)]
pub struct ReportPage {
    documents: usize,
    confusion: Confusion,
    /// Documents with errors, those with most errors first; at most [`SHOWN`].
    worst: Vec<Judgement>,
}

#[derive(Debug)]
struct Judgement {
    record: Record,
    judged: Vec<Judged>,
    mistakes: usize,
}

/// Parameters of the run, for the page's header.
#[derive(Debug, Clone)]
pub struct RunInfo<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The file of the records.
    pub records: &'a str,
    /// The options that the figures depend on, as names and values.
    pub options: Vec<(&'a str, String)>,
}

impl ReportPage {
    /// Adds a record and the predicted chunks.
    pub fn add(&mut self, record: &Record, chunks: &[Chunk]) {
        let predicted: BTreeSet<Span> = chunks.iter().map(Span::of).collect();
        let gold: BTreeSet<&Span> = record.entities.iter().collect();
        let (gold, predicted): (Vec<Span>, Vec<Span>) =
            (gold.into_iter().cloned().collect(), predicted.into_iter().collect());
        let judged = judge(&gold, &predicted);
        self.documents += 1;
        self.confusion.add(&judged);
        let mistakes = judged.iter().filter(|judged| judged.verdict() != Verdict::Correct).count();
        if mistakes > 0 {
            let at = self.worst.partition_point(|other| other.mistakes >= mistakes);
            if at < SHOWN {
                self.worst.insert(at, Judgement { record: record.clone(), judged, mistakes });
                self.worst.truncate(SHOWN);
            }
        }
    }

    /// The page.
    pub fn html(&self, run: &RunInfo<'_>, report: &Report) -> String {
        let exact = &report.exact;
        let support = exact.entities.values().map(|score| score.support).sum();
        let all = Score { precision: exact.precision, recall: exact.recall, f1: exact.f1, support };
        let entities = exact.entities.iter().map(|(name, score)| (name.as_str(), *score));
        let labels = report.token.labels.iter().map(|(name, score)| (name.as_str(), *score));
        let spans_note = html! { "A chunk counts when its begin, its end and its entity are those of a marked one." };
        let labels_note = html! { "The label of every token. " code { "O" } " is left out of the macro average." };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content=(POLICY);
                    title { (run.model) " on " (run.records) }
                    style { (PreEscaped(include_str!("report_page.css"))) }
                }
                body {
                    header {
                        h1 { (run.model) }
                        p { "measured on " code { (run.records) } }
                    }
                    main {
                        (self.summary(run, report))
                        (section("entities", "Entities, exact spans", spans_note, score_table(entities, Some(("all", all)))))
                        (self.confusion(report))
                        (calibration(report))
                        (section("tokens", "Token labels", labels_note, score_table(labels, None)))
                        (self.documents())
                    }
                }
            }
        };
        page.into_string()
    }

    fn summary(&self, run: &RunInfo<'_>, report: &Report) -> Markup {
        let figures = [
            ("F1", report.exact.f1, "exact spans, all entities"),
            ("precision", report.exact.precision, "of what was found is marked so"),
            ("recall", report.exact.recall, "of what is marked was found so"),
            ("macro F1", report.token.macro_f1, "token labels without O"),
            ("ECE", report.calibration.chunk.ece, "of chunk confidences"),
        ];
        let support: usize = report.exact.entities.values().map(|score| score.support).sum();
        let facts = [
            ("documents", self.documents.to_string()),
            ("marked entities", support.to_string()),
            ("found chunks", report.calibration.chunk.count.to_string()),
        ];
        html! {
            section aria-label="Summary" {
                dl.figures {
                    @for (name, value, meaning) in figures {
                        div { dt { (name) } dd { b { (format!("{value:.3}")) } " " span { (meaning) } } }
                    }
                }
                dl.facts {
                    @for (name, value) in facts.iter().chain(&run.options) {
                        div { dt { (name) } dd { (value) } }
                    }
                }
            }
        }
    }

    /// The confusion matrix: a row per gold entity, a column per predicted one.
    fn confusion(&self, report: &Report) -> Markup {
        let mut entities: Vec<(&str, usize)> =
            report.exact.entities.iter().map(|(name, score)| (name.as_str(), score.support)).collect();
        let all = entities.len();
        entities.sort_by_key(|(_, support)| Reverse(*support));
        entities.truncate(MOST_NAMES);
        entities.sort_unstable();
        let names: Vec<Option<&str>> = entities.iter().map(|(name, _)| Some(*name)).chain([None]).collect();
        let count = |gold: Option<&str>, predicted: Option<&str>| {
            let cell = self.confusion.get(gold, predicted);
            cell.same_boundaries + cell.overlapping
        };
        let matrix = html! {
            div.wide tabindex="0" role="region" aria-label="Confusion matrix" {
                table.matrix {
                    thead {
                        tr {
                            th scope="col" { "marked \\ found" }
                            @for name in &names {
                                th scope="col" { span { (name.unwrap_or("missed")) } }
                            }
                        }
                    }
                    tbody {
                        @for &gold in &names {
                            @let row: usize = names.iter().map(|predicted| count(gold, *predicted)).sum();
                            tr {
                                th scope="row" { (gold.unwrap_or("spurious")) }
                                @for &predicted in &names {
                                    @let share = count(gold, predicted) as f64 / row.max(1) as f64;
                                    (matrix_cell(gold, predicted, self.confusion.get(gold, predicted), share))
                                }
                            }
                        }
                    }
                }
            }
        };
        let note = html! {
            "Rows are what people marked, columns what the model found for it. On the diagonal, in a frame, is what is right; \
             a small number with ± counts pairs that overlap but begin or end elsewhere. The darker, the larger a share of \
             the row."
            @if all > MOST_NAMES { " The " (MOST_NAMES) " entities that are marked most are shown, of " (all) "." }
        };
        section("confusion", "Confusion", note, matrix)
    }

    fn documents(&self) -> Markup {
        let note = html! {
            "The " (self.worst.len()) " documents with most mistakes of " (self.documents) ". "
            mark.m { "Underlined" } " is what people marked, " mark.f { "shaded" }
            " what the model found; where it was wrong, the words after it say how."
        };
        let body = html! {
            @if self.worst.is_empty() {
                p { "There are no mistakes." }
            }
            @for (i, Judgement { record, judged, mistakes }) in self.worst.iter().enumerate() {
                details open[i < 3] {
                    summary {
                        b { (text(&record.id)) } " "
                        span { (mistakes) " of " (judged.len()) " wrong: " (kinds_of_mistakes(judged)) }
                    }
                    p.text dir="auto" { (highlighted(&record.text, judged)) }
                }
            }
        };
        section("documents", "Worst documents", note, body)
    }
}

fn section(id: &str, title: &str, note: Markup, body: Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p.note { (note) }
            (body)
        }
    }
}

fn matrix_cell(gold: Option<&str>, predicted: Option<&str>, cell: Cell, share: f64) -> Markup {
    let right = gold.is_some() && gold == predicted;
    let depth = (share.sqrt() * 100.0).round();
    let Cell { same_boundaries, overlapping } = cell;
    html! {
        @if gold.is_none() && predicted.is_none() {
            td.none {}
        } @else if same_boundaries + overlapping == 0 {
            td.right[right] { i { "0" } }
        } @else {
            td.right[right] style={ "--d:" (depth) "%" } data-strong[depth > 70.0] {
                @if same_boundaries > 0 { (same_boundaries) }
                @if overlapping > 0 { small { "±" (overlapping) } }
            }
        }
    }
}

fn score_table<'a>(rows: impl Iterator<Item = (&'a str, Score)>, last: Option<(&str, Score)>) -> Markup {
    let row = |name: &str, score: Score| {
        html! {
            tr {
                th scope="row" { (name) }
                @for value in [score.precision, score.recall, score.f1] {
                    td.bar style={ "--d:" (format!("{:.1}", value * 100.0)) "%" } { (format!("{value:.3}")) }
                }
                td { (score.support) }
            }
        }
    };
    html! {
        div.wide {
            table.scores {
                thead {
                    tr {
                        @for name in ["name", "precision", "recall", "F1", "support"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody {
                    @for (name, score) in rows { (row(name, score)) }
                }
                @if let Some((name, score)) = last {
                    tfoot { (row(name, score)) }
                }
            }
        }
    }
}

fn calibration(report: &Report) -> Markup {
    let figures = [
        ("chunks", "Chunk confidences", "exact spans", &report.calibration.chunk),
        ("labels", "Token scores", "right labels, O included", &report.calibration.token),
    ];
    let body = html! {
        div.pair {
            @for (id, title, what, reliability) in figures {
                figure {
                    figcaption { b { (title) } " ECE " (format!("{:.4}", reliability.ece)) }
                    (reliability_diagram(id, title, reliability))
                    details {
                        summary { "Numbers" }
                        div.wide {
                            table.scores {
                                thead {
                                    tr {
                                        @for name in ["up to", "scores", "confidence", what] {
                                            th scope="col" { (name) }
                                        }
                                    }
                                }
                                tbody {
                                    @for (i, bin) in reliability.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
                                        tr {
                                            th scope="row" {
                                                (format!("{:.3}", (i + 1) as f64 / reliability.bins.len() as f64))
                                            }
                                            td { (bin.count) }
                                            td { (format!("{:.3}", bin.confidence())) }
                                            td { (format!("{:.3}", bin.accuracy())) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    let note = html! {
        "Of chunks with confidence 0.9, nine in ten ought to be right. A bar is the share that is right in a range of \
         confidence, the dashed line is where bars should end, and the hatching is the difference. ECE (expected \
         calibration error) is the mean of that difference over all scores."
    };
    section("calibration", "Calibration", note, body)
}

fn kinds_of_mistakes(judged: &[Judged]) -> String {
    let count = |verdict| judged.iter().filter(|judged| judged.verdict() == verdict).count();
    let kinds = [
        (count(Verdict::BoundaryError), "of other boundaries"),
        (count(Verdict::EntityError), "of another entity"),
        (count(Verdict::BoundaryAndEntityError), "of other entity and boundaries"),
        (count(Verdict::Missed), "missed"),
        (count(Verdict::Spurious), "spurious"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}"));
    kinds.collect::<Vec<_>>().join(", ")
}

/// The text with gold and predicted entities highlighted, each followed by its outcome.
fn highlighted(document: &str, judged: &[Judged]) -> Markup {
    // Byte offset of each UTF-16 code unit, and of the end.
    let mut bytes: Vec<usize> = Vec::new();
    document.char_indices().for_each(|(at, c)| bytes.extend(std::iter::repeat_n(at, c.len_utf16())));
    bytes.push(document.len());
    let units = bytes.len() - 1;

    let spans = || judged.iter().flat_map(|judged| judged.gold.iter().chain(&judged.predicted));
    let mut edges: BTreeSet<usize> = spans().flat_map(|span| [span.begin.min(units), span.end.min(units)]).collect();
    edges.extend([0, units]);
    let edges: Vec<usize> = edges.into_iter().collect();
    let class = |begin: usize, end: usize| {
        let within = |span: &Option<Span>| span.as_ref().is_some_and(|span| span.begin <= begin && end <= span.end);
        match (judged.iter().any(|pair| within(&pair.gold)), judged.iter().any(|pair| within(&pair.predicted))) {
            (false, false) => None,
            (true, false) => Some("m"),
            (false, true) => Some("f"),
            (true, true) => Some("m f"),
        }
    };
    html! {
        @for (i, &begin) in edges.iter().enumerate() {
            @for pair in judged.iter().filter(|pair| pair.place().end == begin) {
                (remark(pair))
            }
            @if let Some(&end) = edges.get(i + 1) {
                @let part = text(&document[bytes[begin]..bytes[end]]);
                @match class(begin, end) {
                    Some(class) => mark class=(class) { (part) },
                    None => (part),
                }
            }
        }
    }
}

/// The remark after a pair: its entity if it is correct, otherwise the error.
fn remark(judged: &Judged) -> Markup {
    let name = |span: &Option<Span>| span.as_ref().map_or(String::new(), |span| span.entity.clone());
    let (gold, predicted) = (name(&judged.gold), name(&judged.predicted));
    let (class, words) = match judged.verdict() {
        Verdict::Correct => ("ok", predicted),
        Verdict::BoundaryError => ("edge", format!("↔ {predicted}, other boundaries")),
        Verdict::EntityError => ("type", format!("≠ {predicted}, marked {gold}")),
        Verdict::BoundaryAndEntityError => ("type", format!("≠ {predicted}, marked {gold}, other boundaries")),
        Verdict::Missed => ("missed", format!("− missed {gold}")),
        Verdict::Spurious => ("spurious", format!("+ spurious {predicted}")),
    };
    html! { b class=(class) { (words) } }
}

/// Escapes text so that an HTML parser restores every character. A raw carriage return would be read as a line feed, and a
/// NUL would be dropped: it becomes U+FFFD.
fn text(raw: &str) -> Markup {
    let escaped = html! { (raw) }.into_string();
    PreEscaped(escaped.replace('\r', "&#13;").replace('\0', "\u{FFFD}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(begin: usize, end: usize, entity: &str) -> Span {
        Span { begin, end, entity: entity.into() }
    }

    #[test]
    fn text_is_kept_and_escaped_between_the_marks() {
        let document = "a<b> \u{1F9EC}\"c\" & d";
        let judged = judge(&[span(1, 4, "<X>"), span(5, 10, "Y")], &[span(2, 4, "<X>")]);
        assert_eq!(
            highlighted(document, &judged).into_string(),
            "a<mark class=\"m\">&lt;</mark><mark class=\"m f\">b&gt;</mark><b class=\"edge\">↔ &lt;X&gt;, other boundaries</b> \
             <mark class=\"m\">\u{1F9EC}&quot;c&quot;</mark><b class=\"missed\">− missed Y</b> &amp; d"
        );
        assert_eq!(highlighted("", &[]).into_string(), "");
        assert_eq!(text("\0\r").into_string(), "\u{FFFD}&#13;");
    }

    #[test]
    fn the_worst_documents_come_first_and_are_so_many() {
        let mut page = ReportPage::default();
        for i in 0..50 {
            let gold = (0..i % 30).map(|at| span(at, at + 1, "X")).collect();
            page.add(&Record { id: i.to_string(), text: "x".repeat(30), entities: gold }, &[]);
        }
        let mistakes: Vec<usize> = page.worst.iter().map(|judgement| judgement.mistakes).collect();
        assert_eq!((mistakes.len(), mistakes[0], page.documents), (SHOWN, 29, 50));
        assert!(mistakes.is_sorted_by(|a, b| a >= b));
    }
    #[test]
    fn the_confusion_matrix_shows_the_most_frequent_entities() {
        let mut page = ReportPage::default();
        let entity = |i: usize| span(i, i + 1, if i.is_multiple_of(3) { "often" } else { "rarely" });
        let mut entities: Vec<Span> = (0..300).map(|i| span(i, i + 1, &format!("n{i:03}"))).collect();
        entities.extend((0..9).map(entity));
        page.add(&Record { id: "d".into(), text: "x".repeat(300), entities: entities.clone() }, &[]);
        let mut report = Report::default();
        for Span { entity, .. } in entities {
            report.exact.entities.entry(entity).or_default().support += 1;
        }
        let matrix = page.confusion(&report).into_string();
        assert_eq!(matrix.matches("<th scope=\"row\">").count(), MOST_NAMES + 1);
        assert!(
            matrix.contains("often")
                && matrix.contains("rarely")
                && matrix.contains("n047")
                && !matrix.contains("n048")
        );
        assert!(matrix.contains("The 50 entities that are marked most are shown, of 302."));
    }
}
