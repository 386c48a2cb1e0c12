//! A run's log as a picture: two panels of lines over the epochs.

use crate::error::{Error, Result};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::path::Path;

pub(crate) use plotters::style::{BLUE, GREEN, MAGENTA, RED, RGBColor};

/// Lines over the epochs.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// The highest value shown; a little above the highest there is for `None`.
    pub(crate) top: Option<f64>,
    pub(crate) lines: Vec<Line>,
}

/// One of a panel's lines.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) color: RGBColor,
    /// Epoch, from 1, and value.
    pub(crate) points: Vec<(usize, f64)>,
}

/// What drawing may fail of.
pub(crate) type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

/// Draws one panel above the other to a PNG.
pub(crate) fn draw(panels: [Panel; 2], epochs: usize, path: &Path) -> Result<()> {
    to_png(path, || draw_panels(&panels, epochs, path))
}

/// Draws a picture, with a font at hand called "sans-serif".
pub(crate) fn to_png(path: &Path, draw: impl FnOnce() -> Drawn) -> Result<()> {
    let failed = |problem: String| Error::Curves {
        path: path.to_path_buf(),
        problem,
    };
    if register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular()).is_err() {
        return Err(failed("the font cannot be read".to_owned()));
    }
    draw().map_err(|e| failed(e.to_string()))
}

fn draw_panels(panels: &[Panel; 2], epochs: usize, path: &Path) -> Drawn {
    let root = BitMapBackend::new(path, (900, 700)).into_drawing_area();
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(350);
    for (area, panel) in [upper, lower].iter().zip(panels) {
        draw_panel(area, panel, epochs)?;
    }
    root.present()?;
    Ok(())
}

fn draw_panel(
    area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    panel: &Panel,
    epochs: usize,
) -> Drawn {
    let values = panel.lines.iter().flat_map(|line| &line.points);
    let highest = values.map(|&(_, y)| y).fold(0.0, f64::max);
    let top = panel.top.unwrap_or(highest * 1.05);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 22))
        .margin(14)
        .x_label_area_size(34)
        .y_label_area_size(54)
        .build_cartesian_2d(0.0..epochs as f64 + 0.5, 0.0..top.max(f64::EPSILON))?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .light_line_style(WHITE)
        .label_style(("sans-serif", 14))
        .draw()?;
    for Line {
        name,
        color,
        points,
    } in &panel.lines
    {
        let (color, points) = (*color, points.iter().map(|&(epoch, y)| (epoch as f64, y)));
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)).point_size(3))?
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
