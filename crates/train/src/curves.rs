//! A run's log as a picture: loss above, validation metrics below.

use crate::error::{Error, Result};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// One line of the log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogRow {
    pub(crate) epoch: usize,
    pub(crate) image_size: usize,
    pub(crate) learning_rate: f64,
    pub(crate) train_loss: f32,
    pub(crate) val_top1: f64,
    pub(crate) val_top5: f64,
    pub(crate) val_macro_f1: f64,
    pub(crate) seconds: f64,
}

/// A name, and a value an epoch.
pub(crate) type Curve = (&'static str, Vec<(f64, f64)>);

/// Draws the log to a PNG.
pub(crate) fn draw(rows: &[LogRow], path: &Path) -> Result<()> {
    let series = |f: fn(&LogRow) -> f64| {
        let points = rows.iter().map(|row| (row.epoch as f64, f(row)));
        points.collect::<Vec<_>>()
    };
    let metrics = [
        ("top-1", series(|row| row.val_top1)),
        ("top-5", series(|row| row.val_top5)),
        ("macro-F1", series(|row| row.val_macro_f1)),
    ];
    draw_curves(series(|row| row.train_loss.into()), &metrics, path)
}

/// Draws the loss of each epoch, and below it up to three metrics in 0..=1, to a PNG.
pub(crate) fn draw_curves(loss: Vec<(f64, f64)>, metrics: &[Curve], path: &Path) -> Result<()> {
    let failed = |problem: String| Error::Curves {
        path: path.to_path_buf(),
        problem,
    };
    if register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular()).is_err() {
        return Err(failed("the font cannot be read".to_owned()));
    }
    draw_panels(loss, metrics, path).map_err(|e| failed(e.to_string()))
}

fn draw_panels(
    loss: Vec<(f64, f64)>,
    metrics: &[Curve],
    path: &Path,
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let root = BitMapBackend::new(path, (900, 700)).into_drawing_area();
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(350);
    let epochs = loss.last().map_or(0.0, |(epoch, _)| *epoch);
    let highest = loss.iter().map(|&(_, y)| y).fold(0.0, f64::max);
    panel(
        &upper,
        "Training loss",
        epochs,
        highest * 1.05,
        &[("loss", BLUE, loss)],
    )?;
    let colors = [BLUE, GREEN, RED].into_iter();
    let metrics = metrics.iter().zip(colors);
    let metrics: Vec<Named> = metrics
        .map(|((name, points), color)| (*name, color, points.clone()))
        .collect();
    panel(&lower, "Validation", epochs, 1.0, &metrics)?;
    root.present()?;
    Ok(())
}

type Named = (&'static str, RGBColor, Vec<(f64, f64)>);

fn panel(
    area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    title: &str,
    epochs: f64,
    top: f64,
    lines: &[Named],
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 22))
        .margin(14)
        .x_label_area_size(34)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..epochs + 0.5, 0.0..top.max(f64::EPSILON))?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .light_line_style(WHITE)
        .label_style(("sans-serif", 14))
        .draw()?;
    for (name, color, points) in lines {
        let color = *color;
        chart
            .draw_series(
                LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3),
            )?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 14))
        .draw()?;
    Ok(())
}
