use super::*;

/// As a model's vocabulary that has these words.
fn knows(word: &str) -> bool {
    [
        "placebo",
        "controlled",
        "treatment",
        "double",
        "blind",
        "anti",
        "inflammatory",
        "re",
        "response",
        "hyper",
        "tension",
    ]
    .contains(&word)
}

fn plain(text: &str) -> String {
    rewrite(text, &knows).map_or(text.to_string(), |rewritten| rewritten.text().to_string())
}

/// The part of the text that a part of its plain form comes from.
fn given<'t>(text: &'t str, part: &str) -> &'t str {
    let rewritten = rewrite(text, &knows).expect("a text that is not plain");
    let byte = rewritten.text().find(part).expect("a part of the plain text");
    let start = Position::default().after_text(&rewritten.text()[..byte]);
    let place = rewritten.locate(start..start.after_text(part));
    assert_eq!(place.start.utf16, text[..place.start.byte].encode_utf16().count());
    &text[place.start.byte..place.end.byte]
}

#[test]
fn invisible_characters_are_left_out() {
    for c in [
        '\u{AD}',
        '\u{200B}',
        '\u{200C}',
        '\u{200D}',
        '\u{2060}',
        '\u{FEFF}',
        '\u{200E}',
        '\u{202E}',
        '\u{2066}',
        '\u{FE0F}',
        '\0',
        '\u{7F}',
        '\u{E0061}',
    ] {
        let text = format!("{c}NF{c}-kap{c}{c}pa B{c}\n{c}\n{c}x{c}");
        assert_eq!(plain(&text), "NF-kappa B\n\nx", "{c:?}");
        assert_eq!(given(&text, "NF-kappa B"), format!("NF{c}-kap{c}{c}pa B"));
        assert_eq!(given(&text, "x"), "x");
    }
    assert_eq!(plain(&"\u{200B}".repeat(3)), "");
}

#[test]
fn decimal_points_at_mid_height_are_full_stops() {
    for dot in ['\u{B7}', '\u{2219}', '\u{22C5}', '\u{30FB}', '\u{2027}', '\u{2022}', '\u{FF0E}'] {
        assert_eq!(
            plain(&format!("1{dot}2 (95% CI 0{dot}8-12{dot}65), p=0{dot}0003.")),
            "1.2 (95% CI 0.8-12.65), p=0.0003."
        );
    }
    assert_eq!(plain("P<\u{B7}05, p \u{2264}\u{B7}01"), "P<.05, p \u{2264}.01");
    assert_eq!(given("up 1\u{2219}2%", "1.2"), "1\u{2219}2");
    // Products, hydrates, lists and words are no decimals.
    for text in [
        "2\u{B7}5\u{B7}3",
        "1.5\u{B7}10",
        "3\u{B7}10\u{2075}",
        "CuSO4\u{B7}5H2O",
        "a\u{B7}b",
        "\u{2022} 5 patients",
        "\u{2022}5",
        "5\u{B7}x",
    ] {
        let expected = if text.starts_with("2") { "2.5\u{B7}3" } else { text };
        assert_eq!(plain(text), expected);
    }
}

#[test]
fn spaces_between_groups_of_three_digits_are_commas() {
    for space in [' ', '\u{2009}', '\u{202F}', '\u{A0}', '\u{2007}', '\u{200A}'] {
        assert_eq!(plain(&format!("Of 20{space}536 adults")), "Of 20,536 adults", "{space:?}");
        assert_eq!(plain(&format!("\u{20AC}2{space}404{space}197/QALY")), "\u{20AC}2,404,197/QALY");
        assert_eq!(
            plain(&format!("6955\u{2013}12{space}577, (n=10{space}576). 50{space}000 IU")),
            "6955\u{2013}12,577, (n=10,576). 50,000 IU"
        );
    }
    assert_eq!(given("Of 20\u{2009}536 adults", "20,536"), "20\u{2009}536");
    // Two numbers, or none.
    for text in [
        "in 2008 500 patients",
        "0 500",
        "week 24 115",
        "CPT-11 350 mg",
        "CD4 200 cells",
        "t1/2 121 minutes",
        "1.5 200",
        "20 5361",
        "20 53",
        "took 2 500 mg tablets",
        "12 34 567",
        "ID 1234 567",
    ] {
        assert_eq!(plain(text), text);
    }
}

