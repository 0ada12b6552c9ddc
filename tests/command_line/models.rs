//! `glossa model`: models that are kept under a name.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::common::{bundle_files, tiny_path, TemporaryFolder, TINY};

const TEXT: &str = "IL-2 gene expression requires NF-kappa B in human T cells.";

/// Runs `glossa` with the folder of models in `home`.
fn glossa(home: &TemporaryFolder, arguments: &[&str]) -> Output {
    let text = home.write("text.txt", TEXT);
    let arguments = arguments.iter().map(|argument| if *argument == "TEXT" { &text } else { *argument });
    let program = env!("CARGO_BIN_EXE_glossa");
    let models = home.0.join("models");
    Command::new(program).args(arguments).env("GLOSSA_MODELS", models).env("NO_PROXY", "*").output().expect("a run")
}

/// What it printed, if all went well.
fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// The exit code, and what it said of an error.
fn failure(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The names of the models that are kept.
fn names(home: &TemporaryFolder) -> Vec<String> {
    let list = printed(&glossa(home, &["model", "list"]));
    list.lines().map(|line| line.split('\t').next().unwrap_or_default().to_string()).collect()
}

/// What lies in the folder of models, unfinished ones too.
fn kept_files(home: &TemporaryFolder) -> Vec<String> {
    let entries = fs::read_dir(home.0.join("models")).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).expect("a file");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

/// A host of these files, on this machine. It answers requests one by one until the test ends.
fn host(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.and_then(|stream| answer(stream, &files));
        }
    });
    address
}

fn answer(mut stream: TcpStream, files: &BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    let lines: Vec<String> =
        BufReader::new(stream.try_clone()?).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = lines[0].split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    match files.get(path) {
        Some(bytes) => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", bytes.len())?;
            stream.write_all(bytes)
        }
        None => write!(stream, "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
    }
}

#[test]
fn a_folder_is_kept_found_by_its_name_and_removed() {
    let home = TemporaryFolder::new("model-folder");
    assert_eq!(printed(&glossa(&home, &["model", "list"])), "");
    let manifest = sha256(&fs::read(format!("{}/manifest.json", tiny_path())).expect("a manifest"));
    let added = printed(&glossa(&home, &["model", "add", &tiny_path(), "--sha256", &manifest.to_uppercase()]));
    assert!(added.starts_with("tiny\t"), "{added}");
    assert_eq!(printed(&glossa(&home, &["model", "list"])), added);

    let by_name = printed(&glossa(&home, &["annotate", "--model", "tiny", "--to", "jsonl", "TEXT"]));
    let by_path = printed(&glossa(&home, &["annotate", "--model", &tiny_path(), "--to", "jsonl", "TEXT"]));
    assert_eq!(by_name, by_path);
    assert!(by_name.contains("IL-2 gene"), "{by_name}");

    printed(&glossa(&home, &["model", "remove", "tiny"]));
    assert_eq!(kept_files(&home), [""; 0]);
    let (code, said) = failure(&glossa(&home, &["model", "remove", "tiny"]));
    assert_eq!((code, said.starts_with("glossa: file_missing:")), (Some(1), true), "{said}");
    let (_, said) = failure(&glossa(&home, &["annotate", "--model", "tiny", "TEXT"]));
    assert!(said.starts_with("glossa: file_missing: tiny:"), "{said}");
}

#[test]
fn a_name_is_given_once_unless_it_is_said() {
    let home = TemporaryFolder::new("model-twice");
    let zip = home.write("a.b.zip", zipped(&bundle_files(TINY)));
    printed(&glossa(&home, &["model", "add", &zip]));
    let (code, said) = failure(&glossa(&home, &["model", "add", &tiny_path(), "--name", "a.b"]));
    assert_eq!((code, said.starts_with("glossa: option_invalid: option name:")), (Some(1), true), "{said}");
    assert_eq!(kept_files(&home), ["a.b.zip"]);
    printed(&glossa(&home, &["model", "add", &tiny_path(), "--name", "a.b", "--replace"]));
    assert_eq!(kept_files(&home), ["a.b"]);
    printed(&glossa(&home, &["model", "add", &zip, "--name", "second"]));
    assert_eq!(names(&home), ["a.b", "second"]);
}

