//! Model files as people have them: zips, folders, Hugging Face folders; and files that are damaged or made to do harm,
//! each of which must end in a coded error, soon.

use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use glossa_ner::engine::{OnnxFile, Precision};
use glossa_ner::model::{Folder, LoadContext, MemoryFiles, Model, Source, TextEncoder};
use glossa_ner::{AggregationStrategy, AnnotateOptions, Annotator, Encoding, Error, Mode, Options};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

type Files = Vec<(String, Vec<u8>)>;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models").join(name)
}

fn zip_bytes() -> Vec<u8> {
    std::fs::read(golden("saved_hub_root.zip")).expect("a zip")
}

/// The files of the saved model.
fn saved() -> Files {
    let mut zip = ZipArchive::new(Cursor::new(zip_bytes())).expect("a zip");
    (0..zip.len())
        .filter_map(|i| {
            let mut file = zip.by_index(i).expect("an entry");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("bytes");
            file.is_file().then(|| (file.name().to_string(), bytes))
        })
        .collect()
}

fn pack(files: &Files, method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(path, SimpleFileOptions::default().compression_method(method)).expect("an entry");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

fn as_zip(bytes: Vec<u8>) -> MemoryFiles {
    let mut files = MemoryFiles::new("memory");
    files.insert("model.zip", bytes);
    files
}

fn as_folder(files: Files) -> MemoryFiles {
    let mut memory = MemoryFiles::new("memory");
    files.into_iter().for_each(|(path, bytes)| memory.insert(path, bytes));
    memory
}

fn read(source: &dyn Source) -> Result<Model, Error> {
    Model::read(source, &LoadContext::default())
}

fn graph(mut onnx: &[u8], precision: Precision) -> Result<OnnxFile, Error> {
    let length = onnx.len() as u64;
    OnnxFile::read(&mut onnx, length, "model.onnx", precision)
}

/// Reads a model that must fail, within seconds, and gives the error.
fn refused(source: &dyn Source) -> Error {
    let start = Instant::now();
    let error = read(source).map(|model| model.name).expect_err("a model that is refused");
    assert!(start.elapsed() < Duration::from_secs(5), "{error} took {:?}", start.elapsed());
    error
}

fn code(source: &dyn Source) -> &'static str {
    refused(source).code()
}

/// The saved model with one file changed or, if it is not there, added.
fn with(path: &str, bytes: &[u8]) -> Files {
    let mut files = saved();
    files.retain(|(other, _)| other != path);
    files.push((path.to_string(), bytes.to_vec()));
    files
}

