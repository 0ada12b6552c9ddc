//! Joins scored word pieces into entities, as the token-classification pipeline of transformers does.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::argmax;
use super::iob::{begins_and_entity, entity_after_hyphen};

/// How the Hugging Face pipeline joins the labels of word pieces into entities: the `aggregation_strategy` of transformers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AggregationStrategy {
    /// No joining: every word piece whose label is not ignored is a chunk, and its entity is the whole label, `B-` or `I-` included.
    None,
    /// Joins neighbouring word pieces of the same entity, unless the later one has a `B-` label.
    #[default]
    Simple,
    /// As `simple`, over words: a word has the label of its first word piece.
    First,
    /// As `simple`, over words: a word has the label whose mean score over its word pieces is highest.
    Average,
    /// As `simple`, over words: a word has the label of its word piece with the highest score.
    Max,
}

/// A word piece with its scores.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScoredPiece<'s> {
    /// Whether it continues the word before it.
    pub(crate) continues: bool,
    /// Whether a paragraph begins with it, which nothing goes on into.
    pub(crate) begins_paragraph: bool,
    /// A probability for each label.
    pub(crate) scores: &'s [f32],
}

/// Consecutive pieces that are one entity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    /// Range of word pieces.
    pub(crate) pieces: Range<usize>,
    /// The entity's name.
    pub(crate) entity: String,
    /// Mean of the joined words' or pieces' scores.
    pub(crate) score: f32,
}

/// Joins consecutive word pieces into groups and drops those whose entity (without joining: whose label) is ignored.
pub(crate) fn aggregate(
    pieces: &[ScoredPiece<'_>],
    labels: &[String],
    strategy: AggregationStrategy,
    ignored: &[String],
) -> Vec<Group> {
    let labelled = |unit: Range<usize>| {
        let (label, score) = best(&scores_of(&pieces[unit.clone()], strategy));
        let begins_paragraph = pieces[unit.start].begins_paragraph;
        LabelledUnit { pieces: unit, label: &labels[label], score, begins_paragraph }
    };
    let units: Vec<LabelledUnit<'_>> = joined_units(pieces, strategy).into_iter().map(labelled).collect();
    let mut groups = match strategy {
        AggregationStrategy::None => {
            let single = |unit: LabelledUnit<'_>| Group {
                pieces: unit.pieces,
                entity: unit.label.to_string(),
                score: unit.score,
            };
            units.into_iter().map(single).collect()
        }
        _ => group(&units),
    };
    groups.retain(|group| !ignored.contains(&group.entity));
    groups
}

/// A word piece or a word, with its label.
struct LabelledUnit<'l> {
    pieces: Range<usize>,
    label: &'l str,
    score: f32,
    begins_paragraph: bool,
}

/// What a strategy joins, as ranges of word pieces: single pieces, or words.
pub(crate) fn joined_units(pieces: &[ScoredPiece<'_>], strategy: AggregationStrategy) -> Vec<Range<usize>> {
    match strategy {
        AggregationStrategy::None | AggregationStrategy::Simple => (0..pieces.len()).map(|i| i..i + 1).collect(),
        _ => words(pieces),
    }
}

/// Words as ranges of word pieces.
pub(crate) fn words(pieces: &[ScoredPiece<'_>]) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        match words.last_mut() {
            Some(word) if piece.continues => word.end = i + 1,
            _ => words.push(i..i + 1),
        }
    }
    words
}

/// Id and score of the label with the highest score; the lowest id in a tie.
pub(crate) fn best(scores: &[f32]) -> (usize, f32) {
    let best = argmax(scores);
    (best, scores[best])
}

