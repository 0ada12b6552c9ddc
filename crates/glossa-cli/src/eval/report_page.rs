//! What a model scored, as one HTML page that needs nothing but itself.

use std::collections::BTreeSet;

use glossa_ner::Chunk;
use maud::{html, Markup, PreEscaped, DOCTYPE};

use super::charts::reliability_diagram;
use super::judge::{judge, Cell, Confusion, Judged, Verdict};
use super::{Record, Report, Score, Span};

/// Documents shown in full.
const SHOWN: usize = 20;

/// The page loads nothing, whatever a record holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Gathers what the page shows of records and of the chunks found in them.
#[derive(Debug, Default)]
pub struct ReportPage {
    documents: usize,
    confusion: Confusion,
    /// Documents with mistakes, most mistakes first; at most [`SHOWN`].
    worst: Vec<Judgement>,
}

#[derive(Debug)]
struct Judgement {
    record: Record,
    judged: Vec<Judged>,
    mistakes: usize,
}

/// What the page says of the run.
#[derive(Debug, Clone)]
pub struct About<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The file of the records.
    pub records: &'a str,
    /// Options worth knowing, each a name and a value.
    pub settings: Vec<(&'a str, String)>,
}

impl ReportPage {
    /// Adds a record and the chunks found in it.
    pub fn add(&mut self, record: &Record, chunks: &[Chunk]) {
        let found: BTreeSet<Span> = chunks.iter().map(Span::of).collect();
        let marked: BTreeSet<&Span> = record.entities.iter().collect();
        let (marked, found): (Vec<Span>, Vec<Span>) =
            (marked.into_iter().cloned().collect(), found.into_iter().collect());
        let judged = judge(&marked, &found);
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
    pub fn html(&self, about: &About<'_>, report: &Report) -> String {
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
                    title { (about.model) " on " (about.records) }
                    style { (PreEscaped(include_str!("report_page.css"))) }
                }
                body {
                    header {
                        h1 { (about.model) }
                        p { "measured on " code { (about.records) } }
                    }
                    main {
                        (self.summary(about, report))
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

    fn summary(&self, about: &About<'_>, report: &Report) -> Markup {
        let figures = [
            ("F1", report.exact.f1, "exact spans, all entities"),
            ("precision", report.exact.precision, "of what was found is marked so"),
            ("recall", report.exact.recall, "of what is marked was found so"),
            ("macro F1", report.token.macro_f1, "token labels without O"),
            ("ECE", report.calibration.chunk.ece, "of chunk confidences"),
        ];
        let marked: usize = report.exact.entities.values().map(|score| score.support).sum();
        let facts = [
            ("documents", self.documents.to_string()),
            ("marked entities", marked.to_string()),
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
                    @for (name, value) in facts.iter().chain(&about.settings) {
                        div { dt { (name) } dd { (value) } }
                    }
                }
            }
        }
    }

    /// The matrix: a row per marked entity, a column per found one.
    fn confusion(&self, report: &Report) -> Markup {
        let names: Vec<Option<&str>> =
            report.exact.entities.keys().map(|name| Some(name.as_str())).chain([None]).collect();
        let count = |marked: Option<&str>, found: Option<&str>| {
            let cell = self.confusion.get(marked, found);
            cell.same_place + cell.other_boundaries
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
                        @for &marked in &names {
                            @let row: usize = names.iter().map(|found| count(marked, *found)).sum();
                            tr {
                                th scope="row" { (marked.unwrap_or("spurious")) }
                                @for &found in &names {
                                    @let share = count(marked, found) as f64 / row.max(1) as f64;
                                    (matrix_cell(marked, found, self.confusion.get(marked, found), share))
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

fn matrix_cell(marked: Option<&str>, found: Option<&str>, cell: Cell, share: f64) -> Markup {
    let right = marked.is_some() && marked == found;
    let depth = (share.sqrt() * 100.0).round();
    let Cell { same_place, other_boundaries } = cell;
    html! {
        @if marked.is_none() && found.is_none() {
            td.none {}
        } @else if same_place + other_boundaries == 0 {
            td.right[right] { i { "0" } }
        } @else {
            td.right[right] style={ "--d:" (depth) "%" } data-strong[depth > 70.0] {
                @if same_place > 0 { (same_place) }
                @if other_boundaries > 0 { small { "±" (other_boundaries) } }
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
            @for (id, title, what, found) in figures {
                figure {
                    figcaption { b { (title) } " ECE " (format!("{:.4}", found.ece)) }
                    (reliability_diagram(id, title, found))
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
                                    @for (i, bin) in found.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
                                        tr {
                                            th scope="row" {
                                                (format!("{:.3}", (i + 1) as f64 / found.bins.len() as f64))
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
        (count(Verdict::OtherBoundaries), "of other boundaries"),
        (count(Verdict::OtherEntity), "of another entity"),
        (count(Verdict::OtherBoth), "of other entity and boundaries"),
        (count(Verdict::Missed), "missed"),
        (count(Verdict::Spurious), "spurious"),
    ];
    let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}"));
    kinds.collect::<Vec<_>>().join(", ")
}

/// The text with what is marked and what was found, each mistake named after its place.
fn highlighted(document: &str, judged: &[Judged]) -> Markup {
    // Where each UTF-16 code unit begins in bytes, and the text's end.
    let mut bytes: Vec<usize> = Vec::new();
    document.char_indices().for_each(|(at, c)| bytes.extend(std::iter::repeat_n(at, c.len_utf16())));
    bytes.push(document.len());
    let units = bytes.len() - 1;

    let spans = || judged.iter().flat_map(|judged| judged.marked.iter().chain(&judged.found));
    let mut edges: BTreeSet<usize> = spans().flat_map(|span| [span.begin.min(units), span.end.min(units)]).collect();
    edges.extend([0, units]);
    let edges: Vec<usize> = edges.into_iter().collect();
    let class = |begin: usize, end: usize| {
        let within = |span: &Option<Span>| span.as_ref().is_some_and(|span| span.begin <= begin && end <= span.end);
        match (judged.iter().any(|pair| within(&pair.marked)), judged.iter().any(|pair| within(&pair.found))) {
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

/// What is wrong with a pair, or its entity, after its place.
fn remark(judged: &Judged) -> Markup {
    let name = |span: &Option<Span>| span.as_ref().map_or(String::new(), |span| span.entity.clone());
    let (marked, found) = (name(&judged.marked), name(&judged.found));
    let (class, words) = match judged.verdict() {
        Verdict::Correct => ("ok", found),
        Verdict::OtherBoundaries => ("edge", format!("↔ {found}, other boundaries")),
        Verdict::OtherEntity => ("type", format!("≠ {found}, marked {marked}")),
        Verdict::OtherBoth => ("type", format!("≠ {found}, marked {marked}, other boundaries")),
        Verdict::Missed => ("missed", format!("− missed {marked}")),
        Verdict::Spurious => ("spurious", format!("+ spurious {found}")),
    };
    html! { b class=(class) { (words) } }
}

/// Escaped text in which an HTML parser finds every character again: it would read a raw carriage return as a line feed
/// and drop a NUL, which is written as U+FFFD.
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
            let marked = (0..i % 30).map(|at| span(at, at + 1, "X")).collect();
            page.add(&Record { id: i.to_string(), text: "x".repeat(30), entities: marked }, &[]);
        }
        let mistakes: Vec<usize> = page.worst.iter().map(|judgement| judgement.mistakes).collect();
        assert_eq!((mistakes.len(), mistakes[0], page.documents), (SHOWN, 29, 50));
        assert!(mistakes.is_sorted_by(|a, b| a >= b));
    }
}
