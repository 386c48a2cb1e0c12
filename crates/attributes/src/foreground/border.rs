//! The border colour model: which cells differ from the background's colours.

use super::Working;
use super::normal::Normals;
use super::regions::{Mask, neighbours};
use crate::Result;
use crate::cluster::{assign, describe, k_means};
use crate::lab::LabColor;

/// Width of the border ring, as a share of the shorter side.
const RING: f32 = 0.05;
/// Colours the background may have: cloth, floor, wall, a shadow, something at the edge.
const BACKGROUND_COLORS: usize = 5;
/// Colours the garment may have while its outline is refined.
const GARMENT_COLORS: usize = 5;
/// A border colour of a smaller share is taken for the garment's, or for clutter.
const LEAST_BACKGROUND_SHARE: f32 = 0.06;
/// Deviations from the background beyond which a cell is first taken for the garment's.
const FIRST_CUT: f32 = 3.0;
/// How much the middle of the photo is favoured, in squared deviations.
const CENTRE_WEIGHT: f32 = 4.0;
/// Score beyond which a cell is no surer.
const SURE: f32 = 8.0;
/// Times the garment's own colours are learned and the outline drawn again.
const REFINEMENTS: usize = 2;
/// Pixels of the garment its colours are learned from.
const GARMENT_SAMPLES: usize = 1500;
/// Fewer cells than this are no garment.
const LEAST_CELLS: usize = 16;
/// Contrast (ΔE across the outline) below which the outline is not trusted.
const LEAST_CONTRAST: f32 = 7.0;
/// The shares of the photo a garment may cover.
const COVERAGE: std::ops::RangeInclusive<f32> = 0.02..=0.93;
/// A separate part of at least this share of the main one belongs to the garment (the other shoe).
const PART_RATIO: f32 = 0.25;
/// Cells from the rim of a hole to its middle above which it may be the ground seen through the garment.
const HOLE_RADIUS: usize = 3;
/// Deviations from a border colour, taken as narrow as it was measured, within which a cell is the ground itself.
const GROUND_DEVIATIONS: f32 = 2.5;

/// The garment's mask; `None` where it does not stand out from the border.
pub(super) fn garment(working: &Working) -> Result<Option<Mask>> {
    let background = background_colors(working)?;
    let far: Vec<f32> = working
        .colors
        .iter()
        .map(|&color| background.unlikeness(color))
        .collect();
    let ground: Vec<bool> = working
        .colors
        .iter()
        .map(|&color| background.is_within(color, GROUND_DEVIATIONS))
        .collect();
    let prior = centre_prior(working.width, working.height);
    let first: Vec<f32> = far
        .iter()
        .zip(&prior)
        .map(|(far, prior)| far - FIRST_CUT.powi(2) + CENTRE_WEIGHT * prior)
        .collect();
    let mut mask = clean(&first, working, &prior, &ground);
    for _ in 0..REFINEMENTS {
        let Some(found) = mask else { return Ok(None) };
        let inside: Vec<LabColor> = chosen(&working.colors, found.eroded().cells());
        if inside.len() < LEAST_CELLS {
            return Ok(None);
        }
        let step = inside.len().div_ceil(GARMENT_SAMPLES);
        let garment = normals(
            &inside.into_iter().step_by(step).collect::<Vec<_>>(),
            GARMENT_COLORS,
            0.0,
        )?;
        let score: Vec<f32> = (0..far.len())
            .map(|i| far[i] - garment.unlikeness(working.colors[i]) + CENTRE_WEIGHT * prior[i])
            .collect();
        mask = clean(&score, working, &prior, &ground);
    }
    Ok(mask.filter(|mask| {
        COVERAGE.contains(&mask.coverage()) && contrast(mask, working) >= LEAST_CONTRAST
    }))
}

