//! Runs `glossa compare` as a user does.

use std::process::Command;

use crate::common::TemporaryFolder;

const OURS: &str = concat!(
    r#"{"id":"d1","text":"IL-2 and NF-kappa B","chunks":["#,
    r#"{"begin":0,"end":4,"text":"IL-2","entity":"DNA","confidence":0.9},"#,
    r#"{"begin":9,"end":19,"text":"NF-kappa B","entity":"protein","confidence":0.8}]}"#,
    "\n",
    r#"{"id":"d2","text":"x","chunks":[]}"#,
    "\n",
);

/// The exit code and what was printed, errors included.
fn run(folder: &TemporaryFolder, a: &str, b: &str, flags: &[&str]) -> (i32, String) {
    folder.write("a", a);
    folder.write("b", b);
    let output = Command::new(env!("CARGO_BIN_EXE_glossa"))
        .current_dir(&folder.0)
        .args(["compare", "a", "b"])
        .args(flags)
        .output()
        .expect("the program runs");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().expect("an exit code"), String::from_utf8(printed).expect("UTF-8"))
}

/// The numbers of an entity's row.
fn row(printed: &str, entity: &str) -> Vec<usize> {
    let line = printed.lines().find(|line| line.split_whitespace().next() == Some(entity)).expect("a row");
    line.split_whitespace().skip(1).map(|cell| cell.parse().expect("a number")).collect()
}

#[test]
fn the_same_chunks_are_equal_in_every_shape() {
    let folder = TemporaryFolder::new("shapes");
    let shapes = [
        OURS,
        "id,begin,end,entity,confidence,text\nd1,0,4,DNA,0.9000,IL-2\nd1,9,19,protein,0.8000,NF-kappa B\n",
        "\u{feff}ner_label,chunk,end,begin,id,sentence\nDNA,IL-2,3,0,d1,0\nprotein,NF-kappa B,18,9,d1,0\n",
        concat!(
            r#"{"id":"d1","result":"IL-2","begin":0,"end":3,"entity":"DNA","confidence":"0.9"}"#,
            "\n\n",
            r#"{"id":"d1","result":"NF-kappa B","begin":9,"end":18,"entity":"protein","confidence":"0.80000001"}"#,
        ),
    ];
    for a in shapes {
        for b in shapes {
            let (code, printed) = run(&folder, a, b, &[]);
            assert_eq!(code, 0, "{printed}");
            assert!(printed.ends_with("equal: 2 in both, 0 only in A, 0 only in B, 0 of other entity\n"), "{printed}");
        }
    }
}

#[test]
fn differences_are_counted_and_shown() {
    let folder = TemporaryFolder::new("differences");
    let theirs = "id,begin,end,entity,text\nd1,0,3,RNA,IL-2\nd1,9,16,protein,NF-kappa\nd2,0,0,protein,x\n";
    let (code, printed) = run(&folder, OURS, theirs, &[]);
    assert_eq!(code, 1, "{printed}");
    assert_eq!(row(&printed, "DNA"), [0, 0, 0, 1]);
    assert_eq!(row(&printed, "protein"), [0, 1, 2, 0]);
    assert_eq!(row(&printed, "all"), [0, 1, 2, 1]);
    for line in ["d1 9 19  protein  NF-kappa B", "d1 9 17  protein  NF-kappa", "d1 0 4  DNA -> RNA  IL-2"] {
        assert!(printed.lines().any(|found| found.trim() == line), "{printed}");
    }
    assert!(printed.ends_with("different: 0 in both, 1 only in A, 2 only in B, 1 of other entity\n"), "{printed}");
}

#[test]
fn only_ten_examples_are_shown_and_repeated_chunks_count() {
    let folder = TemporaryFolder::new("many");
    let row = "d,0,3,X,,DNA\n";
    let (code, printed) = run(
        &folder,
        &format!("id,begin,end,entity,confidence,text\n{}", row.repeat(13)),
        &format!("id,begin,end,entity,confidence,text\n{row}"),
        &[],
    );
    assert_eq!(code, 1);
    assert!(printed.contains("only in A (12, the first 10)"), "{printed}");
    assert_eq!(printed.lines().filter(|line| line.trim() == "d 0 3  X  DNA").count(), 10);
}

