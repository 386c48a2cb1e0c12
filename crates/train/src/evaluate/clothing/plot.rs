//! The receiver operating characteristic as a picture.

use super::{Report, Rule, Seen};
use crate::curves::{Drawn, to_png};
use crate::error::Result;
use plotters::prelude::*;
use std::path::Path;
use wardrobe_eval::{RocPoint, roc};

/// Draws which share of grounds is caught for which share of photos of garments warned, with the point of the report's
/// threshold, to a PNG.
///
/// # Errors
/// A picture that cannot be written; no photos or no grounds.
pub fn plot(rule: &Rule, seen: [&[Seen]; 2], report: &Report, path: &Path) -> Result<()> {
    let scores =
        seen.map(|seen| -> Vec<f64> { seen.iter().map(|&s| rule.probability(s)).collect() });
    let points = roc(&scores[0], &scores[1])?;
    let point = |at: &RocPoint| (1.0 - at.true_positive_rate, 1.0 - at.false_positive_rate);
    let line: Vec<(f64, f64)> = points.iter().map(point).chain([(1.0, 1.0)]).collect();
    let chosen = (report.metrics["warned"], report.metrics["caught"]);
    to_png(path, || draw(line, chosen, report.metrics["auc"], path))
}

fn draw(line: Vec<(f64, f64)>, chosen: (f64, f64), auc: f64, path: &Path) -> Drawn {
    let root = BitMapBackend::new(path, (700, 600)).into_drawing_area();
    root.fill(&WHITE)?;
    let caption = format!("Photos without clothes told from photos of garments: AUC {auc:.3}");
    let mut chart = ChartBuilder::on(&root)
        .caption(caption, ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(40)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..0.5, 0.0..1.0)?;
    chart
        .configure_mesh()
        .x_desc("share of photos of garments warned of")
        .y_desc("share of grounds caught")
        .light_line_style(WHITE)
        .label_style(("sans-serif", 14))
        .draw()?;
    let shown = line.into_iter().filter(|(warned, _)| *warned <= 0.5);
    chart.draw_series(LineSeries::new(shown, BLUE.stroke_width(2)))?;
    chart.draw_series([Circle::new(chosen, 5, RED.filled())])?;
    let words = format!(
        "in use: {:.1} % warned, {:.0} % caught",
        100.0 * chosen.0,
        100.0 * chosen.1
    );
    let beside = (chosen.0 + 0.015, chosen.1 - 0.02);
    chart.draw_series([Text::new(words, beside, ("sans-serif", 15))])?;
    root.present()?;
    Ok(())
}