fn sequence_file(values: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"SEQ\x06".to_vec();
    for class in ["org.apache.hadoop.io.NullWritable", "org.apache.hadoop.io.BytesWritable"] {
        bytes.push(class.len() as u8);
        bytes.extend_from_slice(class.as_bytes());
    }
    bytes.extend_from_slice(&[0; 6]);
    bytes.extend_from_slice(&[1; 16]);
    for value in values {
        let length = value.len() as u32;
        bytes.extend_from_slice(&(length + 4).to_be_bytes());
        bytes.extend_from_slice(&0u32.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}

fn java_text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

/// A class description without a parent; fields are objects.
fn java_class(name: &str, fields: &[&str]) -> Vec<u8> {
    let mut bytes = [&[0x72][..], &java_text(name), &[0; 8], &[2], &(fields.len() as u16).to_be_bytes()].concat();
    for field in fields {
        bytes.extend([&b"L"[..], &java_text(field), &[0x74], &java_text("Ljava/lang/Object;")].concat());
    }
    bytes.extend_from_slice(&[0x78, 0x70]);
    bytes
}

fn java_array(size: i32, elements: &[u8]) -> Vec<u8> {
    let class = java_class("[Lscala.Tuple2;", &[]);
    [&[0xAC, 0xED, 0, 5, 0x75][..], &class, &size.to_be_bytes(), elements].concat()
}

fn reference(handle: u32) -> Vec<u8> {
    [&[0x71][..], &(0x7E_0000 + handle).to_be_bytes()].concat()
}

/// What is said of a saved model whose labels are one record.
fn labels_of(record: Vec<u8>) -> Error {
    refused(&as_folder(with("fields/labels/part-00000", &sequence_file(&[record]))))
}

#[test]
fn a_saved_model_is_read_from_a_file_memory_and_an_unpacked_folder() {
    let bytes = zip_bytes();
    let nested: Files = saved().into_iter().map(|(path, bytes)| (format!("name_en_5.5.3/{path}"), bytes)).collect();
    let sources: [Box<dyn Source>; 5] = [
        Box::new(Folder::open(golden("saved_hub_root.zip")).expect("a file")),
        Box::new(as_zip(bytes)),
        Box::new(as_folder(saved())),
        Box::new(as_zip(pack(&saved(), CompressionMethod::Stored))),
        Box::new(as_zip(pack(&nested, CompressionMethod::Deflated))),
    ];
    let onnx = std::fs::read(golden("cellular/model.onnx")).expect("an ONNX file");
    let graph = graph(&onnx, Precision::Auto).expect("a graph");
    for source in &sources {
        let model = read(source.as_ref()).expect("a model");
        assert!(model.graph == graph);
        assert!(matches!(&model.encoder, TextEncoder::Spark(vocabulary) if vocabulary.len() == 1500));
        assert_eq!((model.defaults.case_sensitive, model.defaults.max_sentence_length), (true, 128));
    }
    assert_eq!(read(sources[0].as_ref()).expect("a model").name, "saved_hub_root");
}

#[test]
fn truncated_zips_are_refused() {
    let bytes = zip_bytes();
    for sixteenth in 0..16 {
        let cut = bytes[..bytes.len() * sixteenth / 16].to_vec();
        let code = code(&as_zip(cut));
        assert!(["archive_invalid", "model_unrecognised"].contains(&code), "{sixteenth}/16: {code}");
    }
    assert_eq!(code(&as_zip(bytes[..bytes.len() - 1].to_vec())), "archive_invalid");
}

#[test]
fn parts_cut_off_anywhere_are_refused() {
    for path in ["fields/vocabulary/part-00000", "fields/labels/part-00001", "bert_classification_onnx"] {
        let (_, whole) = saved().into_iter().find(|(other, _)| other == path).expect("a file");
        for sixteenth in 0..16 {
            let cut = &whole[..whole.len() * sixteenth / 16];
            let code = code(&as_folder(with(path, cut)));
            let expected = if cut.is_empty() && path.starts_with("bert") { "file_missing" } else { "archive_invalid" };
            assert_eq!(code, expected, "{path} {sixteenth}/16");
        }
    }
}

#[test]
fn a_changed_byte_of_any_files_data_is_noticed() {
    let bytes = zip_bytes();
    let mut zip = ZipArchive::new(Cursor::new(&bytes)).expect("a zip");
    let mut checked = 0;
    for i in 0..zip.len() {
        let entry = zip.by_index_raw(i).expect("an entry");
        let name = entry.name().to_string();
        // Files that loading does not read.
        if entry.is_dir() || name.ends_with("_SUCCESS") {
            continue;
        }
        let start = entry.data_start() as usize;
        let data = start..start + entry.compressed_size() as usize;
        drop(entry);
        for at in data.clone().step_by(data.len().div_ceil(9)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            assert_eq!(code(&as_zip(damaged)), "archive_invalid", "{name}, byte {at}");
            checked += 1;
        }
    }
    // Metadata, the graph, and two parts each of labels and vocabulary.
    assert_eq!(checked, 6 * 9);
}

#[test]
fn a_changed_byte_of_a_zips_directory_does_no_harm() {
    let bytes = zip_bytes();
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    let mut refused = 0;
    for at in directory..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        // What is no part of a file, such as a time, may change.
        if let Err(error) = read(&as_zip(damaged)) {
            // A part of another name is no part of the vocabulary or the labels.
            let renamed = ["vocabulary_invalid", "labels_invalid", "file_missing", "model_unrecognised"];
            let codes = [&["archive_invalid", "model_unsupported"][..], &renamed].concat();
            assert!(codes.contains(&error.code()), "byte {at}: {error}");
            refused += 1;
        }
    }
    assert!(refused > (bytes.len() - directory) / 4, "{refused} of {}", bytes.len() - directory);
}

#[test]
fn bombs_are_refused() {
    // 300 MB of zeros in 300 kB, where the graph should be and where a part should be.
    let zeros = vec![0; 300 << 20];
    for path in ["bert_classification_onnx", "fields/labels/part-00000"] {
        let packed = pack(&with(path, &zeros), CompressionMethod::Deflated);
        assert!(packed.len() < 2 << 20);
        assert_eq!(code(&as_zip(packed)), "archive_invalid");
    }
    drop(zeros);
    // The same, while the directory tells another length.
    let files = with("fields/labels/part-00000", &vec![0; 40 << 20]);
    let mut packed = pack(&files, CompressionMethod::Deflated);
    let length = (40u32 << 20).to_le_bytes();
    while let Some(at) = packed.windows(4).position(|window| window == length) {
        packed[at..at + 4].copy_from_slice(&500u32.to_le_bytes());
    }
    assert_eq!(code(&as_zip(packed)), "archive_invalid");
    // A bomb in the zip around the ONNX file.
    let mut onnx = vec![0; 200 << 20];
    onnx[0] = 8;
    let inner = pack(&vec![("model.onnx".to_string(), onnx)], CompressionMethod::Deflated);
    assert_eq!(code(&as_folder(with("bert_classification_onnx", &inner))), "archive_invalid");
}

#[test]
fn names_that_lead_outside_are_refused() {
    for path in ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil", "\\evil"] {
        assert_eq!(code(&as_zip(pack(&with(path, b"x"), CompressionMethod::Stored))), "archive_invalid", "{path}");
    }
}