#[test]
fn confidences_count_if_asked_for() {
    let folder = TemporaryFolder::new("confidence");
    let other = OURS.replace("0.9}", "0.9002}");
    assert_eq!(run(&folder, OURS, &other, &[]).0, 0);
    let (code, printed) = run(&folder, OURS, &other, &["--confidence"]);
    assert_eq!(code, 1);
    assert!(printed.contains("d1 0 4  DNA 0.9 -> 0.9002  IL-2"), "{printed}");
    assert_eq!(run(&folder, OURS, &other, &["--confidence", "--tolerance", "0.0002"]).0, 0);
    assert_eq!(run(&folder, OURS, &OURS.replace(",\"confidence\":0.9", ""), &["--confidence"]).0, 1);
    assert_eq!(run(&folder, OURS, OURS, &["--tolerance", "0.1"]).0, 2);
    assert_eq!(run(&folder, OURS, OURS, &["--confidence", "--tolerance=-1"]).0, 2);
}

#[test]
fn flags_say_what_ends_are() {
    let folder = TemporaryFolder::new("ends");
    let ours = "id,begin,end,entity,confidence,text\nd,0,4,X,,\n";
    let theirs = "id,begin,end,entity,confidence,text\nd,0,3,X,,\n";
    assert_eq!(run(&folder, ours, theirs, &[]).0, 1);
    assert_eq!(run(&folder, ours, theirs, &["--spark-b"]).0, 0);
    assert_eq!(run(&folder, theirs, ours, &["--spark-a"]).0, 0);
}

#[test]
fn files_without_ids_are_one_document() {
    let folder = TemporaryFolder::new("ids");
    let theirs = "{\"result\":\"DNA\",\"begin\":0,\"end\":2,\"entity\":\"X\"}\n";
    let one =
        "{\"id\":\"d\",\"text\":\"DNA\",\"chunks\":[{\"begin\":0,\"end\":3,\"text\":\"DNA\",\"entity\":\"X\"}]}\n";
    assert_eq!(run(&folder, one, theirs, &[]).0, 0);
    assert_eq!(run(&folder, theirs, theirs, &[]).0, 0);
    let (code, printed) = run(&folder, OURS, theirs, &[]);
    assert_eq!(code, 2);
    assert!(printed.contains("input_invalid: b:1: it has no id, but the other file has 2 documents"), "{printed}");
}

#[test]
fn errors_say_where() {
    let folder = TemporaryFolder::new("errors");
    let largest = usize::MAX;
    for (b, expected) in [
        ("{\"id\":1,\"chunks\":[]}\n{".to_string(), "b:2: "),
        ("[{}]".into(), "b:1: a JSON object a line"),
        ("{\"id\":1,\"chunks\":7}".into(), "b:1: its \"chunks\" are no array"),
        ("{\"begin\":1}".into(), "b:1: it has no \"end\""),
        ("{\"begin\":-1,\"end\":2,\"entity\":\"X\"}".into(), "b:1: its \"begin\" \"-1\" is not an offset"),
        ("{\"begin\":5,\"end\":2,\"entity\":\"X\"}".into(), "b:1: the chunk begins at 5 and ends at 2"),
        (format!("begin,end,entity\n0,{largest},X\n"), "b:2: the chunk begins"),
        ("a,b\n1,2\n".into(), "b:1: the heading has no begin"),
        ("begin,end,entity\n0,1,X\n0,1\n".into(), "b:3: "),
        ("begin,end,entity,confidence\n0,1,X,high\n".into(), "b:2: its \"confidence\" \"high\" is not a number"),
        ("id,begin,end,entity\nd,0,1,X\n,0,1,X\n".into(), "b:3: it has no id"),
    ] {
        let (code, printed) = run(&folder, OURS, &b, &[]);
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(&format!("input_invalid: {expected}")), "{printed}");
    }
    assert_eq!(run(&folder, OURS, "", &[]).0, 1);
    assert_eq!(run(&folder, "", "", &[]).0, 0);
}

/// Comparing each with each would take minutes.
#[test]
fn chunks_at_one_place_are_compared_in_linear_time() {
    let row = |entity: usize| format!("{{\"begin\":0,\"end\":1,\"entity\":\"E{entity}\"}}\n");
    let count = 200_000;
    let (there, back): (String, String) = ((0..count).map(row).collect(), (0..count).rev().map(row).collect());
    let (code, printed) = run(&TemporaryFolder::new("one-place"), &there, &back, &[]);
    assert_eq!(code, 0, "{printed}");
}
