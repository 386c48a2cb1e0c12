//! A garment's dominant colours: k-means in CIELAB, then clusters merged that are one colour to the eye.

use wardrobe_ingest::RgbImage;
use wardrobe_types::Color;

use super::name::name_lab;
use crate::Result;
use crate::cluster::{Cluster, assign, describe, k_means};
use crate::foreground::Foreground;
use crate::lab::{LabColor, cloth_difference, to_rgb};

/// Pixels looked at.
const SAMPLES: usize = 2000;
/// Clusters before merging.
const CLUSTERS: usize = 6;
/// Clusters nearer than this (ΔE for cloth, see `cloth_difference`) are one cloth with its folds and shadows. Chosen from
/// 6, 9, 12 and 14 by how well the largest colour predicts the basic colour of the catalogue's training photos.
const MERGE_DISTANCE: f32 = 9.0;
/// A colour of a smaller share is a button, a label or a print's detail.
const LEAST_FRACTION: f32 = 0.1;
/// At most this many colours.
const MOST: usize = 3;

/// The garment's one to three colours, the largest first; fractions sum to 1.
///
/// A garment of one cloth has one. The same photo always gives the same colours.
///
/// # Errors
/// [`crate::Error::OtherPhoto`] where `foreground` is of a photo of another size.
pub fn dominant_colors(photo: &RgbImage, foreground: &Foreground) -> Result<Vec<Color>> {
    let samples = foreground.samples(photo, SAMPLES)?;
    let centers = k_means(&samples, CLUSTERS)?;
    let mut clusters = describe(&samples, &assign(&samples, &centers), centers.len());
    while let Some((left, right)) = next_merge(&clusters) {
        merge(&mut clusters, left, right);
    }
    clusters.sort_by(|x, y| y.share.total_cmp(&x.share));
    Ok(named(&clusters))
}

/// The next two clusters to make one: the nearest, or the smallest with its nearest where it is too small or they are
/// too many.
fn next_merge(clusters: &[Cluster]) -> Option<(usize, usize)> {
    if clusters.len() < 2 {
        return None;
    }
    let pairs = (0..clusters.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    let distance =
        |&(i, j): &(usize, usize)| cloth_difference(clusters[i].center, clusters[j].center);
    let nearest = pairs
        .clone()
        .min_by(|x, y| distance(x).total_cmp(&distance(y)))?;
    if distance(&nearest) < MERGE_DISTANCE {
        return Some(nearest);
    }
    let smallest =
        (0..clusters.len()).min_by(|&x, &y| clusters[x].share.total_cmp(&clusters[y].share))?;
    if clusters[smallest].share < LEAST_FRACTION || clusters.len() > MOST {
        return pairs
            .filter(|&(i, j)| i == smallest || j == smallest)
            .min_by(|x, y| distance(x).total_cmp(&distance(y)));
    }
    None
}

fn merge(clusters: &mut Vec<Cluster>, left: usize, right: usize) {
    let taken = clusters.swap_remove(right);
    let into = &mut clusters[left];
    let share = into.share + taken.share;
    let weigh = |x: f32, y: f32| (x * into.share + y * taken.share) / share;
    let center: LabColor = [0, 1, 2].map(|c| weigh(into.center[c], taken.center[c]));
    *into = Cluster {
        center,
        deviation: into.deviation,
        share,
    };
}

fn named(clusters: &[Cluster]) -> Vec<Color> {
    clusters
        .iter()
        .map(|cluster| Color {
            name: name_lab(cluster.center),
            hex: to_rgb(cluster.center),
            fraction: cluster.share,
        })
        .collect()
}
