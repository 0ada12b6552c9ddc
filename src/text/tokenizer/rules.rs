//! The tokenizer's rules as regular expressions, the way Spark NLP builds them: breaks, exceptions, prefixes and
//! suffixes.

use std::collections::HashSet;
use std::ops::Range;

use jdk_regex::Budget;

use super::pattern::{Matcher, Pattern};
use crate::text::document::Document;
use crate::text::position::Position;
use crate::text::tokenizer_options::{TokenizerOptions, CONTEXT, TARGET};
use crate::Error;

/// Spark NLP marks breaks with this character, so one in the text breaks too.
pub(super) const BREAK_MARK: char = '\u{2187}';

/// Spark NLP puts this character in place of a break inside an exception, so that it does not break.
const PROTECT_MARK: char = '\u{2188}';

/// A part of a document between breaks.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) range: Range<Position>,
    /// UTF-16 units by which Spark NLP puts its begin too early.
    pub(super) drift: usize,
    /// Whether it is an exception: a token as a whole.
    pub(super) exception: bool,
}

impl Candidate {
    pub(super) fn bytes(&self) -> Range<usize> {
        self.range.start.byte..self.range.end.byte
    }
}

/// `targetPattern` and `exceptions`: where candidates begin and end.
#[derive(Debug)]
pub(super) struct Breaks {
    pattern: Pattern,
    exceptions: Option<Pattern>,
}

impl Breaks {
    pub(super) fn new(options: &TokenizerOptions) -> Result<Self, Error> {
        let target = options.target_pattern.as_deref().unwrap_or(TARGET);
        // Spark NLP puts the pattern inside a class, which makes a set of the characters that it mentions.
        let pattern = Pattern::new(&format!("[^(?:{target}){PROTECT_MARK}]"), "targetPattern")?;
        let prefix = if options.case_sensitive_exceptions == Some(false) { "(?i)" } else { "" };
        let exceptions: Vec<String> =
            options.exceptions.iter().flatten().map(|exception| format!("{prefix}{exception}")).collect();
        let exceptions =
            if exceptions.is_empty() { None } else { Some(Pattern::new(&exceptions.join("|"), "exceptions")?) };
        Ok(Breaks { pattern, exceptions })
    }

    /// Size of its patterns, for [`Budget::new`].
    pub(super) fn instructions(&self) -> usize {
        self.pattern.instructions() + self.exceptions.as_ref().map_or(0, Pattern::instructions)
    }

    /// The runs between breaks.
    pub(super) fn candidates(&self, document: &Document, budget: &mut Budget) -> Result<Vec<Candidate>, Error> {
        let text = document.text();
        let mut finder = Matcher::new(&self.pattern);
        // Breaks inside exceptions, and the texts of exceptions without a break.
        let mut protected: HashSet<usize> = HashSet::new();
        let mut whole: HashSet<&str> = HashSet::new();
        if let Some(exceptions) = &self.exceptions {
            for found in Matcher::new(exceptions).find_all(text, budget)? {
                let inner = finder.find_all(&text[found.clone()], budget)?;
                if inner.is_empty() {
                    whole.insert(&text[found.clone()]);
                }
                protected.extend(inner.into_iter().map(|place| found.start + place.start));
            }
        }
        let mut breaks = finder.find_all(text, budget)?;
        breaks.extend(text.match_indices(BREAK_MARK).map(|(at, mark)| at..at + mark.len()));
        breaks.sort_unstable_by_key(|place| (place.start, place.end));

        let mut candidates = Vec::new();
        let mut open: Option<(Position, bool)> = None;
        // Spark NLP writes one mark for each break, even for a break of two UTF-16 units.
        let mut drift = 0;
        let mut breaks = breaks.into_iter().peekable();
        let mut started = Position::default();
        let mut started_drift = 0;
        let mut end = Position::default();
        for (at, c) in document.characters() {
            let after = at.after(c);
            while breaks.next_if(|place| place.end <= at.byte).is_some() {}
            let breaking = breaks.peek().is_some_and(|place| place.start <= at.byte);
            let kept = breaking && protected.contains(&at.byte);
            if breaking && !kept {
                if let Some((_, special)) = open.take() {
                    candidates.push(Candidate { range: started..end, drift: started_drift, exception: special });
                }
            } else {
                let special = self.exceptions.is_some() && (kept || c == PROTECT_MARK);
                match &mut open {
                    None => {
                        (started, started_drift) = (at, drift);
                        open = Some((at, special));
                    }
                    Some((_, any)) => *any |= special,
                }
                end = after;
            }
            if breaking {
                drift += c.len_utf16() - 1;
            }
        }
        if let Some((_, special)) = open {
            candidates.push(Candidate { range: started..end, drift: started_drift, exception: special });
        }
        for candidate in &mut candidates {
            candidate.exception |= whole.contains(document.slice(candidate.bytes()));
        }
        Ok(candidates)
    }
}

