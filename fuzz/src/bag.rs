//! Several files in one input: each behind a line that names it. Whatever bytes an input has, it is such a bag.

/// What stands before and behind a file's name.
const MARK: (&[u8], &[u8]) = (b"\n=== ", b" ===\n");
/// Longer names are no names.
const LONGEST_NAME: usize = 80;

/// Files by name, in order; a name may come twice.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Divides an input into its files. What stands before the first line that names a file is dropped.
pub(crate) fn unpack(input: &[u8]) -> Files {
    let mut files = Files::new();
    let mut content = 0;
    let mut at = 0;
    while let Some(found) = find(&input[at..], MARK.0) {
        let begin = at + found;
        let name = begin + MARK.0.len();
        let searched = &input[name..input.len().min(name + LONGEST_NAME)];
        let Some(length) = find(searched, MARK.1) else {
            at = name;
            continue;
        };
        if let Some((_, bytes)) = files.last_mut() {
            *bytes = input[content..begin].to_vec();
        }
        files.push((String::from_utf8_lossy(&searched[..length]).into_owned(), Vec::new()));
        // The line's end may be the begin of the next line that names a file.
        content = name + length + MARK.1.len();
        at = content - 1;
    }
    if let Some((_, bytes)) = files.last_mut() {
        *bytes = input.get(content..).unwrap_or_default().to_vec();
    }
    files
}

/// The input that holds these files.
pub(crate) fn pack(files: &Files) -> Vec<u8> {
    files.iter().flat_map(|(name, bytes)| [MARK.0, name.as_bytes(), MARK.1, bytes].concat()).collect()
}

/// The first place of some bytes in others.
pub(crate) fn find(bytes: &[u8], sought: &[u8]) -> Option<usize> {
    bytes.windows(sought.len()).position(|window| window == sought)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_out_as_they_went_in() {
        let file = |name: &str, bytes: &[u8]| (name.to_string(), bytes.to_vec());
        for files in [
            vec![],
            vec![file("a", b"")],
            vec![file("a/b.json", b"{\"x\": 1}\n"), file("model.onnx", &[0, 10, 255]), file("a/b.json", b"\n\n")],
        ] {
            assert_eq!(unpack(&pack(&files)), files);
        }
        assert!(unpack(b"\n=== a").is_empty() && unpack(b"").is_empty());
    }
}
