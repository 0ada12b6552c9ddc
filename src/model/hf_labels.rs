//! The labels that a Hugging Face `config.json` names, or that transformers would name for it.

use serde_json::Value as Json;

use crate::Error;

/// More labels than this are no labels: a number in a damaged file must not fill the memory.
const MOST_LABELS: u64 = 1 << 16;

/// The labels in id order; none if only the graph knows how many there are. Adds a warning if the file does not name them.
///
/// # Errors
/// `labels_invalid`.
pub(super) fn read(config: &Json, file: &str, warnings: &mut Vec<String>) -> Result<Vec<String>, Error> {
    let invalid = |reason: String| Error::LabelsInvalid { file: file.to_string(), reason };
    let entries = |key: &str| config[key].as_object().filter(|map| !map.is_empty());
    if let Some(map) = entries("id2label") {
        let label = |id: usize| {
            let label = map.get(&id.to_string());
            let label = label.ok_or_else(|| {
                invalid(format!("id2label has {} labels, but none of id {id}; ids must be 0, 1, 2, …", map.len()))
            })?;
            match label.as_str() {
                Some("") => Err(invalid(format!("the label of {id} is empty"))),
                Some(label) => Ok(label.to_string()),
                None => Err(invalid(format!("the label of {id} is {label}, not a text"))),
            }
        };
        return (0..map.len()).map(label).collect();
    }
    if let Some(map) = entries("label2id") {
        let mut labels = vec![None; map.len()];
        for (label, id) in map {
            let slot = id.as_u64().and_then(|id| labels.get_mut(usize::try_from(id).ok()?));
            let slot =
                slot.ok_or_else(|| invalid(format!("label2id gives {label:?} the id {id}, which leaves a gap")))?;
            if let Some(other) = slot.replace(label.clone()) {
                return Err(invalid(format!("label2id gives {other:?} and {label:?} the id {id}")));
            }
        }
        warnings.push(format!("{file} has no id2label; the labels are those of label2id"));
        return Ok(labels.into_iter().flatten().collect());
    }
    let count = config["num_labels"].as_u64().filter(|count| *count > 0);
    if let Some(count) = count.filter(|count| *count > MOST_LABELS) {
        return Err(invalid(format!("num_labels is {count}")));
    }
    warnings.push(format!("{file} has no id2label; the labels are LABEL_0, LABEL_1, … as in transformers"));
    Ok(numbered(count.unwrap_or(0) as usize))
}

/// The names that transformers gives to labels without names.
pub(crate) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|id| format!("LABEL_{id}")).collect()
}
