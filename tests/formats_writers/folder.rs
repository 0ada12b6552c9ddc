//! Files for readers of others, which are read by `tests/formats/readers/writers.py`.

use std::fs;
use std::path::Path;

use super::*;

#[test]
#[ignore = "writes the folder that FORMATS_FOLDER names, for the readers of other projects"]
fn a_folder_for_other_readers() {
    let folder = std::env::var("FORMATS_FOLDER").expect("FORMATS_FOLDER names a folder");
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).expect("a folder");
    let formats = [
        Format::Jsonl,
        Format::Doccano,
        Format::Csv,
        Format::Tsv,
        Format::WebAnnotation,
        Format::CasJson,
        Format::LabelStudio,
        Format::Spacy,
        Format::Html,
    ];
    for format in formats {
        let options = WriteOptions { details: true, ..WriteOptions::default() };
        let mut writer = Writer::new(format, Vec::new(), &options).expect("written");
        for document in samples() {
            writer.document(&document).expect("memory");
        }
        let is_zip = format.is_file_per_document();
        let extension = if is_zip { format!("{}.zip", format.extension()) } else { format.extension().to_string() };
        fs::write(folder.join(format!("documents.{extension}")), writer.finish().expect("memory").0).expect("a file");
    }
}
