//! Pairs gold entities with predicted ones, and classifies the errors.

use std::collections::BTreeMap;

use super::Span;

/// The outcome for a gold entity or a predicted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Boundaries and entity are right.
    Correct,
    /// The entity is right, the begin or the end is not.
    BoundaryError,
    /// Begin and end are right, the entity is not.
    EntityError,
    /// They overlap, but neither boundaries nor entity are right.
    BoundaryAndEntityError,
    /// A false negative: a gold entity without a predicted one.
    Missed,
    /// A false positive: a predicted entity without a gold one.
    Spurious,
}

/// A gold entity and the predicted one paired with it. At least one of the two is `Some`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The entity that people annotated.
    pub gold: Option<Span>,
    /// The entity that the model predicted.
    pub predicted: Option<Span>,
}

impl Judged {
    /// The outcome.
    pub fn verdict(&self) -> Verdict {
        let (gold, predicted) = match (&self.gold, &self.predicted) {
            (Some(gold), Some(predicted)) => (gold, predicted),
            (Some(_), None) => return Verdict::Missed,
            (None, _) => return Verdict::Spurious,
        };
        match (same_boundaries(gold, predicted), gold.entity == predicted.entity) {
            (true, true) => Verdict::Correct,
            (false, true) => Verdict::BoundaryError,
            (true, false) => Verdict::EntityError,
            (false, false) => Verdict::BoundaryAndEntityError,
        }
    }

    /// The range from the first begin to the last end of the two.
    pub fn place(&self) -> std::ops::Range<usize> {
        let both = || self.gold.iter().chain(&self.predicted);
        both().map(|span| span.begin).min().unwrap_or(0)..both().map(|span| span.end).max().unwrap_or(0)
    }
}

fn same_boundaries(a: &Span, b: &Span) -> bool {
    (a.begin, a.end) == (b.begin, b.end)
}

/// Pairs gold and predicted entities, each at most once. Pairs that are equal come first, then those with the same
/// boundaries, then those with the largest overlap, of the same entity before others. The result is in text order.
pub fn judge(gold: &[Span], predicted: &[Span]) -> Vec<Judged> {
    let mut gold: Vec<&Span> = gold.iter().collect();
    gold.sort();
    // The largest end so far never decreases, so the first overlap can be found by binary search.
    let reach: Vec<usize> = gold
        .iter()
        .scan(0, |reach, span| {
            *reach = span.end.max(*reach);
            Some(*reach)
        })
        .collect();
    let mut pairs = Vec::new();
    for (j, predicted) in predicted.iter().enumerate() {
        let first = reach.partition_point(|reach| *reach < predicted.begin);
        for (i, gold) in gold.iter().enumerate().skip(first).take_while(|(_, gold)| gold.begin <= predicted.end) {
            let overlap = gold.end.min(predicted.end).saturating_sub(gold.begin.max(predicted.begin));
            // Of two empty ones there is no overlap.
            let boundaries = same_boundaries(gold, predicted);
            if overlap > 0 || boundaries {
                let entity = gold.entity == predicted.entity;
                pairs.push(((boundaries && entity, boundaries, overlap, entity), i, j));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));

    let (mut partner, mut taken) = (vec![None; gold.len()], vec![false; predicted.len()]);
    for (_, i, j) in pairs {
        if partner[i].is_none() && !taken[j] {
            (partner[i], taken[j]) = (Some(j), true);
        }
    }
    let paired = gold.into_iter().zip(partner).map(|(gold, partner)| Judged {
        gold: Some(gold.clone()),
        predicted: partner.map(|j: usize| predicted[j].clone()),
    });
    let alone = predicted.iter().zip(&taken).filter(|(_, taken)| !**taken);
    let alone = alone.map(|(predicted, _)| Judged { gold: None, predicted: Some(predicted.clone()) });
    let mut judged: Vec<Judged> = paired.chain(alone).collect();
    judged.sort_by_key(|judged| (judged.place().start, judged.place().end));
    judged
}

/// Confusion matrix of gold and predicted entities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confusion {
    /// By gold entity (`None`: spurious) and predicted entity (`None`: missed).
    pub cells: BTreeMap<(Option<String>, Option<String>), Cell>,
}

/// Counts of one cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Pairs with the same boundaries, or all missed or spurious entities.
    pub same_boundaries: usize,
    /// Pairs that overlap with other boundaries.
    pub overlapping: usize,
}

impl Confusion {
    /// Counts pairs.
    pub fn add(&mut self, judged: &[Judged]) {
        for pair in judged {
            let name = |span: &Option<Span>| span.as_ref().map(|span| span.entity.clone());
            let cell = self.cells.entry((name(&pair.gold), name(&pair.predicted))).or_default();
            match pair.verdict() {
                Verdict::BoundaryError | Verdict::BoundaryAndEntityError => cell.overlapping += 1,
                _ => cell.same_boundaries += 1,
            }
        }
    }

    /// The count of a cell.
    pub fn get(&self, gold: Option<&str>, predicted: Option<&str>) -> Cell {
        self.cells.get(&(gold.map(String::from), predicted.map(String::from))).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(begin: usize, end: usize, entity: &str) -> Span {
        Span { begin, end, entity: entity.into() }
    }

    #[test]
    fn each_kind_of_mistake_has_its_verdict() {
        let gold = [span(0, 4, "X"), span(5, 9, "X"), span(10, 14, "X"), span(20, 24, "X"), span(30, 34, "X")];
        let predicted = [span(0, 4, "X"), span(5, 9, "Y"), span(12, 16, "X"), span(18, 22, "Y"), span(40, 44, "Z")];
        let verdicts: Vec<Verdict> = judge(&gold, &predicted).iter().map(Judged::verdict).collect();
        use Verdict::*;
        assert_eq!(verdicts, [Correct, EntityError, BoundaryError, BoundaryAndEntityError, Missed, Spurious]);
    }

    #[test]
    fn a_pair_is_the_best_there_is_and_each_is_in_one() {
        // A long prediction over two gold entities goes to the longer one; an exact pair lies inside another one.
        let gold = [span(0, 3, "X"), span(4, 12, "X"), span(20, 40, "Y"), span(24, 30, "X")];
        let predicted = [span(0, 12, "X"), span(24, 30, "X"), span(31, 33, "Y")];
        let judged = judge(&gold, &predicted);
        let pair = |gold: Option<&Span>, predicted: Option<&Span>| Judged {
            gold: gold.cloned(),
            predicted: predicted.cloned(),
        };
        assert_eq!(
            judged,
            [
                pair(Some(&gold[0]), None),
                pair(Some(&gold[1]), Some(&predicted[0])),
                pair(Some(&gold[2]), Some(&predicted[2])),
                pair(Some(&gold[3]), Some(&predicted[1])),
            ]
        );
        let mut confusion = Confusion::default();
        confusion.add(&judged);
        assert_eq!(confusion.get(Some("X"), None), Cell { same_boundaries: 1, overlapping: 0 });
        assert_eq!(confusion.get(Some("X"), Some("X")), Cell { same_boundaries: 1, overlapping: 1 });
        assert_eq!(confusion.get(None, Some("X")), Cell::default());
        assert_eq!(judge(&[], &[]), []);
    }
}
