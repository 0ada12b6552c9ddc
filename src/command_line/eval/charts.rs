//! Charts as inline SVG.

use maud::{html, Markup};

use super::Reliability;

/// Side and position of the square plot, and height of the histogram below it.
const SIDE: f64 = 260.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 10.0;
const STRIP: f64 = 34.0;

fn x(value: f64) -> f64 {
    LEFT + value * SIDE
}

fn y(value: f64) -> f64 {
    TOP + (1.0 - value) * SIDE
}

/// Formats a coordinate. A tenth of a unit is finer than a pixel.
fn at(value: f64) -> String {
    format!("{value:.1}")
}

/// A reliability diagram: bars of accuracy by confidence, the diagonal of perfect calibration, the gap hatched, and a
/// histogram of the scores on a logarithmic scale.
pub(super) fn reliability_diagram(id: &str, title: &str, reliability: &Reliability) -> Markup {
    let bottom = TOP + SIDE + 30.0 + STRIP;
    let (width, height) = (LEFT + SIDE + 12.0, bottom + 34.0);
    let surest = reliability.bins.iter().rev().find(|bin| bin.count > 0).copied().unwrap_or_default();
    let bins = reliability.bins.len() as f64;
    let most = reliability.bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let tallness = |count: usize| STRIP * (1.0 + count as f64).ln() / (1.0 + most as f64).ln();
    let ideal = format!("M{} {}L{} {}", at(x(0.0)), at(y(0.0)), at(x(1.0)), at(y(1.0)));
    let description = format!(
        "{} scores. The surest {} have a mean confidence of {:.3}, and {:.3} of them are right. Expected calibration error \
         {:.4}. The numbers are in the table below.",
        reliability.count,
        surest.count,
        surest.confidence(),
        surest.accuracy(),
        reliability.ece
    );
    html! {
        svg viewBox={ "0 0 " (width) " " (height) } role="img" aria-labelledby={ (id) "-title " (id) "-words" } {
            title id={ (id) "-title" } { (title) ": how many are right, by confidence" }
            desc id={ (id) "-words" } { (description) }
            defs {
                pattern id={ (id) "-hatch" } width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line.hatch x1="0" y1="0" x2="0" y2="5" {}
                }
            }
            @for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
                line.grid x1=(at(LEFT)) x2=(at(x(1.0))) y1=(at(y(tick))) y2=(at(y(tick))) {}
                text x=(at(LEFT - 6.0)) y=(at(y(tick) + 4.0)) text-anchor="end" { (tick) }
                text x=(at(x(tick))) y=(at(y(0.0) + 16.0)) text-anchor="middle" { (tick) }
            }
            @for (i, bin) in reliability.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
                @let (left, wide) = (at(x(i as f64 / bins) + 1.0), at(SIDE / bins - 2.0));
                @let low = bin.accuracy().min(bin.confidence());
                @let high = bin.accuracy().max(bin.confidence());
                @let tall = tallness(bin.count);
                rect.bar x=(left) width=(wide) y=(at(y(bin.accuracy()))) height=(at(SIDE * bin.accuracy())) {}
                rect.gap fill={ "url(#" (id) "-hatch)" } x=(left) width=(wide) y=(at(y(high))) height=(at(SIDE * (high - low))) {}
                rect.count x=(left) width=(wide) y=(at(bottom - tall)) height=(at(tall)) {}
            }
            path.halo d=(ideal) {}
            path.ideal d=(ideal) {}
            line.axis x1=(at(LEFT)) x2=(at(x(1.0))) y1=(at(bottom)) y2=(at(bottom)) {}
            text x=(at(LEFT + SIDE / 2.0)) y=(at(bottom + 18.0)) text-anchor="middle" {
                "confidence; how many, at most " (most) " (log)"
            }
            text transform={ "translate(11 " (at(y(0.5))) ") rotate(-90)" } text-anchor="middle" { "share that is right" }
        }
    }
}
