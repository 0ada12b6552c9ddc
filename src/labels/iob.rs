//! The entity that a label (IOB tag) names. Spark NLP and transformers have different rules.

/// Spark NLP's rule: the label without its first two UTF-16 code units, whatever they are; `None` if it has fewer.
pub(crate) fn entity_after_prefix(label: &str) -> Option<&str> {
    let mut units = 0;
    for (at, c) in label.char_indices() {
        if units >= 2 {
            return Some(&label[at..]);
        }
        units += c.len_utf16();
    }
    (units >= 2).then_some("")
}

/// The rule of transformers for the name of a group: the part after the first hyphen, or the whole label.
pub(crate) fn entity_after_hyphen(label: &str) -> &str {
    label.split_once('-').map_or(label, |(_, entity)| entity)
}

/// The rule of transformers for joining: whether a label is `B-X`, and its X. Without `B-` or `I-`, X is the whole label.
pub(super) fn begins_and_entity(label: &str) -> (bool, &str) {
    match (label.strip_prefix("B-"), label.strip_prefix("I-")) {
        (Some(entity), _) => (true, entity),
        (_, Some(entity)) => (false, entity),
        _ => (false, label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_cuts_two_code_units_and_transformers_at_the_hyphen() {
        let cases = [
            ("B-DNA", Some("DNA"), "DNA"),
            ("DNA", Some("A"), "DNA"),
            ("I-cell-line", Some("cell-line"), "cell-line"),
            ("B-", Some(""), ""),
            ("O", None, "O"),
            ("\u{1F9EC}x", Some("x"), "\u{1F9EC}x"),
            ("", None, ""),
        ];
        for (label, spark, transformers) in cases {
            assert_eq!((entity_after_prefix(label), entity_after_hyphen(label)), (spark, transformers), "{label}");
        }
    }
}
