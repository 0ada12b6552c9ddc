//! The first bytes of files that are no text.

use super::Kind;

pub(super) fn of(start: &[u8]) -> Option<Kind> {
    let signatures: [(&[u8], Kind); 10] = [
        (b"%PDF-", Kind::Pdf),
        (b"PK\x05\x06", Kind::Zip),
        (b"\x1F\x8B", Kind::Gzip),
        (b"\xD0\xCF\x11\xE0", Kind::Office),
        (b"{\\rtf", Kind::Rtf),
        (b"\x89PNG", Kind::Image),
        (b"\xFF\xD8\xFF", Kind::Image),
        (b"GIF8", Kind::Image),
        (b"II*\0", Kind::Image),
        (b"MM\0*", Kind::Image),
    ];
    if start.starts_with(b"PK\x03\x04") {
        return Some(of_zip(start));
    }
    signatures.iter().find(|(signature, _)| start.starts_with(signature)).map(|(_, kind)| *kind)
}

/// What a zip is by the name of its first file, which stands in its beginning.
fn of_zip(start: &[u8]) -> Kind {
    let length = start.get(26..28).map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]])));
    let name = start.get(30..30 + length).map(|name| String::from_utf8_lossy(name).to_lowercase()).unwrap_or_default();
    let is_office = name == "[content_types].xml"
        || name == "mimetype"
        || ["_rels/", "docprops/", "word/", "xl/", "ppt/"].iter().any(|folder| name.starts_with(folder));
    if is_office {
        Kind::OfficeZip
    } else {
        Kind::Zip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_of(name: &str) -> Vec<u8> {
        let mut start = b"PK\x03\x04".to_vec();
        start.resize(26, 0);
        start.extend([name.len() as u8, 0, 0, 0]);
        start.extend(name.bytes());
        start
    }

    #[test]
    fn bytes_tell_what_is_no_text() {
        for (bytes, kind) in [
            (b"%PDF-1.7".to_vec(), Some(Kind::Pdf)),
            (b"{\\rtf1".to_vec(), Some(Kind::Rtf)),
            (b"PK\x05\x06".to_vec(), Some(Kind::Zip)),
            (b"PK\x03\x04".to_vec(), Some(Kind::Zip)),
            (zip_of("model/labels.txt.bin"), Some(Kind::Zip)),
            (zip_of("[Content_Types].xml"), Some(Kind::OfficeZip)),
            (zip_of("mimetype"), Some(Kind::OfficeZip)),
            (zip_of("train/1.ANN"), Some(Kind::Zip)),
            (zip_of("1.txt"), Some(Kind::Zip)),
            (b"\x1F\x8B\x08".to_vec(), Some(Kind::Gzip)),
            (b"\x89PNG\r\n".to_vec(), Some(Kind::Image)),
            (b"IL-2".to_vec(), None),
            (b"".to_vec(), None),
        ] {
            assert_eq!(of(&bytes), kind, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
