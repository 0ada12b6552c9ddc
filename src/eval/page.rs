//! What a model scored, as one HTML page that needs nothing but itself.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::charts::reliability_diagram;
use super::judge::{judge, Cell, Confusion, Judged, Verdict};
use super::{Record, Report, Score, Span};
use crate::chunk::Chunk;

/// Documents shown in full.
const SHOWN: usize = 20;

/// Gathers what the page shows of records and what was found in them.
#[derive(Debug, Default)]
pub struct Page {
    documents: usize,
    confusion: Confusion,
    /// Those with most mistakes, most first.
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
    /// Settings worth knowing, each a name and a value.
    pub settings: Vec<(&'a str, String)>,
}

impl Page {
    /// Adds a record and what was found in it.
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
        let model = escape(about.model);
        let records = escape(about.records);
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{model} on {records}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
             <header><h1>{model}</h1><p>measured on <code>{records}</code></p></header>\n<main>\n",
            include_str!("page.css")
        );
        page += &self.summary(about, report);
        let exact = &report.exact;
        let support = exact.entities.values().map(|score| score.support).sum();
        let all = Score { precision: exact.precision, recall: exact.recall, f1: exact.f1, support };
        let note = "A chunk counts when its begin, its end and its entity are those of a marked one.";
        let rows = exact.entities.iter().map(|(name, score)| (name.as_str(), *score));
        page += &score_table("entities", "Entities, exact spans", note, rows, Some(("all", all)));
        page += &self.confusion(report);
        page += &calibration(report);
        let note = "The label of every token. <code>O</code> is left out of the macro average.";
        let rows = report.token.labels.iter().map(|(name, score)| (name.as_str(), *score));
        page += &score_table("tokens", "Token labels", note, rows, None);
        page += &self.documents();
        page += "</main>\n</body>\n</html>\n";
        page
    }

    fn summary(&self, about: &About<'_>, report: &Report) -> String {
        let figures = [
            ("F1", format!("{:.3}", report.exact.f1), "exact spans, all entities"),
            ("precision", format!("{:.3}", report.exact.precision), "of what was found is marked so"),
            ("recall", format!("{:.3}", report.exact.recall), "of what is marked was found so"),
            ("macro F1", format!("{:.3}", report.token.macro_f1), "token labels without O"),
            ("ECE", format!("{:.3}", report.calibration.chunk.ece), "of chunk confidences"),
        ];
        let mut html = String::from("<section aria-label=\"Summary\">\n<dl class=\"figures\">\n");
        for (name, value, meaning) in figures {
            let _ = writeln!(html, "<div><dt>{name}</dt><dd><b>{value}</b> <span>{meaning}</span></dd></div>");
        }
        let marked: usize = report.exact.entities.values().map(|score| score.support).sum();
        let _ = write!(
            html,
            "</dl>\n<dl class=\"facts\"><div><dt>documents</dt><dd>{}</dd></div>\
             <div><dt>marked entities</dt><dd>{marked}</dd></div><div><dt>found chunks</dt><dd>{}</dd></div>",
            self.documents, report.calibration.chunk.count
        );
        for (name, value) in &about.settings {
            let _ = write!(html, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
        }
        html + "</dl>\n</section>\n"
    }

    /// The matrix: a row per marked entity, a column per found one.
    fn confusion(&self, report: &Report) -> String {
        let names: Vec<Option<&str>> =
            report.exact.entities.keys().map(|name| Some(name.as_str())).chain([None]).collect();
        let mut html = section(
            "confusion",
            "Confusion",
            "Rows are what people marked, columns what the model found for it. On the diagonal, in a frame, is what is \
             right; a small number with ± counts pairs that overlap but begin or end elsewhere. The darker, the larger a \
             share of the row.",
        );
        html += "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\"><table class=\"matrix\">\n\
                 <thead><tr><th scope=\"col\">marked \\ found</th>";
        for name in &names {
            let _ = write!(html, "<th scope=\"col\"><span>{}</span></th>", name.map_or("missed".into(), escape));
        }
        html += "</tr></thead>\n<tbody>\n";
        for marked in &names {
            let _ = write!(html, "<tr><th scope=\"row\">{}</th>", marked.map_or("spurious".into(), escape));
            let count = |found: &Option<&str>| {
                let cell = self.confusion.get(*marked, *found);
                cell.same_place + cell.other_boundaries
            };
            let whole: usize = names.iter().map(count).sum();
            for found in &names {
                let cell = self.confusion.get(*marked, *found);
                let share = count(found) as f64 / whole.max(1) as f64;
                let class = if marked.is_some() && marked == found { " class=\"right\"" } else { "" };
                let _ = match (marked, found, count(found)) {
                    (None, None, _) => write!(html, "<td class=\"none\"></td>"),
                    (_, _, 0) => write!(html, "<td{class}><i>0</i></td>"),
                    _ => {
                        let count = match cell {
                            Cell { same_place, other_boundaries: 0 } => same_place.to_string(),
                            Cell { same_place: 0, other_boundaries } => format!("<small>±{other_boundaries}</small>"),
                            Cell { same_place, other_boundaries } => {
                                format!("{same_place}<small>±{other_boundaries}</small>")
                            }
                        };
                        let depth = (share.sqrt() * 100.0).round();
                        let strong = if depth > 70.0 { " data-strong" } else { "" };
                        write!(html, "<td{class} style=\"--d:{depth}%\"{strong}>{count}</td>")
                    }
                };
            }
            html += "</tr>\n";
        }
        html + "</tbody></table></div>\n</section>\n"
    }

    fn documents(&self) -> String {
        let note = format!(
            "The {} documents with most mistakes of {}. <mark class=\"m\">Underlined</mark> is what people marked, \
             <mark class=\"f\">shaded</mark> what the model found; where it was wrong, the words after it say how.",
            self.worst.len(),
            self.documents
        );
        let mut html = section("documents", "Worst documents", &note);
        if self.worst.is_empty() {
            html += "<p>There are no mistakes.</p>\n";
        }
        for (i, Judgement { record, judged, mistakes }) in self.worst.iter().enumerate() {
            let count = |verdict| judged.iter().filter(|judged| judged.verdict() == verdict).count();
            let kinds = [
                (count(Verdict::OtherBoundaries), "of other boundaries"),
                (count(Verdict::OtherEntity), "of another entity"),
                (count(Verdict::OtherBoth), "of other entity and boundaries"),
                (count(Verdict::Missed), "missed"),
                (count(Verdict::Spurious), "spurious"),
            ];
            let kinds = kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}"));
            let _ = write!(
                html,
                "<details{}><summary><b>{}</b> <span>{mistakes} of {} wrong: {}</span></summary>\n\
                 <p class=\"text\" dir=\"auto\">{}</p></details>\n",
                if i < 3 { " open" } else { "" },
                escape(&record.id),
                judged.len(),
                kinds.collect::<Vec<_>>().join(", "),
                highlighted(&record.text, judged)
            );
        }
        html + "</section>\n"
    }
}