#[test]
fn what_is_no_model_is_not_kept_nor_put_in_place_of_one() {
    let home = TemporaryFolder::new("model-broken");
    printed(&glossa(&home, &["model", "add", &tiny_path()]));
    let mut files = bundle_files(TINY);
    files.retain(|(name, _)| name != "vocab.txt");
    let broken = home.write("tiny.zip", zipped(&files));
    let (code, said) = failure(&glossa(&home, &["model", "add", &broken, "--replace"]));
    assert_eq!((code, said.starts_with("glossa: file_missing:")), (Some(1), true), "{said}");
    assert_eq!(kept_files(&home), ["tiny"]);
    printed(&glossa(&home, &["annotate", "--model", "tiny", "TEXT"]));
    for (name, source) in [("..", tiny_path()), (".x", tiny_path()), ("a/b", tiny_path()), ("x", "nowhere".into())] {
        let (code, said) = failure(&glossa(&home, &["model", "add", &source, "--name", name]));
        let expected =
            if name == "x" { "glossa: file_missing: nowhere:" } else { "glossa: option_invalid: option name:" };
        assert_eq!((code, said.starts_with(expected)), (Some(1), true), "{said}");
    }
    assert_eq!(kept_files(&home), ["tiny"]);
}

#[test]
fn a_zip_is_downloaded_by_its_hash() {
    let home = TemporaryFolder::new("model-zip");
    let zip = zipped(&bundle_files(TINY));
    let hash = sha256(&zip);
    let host = host([("some/tiny.zip".to_string(), zip)]);
    let address = format!("{host}/some/tiny.zip");
    for (source, flags, expected) in [
        (&address, &[] as &[&str], "option_invalid: option sha256:"),
        (&address, &["--sha256", "abc"], "option_invalid: option sha256:"),
        (&address, &["--sha256", &"0".repeat(64)], "file_mismatch:"),
        (&format!("{host}/other.zip"), &["--sha256", &hash], "file_missing:"),
        (&"http://127.0.0.1:1/x.zip".to_string(), &["--sha256", &hash], "file_unreadable:"),
    ] {
        let (code, said) = failure(&glossa(&home, &[&["model", "add", source], flags].concat()));
        assert_eq!((code, said.starts_with(&format!("glossa: {expected}"))), (Some(1), true), "{said}");
        assert_eq!(kept_files(&home), [""; 0]);
    }
    printed(&glossa(&home, &["model", "add", &address, "--sha256", &hash]));
    assert_eq!(kept_files(&home), ["tiny.zip"]);
    assert!(printed(&glossa(&home, &["annotate", "--model", "tiny", "TEXT"])).contains("IL-2 gene"));
}

#[test]
fn the_files_of_a_manifest_are_downloaded_from_beside_it() {
    let home = TemporaryFolder::new("model-manifest");
    let files = bundle_files(TINY);
    let manifest = String::from_utf8(files[0].1.clone()).expect("UTF-8");
    let elsewhere = r#""files": [{"path": "../x", "bytes": 1, "sha256": ""}, "#;
    let outside = manifest.replace("\"files\": [", elsewhere);
    let host = host(files.iter().flat_map(|(name, bytes)| {
        let mut damaged = bytes.clone();
        *damaged.last_mut().expect("a byte") ^= u8::from(name == "vocab.txt");
        let outside = if name == "manifest.json" { outside.clone().into_bytes() } else { bytes.clone() };
        [
            (format!("right/{name}?key=1"), bytes.clone()),
            (format!("wrong/{name}"), damaged),
            (format!("outside/{name}"), outside),
        ]
    }));
    let hash = sha256(manifest.as_bytes());
    for (folder, hash, expected) in
        [("wrong", &hash, "file_mismatch:"), ("outside", &sha256(outside.as_bytes()), "manifest_invalid:")]
    {
        let address = format!("{host}/{folder}/manifest.json");
        let (code, said) = failure(&glossa(&home, &["model", "add", &address, "--sha256", hash]));
        assert_eq!((code, said.starts_with(&format!("glossa: {expected}"))), (Some(1), true), "{said}");
        assert_eq!(kept_files(&home), [""; 0]);
    }
    let address = format!("{host}/right/manifest.json?key=1");
    printed(&glossa(&home, &["model", "add", &address, "--sha256", &hash]));
    assert_eq!(names(&home), ["right"]);
    assert!(printed(&glossa(&home, &["annotate", "--model", "right", "TEXT"])).contains("IL-2 gene"));
}
