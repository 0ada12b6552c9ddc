//! Which chunk was meant for which marked entity, and what is wrong with it.

use std::collections::BTreeMap;

use super::Span;

/// What became of a marked entity, or of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The chunk is the marked entity.
    Correct,
    /// The entity is right, its begin or end is not.
    OtherBoundaries,
    /// Begin and end are right, the entity is not.
    OtherEntity,
    /// They overlap, and neither place nor entity is right.
    OtherBoth,
    /// No chunk for a marked entity.
    Missed,
    /// A chunk where nothing is marked for it.
    Spurious,
}

/// A marked entity and the chunk that was meant for it; at least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What people marked.
    pub marked: Option<Span>,
    /// What the model found.
    pub found: Option<Span>,
}

impl Judged {
    /// What became of it.
    pub fn verdict(&self) -> Verdict {
        let (marked, found) = match (&self.marked, &self.found) {
            (Some(marked), Some(found)) => (marked, found),
            (Some(_), None) => return Verdict::Missed,
            (None, _) => return Verdict::Spurious,
        };
        match (same_place(marked, found), marked.entity == found.entity) {
            (true, true) => Verdict::Correct,
            (false, true) => Verdict::OtherBoundaries,
            (true, false) => Verdict::OtherEntity,
            (false, false) => Verdict::OtherBoth,
        }
    }

    /// From the first to the last code unit of either.
    pub fn place(&self) -> std::ops::Range<usize> {
        let both = || self.marked.iter().chain(&self.found);
        both().map(|span| span.begin).min().unwrap_or(0)..both().map(|span| span.end).max().unwrap_or(0)
    }
}

fn same_place(a: &Span, b: &Span) -> bool {
    (a.begin, a.end) == (b.begin, b.end)
}

/// Pairs what is marked with what was found, each at most once: first equals, then same places, then by how much they
/// overlap, same entities first. In the order of the text.
pub fn judge(marked: &[Span], found: &[Span]) -> Vec<Judged> {
    let mut marked: Vec<&Span> = marked.iter().collect();
    marked.sort();
    // How far what begins before reaches: that never falls, so that the first overlap can be searched for.
    let reach: Vec<usize> = marked
        .iter()
        .scan(0, |reach, span| {
            *reach = span.end.max(*reach);
            Some(*reach)
        })
        .collect();
    let mut pairs = Vec::new();
    for (j, found) in found.iter().enumerate() {
        let first = reach.partition_point(|reach| *reach <= found.begin);
        for (i, marked) in marked.iter().enumerate().skip(first).take_while(|(_, marked)| marked.begin < found.end) {
            let overlap = marked.end.min(found.end).saturating_sub(marked.begin.max(found.begin));
            if overlap > 0 {
                let (place, entity) = (same_place(marked, found), marked.entity == found.entity);
                pairs.push(((place && entity, place, overlap, entity), i, j));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));

    let (mut partner, mut taken) = (vec![None; marked.len()], vec![false; found.len()]);
    for (_, i, j) in pairs {
        if partner[i].is_none() && !taken[j] {
            (partner[i], taken[j]) = (Some(j), true);
        }
    }
    let paired = marked.into_iter().zip(partner).map(|(marked, partner)| Judged {
        marked: Some(marked.clone()),
        found: partner.map(|j: usize| found[j].clone()),
    });
    let alone = found.iter().zip(&taken).filter(|(_, taken)| !**taken);
    let alone = alone.map(|(found, _)| Judged { marked: None, found: Some(found.clone()) });
    let mut judged: Vec<Judged> = paired.chain(alone).collect();
    judged.sort_by_key(|judged| (judged.place().start, judged.place().end));
    judged
}

/// What was found for what is marked, by entities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confusion {
    /// By marked entity, `None` for spurious chunks, and found entity, `None` for missed ones.
    pub cells: BTreeMap<(Option<String>, Option<String>), Cell>,
}

/// Pairs of one marked and one found entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// At the same place; of missed and spurious ones, all.
    pub same_place: usize,
    /// Overlapping.
    pub other_boundaries: usize,
}

impl Confusion {
    /// Counts pairs.
    pub fn add(&mut self, judged: &[Judged]) {
        for pair in judged {
            let name = |span: &Option<Span>| span.as_ref().map(|span| span.entity.clone());
            let cell = self.cells.entry((name(&pair.marked), name(&pair.found))).or_default();
            match pair.verdict() {
                Verdict::OtherBoundaries | Verdict::OtherBoth => cell.other_boundaries += 1,
                _ => cell.same_place += 1,
            }
        }
    }

    /// The count of a cell.
    pub fn get(&self, marked: Option<&str>, found: Option<&str>) -> Cell {
        self.cells.get(&(marked.map(String::from), found.map(String::from))).copied().unwrap_or_default()
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
        let marked = [span(0, 4, "X"), span(5, 9, "X"), span(10, 14, "X"), span(20, 24, "X"), span(30, 34, "X")];
        let found = [span(0, 4, "X"), span(5, 9, "Y"), span(12, 16, "X"), span(18, 22, "Y"), span(40, 44, "Z")];
        let verdicts: Vec<Verdict> = judge(&marked, &found).iter().map(Judged::verdict).collect();
        use Verdict::*;
        assert_eq!(verdicts, [Correct, OtherEntity, OtherBoundaries, OtherBoth, Missed, Spurious]);
    }

    #[test]
    fn a_pair_is_the_best_there_is_and_each_is_in_one() {
        // A long chunk over two marked ones, of which the longer is meant; and an exact one inside another.
        let marked = [span(0, 3, "X"), span(4, 12, "X"), span(20, 40, "Y"), span(24, 30, "X")];
        let found = [span(0, 12, "X"), span(24, 30, "X"), span(31, 33, "Y")];
        let judged = judge(&marked, &found);
        let pair =
            |marked: Option<&Span>, found: Option<&Span>| Judged { marked: marked.cloned(), found: found.cloned() };
        assert_eq!(
            judged,
            [
                pair(Some(&marked[0]), None),
                pair(Some(&marked[1]), Some(&found[0])),
                pair(Some(&marked[2]), Some(&found[2])),
                pair(Some(&marked[3]), Some(&found[1])),
            ]
        );
        let mut confusion = Confusion::default();
        confusion.add(&judged);
        assert_eq!(confusion.get(Some("X"), None), Cell { same_place: 1, other_boundaries: 0 });
        assert_eq!(confusion.get(Some("X"), Some("X")), Cell { same_place: 1, other_boundaries: 1 });
        assert_eq!(confusion.get(None, Some("X")), Cell::default());
        assert_eq!(judge(&[], &[]), []);
    }
}
