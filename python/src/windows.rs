//! Annotates a text window by window, and looks up between them.

use glossa_ner::formats::{TextIndex, Unit};
use glossa_ner::{AnnotateOptions, Annotation, Annotator, Error};

/// Annotates a text, with offsets in `unit`. `check` is called before each window; its error ends the work.
///
/// # Errors
/// Those of [`Annotator::annotate`] and of `check`.
pub(crate) fn annotate<F: From<Error>>(
    annotator: &Annotator,
    text: &str,
    options: &AnnotateOptions,
    unit: Unit,
    mut check: impl FnMut() -> Result<(), F>,
) -> Result<Annotation, F> {
    let mut job = annotator.begin(text, options)?;
    loop {
        check()?;
        if !annotator.advance(&mut job)? {
            break;
        }
    }
    Ok(in_unit(annotator.finish(job)?, text, unit)?)
}

/// The annotation with all its offsets in `unit` instead of UTF-16 code units.
fn in_unit(mut annotation: Annotation, text: &str, unit: Unit) -> Result<Annotation, Error> {
    if unit == Unit::Utf16 {
        return Ok(annotation);
    }
    let index = TextIndex::new(text);
    let convert = |offset: &mut usize| {
        let within =
            || Error::InferenceFailed { reason: format!("the model has found a place within a character, {offset}") };
        *offset = index.at(Unit::Utf16, *offset).ok_or_else(within)?.offset(unit);
        Ok::<(), Error>(())
    };
    for chunk in &mut annotation.chunks {
        convert(&mut chunk.begin)?;
        convert(&mut chunk.end)?;
        for token in &mut chunk.tokens {
            convert(&mut token.begin)?;
            convert(&mut token.end)?;
        }
    }
    annotation.truncated_from.iter_mut().try_for_each(convert)?;
    Ok(annotation)
}