/// A section's beginning.
fn section(id: &str, title: &str, note: &str) -> String {
    format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n<p class=\"note\">{note}</p>\n")
}

fn score_table<'a>(
    id: &str,
    title: &str,
    note: &str,
    rows: impl Iterator<Item = (&'a str, Score)>,
    last: Option<(&str, Score)>,
) -> String {
    let mut html = section(id, title, note);
    html += "<div class=\"wide\"><table class=\"scores\">\n<thead><tr><th scope=\"col\">name</th><th scope=\"col\">precision</th>\
             <th scope=\"col\">recall</th><th scope=\"col\">F1</th><th scope=\"col\">support</th></tr></thead>\n<tbody>\n";
    let row = |name: &str, score: Score| {
        let mut row = format!("<tr><th scope=\"row\">{}</th>", escape(name));
        for value in [score.precision, score.recall, score.f1] {
            let _ = write!(row, "<td class=\"bar\" style=\"--d:{:.1}%\">{value:.3}</td>", value * 100.0);
        }
        let _ = writeln!(row, "<td>{}</td></tr>", score.support);
        row
    };
    rows.for_each(|(name, score)| html += &row(name, score));
    html += "</tbody>";
    if let Some((name, score)) = last {
        let _ = write!(html, "<tfoot>{}</tfoot>", row(name, score));
    }
    html + "</table></div>\n</section>\n"
}

fn calibration(report: &Report) -> String {
    let mut html = section(
        "calibration",
        "Calibration",
        "Of what the model is sure of at 0.9, nine in ten ought to be right. A bar is the share that is right in a range \
         of confidence, the dashed line is where bars should end, and the hatching is what is off. ECE is the mean of \
         that distance over all scores.",
    );
    html += "<div class=\"pair\">\n";
    for (id, title, what, found) in [
        ("chunks", "Chunk confidences", "exact spans", &report.calibration.chunk),
        ("labels", "Token scores", "right labels, O included", &report.calibration.token),
    ] {
        let _ = write!(html, "<figure><figcaption><b>{title}</b> ECE {:.4}</figcaption>\n", found.ece);
        html += &reliability_diagram(id, title, found);
        html += "<details><summary>Numbers</summary><div class=\"wide\"><table class=\"scores\"><thead><tr><th scope=\"col\">up to</th>\
                 <th scope=\"col\">scores</th><th scope=\"col\">confidence</th><th scope=\"col\">";
        let _ = write!(html, "{what}</th></tr></thead><tbody>\n");
        for (i, bin) in found.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
            let _ = writeln!(
                html,
                "<tr><th scope=\"row\">{:.3}</th><td>{}</td><td>{:.3}</td><td>{:.3}</td></tr>",
                (i + 1) as f64 / found.bins.len() as f64,
                bin.count,
                bin.confidence(),
                bin.accuracy()
            );
        }
        html += "</tbody></table></div></details></figure>\n";
    }
    html + "</div>\n</section>\n"
}

