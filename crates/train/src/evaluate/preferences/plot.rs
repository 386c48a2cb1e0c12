//! The courses as a picture.

use std::path::Path;

use plotters::prelude::*;

use super::{Course, Estimate};
use crate::curves::{Drawn, to_png};
use crate::error::Result;

/// Draws courses by name, each as its mean with its 95 % interval, to a PNG.
///
/// # Errors
/// A picture that cannot be written; a course without wearers.
pub fn plot(courses: &[(&str, &Course)], path: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for (name, course) in courses {
        let points: Result<Vec<(f64, Estimate)>> = course
            .checkpoints
            .iter()
            .enumerate()
            .map(|(place, &count)| Ok((count as f64, course.at(place)?)))
            .collect();
        lines.push((*name, points?));
    }
    to_png(path, || draw(&lines, path))
}

type Line<'a> = (&'a str, Vec<(f64, Estimate)>);

fn draw(lines: &[Line<'_>], path: &Path) -> Drawn {
    let points = || lines.iter().flat_map(|(_, points)| points);
    let last = points().map(|(count, _)| *count).fold(1.0, f64::max);
    let lowest = points().map(|(_, at)| at.ci95.low).fold(1.0, f64::min);
    let highest = points().map(|(_, at)| at.ci95.high).fold(0.0, f64::max);
    let root = BitMapBackend::new(path, (900, 500)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(
            "NDCG@5 of the outfits shown, by feedbacks given",
            ("sans-serif", 22),
        )
        .margin(14)
        .x_label_area_size(34)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..last, lowest - 0.05..highest + 0.05)?;
    chart
        .configure_mesh()
        .x_desc("feedbacks")
        .light_line_style(WHITE)
        .label_style(("sans-serif", 14))
        .draw()?;
    for ((name, points), color) in lines.iter().zip([BLUE, RED, GREEN].into_iter().cycle()) {
        let high = points.iter().map(|(count, at)| (*count, at.ci95.high));
        let low = points.iter().rev().map(|(count, at)| (*count, at.ci95.low));
        let band: Vec<(f64, f64)> = high.chain(low).collect();
        chart.draw_series([Polygon::new(band, color.mix(0.15))])?;
        let means = points.iter().map(|(count, at)| (*count, at.value));
        chart
            .draw_series(LineSeries::new(means, color.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 14))
        .draw()?;
    root.present()?;
    Ok(())
}