/// The probabilities that decide a unit's label, one for each label. `pieces` are those of the unit, at least one.
pub(crate) fn scores_of<'s>(pieces: &[ScoredPiece<'s>], strategy: AggregationStrategy) -> Cow<'s, [f32]> {
    match strategy {
        AggregationStrategy::Max => {
            let mut highest = pieces[0].scores;
            for piece in &pieces[1..] {
                if best(piece.scores).1 > best(highest).1 {
                    highest = piece.scores;
                }
            }
            Cow::Borrowed(highest)
        }
        AggregationStrategy::Average => {
            let mut mean = vec![0.0; pieces[0].scores.len()];
            for piece in pieces {
                mean.iter_mut().zip(piece.scores).for_each(|(sum, score)| *sum += score);
            }
            mean.iter_mut().for_each(|sum| *sum /= pieces.len() as f32);
            Cow::Owned(mean)
        }
        _ => Cow::Borrowed(pieces[0].scores),
    }
}

/// Joins neighbouring units of the same entity.
fn group(units: &[LabelledUnit<'_>]) -> Vec<Group> {
    let continues = |unit: &LabelledUnit<'_>, before: &LabelledUnit<'_>| {
        let (begins, name) = begins_and_entity(unit.label);
        !begins && !unit.begins_paragraph && name == begins_and_entity(before.label).1
    };
    let mut groups = Vec::new();
    let mut first = 0;
    for i in 1..=units.len() {
        if i < units.len() && continues(&units[i], &units[i - 1]) {
            continue;
        }
        let joined = &units[first..i];
        groups.push(Group {
            pieces: joined[0].pieces.start..joined[joined.len() - 1].pieces.end,
            entity: entity_after_hyphen(joined[0].label).to_string(),
            score: joined.iter().map(|unit| unit.score).sum::<f32>() / joined.len() as f32,
        });
        first = i;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pieces: &[(bool, [f32; 4])], strategy: AggregationStrategy) -> Vec<(Range<usize>, String)> {
        let labels = ["O", "B-X", "I-X", "Y"].map(str::to_string);
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(continues, scores)| ScoredPiece { continues: *continues, begins_paragraph: false, scores })
            .collect();
        aggregate(&pieces, &labels, strategy, &["O".to_string()])
            .into_iter()
            .map(|group| (group.pieces, group.entity))
            .collect()
    }

    #[test]
    fn strategies_differ_in_what_decides_a_word() {
        let pieces = [(false, [0.4, 0.6, 0.0, 0.0]), (true, [0.9, 0.1, 0.0, 0.0]), (false, [0.0, 0.0, 0.7, 0.3])];
        assert_eq!(run(&pieces, AggregationStrategy::None), [(0..1, "B-X".into()), (2..3, "I-X".into())]);
        assert_eq!(run(&pieces, AggregationStrategy::Simple), [(0..1, "X".into()), (2..3, "X".into())]);
        assert_eq!(run(&pieces, AggregationStrategy::First), [(0..3, "X".into())]);
        assert_eq!(run(&pieces, AggregationStrategy::Average), [(2..3, "X".into())]);
        assert_eq!(run(&pieces, AggregationStrategy::Max), [(2..3, "X".into())]);
        assert!(run(&[], AggregationStrategy::Max).is_empty());
    }

    #[test]
    fn nothing_joins_over_the_end_of_a_paragraph() {
        let labels = ["O", "I-X"].map(str::to_string);
        let scores = [0.0, 1.0];
        let piece = |begins_paragraph| ScoredPiece { continues: false, begins_paragraph, scores: &scores };
        for strategy in [AggregationStrategy::Simple, AggregationStrategy::First] {
            let pieces = [piece(false), piece(false), piece(true), piece(false)];
            let groups = aggregate(&pieces, &labels, strategy, &["O".to_string()]);
            assert_eq!(groups.into_iter().map(|group| group.pieces).collect::<Vec<_>>(), [0..2, 2..4]);
        }
    }

    #[test]
    fn a_b_label_begins_a_group_and_labels_without_a_schema_join() {
        let (b, y) = ([0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]);
        let pieces = [(false, b), (false, b), (false, y), (false, y)];
        assert_eq!(
            run(&pieces, AggregationStrategy::Simple),
            [(0..1, "X".into()), (1..2, "X".into()), (2..4, "Y".into())]
        );
    }
}
