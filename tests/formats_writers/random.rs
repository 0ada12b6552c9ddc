//! Documents and files by chance, the same in every run.

use fastrand::Rng;

use super::*;

const LETTERS: [&str; 16] =
    ["a", "B", " ", "  ", "\n", "\r\n", "β", "µ", "\u{1F9EC}", "e\u{301}", "א", "\"", "<", "&", ",", "\u{2028}"];

const MARKS: &[u8] = b"\"\r\n,;{}[]\\0\t";

fn random_document(rng: &mut Rng) -> Document {
    let text: String = (0..rng.usize(0..40)).map(|_| LETTERS[rng.usize(0..LETTERS.len())]).collect();
    let mut places: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
    places.push(text.len());
    let index = TextIndex::new(&text);
    let mut mentions = Vec::new();
    for _ in 0..rng.usize(0..8) {
        let mut ends: Vec<usize> = (0..2 * rng.usize(1..4)).map(|_| places[rng.usize(0..places.len())]).collect();
        ends.sort_unstable();
        ends.dedup();
        let pieces: Vec<&str> = ends.chunks_exact(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let utf16 = |byte: usize| index.at(Unit::Byte, byte).expect("a place").utf16;
        let spans: Vec<Span> =
            ends.chunks_exact(2).map(|pair| Span { begin: utf16(pair[0]), end: utf16(pair[1]) }).collect();
        if !spans.is_empty() {
            let entity = ["DNA", "a b", "<x>", ""][rng.usize(0..4)].to_string();
            let confidence = rng.bool().then(|| rng.f32());
            mentions.push(Mention { spans, text: pieces.join(" "), entity, confidence, ..Mention::default() });
        }
    }
    Document { id: rng.u8(..).to_string(), text, mentions, ..Document::default() }
}

#[test]
fn documents_by_chance_come_back_and_are_written_by_all() {
    let mut rng = Rng::with_seed(16);
    for _ in 0..2000 {
        let sample = [random_document(&mut rng)];
        assert_eq!(documents(Format::Jsonl, &write(Format::Jsonl, &sample)), sample);
        let [mut plain] = sample.clone();
        plain.mentions.retain(|mention| mention.spans.len() == 1);
        plain.mentions.iter_mut().for_each(|mention| mention.confidence = None);
        assert_eq!(documents(Format::Doccano, &write(Format::Doccano, &[plain.clone()])), [plain]);
        let page = write(Format::Html, &sample);
        let body = page.split_once("<p class=\"text\" dir=\"auto\">").map_or("", |(_, body)| body);
        let body = body.split_once("</p>").map_or("", |(body, _)| body);
        assert_eq!(super::page::seen(body), sample[0].text);
        for format in
            [Format::Spacy, Format::LabelStudio, Format::WebAnnotation, Format::Csv, Format::Tsv, Format::Table]
        {
            assert!(!write(format, &sample).is_empty());
        }
        assert!(!glossa_ner::formats::files(Format::CasJson, &sample[0], &mut Warnings::default()).is_empty());
    }
}

#[test]
fn damaged_files_are_told_or_read_and_never_a_panic() {
    let mut rng = Rng::with_seed(17);
    let sources = [
        (Format::Jsonl, write(Format::Jsonl, &[full_sample(), nested_samples()[1].clone()])),
        (Format::Doccano, write(Format::Doccano, &nested_samples())),
        (Format::Csv, "id,text,x\n1,\"a, \"\"β\"\"\r\nb\",y\n2,\u{1F9EC},\n".to_string()),
        (Format::Tsv, "id\ttext\n1\t\"a\tb\"\n2\tc\n".to_string()),
        (Format::Text, "IL-2 β".to_string()),
    ];
    for (format, source) in sources {
        for _ in 0..3000 {
            let mut bytes = source.clone().into_bytes();
            for _ in 0..rng.usize(1..4) {
                let at = rng.usize(0..bytes.len());
                match rng.usize(0..4) {
                    0 => bytes[at] = rng.u8(..),
                    1 => bytes.truncate(at + 1),
                    2 => bytes.insert(at, MARKS[rng.usize(0..MARKS.len())]),
                    _ => drop(bytes.remove(at)),
                }
                if bytes.is_empty() {
                    bytes.push(b'x');
                }
            }
            let Ok(input) = Input::new(&bytes[..], "f", None) else { continue };
            for record in read(format, input, &ReadOptions::default()) {
                if let Ok(document) = &record.document {
                    document.check().unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)));
                }
            }
        }
    }
}