/// The colours of the border ring, less the rare ones.
fn background_colors(working: &Working) -> Result<Normals> {
    let (width, height) = (working.width, working.height);
    let ring = ((width.min(height) as f32 * RING).round() as usize).max(2);
    let on_ring: Vec<bool> = (0..width * height)
        .map(|i| {
            let (x, y) = (i % width, i / width);
            x < ring || y < ring || x + ring >= width || y + ring >= height
        })
        .collect();
    normals(
        &chosen(&working.colors, &on_ring),
        BACKGROUND_COLORS,
        LEAST_BACKGROUND_SHARE,
    )
}

/// At most `k` clusters of the points, each of at least `least_share` of them (the largest stays in any case).
fn normals(points: &[LabColor], k: usize, least_share: f32) -> Result<Normals> {
    let centers = k_means(points, k)?;
    let mut clusters = describe(points, &assign(points, &centers), centers.len());
    let largest = clusters
        .iter()
        .map(|cluster| cluster.share)
        .fold(0.0, f32::max);
    clusters.retain(|cluster| cluster.share >= least_share.min(largest));
    Ok(Normals::new(&clusters))
}

fn chosen(colors: &[LabColor], which: &[bool]) -> Vec<LabColor> {
    colors
        .iter()
        .zip(which)
        .filter(|(_, chosen)| **chosen)
        .map(|(color, _)| *color)
        .collect()
}

/// From 1 in the middle through 0 to -1 in the corners.
fn centre_prior(width: usize, height: usize) -> Vec<f32> {
    let offset = |at: usize, length: usize| (2.0 * (at as f32 + 0.5) / length as f32 - 1.0).powi(2);
    (0..width * height)
        .map(|i| 1.0 - offset(i % width, width) - offset(i / width, height))
        .collect()
}

/// The smoothed positive scores as a mask in one piece, or nearly; `None` where nothing is left.
///
/// Scores are clamped first: smoothing then moves no outline, since both sides weigh the same.
fn clean(score: &[f32], working: &Working, prior: &[f32], ground: &[bool]) -> Option<Mask> {
    let (width, height) = (working.width, working.height);
    let clamped: Vec<f32> = score.iter().map(|score| score.clamp(-SURE, SURE)).collect();
    let smooth = blurred(&blurred(&clamped, width, height), width, height);
    let mask = Mask::new(
        width,
        height,
        smooth.iter().map(|&score| score > 0.0).collect(),
    );
    let weight: Vec<f32> = prior.iter().map(|prior| 1.0 + prior.max(-0.8)).collect();
    Some(
        mask.opened()
            .main_parts(&weight, PART_RATIO)?
            .filled(ground, HOLE_RADIUS),
    )
}

/// Mean over 3 x 3 cells; the grid's edge is repeated.
fn blurred(values: &[f32], width: usize, height: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(values.len());
    for row in values.chunks_exact(width) {
        rows.extend(
            (0..width).map(|x| row[x.saturating_sub(1)] + row[x] + row[(x + 1).min(width - 1)]),
        );
    }
    (0..values.len())
        .map(|i| {
            let (x, y) = (i % width, i / width);
            let (above, below) = (y.saturating_sub(1), (y + 1).min(height - 1));
            (rows[above * width + x] + rows[i] + rows[below * width + x]) / 9.0
        })
        .collect()
}

/// The median colour difference across the outline, one cell inside it against one cell outside, in ΔE.
fn contrast(mask: &Mask, working: &Working) -> f32 {
    let (width, height) = mask.size();
    let mut steps: Vec<f32> = Vec::new();
    for i in (0..width * height).filter(|&i| mask.cells()[i]) {
        for j in neighbours(i, width, height).filter(|&j| !mask.cells()[j]) {
            // One cell further on both sides, since the cells at the outline mix both colours.
            let (inside, outside) = ((2 * i).checked_sub(j), (2 * j).checked_sub(i));
            let color = |k: Option<usize>| k.and_then(|k| working.colors.get(k));
            if let (Some(p), Some(q)) = (color(inside), color(outside)) {
                steps.push((0..3).map(|c| (p[c] - q[c]).powi(2)).sum::<f32>().sqrt());
            }
        }
    }
    let middle = steps.len() / 2;
    if steps.is_empty() {
        0.0
    } else {
        *steps.select_nth_unstable_by(middle, f32::total_cmp).1
    }
}
