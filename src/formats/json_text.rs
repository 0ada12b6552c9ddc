//! JSON that stays on one line.

use serde::Serialize;

/// A value as JSON without a line end of Unicode, at which some readers of lines split: outside ASCII these stand in strings only,
/// where the escape means the same.
pub(super) fn on_one_line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut line = serde_json::to_string(value)?;
    for (c, escape) in [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")] {
        if line.contains(c) {
            line = line.replace(c, escape);
        }
    }
    Ok(line)
}
