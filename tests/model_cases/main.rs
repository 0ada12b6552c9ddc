//! Models as people have them: what each finds, beside what onnxruntime finds in it.
//!
//! `tests/cases` has models and texts of public bug reports, `tests/families` one small random model of each family that
//! transformers has a token classifier for (`make.py` writes them). An `outcomes.json` in each says what is equal and what
//! is refused. `UPDATE=1 cargo test --release --test model_cases` writes them and docs/models.md anew; a run that finds
//! other chunks fails all the same.

mod case;
#[path = "../common/mod.rs"]
mod common;
mod report;
mod saved_model;
mod verdict;

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use case::{Case, CaseSet, Run};
use common::repository;
use verdict::{verdict, Verdict};

const THREADS: usize = 2;

/// What came of each run, by the names of case and run.
type Outcomes = BTreeMap<String, BTreeMap<String, Verdict>>;

/// A folder of cases with what comes of them.
struct Tried {
    set: CaseSet,
    outcomes: Outcomes,
    /// The runs that must not be recorded: their name, and what is wrong.
    failures: Vec<String>,
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Runs every run of a folder, on several threads.
fn try_all(folder: &str) -> Tried {
    let set = CaseSet::read(repository(folder));
    let runs: Vec<(&Case, &Run)> =
        set.cases.iter().flat_map(|case| case.runs.iter().map(move |run| (case, run))).collect();
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((case, run)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = verdict(case, run);
                    results.lock().expect("results").push((case.name.clone(), run.name.clone(), result));
                }
            });
        }
    });
    let (mut outcomes, mut failures) = (Outcomes::new(), Vec::new());
    for (case, run, result) in results.into_inner().expect("results") {
        match result {
            Ok(verdict) => {
                let twice = outcomes.entry(case.clone()).or_default().insert(run.clone(), verdict);
                assert!(twice.is_none(), "{case} has two runs {run}");
            }
            Err(words) => failures.push(format!("{case}, {run}: {words}")),
        }
    }
    failures.sort();
    Tried { set, outcomes, failures }
}

fn cases() -> &'static Tried {
    static CASES: OnceLock<Tried> = OnceLock::new();
    CASES.get_or_init(|| try_all("tests/cases"))
}

fn families() -> &'static Tried {
    static FAMILIES: OnceLock<Tried> = OnceLock::new();
    FAMILIES.get_or_init(|| try_all("tests/families"))
}

/// Compares with the recorded outcomes, or records them.
fn check(tried: &Tried) {
    let file = tried.set.folder.join("outcomes.json");
    if updating() {
        let text = serde_json::to_string_pretty(&tried.outcomes).expect("JSON");
        fs::write(&file, text + "\n").expect("a written file");
    }
    let recorded: Outcomes =
        serde_json::from_slice(&fs::read(&file).expect("outcomes.json, which UPDATE=1 writes")).expect("outcomes");
    let mut wrong = tried.failures.clone();
    for (case, runs) in &tried.outcomes {
        for (run, verdict) in runs {
            let before = recorded.get(case).and_then(|runs| runs.get(run));
            if before != Some(verdict) {
                wrong.push(format!("{case}, {run}: {verdict:?}, but recorded is {before:?}"));
            }
        }
    }
    for (case, runs) in &recorded {
        let known = tried.set.cases.iter().find(|known| known.name == *case);
        let gone =
            runs.keys().filter(|run| !known.is_some_and(|case| case.runs.iter().any(|known| known.name == **run)));
        wrong.extend(gone.map(|run| format!("{case}, {run}: recorded, but there is no such run")));
    }
    assert!(wrong.is_empty(), "{} runs:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn models_of_bug_reports_find_what_onnxruntime_finds() {
    check(cases());
}

#[test]
fn models_of_every_family_find_what_onnxruntime_finds() {
    check(families());
}

#[test]
fn the_document_lists_what_comes_of_them() {
    let text = report::document(cases(), families());
    let file = repository("docs").join("models.md");
    if updating() {
        fs::write(&file, &text).expect("a written file");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == text,
        "docs/models.md is stale; UPDATE=1 cargo test --release --test model_cases writes it anew"
    );
}
