//! Drawings, as SVG within a page.

use std::fmt::Write;

use super::page::escape;
use super::Reliability;

/// Width and height of the plot's square, its place, and the height of the strip of counts under it.
const SIDE: f64 = 260.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 10.0;
const STRIP: f64 = 34.0;

/// Accuracy over confidence: bars, the line they should end at, what is off, and a strip of how many scores there are.
pub(super) fn reliability_diagram(id: &str, title: &str, found: &Reliability) -> String {
    let x = |value: f64| LEFT + value * SIDE;
    let y = |value: f64| TOP + (1.0 - value) * SIDE;
    let bottom = TOP + SIDE + 30.0 + STRIP;
    let (width, height) = (LEFT + SIDE + 12.0, bottom + 34.0);
    let sure = found.bins.iter().rev().find(|bin| bin.count > 0).copied().unwrap_or_default();
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-words\">\
         <title id=\"{id}-title\">{}: how many are right, by confidence</title>\
         <desc id=\"{id}-words\">{} scores. The surest {} have a mean confidence of {:.3}, and {:.3} of them are right. \
         Expected calibration error {:.4}. The numbers are in the table below.</desc>\n\
         <defs><pattern id=\"{id}-hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\"/></pattern></defs>\n",
        escape(title),
        found.count,
        sure.count,
        sure.confidence(),
        sure.accuracy(),
        found.ece
    );
    for tick in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>\n",
            x(1.0),
            y(tick),
            y(tick),
            LEFT - 6.0,
            y(tick) + 4.0,
            x(tick),
            y(0.0) + 16.0
        );
    }
    let bins = found.bins.len() as f64;
    let most = found.bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1);
    let tallness = |count: usize| STRIP * (1.0 + count as f64).ln() / (1.0 + most as f64).ln();
    for (i, bin) in found.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let (left, wide) = (x(i as f64 / bins) + 1.0, SIDE / bins - 2.0);
        let (low, high) = (bin.accuracy().min(bin.confidence()), bin.accuracy().max(bin.confidence()));
        let tall = tallness(bin.count);
        let _ = write!(
            svg,
            "<rect class=\"bar\" x=\"{left:.1}\" width=\"{wide:.1}\" y=\"{:.1}\" height=\"{:.1}\"/>\
             <rect fill=\"url(#{id}-hatch)\" class=\"gap\" x=\"{left:.1}\" width=\"{wide:.1}\" y=\"{:.1}\" height=\"{:.1}\"/>\
             <rect class=\"count\" x=\"{left:.1}\" width=\"{wide:.1}\" y=\"{:.1}\" height=\"{tall:.1}\"/>\n",
            y(bin.accuracy()),
            SIDE * bin.accuracy(),
            y(high),
            SIDE * (high - low),
            bottom - tall
        );
    }
    let ideal = format!("M{:.1} {:.1}L{:.1} {:.1}", x(0.0), y(0.0), x(1.0), y(1.0));
    let _ = write!(
        svg,
        "<path class=\"halo\" d=\"{ideal}\"/><path class=\"ideal\" d=\"{ideal}\"/>\
         <line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{bottom}\" y2=\"{bottom}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">confidence; how many, at most {most} (log)</text>\
         <text transform=\"translate(11 {:.1}) rotate(-90)\" text-anchor=\"middle\">share that is right</text></svg>\n",
        x(1.0),
        LEFT + SIDE / 2.0,
        bottom + 18.0,
        y(0.5)
    );
    svg
}
