use super::*;
use crate::labels::Confidence;

const LABELS: [&str; 5] = ["O", "B-X", "I-X", "B-Y", "I-Y"];

fn labels(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// The decoder of a model with one label set.
fn one(labels: &[String], defaults: &DecoderDefaults, decoding: Option<Decoding>) -> Decoder {
    let [decoder] = <[Decoder; 1]>::try_from(Decoder::of_sets(labels, defaults, decoding)).expect("one label set");
    decoder
}

fn decoder(names: &[&str], temperature: f32, transitions: Option<Vec<Vec<f32>>>) -> Decoder {
    constrained(names, temperature, transitions, &[])
}

fn constrained(
    names: &[&str],
    temperature: f32,
    transitions: Option<Vec<Vec<f32>>>,
    constraints: &[Constraint],
) -> Decoder {
    let constraints = constraints.to_vec();
    let defaults =
        DecoderDefaults { decoding: Decoding::Viterbi, temperature, transitions, constraints, ..Default::default() };
    assert_eq!(defaults.check(&labels(names)), Ok(()));
    one(&labels(names), &defaults, None)
}

/// Rows of random numbers from -4 to 4.
fn random_rows(random: &mut fastrand::Rng, count: usize, length: usize) -> Vec<Vec<f32>> {
    (0..count).map(|_| (0..length).map(|_| random.f32() * 8.0 - 4.0).collect()).collect()
}

/// Logits of tokens; an empty row is a token that the model did not read.
fn logits(rows: &[Vec<f32>], labels: usize) -> TokenLogits {
    let mut logits = TokenLogits::new(rows.len(), labels);
    rows.iter().enumerate().filter(|(_, row)| !row.is_empty()).for_each(|(i, row)| logits.set(i, row));
    logits
}

fn names(decoder: &Decoder, rows: &[Vec<f32>], labels: &[&'static str]) -> Vec<Option<&'static str>> {
    decoder.decode(&logits(rows, labels.len())).into_iter().map(|found| found.map(|(id, _)| labels[id])).collect()
}

/// The definition by brute force: the sequence with the largest sum of log-probabilities and transitions.
fn enumerated(rows: &[Vec<f32>], names: &[&str], temperature: f32, transitions: Option<&Vec<Vec<f32>>>) -> Vec<usize> {
    enumerated_if(rows, names, temperature, transitions, &|_| true)
}

/// The same, of sequences that are allowed.
fn enumerated_if(
    rows: &[Vec<f32>],
    names: &[&str],
    temperature: f32,
    transitions: Option<&Vec<Vec<f32>>>,
    allowed: &dyn Fn(&[usize]) -> bool,
) -> Vec<usize> {
    let count = names.len();
    let log_probability = |row: &[f32], label: usize| {
        let power = |value: f32| (f64::from(value) / f64::from(temperature)).exp();
        (power(row[label]) / row.iter().map(|value| power(*value)).sum::<f64>()).ln()
    };
    let weigh = |path: &[usize]| {
        if !allowed(path) {
            return f64::NEG_INFINITY;
        }
        let mut sum = 0.0;
        for (i, &label) in path.iter().enumerate() {
            let before = if i == 0 { 0 } else { path[i - 1] };
            if let Some(entity) = names[label].strip_prefix("I-") {
                if names[before] != names[label] && names[before] != format!("B-{entity}") {
                    return f64::NEG_INFINITY;
                }
            }
            sum += log_probability(&rows[i], label) + transitions.map_or(0.0, |scores| scores[before][label].into());
        }
        sum
    };
    let paths = (0..count.pow(rows.len() as u32)).map(|mut number| {
        let digit = |_: &Vec<f32>| {
            let digit = number % count;
            number /= count;
            digit
        };
        rows.iter().map(digit).collect::<Vec<_>>()
    });
    paths.max_by(|a, b| weigh(a).total_cmp(&weigh(b))).expect("a path")
}

#[test]
fn viterbi_finds_what_enumeration_finds() {
    let mut random = fastrand::Rng::with_seed(7);
    for case in 0..300 {
        let length = 1 + case % 5;
        let rows = random_rows(&mut random, length, LABELS.len());
        let learned = (case % 3 > 0).then(|| random_rows(&mut random, LABELS.len(), LABELS.len()));
        let temperature = [1.0, 0.5, 2.5][case % 3];
        let decoder = decoder(&LABELS, temperature, learned.clone());
        let found: Vec<usize> =
            decoder.decode(&logits(&rows, LABELS.len())).into_iter().map(|found| found.expect("read").0).collect();
        assert_eq!(found, enumerated(&rows, &LABELS, temperature, learned.as_ref()), "case {case}: {rows:?}");
    }
}

#[test]
fn no_forbidden_transition_whatever_the_logits() {
    let mut random = fastrand::Rng::with_seed(1);
    for case in 0..200 {
        let mut rows = random_rows(&mut random, 40, LABELS.len());
        match case % 4 {
            0 => {}
            // I-X and I-Y are the likeliest labels everywhere.
            1 => rows.iter_mut().for_each(|row| (row[2], row[4]) = (row[2] + 50.0, row[4] + 50.0)),
            // Tokens that the model did not read; then NaN and infinite logits.
            2 => rows.iter_mut().step_by(7).for_each(Vec::clear),
            _ => rows.iter_mut().step_by(3).enumerate().for_each(|(i, row)| {
                row[i % 5] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][i % 3];
            }),
        }
        let learned = (case % 2 > 0).then(|| random_rows(&mut random, LABELS.len(), LABELS.len()));
        let found = names(&decoder(&LABELS, 1.0, learned), &rows, &LABELS);
        let mut before = "O";
        for (row, found) in rows.iter().zip(found) {
            assert_eq!(row.is_empty(), found.is_none());
            let label = found.unwrap_or("O");
            if let Some(entity) = label.strip_prefix("I-") {
                assert!(before.ends_with(entity) && before != "O", "{label} after {before}");
            }
            before = label;
        }
    }
}

#[test]
fn where_the_likeliest_labels_are_in_order_they_are_kept() {
    let mut random = fastrand::Rng::with_seed(3);
    let argmax = one(&labels(&LABELS), &DecoderDefaults::default(), None);
    let viterbi = decoder(&LABELS, 1.0, None);
    let mut kept = 0;
    for _ in 0..300 {
        let logits = logits(&random_rows(&mut random, 4, LABELS.len()), LABELS.len());
        let likeliest = argmax.decode(&logits);
        let mut before = 0;
        let ordered = likeliest.iter().flatten().all(|(label, _)| {
            let follows = viterbi.before[*label].iter().any(|(from, _)| *from == before);
            before = *label;
            follows
        });
        assert!(!ordered || viterbi.decode(&logits) == likeliest);
        kept += usize::from(ordered);
    }
    assert!((30..270).contains(&kept), "{kept}");
}

/// Probabilities to logits.
fn row(probabilities: [f32; 5]) -> Vec<f32> {
    probabilities.iter().map(|probability| probability.ln()).collect()
}

#[test]
fn an_entity_gets_its_beginning_or_none() {
    let viterbi = decoder(&LABELS, 1.0, None);
    // I-X is likeliest for the second token; the first one decides whether it is allowed.
    let second = row([0.2, 0.1, 0.6, 0.05, 0.05]);
    let certain = [row([0.96, 0.01, 0.01, 0.01, 0.01]), second.clone()];
    assert_eq!(names(&viterbi, &certain, &LABELS), [Some("O"), Some("O")]);
    let open = [row([0.5, 0.4, 0.02, 0.04, 0.04]), second.clone()];
    assert_eq!(names(&viterbi, &open, &LABELS), [Some("B-X"), Some("I-X")]);
    // The start, and the place after a token that was not read, count as after O.
    assert_eq!(names(&viterbi, std::slice::from_ref(&second), &LABELS), [Some("O")]);
    let apart = [open[0].clone(), vec![], second];
    assert_eq!(names(&viterbi, &apart, &LABELS), [Some("O"), None, Some("O")]);
    assert_eq!(viterbi.decode(&TokenLogits::new(0, 5)), []);
}

#[test]
fn learned_transitions_weigh_and_scores_stay_the_labels_own() {
    let mut scores = vec![vec![0.0; 5]; 5];
    scores[1][1] = -2.0;
    let rows = [row([0.1, 0.7, 0.1, 0.05, 0.05]), row([0.1, 0.5, 0.3, 0.05, 0.05])];
    let found = decoder(&LABELS, 1.0, Some(scores.clone())).decode(&logits(&rows, 5));
    let (first, second) = (found[0].expect("read"), found[1].expect("read"));
    assert_eq!((first.0, second.0), (1, 2));
    assert!((first.1 - 0.7).abs() < 1e-6 && (second.1 - 0.3).abs() < 1e-6, "{found:?}");
    // The start of a document counts as after O.
    scores[0][1] = -5.0;
    let found = names(&decoder(&LABELS, 1.0, Some(scores)), &rows[..1], &LABELS);
    assert_eq!(found, [Some("O")]);
}

#[test]
fn a_temperature_changes_scores_and_not_the_likeliest_label() {
    let values = [2.0, 0.0, -1.0, 0.5, 0.0];
    let at = |temperature| {
        let defaults = DecoderDefaults { temperature, ..Default::default() };
        one(&labels(&LABELS), &defaults, None).likeliest(&values)
    };
    let expected =
        |temperature: f64| 1.0 / values.iter().map(|value| (f64::from(value - 2.0) / temperature).exp()).sum::<f64>();
    for temperature in [0.5, 1.0, 2.0] {
        let (label, score) = at(temperature);
        assert_eq!(label, 0);
        assert!((f64::from(score) - expected(temperature.into())).abs() < 1e-6);
    }
    assert!(at(0.5).1 > at(1.0).1 && at(1.0).1 > at(2.0).1);
}

#[test]
fn log_probabilities_are_the_logarithms_of_the_scores() {
    let values = [2.0, 0.0, -1.0, 0.5, 0.0];
    for temperature in [0.5, 1.0, 2.0] {
        let decoder = decoder(&LABELS, temperature, None);
        let probabilities: Vec<f64> = decoder.log_probabilities(&values).into_iter().map(f64::exp).collect();
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{probabilities:?}");
        assert!((probabilities[0] - f64::from(decoder.likeliest(&values).1)).abs() < 1e-6, "{probabilities:?}");
    }
}

#[test]
fn a_scheme_without_b_may_begin_with_i() {
    let names_of = ["O", "I-X", "PAD"];
    let rows = [vec![0.0, 3.0, 0.0], vec![0.0, 0.0, 3.0], vec![0.0, 3.0, 0.0]];
    let found = names(&decoder(&names_of, 1.0, None), &rows, &names_of);
    assert_eq!(found, [Some("I-X"), Some("PAD"), Some("I-X")]);
}

#[test]
fn transitions_are_made_only_where_they_are_needed_and_for_a_limited_number_of_labels() {
    let labels: Vec<String> = (0..20_000).map(|id| format!("I-{id}")).collect();
    let argmax = one(&labels, &DecoderDefaults::default(), None);
    assert!(argmax.before.is_empty() && argmax.first.is_empty());
    let mut row = vec![0.0; labels.len()];
    row[17_000] = 9.0;
    assert_eq!(argmax.decode(&logits(&[row], labels.len()))[0].map(|(label, _)| label), Some(17_000));

    let viterbi = |count| one(&labels[..count], &DecoderDefaults::default(), Some(Decoding::Viterbi));
    assert_eq!(viterbi(MOST_VITERBI_LABELS).before.len(), MOST_VITERBI_LABELS);
    assert!(std::panic::catch_unwind(|| viterbi(MOST_VITERBI_LABELS + 1)).is_err());
}

#[test]
fn labels_of_one_name_precede_each_other() {
    let found = predecessors(&labels(&["I-X", "B-X", "O", "I-X", "I-Y"]));
    assert_eq!(found, [Some(vec![0, 1, 3]), None, None, Some(vec![0, 1, 3]), None]);
}

#[test]
fn paragraphs_are_decoded_as_documents_of_their_own() {
    let viterbi = decoder(&LABELS, 1.0, None);
    let begins = row([0.1, 0.8, 0.05, 0.03, 0.02]);
    let inside = row([0.35, 0.05, 0.55, 0.025, 0.025]);
    let rows = [begins.clone(), inside.clone(), inside.clone(), inside.clone(), begins.clone(), inside];
    let at = |paragraphs: &[usize]| -> Vec<&str> {
        let found = viterbi.decode(&logits(&rows, 5).with_paragraphs(paragraphs.to_vec()));
        found.into_iter().map(|found| LABELS[found.expect("read").0]).collect()
    };
    assert_eq!(at(&[]), ["B-X", "I-X", "I-X", "I-X", "B-X", "I-X"]);
    // What stands before a paragraph begins no entity in it.
    assert_eq!(at(&[2]), ["B-X", "I-X", "O", "O", "B-X", "I-X"]);
    assert_eq!(at(&[0, 1, 5]), ["B-X", "O", "O", "O", "B-X", "O"]);
}

#[test]
fn in_a_tie_the_lower_id_wins() {
    let rows = vec![vec![0.0; 5]; 4];
    assert_eq!(names(&decoder(&LABELS, 1.0, None), &rows, &LABELS), [Some("O"); 4]);
    let argmax = one(&labels(&LABELS), &DecoderDefaults::default(), None);
    assert_eq!(argmax.likeliest(&[1.0, 3.0, 3.0, 2.0, 3.0]).0, 1);
}

#[test]
fn large_and_infinite_logits_are_decoded() {
    let viterbi = decoder(&LABELS, 1.0, None);
    let [large, none] = [[0.0, 1000.0, 0.0, 999.0, 0.0], [0.5, f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY, 0.0]];
    assert_eq!(names(&viterbi, &[large.to_vec()], &LABELS), [Some("B-X")]);
    let (label, score) = viterbi.likeliest(&large);
    assert_eq!(label, 1);
    assert!((score - 1.0 / (1.0 + (-1f32).exp())).abs() < 1e-6, "{score}");
    // A label that cannot be is not chosen, though others are unlikely.
    assert_eq!(names(&viterbi, &[none.to_vec()], &LABELS), [Some("O")]);
    assert!(viterbi.log_probabilities(&none).iter().all(|log| log.is_finite()));
}

#[test]
fn a_decoder_tells_how_it_decodes_and_keeps_its_labels_at_another_temperature() {
    let viterbi = decoder(&LABELS, 2.5, None);
    assert_eq!((viterbi.decoding(), viterbi.temperature()), (Decoding::Viterbi, 2.5));
    let cold = viterbi.at(0.5);
    assert_eq!((cold.decoding(), cold.temperature()), (Decoding::Viterbi, 0.5));
    let rows = random_rows(&mut fastrand::Rng::with_seed(11), 6, 5);
    assert_eq!(cold.decode(&logits(&rows, 5)), decoder(&LABELS, 0.5, None).decode(&logits(&rows, 5)));
    let argmax = one(&labels(&LABELS), &DecoderDefaults::default(), None);
    assert_eq!((argmax.decoding(), argmax.temperature()), (Decoding::Argmax, 1.0));
}

#[test]
fn defaults_that_do_not_fit_the_labels_are_refused() {
    let check = |temperature, transitions| {
        let defaults = DecoderDefaults { decoding: Decoding::Viterbi, temperature, transitions, ..Default::default() };
        defaults.check(&labels(&["O", "B-X"])).map_err(|reason| {
            assert!(!reason.is_empty());
            reason.split(' ').next().expect("a word").to_string()
        })
    };
    assert_eq!(check(0.1, Some(vec![vec![-1.0, 0.0]; 2])), Ok(()));
    for temperature in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        assert_eq!(check(temperature, None), Err("temperature".into()), "{temperature}");
    }
    let infinite = vec![vec![0.0, f32::NEG_INFINITY], vec![0.0, 0.0]];
    let ragged = vec![vec![0.0, 0.0], vec![0.0]];
    for transitions in [vec![vec![0.0; 2]; 1], vec![vec![0.0; 2]; 3], vec![vec![0.0; 3]; 2], ragged, infinite] {
        assert_eq!(check(1.0, Some(transitions.clone())), Err("transitions".into()), "{transitions:?}");
    }
    let constraints = vec![Constraint::BalancedBrackets];
    let constrained = |names: &[&str]| {
        DecoderDefaults { constraints: constraints.clone(), ..Default::default() }.check(&labels(names))
    };
    assert_eq!(constrained(&LABELS), Ok(()));
    for names in [["B-X", "I-X"], ["O", "I-X"]] {
        assert!(constrained(&names).is_err_and(|reason| reason.starts_with("constraints need")), "{names:?}");
    }
    for (slope, offset, valid) in
        [(1.0, 0.0, true), (0.0, 0.0, false), (f64::NAN, 0.0, false), (1.0, f64::INFINITY, false)]
    {
        let confidences = Confidences::from_iter([("X".to_string(), Confidence { slope, offset })]);
        let defaults = DecoderDefaults { confidences, ..Default::default() };
        assert_eq!(defaults.check(&labels(&LABELS)).is_ok(), valid, "{slope} {offset}");
    }
}

/// The chunks `(first token, end)` of a sequence of labels.
fn chunks(path: &[usize], names: &[&str]) -> Vec<(usize, usize)> {
    let mut chunks: Vec<(usize, usize)> = Vec::new();
    for (token, label) in path.iter().enumerate() {
        match names[*label].as_bytes()[0] {
            b'B' => chunks.push((token, token + 1)),
            b'I' => chunks.last_mut().expect("a chunk").1 = token + 1,
            _ => (),
        }
    }
    chunks
}

/// The definition: in a chunk, each closing bracket closes the last open one, whose kind it has, and none remains open.
fn balanced(text: &str) -> bool {
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' if open.pop() != Some(c) => return false,
            _ => (),
        }
    }
    open.is_empty()
}

