//! Every surface, for some seconds each: all of its seeds, then mutations of them, the same each time.

use std::path::Path;

use glossa_fuzz::{run, Surface, SURFACES};

/// A test for each surface, so that they run side by side and the one that fails is named.
macro_rules! surfaces {
    ($($test:ident: $name:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                let surface = Surface::named($name).expect("a surface");
                if let Err(failure) = run::supervise(Path::new(env!("CARGO_BIN_EXE_glossa-fuzz")), surface, 1) {
                    panic!("{failure}");
                }
            }
        )+

        #[test]
        fn none_is_left_out() {
            let names: Vec<&str> = SURFACES.iter().map(|surface| surface.name).collect();
            assert_eq!(names, [$($name),+]);
        }
    };
}

surfaces! {
    onnx: "onnx",
    saved_model: "saved-model",
    java: "java",
    sequence_file: "sequence-file",
    tokenizer: "tokenizer",
    folder: "folder",
    bundle: "bundle",
    regex: "regex",
    text: "text",
    input: "input",
    pipeline: "pipeline",
    records: "records",
    compare: "compare",
}