/// The text with what is marked and what was found, each mistake said after its place.
fn highlighted(text: &str, judged: &[Judged]) -> String {
    // Where each UTF-16 code unit begins in bytes, and the text's end.
    let mut bytes: Vec<usize> = Vec::new();
    text.char_indices().for_each(|(at, c)| bytes.extend(std::iter::repeat_n(at, c.len_utf16())));
    bytes.push(text.len());
    let units = bytes.len() - 1;

    let spans = || judged.iter().flat_map(|judged| judged.marked.iter().chain(&judged.found));
    let mut edges: BTreeSet<usize> = spans().flat_map(|span| [span.begin.min(units), span.end.min(units)]).collect();
    edges.extend([0, units]);
    let edges: Vec<usize> = edges.into_iter().collect();
    let mut html = String::new();
    for (i, &begin) in edges.iter().enumerate() {
        for judged in judged.iter().filter(|judged| judged.place().end == begin) {
            html += &remark(judged);
        }
        let Some(&end) = edges.get(i + 1) else { break };
        let within = |span: &Span| span.begin <= begin && end <= span.end;
        let marked = judged.iter().filter_map(|judged| judged.marked.as_ref()).find(|span| within(span));
        let found = judged.iter().filter_map(|judged| judged.found.as_ref()).find(|span| within(span));
        let slice = escape(&text[bytes[begin]..bytes[end]]);
        let class = match (marked, found) {
            (None, None) => {
                html += &slice;
                continue;
            }
            (Some(_), None) => "m",
            (None, Some(_)) => "f",
            (Some(_), Some(_)) => "m f",
        };
        let _ = write!(html, "<mark class=\"{class}\">{slice}</mark>");
    }
    html
}

/// What is to be said of a pair, after its place.
fn remark(judged: &Judged) -> String {
    let name = |span: &Option<Span>| span.as_ref().map_or(String::new(), |span| escape(&span.entity));
    let (marked, found) = (name(&judged.marked), name(&judged.found));
    let (class, words) = match judged.verdict() {
        Verdict::Correct => ("ok", found),
        Verdict::OtherBoundaries => ("edge", format!("↔ {found}, other boundaries")),
        Verdict::OtherEntity => ("type", format!("≠ {found}, marked {marked}")),
        Verdict::OtherBoth => ("type", format!("≠ {found}, marked {marked}, other boundaries")),
        Verdict::Missed => ("missed", format!("− missed {marked}")),
        Verdict::Spurious => ("spurious", format!("+ spurious {found}")),
    };
    format!("<b class=\"{class}\">{words}</b>")
}

/// Text for HTML, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            // A parser would take it for an end of line, or refuse it.
            '\r' => html += "&#13;",
            '\0' => html.push('\u{FFFD}'),
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(begin: usize, end: usize, entity: &str) -> Span {
        Span { begin, end, entity: entity.into() }
    }

    #[test]
    fn text_is_kept_and_escaped_between_the_marks() {
        let text = "a<b> \u{1F9EC}\"c\" & d";
        let judged = judge(&[span(1, 4, "<X>"), span(5, 10, "Y")], &[span(2, 4, "<X>")]);
        let html = highlighted(text, &judged);
        assert_eq!(
            html,
            "a<mark class=\"m\">&lt;</mark><mark class=\"m f\">b&gt;</mark><b class=\"edge\">↔ &lt;X&gt;, other boundaries</b> \
             <mark class=\"m\">\u{1F9EC}&quot;c&quot;</mark><b class=\"missed\">− missed Y</b> &amp; d"
        );
        assert_eq!(highlighted("", &[]), "");
        assert_eq!(escape("\0\r'"), "\u{FFFD}&#13;&#39;");
    }

    #[test]
    fn the_worst_documents_come_first_and_are_so_many() {
        let mut page = Page::default();
        for i in 0..50 {
            let marked = (0..i % 30).map(|at| span(at, at + 1, "X")).collect();
            page.add(&Record { id: i.to_string(), text: "x".repeat(30), entities: marked }, &[]);
        }
        let mistakes: Vec<usize> = page.worst.iter().map(|judgement| judgement.mistakes).collect();
        assert_eq!((mistakes.len(), mistakes[0], page.documents), (SHOWN, 29, 50));
        assert!(mistakes.is_sorted_by(|a, b| a >= b));
    }
}