#[test]
fn with_constraints_the_likeliest_sequence_is_that_of_all_whose_chunks_keep_them() {
    let mut random = fastrand::Rng::with_seed(23);
    let words = ["(", ")", "[", "]", "a", "-", "b(1)", "%", "x)", "(y"];
    let both = [Constraint::BalancedBrackets, Constraint::NotOnlyPunctuation];
    for round in 0..400 {
        let constraints = [&both[..], &both[..1], &both[1..]][round % 3];
        let rows = random_rows(&mut random, 6, 5);
        // Well nested or not; where a bracket has no partner, it is in no chunk.
        let texts: Vec<&str> = (0..rows.len()).map(|_| words[random.usize(..words.len())]).collect();
        let allowed = |path: &[usize]| {
            let follows = path.iter().enumerate().all(|(i, label)| {
                let before = if i == 0 { "O" } else { LABELS[path[i - 1]] };
                LABELS[*label].strip_prefix("I-").is_none_or(|entity| before.ends_with(entity) && before != "O")
            });
            follows
                && chunks(path, &LABELS).into_iter().all(|(from, to)| {
                    let text = texts[from..to].join(" ");
                    let content = text.chars().any(|c| c.is_alphanumeric() || c == '%');
                    (balanced(&text) || !constraints.contains(&both[0])) && (content || !constraints.contains(&both[1]))
                })
        };
        let transitions = (round % 2 == 0).then(|| random_rows(&mut random, 5, 5));
        let expected = enumerated_if(&rows, &LABELS, 1.0, transitions.as_ref(), &allowed);
        let decoder = constrained(&LABELS, 1.0, transitions, constraints);
        let found = decoder.decode(&logits(&rows, 5).with_texts(&texts));
        let found: Vec<usize> = found.into_iter().map(|label| label.expect("read").0).collect();
        assert_eq!(found, expected, "{texts:?} {constraints:?}");
    }
}

