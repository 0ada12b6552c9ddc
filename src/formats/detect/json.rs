//! Which JSON a file is, by the members of its first object.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Content, Kind};
use crate::formats::Format;

/// JSON, if the text is some: prose may begin with a bracket, as titles that are translated do.
pub(super) fn of(name: &str, text: &str, first: &str) -> Option<Content> {
    let start = text.trim_start();
    let next = |open: char| start.strip_prefix(open).map(|rest| rest.trim_start().chars().next());
    let is_object = matches!(next('{'), Some(Some('"' | '}') | None));
    let is_list = matches!(next('['), Some(Some('{' | '"' | '[')));
    let parses =
        || (start.starts_with('{') || start.starts_with('[')) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if !(is_object || is_list || parses()) {
        return None;
    }
    let members = Members::of(start);
    if let Some(format) = members.format() {
        return Some(Content::Format(format));
    }
    // A record that cannot be read, because of a lone surrogate say, does not make the file another kind; neither does a line
    // that goes on behind the beginning that is looked at.
    let name = name.to_lowercase();
    let ends = |end: &str| name.ends_with(&format!(".{end}"));
    let is_whole_line = first.trim_end().ends_with('}') || text.trim_end().lines().count() == 1;
    let is_line = is_object && first.trim_start().starts_with('{') && is_whole_line;
    let has_text = members.has(&["text"]);
    let is_one_of_many = text.lines().filter(|line| line.trim_start().starts_with('{')).nth(1).is_some();
    let is_one_file = ends("json") && !is_one_of_many && !members.has(&["chunks", "label", "labels", "entities"]);
    if Format::Jsonl.properties().extensions.iter().any(|end| ends(end))
        || (is_line && !is_one_file && (has_text || is_one_of_many))
    {
        let is_labelled = members.has(&["label", "labels", "entities"]) && !members.has(&["chunks"]);
        return Some(Content::Format(if is_labelled { Format::Doccano } else { Format::Jsonl }));
    }
    Some(match has_text {
        true => Content::Format(Format::Pubannotation),
        false => Content::Other(Kind::Json),
    })
}

/// The names of the members of the first object, as far as the text goes.
#[derive(Default)]
struct Members(Vec<String>);

impl Members {
    fn of(text: &str) -> Self {
        let mut members = Members::default();
        // It ends with an error where the text is cut off; what came before it is there.
        let _ = First(&mut members).deserialize(&mut serde_json::Deserializer::from_str(text));
        members
    }

    fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|name| names.contains(&name.as_str()))
    }

    fn format(&self) -> Option<Format> {
        if self.has(&["denotations", "sourcedb", "sourceid"]) || (self.has(&["target"]) && self.has(&["text"])) {
            return Some(Format::Pubannotation);
        }
        // A document of ours has passages too, and its text beside them.
        let is_bioc = self.has(&["documents", "passages", "PubTator3"]) && !self.has(&["text"]);
        is_bioc.then_some(Format::BiocJson)
    }
}

/// Reads the first object, or that of a list or of lists in lists.
struct First<'m>(&'m mut Members);

impl<'de> DeserializeSeed<'de> for First<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for First<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object, or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.0 .0.push(name);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        list.next_element_seed(First(self.0))?;
        Ok(())
    }
}
