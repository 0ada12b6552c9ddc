use glossa_ner::formats::rich_text;

use super::*;

/// What a reader sees of a piece of HTML: its text without elements, and the labels of its marks.
pub(super) fn seen(html: &str) -> String {
    let mut seen = String::new();
    let mut rest = html;
    while let Some((text, behind)) = rest.split_once('<') {
        seen.push_str(text);
        rest = behind.split_once('>').expect("an element that ends").1;
    }
    seen.push_str(rest);
    let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    escapes.into_iter().fold(seen, |seen, (escape, c)| seen.replace(escape, c))
}

#[test]
fn a_page_shows_every_text_and_mark() {
    for sample in samples() {
        let page = write(Format::Html, std::slice::from_ref(&sample));
        let text = sample.text.replace('\0', "\u{FFFD}");
        if sample.passages.is_empty() {
            assert!(seen(&page).contains(&text), "{}", sample.id);
        }
        assert_eq!(page.matches("<mark ").count(), page.matches("</mark>").count());
        let pieces: usize = sample.mentions.iter().map(|mention| mention.spans.len()).sum();
        assert_eq!(page.matches("data-label=").count(), pieces, "{}", sample.id);
    }
}

#[test]
fn nothing_of_a_text_becomes_an_element() {
    let evil = "\"'><script>alert(1)</script><style>*{}</style>&amp;";
    let mut document = document(evil, evil, &[(&["script"], evil)]);
    document.mentions[0].identifier = Some(evil.into());
    document.mentions[0].by = By { who: Who::Person, name: Some(evil.into()) };
    let mut writer = Writer::new(Format::Html, Vec::new(), &WriteOptions::default()).expect("written");
    writer.document(&document).expect("memory");
    writer.failure(evil, Some(evil), &Error::InferenceFailed { reason: evil.into() }).expect("memory");
    let page = String::from_utf8(writer.finish().expect("memory").0).expect("UTF-8");
    let shown = [page, rich_text(&document)];
    for html in &shown {
        assert!(!html.contains("<script") && !html.contains("<style>*"), "{html}");
        for tag in html.split('<').skip(1) {
            let name: String =
                tag.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '!')).collect();
            let known = [
                "!DOCTYPE", "html", "/html", "head", "/head", "meta", "title", "/title", "style", "/style", "body",
                "/body", "h1", "/h1", "h2", "/h2", "article", "/article", "ul", "/ul", "li", "/li", "b", "/b", "p",
                "/p", "mark", "/mark", "footer", "/footer", "div", "/div", "span", "/span",
            ];
            assert!(known.contains(&name.as_str()), "{name}");
        }
    }
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-";
    assert!(shown[0].contains(policy) && !shown[0].contains(" style=\""));
}

#[test]
fn passages_are_paragraphs_and_details_are_in_tooltips() {
    let page = write(Format::Html, &[full_sample()]);
    assert!(page.contains("</ul>\n<p class=\"text title\" dir=\"auto\">Title <mark"), "{page}");
    assert!(page.contains("</mark></p>\n<p class=\"text\" dir=\"auto\"><mark"), "{page}");
    assert!(
        page.contains("title=\"protein, confidence 0.98, NCBIGene:3558, by the model cellular, 2026-11-27T03:00:00Z\"")
    );
    assert!(page.contains("class=\"person\" data-label=\"x\" title=\"x, by the person Ada\""));
    assert!(page.contains("The model did not read the text from its UTF-16 code unit 12 on."));
    assert!(write(Format::Html, &[]).contains("Documents: 0. Mentions: 0."));
    let two = write(Format::Html, &[full_sample(), full_sample()]);
    assert!(two.contains("Documents: 2. Mentions: 6.") && two.contains("<li data-hue=\"0\">protein <b>2</b></li>"));
}

#[test]
fn more_marks_than_can_be_read_are_listed() {
    let mut crowded = document("d", "IL-2 receptor", &[]);
    crowded.mentions = (0..9).map(|i| mention(&crowded.text, &["IL-2"], &format!("e{i}"))).collect();
    let page = write(Format::Html, &[crowded.clone()]);
    assert_eq!(page.matches("data-label=").count(), 9);
    assert!(page.contains("More mentions at places that have many:"));
    let told = "mentions that are listed below the text, as too many are at their place: 3";
    assert_eq!(warnings(Format::Html, &[crowded]), told);
}

#[test]
fn rich_text_has_its_styles_in_its_elements() {
    let gene = document("d", "The <IL-2>\r\ngene\u{1F9EC}", &[(&["IL-2"], "DNA")]);
    assert_eq!(
        rich_text(&gene),
        "<div dir=\"auto\" style=\"white-space:pre-wrap\">The &lt;<span title=\"DNA\" \
         style=\"background-color:#d7f0ff;border-bottom:2px solid #3d8ad4\">IL-2<span \
         style=\"color:#0e4f86;font-size:70%;font-weight:bold\"> DNA</span></span>&gt;<br>gene\u{1F9EC}</div>"
    );
    let nested = rich_text(&nested_samples()[0]);
    assert_eq!(nested.matches("<span").count(), nested.matches("</span>").count());
    assert_eq!(nested.matches("font-weight").count(), 5);
    assert_eq!(rich_text(&document("e", "", &[])), "<div dir=\"auto\" style=\"white-space:pre-wrap\"></div>");
}