#[test]
fn with_constraints_no_token_has_a_label_of_another_form() {
    let names = ["O", "B-X", "PAD", "X"];
    let decoder = constrained(&names, 1.0, None, &[Constraint::NotOnlyPunctuation]);
    let rows = [vec![0.0, 1.0, 9.0, 9.0], vec![1.0, 0.0, 9.0, 0.0]];
    let found = decoder.decode(&logits(&rows, 4).with_texts(&["a", "b"]));
    assert_eq!(found.iter().map(|label| names[label.expect("read").0]).collect::<Vec<_>>(), ["B-X", "O"]);
}

#[test]
fn brackets_have_their_partners_in_the_same_paragraph() {
    // The likeliest is one chunk.
    let rows = [vec![0.0, 2.0, 1.0, 0.0, 0.0], vec![0.0, 0.0, 2.0, 0.0, 0.0], vec![0.0, 0.0, 2.0, 0.0, 0.0]];
    let texts = ["a", "(", ")"];
    let decoder = constrained(&LABELS, 1.0, None, &[Constraint::BalancedBrackets]);
    let labels = |logits: TokenLogits| {
        decoder.decode(&logits).into_iter().map(|label| LABELS[label.expect("read").0]).collect::<Vec<_>>()
    };
    assert_eq!(labels(logits(&rows, 5).with_texts(&texts)), ["B-X", "I-X", "I-X"]);
    assert_eq!(labels(logits(&rows, 5).with_paragraphs(vec![2]).with_texts(&texts)), ["B-X", "O", "O"]);
    // Without texts there is nothing to keep to.
    assert_eq!(labels(logits(&rows, 5)), ["B-X", "I-X", "I-X"]);
    assert_eq!(decoder.decode(&TokenLogits::new(0, 5).with_texts(&[])), []);
}