#[test]
fn hyphens_minus_signs_spaces_and_wide_letters_are_ascii() {
    assert_eq!(plain("IL\u{2011}2, \u{2212}3, NF\u{2010}kappa"), "IL-2, -3, NF-kappa");
    assert_eq!(
        plain("0.8\u{2013}1.6 \u{2014} x\u{B5}g \u{B1} \u{3B2}"),
        "0.8\u{2013}1.6 \u{2014} x\u{B5}g \u{B1} \u{3B2}"
    );
    assert_eq!(plain("\u{FF29}\u{FF2C}\u{FF0D}\u{FF12}\u{3000}\u{FF08}a\u{FF09}"), "IL-2 (a)");
    assert_eq!(plain("5\u{A0}mg\u{2009}of"), "5 mg of");
    assert_eq!(
        plain("\u{1D45D} = 0.05, \u{1D40D} = \u{1D7CF}\u{1D7D6}, \u{1D5D5}, \u{210E}"),
        "p = 0.05, N = 18, B, h"
    );
    assert_eq!(plain("\u{FB01}broblast, e\u{FB03}cacy"), "fibroblast, efficacy");
    assert_eq!(given("\u{FB01}broblast,", "fibroblast"), "\u{FB01}broblast");
    assert_eq!(plain("a\u{85}b\u{2028}c\u{2029}d\r\ne\u{B}"), "a\nb\nc\nd\r\ne\u{B}");
}

#[test]
fn emoji_stand_apart_from_words() {
    assert_eq!(plain("\u{1F9EC}IL-2\u{1F389} gene\u{2764}\u{FE0F}."), "\u{1F9EC} IL-2 \u{1F389} gene \u{2764}.");
    assert_eq!(plain("\u{1F1EB}\u{1F1F7} France"), "\u{1F1EB}\u{1F1F7} France");
    assert_eq!(given("\u{1F9EC}IL-2\u{1F389}", "IL-2"), "IL-2");
}

#[test]
fn words_hyphenated_at_a_lines_end_are_whole() {
    let whole = [
        ("the treat-\nment", "the treatment"),
        ("adalimu-\r\nmab", "adalimumab"),
        ("re- \n\t sponse", "response"),
        ("Treat\u{2010}\nment", "Treatment"),
        ("treat-\u{2028}ment", "treatment"),
        ("hyper-\ntension", "hypertension"),
        ("metformin-\ntreated", "metformin-treated"),
        ("IL-\n2", "IL-2"),
        ("NF-\nkappa B", "NF-kappa B"),
        ("CD4-\npositive", "CD4-positive"),
        ("placebo-\ncontrolled", "placebo-controlled"),
        ("double-\nblind", "double-blind"),
        ("non-\nHodgkin", "non-Hodgkin"),
        ("10-\n20 mg", "10-20 mg"),
        ("x1a-\nb2", "x1a-b2"),
    ];
    for (text, expected) in whole {
        assert_eq!(plain(text), expected, "{text:?}");
        assert_eq!(given(text, expected), text);
    }
    for text in ["pre-\nand post", "a list:\n- one", "treat-\n\nment", "treat -\nment", "treat-", "-\nment"] {
        assert_eq!(plain(text), text);
    }
    // A hyphen that stays is the end of what it ends.
    assert_eq!(given("IL-\n2", "IL-"), "IL-");
    assert_eq!(given("IL\u{2010}\n2", "IL-"), "IL\u{2010}");
}

#[test]
fn plain_text_is_left_alone() {
    for text in [
        "",
        "IL-2 gene expression requires NF-kappa B.\n\n\tCD28\r\n",
        "a 5 b",
        "1 2",
        "caf\u{E9} \u{2265} \u{201C}x\u{201D}",
    ] {
        assert_eq!(plain(text), text);
    }
    assert!(rewrite("IL-2 gene\n", &knows).is_none());
}

/// Whatever is given, the plain form is the same with invisible characters in it, and it is plain itself.
#[test]
fn invisible_characters_anywhere_change_nothing() {
    let mut random = fastrand::Rng::with_seed(7);
    let parts = [
        "IL-2",
        " ",
        "\n",
        "\r\n",
        "-",
        "treat-\nment",
        "20\u{2009}536",
        "1\u{B7}2",
        "\u{1F9EC}",
        "a",
        "\u{A0}",
        "10 200",
        "\u{2212}",
        "\u{85}",
        "\u{FB01}",
        "\u{FF11}",
        "mg",
        ".",
        "placebo-\ncontrolled",
    ];
    let invisible = ['\u{AD}', '\u{200B}', '\u{2060}', '\u{FEFF}', '\u{200F}', '\u{FE0E}'];
    for _ in 0..2000 {
        let count = random.usize(1..8);
        let text: String = (0..count).map(|_| parts[random.usize(0..parts.len())]).collect();
        let mut marked = String::new();
        for c in text.chars() {
            if random.usize(0..3) == 0 {
                marked.push(invisible[random.usize(0..invisible.len())]);
            }
            marked.push(c);
        }
        assert_eq!(plain(&marked), plain(&text), "{text:?}");
        let Some(rewritten) = rewrite(&marked, &knows) else { continue };
        // Every character leads back to a part that begins and ends with something visible, in order.
        let mut before = 0;
        for (at, c) in position::characters(rewritten.text()) {
            let place = rewritten.locate(at..at.after(c));
            let part = &marked[place.start.byte..place.end.byte];
            let ends = [part.chars().next(), part.chars().last()];
            assert!(!ends.into_iter().flatten().any(is_invisible), "{part:?} in {marked:?}");
            assert!(place.start.byte >= before || part.is_empty());
            before = place.start.byte;
        }
    }
}