/// `contextChars`, `prefixPattern`, `infixPatterns` and `suffixPattern`: how a candidate is cut into groups.
#[derive(Debug)]
pub(super) struct Rules {
    patterns: Vec<Pattern>,
}

/// What a rule makes of a candidate, in bytes of its text.
pub(super) struct Peeled {
    /// Where the match begins.
    pub(super) start: usize,
    /// What the groups matched, some of it empty.
    pub(super) groups: Vec<Range<usize>>,
}

impl Rules {
    pub(super) fn new(options: &TokenizerOptions) -> Result<Self, Error> {
        let invalid = |option: &str, pattern: &str, reason: &str| {
            Err(Error::OptionInvalid { option: option.into(), reason: format!("{pattern:?} {reason}") })
        };
        let context = match &options.context_chars {
            None => CONTEXT.iter().collect(),
            Some(characters) => {
                if let Some(wrong) = characters.iter().find(|entry| entry.chars().count() != 1) {
                    return invalid("contextChars", wrong, "is not one character");
                }
                characters.concat()
            }
        };
        let given = |pattern: &Option<String>, default: String| pattern.clone().unwrap_or(default);
        let prefix = given(&options.prefix_pattern, format!(r"\A([\Q{context}\E]*)"));
        let suffix = given(&options.suffix_pattern, format!(r"([\Q{context}\E]*)\z"));
        if !prefix.starts_with(r"\A") {
            return invalid("prefixPattern", &prefix, r"does not begin with \A");
        }
        if !suffix.ends_with(r"\z") {
            return invalid("suffixPattern", &suffix, r"does not end with \z");
        }
        let infixes = options.infix_patterns.clone();
        let infixes = infixes.unwrap_or_else(|| vec![format!(r"([^\Q{context}\E](?:.*[^\Q{context}\E])*)")]);
        let mut patterns = Vec::new();
        for infix in &infixes {
            if !infix.contains('(') {
                return invalid("infixPatterns", infix, "has no group");
            }
            // Compile each alone first, so that an error names the option at fault.
            Pattern::new(infix, "infixPatterns")?;
            Pattern::new(&prefix, if options.prefix_pattern.is_some() { "prefixPattern" } else { "contextChars" })?;
            Pattern::new(&suffix, if options.suffix_pattern.is_some() { "suffixPattern" } else { "contextChars" })?;
            patterns.push(Pattern::new(&format!("{prefix}{infix}{suffix}"), "infixPatterns")?);
        }
        Ok(Rules { patterns })
    }

    /// Size of its patterns, for [`Budget::new`].
    pub(super) fn instructions(&self) -> usize {
        self.patterns.iter().map(Pattern::instructions).sum()
    }

    /// Ready to cut the candidates of one document.
    pub(super) fn start(&self) -> Vec<Matcher<'_>> {
        self.patterns.iter().map(Matcher::new).collect()
    }

    /// What the first rule that matches makes of a candidate; `None` if no rule matches.
    pub(super) fn peel(
        &self,
        matchers: &mut [Matcher<'_>],
        text: &str,
        budget: &mut Budget,
    ) -> Result<Option<Peeled>, Error> {
        for (pattern, matcher) in self.patterns.iter().zip(matchers) {
            if let Some(found) = matcher.find(text, budget)? {
                let groups = (1..=pattern.groups()).filter_map(|i| matcher.group(i)).collect();
                return Ok(Some(Peeled { start: found.start, groups }));
            }
        }
        Ok(None)
    }
}
