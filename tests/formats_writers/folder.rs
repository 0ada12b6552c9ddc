//! Files of every format that is written, for readers of others: `tests/formats/readers/`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use super::*;

/// Writes the samples in every format but the table for people, as `documents.EXTENSION`: a zip where a document is a file.
fn write_all(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    for format in Format::ALL.into_iter().filter(|format| format.can_be_written() && *format != Format::Table) {
        let options = WriteOptions { details: true, ..WriteOptions::default() };
        let mut writer = Writer::new(format, Vec::new(), &options).expect("written");
        for document in samples() {
            writer.document(&document).expect("memory");
        }
        let zip = if format.is_file_per_document() { ".zip" } else { "" };
        let name = format!("documents.{}{zip}", format.extension());
        fs::write(folder.join(name), writer.finish().expect("memory").0).expect("a file");
    }
}

#[test]
#[ignore = "writes the folder that FORMATS_FOLDER names, for the readers of other projects"]
fn a_folder_for_other_readers() {
    write_all(Path::new(&std::env::var("FORMATS_FOLDER").expect("FORMATS_FOLDER names a folder")));
}

/// What needs no package; `./build.sh readers` has the readers of other projects.
#[test]
fn standard_libraries_read_what_is_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("formats");
    // A file of a format that is no longer written would stay.
    let _ = fs::remove_dir_all(&folder);
    write_all(&folder);
    let readers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/readers");
    for (program, options, script) in
        [("python3", &["-B"][..], "standard_library.py"), ("node", &[], "standard-library.mjs")]
    {
        let run = Command::new(program).args(options).arg(readers.join(script)).arg(&folder).output();
        match run {
            Ok(output) => {
                let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                assert!(output.status.success(), "{script}: {}", said.concat());
            }
            Err(error) if error.kind() == ErrorKind::NotFound && std::env::var_os("CI").is_none() => {
                eprintln!("{program} is missing: {script} is not run");
            }
            Err(error) => panic!("{program}: {error}"),
        }
    }
}