#[test]
fn logits_are_kept_by_token() {
    let mut kept = TokenLogits::new(3, 2);
    kept.set(2, &[1.0, 2.0]);
    kept.set(0, &[3.0, 4.0]);
    assert_eq!([kept.row(0), kept.row(1), kept.row(2)], [Some(&[3.0, 4.0][..]), None, Some(&[1.0, 2.0])]);
    assert_eq!((kept.len(), kept.is_empty()), (3, false));
    assert_eq!((TokenLogits::new(0, 2).len(), TokenLogits::new(0, 2).is_empty()), (0, true));
}

#[test]
fn likeliest_labels_are_those_of_the_softmax_at_the_temperature() {
    let decoder = decoder(&["O", "B-X", "I-X"], 2.0, None);
    let row = [2.0, 6.0, 0.0];
    let scores = decoder.likeliest_labels(&row, 3);
    assert_eq!(scores.iter().map(|(label, _)| *label).collect::<Vec<_>>(), [1, 0, 2]);
    let sum: f64 = row.iter().map(|logit| (f64::from(*logit) / 2.0).exp()).sum();
    for (label, score) in &scores {
        assert!((f64::from(*score) - (f64::from(row[*label]) / 2.0).exp() / sum).abs() < 1e-6, "{scores:?}");
    }
    assert_eq!(decoder.likeliest_labels(&row, 1), [decoder.likeliest(&row)]);
    assert_eq!(decoder.likeliest_labels(&row, 0), []);
}
