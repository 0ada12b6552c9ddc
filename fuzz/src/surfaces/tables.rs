//! Results that are read again: records to measure a model on, and tables to compare.

use glossa_ner::command_line::compare::{compare as compare_tables, EndOffset, Table};
use glossa_ner::command_line::eval::{Record, Report, ReportPage, RunInfo, Tally, TemperatureSamples};
use glossa_ner::Mode;

use crate::bag::find;
use crate::models;

/// What stands between the two tables of an input.
pub(crate) const BETWEEN: &[u8] = b"\n=====\n";

/// JSON lines of annotated records: measured, summed up and written as a page.
pub(super) fn records(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let annotator = &models::loaded()[0].annotator;
    let (mut tally, mut samples, mut page) = (Tally::default(), TemperatureSamples::default(), ReportPage::default());
    let records: Vec<Record> = data.lines().filter_map(|line| Record::parse(line, "records:1").ok()).take(20).collect();
    for record in &records {
        let units = record.text.encode_utf16().count();
        for span in &record.entities {
            assert!(span.begin < span.end && span.end <= units, "no place in its text: {span:?}");
        }
        let Ok(chunks) = samples.add(&mut tally, annotator, record, Mode::Window) else { continue };
        page.add(record, &chunks);
    }
    let report = tally.report();
    check_scores(&report);
    if let Some(fitted) = samples.fit(annotator) {
        assert!(fitted.temperature > 0.0 && fitted.temperature.is_finite(), "the temperature {}", fitted.temperature);
    }
    let info =
        RunInfo { model: "<x-model>", records: "<x-records>", options: vec![("<x-option>", "<x-value>".into())] };
    let page = page.html(&info, &report);
    assert!(!page.contains("<x-"), "what is in a record is no markup");
}

fn check_scores(report: &Report) {
    let scores = report.exact.entities.values().chain(report.token.labels.values());
    let shares = scores.flat_map(|score| [score.precision, score.recall, score.f1]);
    let means = [report.exact.precision, report.exact.recall, report.exact.f1, report.token.macro_f1];
    let errors = [report.calibration.token.ece, report.calibration.chunk.ece];
    for share in shares.chain(means).chain(errors) {
        assert!((0.0..=1.0 + 1e-9).contains(&share), "no share: {share}");
    }
}

/// Two tables of chunks.
pub(super) fn compare(data: &[u8]) {
    let (a, b) = match find(data, BETWEEN) {
        Some(at) => (&data[..at], &data[at + BETWEEN.len()..]),
        None => (data, &[][..]),
    };
    let parse = |bytes: &[u8], ends| Table::parse(&String::from_utf8_lossy(bytes), "table", ends);
    let _ = parse(b, EndOffset::Inclusive);
    let (a, b) = (parse(a, EndOffset::Auto), parse(b, EndOffset::Auto));
    for table in [&a, &b].into_iter().flatten() {
        for entry in &table.entries {
            assert!(entry.begin <= entry.end, "it ends before it begins: {entry:?}");
        }
        if let Ok(same) = compare_tables(table, table, Some(0.0)) {
            assert!(same.is_equal(), "a table differs from itself");
            assert_eq!(same.total().both, table.entries.len(), "every chunk is counted");
        }
    }
    let (Ok(a), Ok(b)) = (a, b) else { return };
    let (Ok(there), Ok(back)) = (compare_tables(&a, &b, Some(0.1)), compare_tables(&b, &a, Some(0.1))) else { return };
    let (there, back) = (there.total(), back.total());
    assert_eq!(
        (there.both, there.only_a, there.only_b, there.other_entity),
        (back.both, back.only_b, back.only_a, back.other_entity),
        "the other way round"
    );
    assert_eq!(there.both + there.only_a + there.other_entity, a.entries.len(), "every chunk of the first is counted");
    assert_eq!(there.both + there.only_b + there.other_entity, b.entries.len(), "every chunk of the second is counted");
}
