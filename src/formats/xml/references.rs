//! References such as `&lt;`, `&#946;` and `&beta;`.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::BytesRef;

use super::entities;

/// A character reference, a name that XML predefines, or one of HTML.
pub(super) fn character(name: &str) -> Option<String> {
    match resolve_xml_entity(name) {
        Some(text) => Some(text.to_string()),
        None => entities::named(name).map(String::from),
    }
}

/// The longest names of references are shorter.
const LONGEST_NAME: usize = 40;

/// The name that a reference begins with, and what is behind its `;`.
pub(super) fn reference(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take(LONGEST_NAME).position(|byte| byte == b';')?;
    Some((&text[..end], &text[end + 1..]))
}

/// A name for messages.
pub(super) fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// The text of a reference in an attribute's value.
pub(super) fn in_value(name: &str) -> Option<String> {
    match BytesRef::new(name).resolve_char_ref() {
        Ok(Some(c)) => Some(c.to_string()),
        Ok(None) => character(name),
        Err(_) => None,
    }
}