#[test]
fn false_directories_are_not_searched_for_ever() {
    let end = [&b"PK\x05\x06"[..], &[0, 0, 0, 0, 9, 0, 9, 0, 255, 0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let bytes = [&b"PK\x03\x04"[..], &end.repeat(200_000)].concat();
    assert_eq!(code(&as_zip(bytes)), "archive_invalid");
}

#[test]
fn encrypted_files_are_named() {
    let mut bytes = zip_bytes();
    let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
    for at in (at..bytes.len() - 4).filter(|&at| bytes[at..].starts_with(b"PK\x01\x02")).collect::<Vec<_>>() {
        bytes[at + 8] |= 1;
    }
    let error = refused(&as_zip(bytes));
    assert_eq!(error.code(), "model_unsupported");
    assert!(error.to_string().contains("encrypted"), "{error}");
}

#[test]
fn kinds_that_cannot_be_read_say_what_to_do() {
    let metadata =
        |engine: &str| format!(r#"{{"class": "x", "paramMap": {{"engine": "{engine}"}}, "defaultParamMap": {{}}}}"#);
    for engine in ["tensorflow", "openvino"] {
        let error = refused(&as_folder(with("metadata/part-00000", metadata(engine).as_bytes())));
        assert_eq!(error.code(), "model_unsupported");
        assert!(error.to_string().contains(engine) && error.to_string().contains("ONNX"), "{error}");
    }
    let parquet = as_folder(with("fields/vocabulary/part-00000-x.snappy.parquet", b"PAR1"));
    assert_eq!(code(&parquet), "model_unsupported");
    assert_eq!(code(&as_folder(with("bert_classification_onnx_data", b"x"))), "model_unsupported");
    let two =
        pack(&vec![("model.onnx".into(), vec![8; 99]), ("weights".into(), vec![8; 9])], CompressionMethod::Stored);
    assert_eq!(code(&as_folder(with("bert_classification_onnx", &two))), "model_unsupported");
    assert_eq!(code(&as_folder(with("metadata/part-00000", b"{}"))), "config_invalid");
    assert_eq!(code(&as_folder(with("metadata/part-00000", b"\xFF"))), "config_invalid");
    let none: Files = saved().into_iter().filter(|(path, _)| !path.starts_with("fields/labels")).collect();
    assert_eq!(code(&as_folder(none)), "file_missing");
    assert_eq!(code(&as_folder(vec![("readme.txt".into(), vec![])])), "model_unrecognised");
    assert_eq!(code(&as_zip(b"no zip".to_vec())), "model_unrecognised");
}

#[test]
fn labels_and_pieces_come_once_each() {
    let (_, labels) = saved().into_iter().find(|(path, _)| path == "fields/labels/part-00000").expect("a file");
    assert_eq!(code(&as_folder(with("fields/labels/part-00002", &labels))), "labels_invalid");
    let half: Files = saved().into_iter().filter(|(path, _)| path != "fields/labels/part-00000").collect();
    assert_eq!(code(&as_folder(half)), "labels_invalid");
    let (_, pieces) = saved().into_iter().find(|(path, _)| path == "fields/vocabulary/part-00000").expect("a file");
    assert_eq!(code(&as_folder(with("fields/vocabulary/part-00009", &pieces))), "vocabulary_invalid");
    let codes = ["fields/vocabulary/part-00000", "fields/vocabulary/part-00001"].map(|part| {
        let files: Files = saved().into_iter().filter(|(path, _)| path != part).collect();
        read(&as_folder(files)).err().map(|error| error.code())
    });
    assert!(codes.contains(&Some("vocabulary_invalid")), "neither half lacks a special piece: {codes:?}");
}

#[test]
fn hostile_java_objects_are_refused() {
    // Handles of an array: 0 its class, 1 itself.
    let itself = labels_of(java_array(1, &reference(1)));
    assert!(itself.to_string().contains("contains itself"), "{itself}");
    let records = [
        java_array(i32::MAX, &[]),
        java_array(-1, &[]),
        java_array(1, &[0x70]),
        java_array(1, &reference(77)),
        java_array(1, &reference(0)),
        java_array(1, &[0x7E]),
        java_array(1, &[&[0x74][..], &java_text("no pair")].concat()),
        java_array(1, &[&[0x73][..], &java_class("java.util.HashMap", &[])].concat()),
        // A pair of nulls.
        java_array(1, &[&[0x73][..], &java_class("scala.Tuple2", &["_1", "_2"]), &[0x70, 0x70]].concat()),
        // A class that is its own parent.
        [&[0xAC, 0xED, 0, 5, 0x73, 0x72][..], &java_text("X"), &[0; 8], &[2, 0, 0, 0x78], &reference(0)].concat(),
        // Arrays in arrays, deeper than any stack.
        [&[0xAC, 0xED, 0, 5][..], &[&[0x75][..], &java_class("[LX;", &[]), &[0, 0, 0, 1]].concat().repeat(100_000)]
            .concat(),
        // Classes in classes.
        [
            &[0xAC, 0xED, 0, 5, 0x73][..],
            &[&[0x72][..], &java_text("X"), &[0; 8], &[2, 0, 0, 0x78]].concat().repeat(100_000),
        ]
        .concat(),
        vec![],
        vec![0xAC, 0xED, 0, 5],
    ];
    for (i, record) in records.into_iter().enumerate() {
        assert_eq!(labels_of(record).code(), "archive_invalid", "record {i}");
    }
    // Side by side, but each refers to the one before: a chain as long as the array.
    let first = [&[0x73][..], &java_class("X", &["next"]), &[0x70]].concat();
    // Handles: 0, 1 the array; 2 the class, 3 the field's type, 4 the first object, and one per object.
    let rest = (5..100_000u32).flat_map(|handle| [&[0x73][..], &reference(2), &reference(handle - 1)].concat());
    let elements: Vec<u8> = first.into_iter().chain(rest).collect();
    let chain = labels_of(java_array(99_996, &elements));
    assert!(chain.to_string().contains("nested"), "{chain}");
}

/// A pair of a name and an object that holds a number. Handles from `handle` on: the class of pairs, the types of its fields,
/// the pair.
fn java_pair(name: &str, number: i32) -> Vec<u8> {
    let mut integer = [&[0x72][..], &java_text("java.lang.Integer"), &[0; 8], &[2, 0, 1]].concat();
    integer.extend([&b"I"[..], &java_text("value"), &[0x78, 0x70]].concat());
    let name = [&[0x74][..], &java_text(name)].concat();
    let pair = [&[0x73][..], &java_class("scala.Tuple2", &["_1", "_2"]), &name].concat();
    [&pair[..], &[0x73], &integer, &number.to_be_bytes()].concat()
}

#[test]
fn references_of_java_objects_multiply_nothing() {
    let with_references = |name: &str, count: u32| {
        // Handles: 0, 1 the array; 2 the class of pairs, 3, 4 its fields' types, 5 the pair.
        let elements = [java_pair(name, 0), reference(5).repeat(count as usize)].concat();
        labels_of(java_array(count as i32 + 1, &elements))
    };
    let copied = with_references(&"x".repeat(65_000), 100_000);
    assert_eq!(copied.code(), "archive_invalid", "{copied}");
    assert!(copied.to_string().contains("again") && copied.to_string().len() < 1000, "{copied}");
    // As many names as references have bytes: found to be the same label.
    assert_eq!(with_references("x", 1000).code(), "labels_invalid");

    let names: Vec<String> = (0..65_000).map(|field| field.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wide = [&[0x73][..], &java_class("scala.Tuple2", &names), &[0x70; 65_000]].concat();
    let wide = labels_of(java_array(1, &wide));
    assert!(wide.code() == "archive_invalid" && wide.to_string().contains("fields"), "{wide}");
}

fn hugging_face(options: &Options) -> Result<Annotator, Error> {
    Annotator::load(&Folder::open(golden("hf_cellular")).expect("a folder"), options)
}

/// The Hugging Face folder in memory, without some files.
fn hugging_face_files(without: &[&str]) -> Files {
    ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model.onnx"]
        .into_iter()
        .filter(|path| !without.contains(path))
        .map(|path| (path.to_string(), std::fs::read(golden("hf_cellular").join(path)).expect("a file")))
        .collect()
}

#[test]
fn a_hugging_face_folder_can_be_read_as_spark_nlp_does() {
    let text = "Expression of the GATA-1 gene in caf\u{E9} T cells";
    let options = Options { encoding: Some(Encoding::Spark), ..Options::default() };
    let spark =
        Annotator::load(&Folder::open(golden("cellular")).expect("a folder"), &Options::default()).expect("a model");
    let own = hugging_face(&options).expect("a model");
    assert_eq!(own.annotate(text, &Default::default()), spark.annotate(text, &Default::default()));
    let aggregated = AnnotateOptions { aggregation_strategy: Some(AggregationStrategy::First), ..Default::default() };
    for annotator in [&own, &spark] {
        assert_eq!(annotator.annotate(text, &aggregated).expect_err("refused").code(), "option_invalid");
    }
    let options = Options { case_sensitive: Some(false), ..Options::default() };
    assert_eq!(hugging_face(&options).expect_err("refused").code(), "option_invalid");
}

#[test]
fn long_text_is_windowed_in_a_hugging_face_folder_too() {
    let annotator = hugging_face(&Options::default()).expect("a model");
    let sentence = "Expression of the GATA-1 gene in T cells and of TRE-1 in CHO \u{1F9EC} cells. ";
    for strategy in [AggregationStrategy::None, AggregationStrategy::Simple, AggregationStrategy::Average] {
        let options = AnnotateOptions { aggregation_strategy: Some(strategy), ..Default::default() };
        let truncated = AnnotateOptions { mode: Mode::Truncate, ..options.clone() };
        assert_eq!(annotator.annotate(sentence, &options), annotator.annotate(sentence, &truncated));
        for text in [sentence.repeat(40), "x".repeat(90), "\u{4E2D}-".repeat(900), "ab\u{301}".repeat(33)] {
            let units: Vec<u16> = text.encode_utf16().collect();
            let found = annotator.annotate(&text, &options).expect("chunks").chunks;
            let mut last = 0;
            for chunk in &found {
                assert_eq!(String::from_utf16_lossy(&units[chunk.begin..chunk.end]), chunk.text);
                assert!(chunk.begin >= last && chunk.end > chunk.begin);
                last = chunk.end;
            }
            if text.len() > 1000 {
                assert!(last > units.len() / 2);
                let cut = annotator.annotate(&text, &truncated).expect("chunks").truncated_from.expect("a place");
                assert!(cut < units.len() && cut > 50);
            }
        }
    }
}

#[test]
fn a_vocabulary_stands_in_for_a_tokenizer_json() {
    let mut files = hugging_face_files(&["tokenizer.json"]);
    files.push(("vocab.txt".into(), std::fs::read(golden("cellular/assets/vocab.txt")).expect("a file")));
    let from_vocabulary = Annotator::load(&as_folder(files), &Options::default()).expect("a model");
    let text = "Expression of the GATA-1 [MASK] gene in caf\u{E9} T\u{A0}cells \u{4E2D}\u{6587}";
    let own = hugging_face(&Options::default()).expect("a model");
    assert_eq!(from_vocabulary.annotate(text, &Default::default()), own.annotate(text, &Default::default()));
}

#[test]
fn a_hugging_face_folder_in_a_zip_is_read() {
    let files = hugging_face_files(&[]).into_iter().map(|(path, bytes)| (format!("model/{path}"), bytes)).collect();
    assert!(read(&as_zip(pack(&files, CompressionMethod::Deflated))).is_ok());
}

#[test]
fn broken_hugging_face_folders_say_what_is_wrong() {
    let changed = |path: &str, bytes: &[u8]| {
        let mut files = hugging_face_files(&[path]);
        files.push((path.to_string(), bytes.to_vec()));
        refused(&as_folder(files))
    };
    assert_eq!(code(&as_folder(hugging_face_files(&["tokenizer.json"]))), "file_missing");
    assert_eq!(code(&as_folder(hugging_face_files(&["onnx/model.onnx"]))), "file_missing");
    assert_eq!(changed("config.json", b"[1]").code(), "config_invalid");
    assert_eq!(changed("config.json", br#"{"id2label": {"0": "O", "2": "X"}}"#).code(), "labels_invalid");
    assert_eq!(changed("tokenizer.json", b"{").code(), "config_invalid");
    assert_eq!(changed("tokenizer.json", b"{}").code(), "vocabulary_invalid");
    let mut files = hugging_face_files(&["onnx/model.onnx"]);
    files.push(("model.safetensors".into(), vec![]));
    assert_eq!(code(&as_folder(files)), "model_unsupported");
}
