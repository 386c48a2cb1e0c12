//! k-means over colours, and the merging of clusters that are one colour to the eye.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::Array2;

use crate::lab::LabColor;
use crate::{Error, Result};

/// Iterations after which the centres of a few thousand colours have settled to well under one ΔE.
const ITERATIONS: u64 = 12;
/// Movement of the centres, in ΔE, below which they have settled.
const TOLERANCE: f32 = 0.3;

/// Some of the points, and what is common to them.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// Mean.
    pub center: LabColor,
    /// Standard deviation of each channel.
    pub deviation: LabColor,
    /// Share of all the points, 0..=1.
    pub share: f32,
}

/// The nearest centre by plain squared distance, with that distance.
pub(crate) fn nearest(point: LabColor, centers: &[LabColor]) -> (usize, f32) {
    let mut best = (0, f32::INFINITY);
    for (index, center) in centers.iter().enumerate() {
        let distance = (0..3).map(|c| (point[c] - center[c]).powi(2)).sum();
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

/// k-means centres of `points`, at most `k`.
///
/// Deterministic: the first centres are the mean and then, one by one, the point farthest from the centres so far
/// (Gonzalez 1985), so that a small patch of a different colour is found, which random seeds often miss.
pub(crate) fn k_means(points: &[LabColor], k: usize) -> Result<Vec<LabColor>> {
    let first = farthest_first(points, k);
    let k = first.len();
    let rows = Array2::from_shape_fn((points.len(), 3), |(row, column)| points[row][column]);
    let centers = Array2::from_shape_fn((k, 3), |(row, column)| first[row][column]);
    let fitted = KMeans::params(k)
        .init_method(KMeansInit::Precomputed(centers))
        .n_runs(1)
        .max_n_iterations(ITERATIONS)
        .tolerance(TOLERANCE)
        .fit(&DatasetBase::from(rows))
        .map_err(|source| Error::Clustering {
            points: points.len(),
            clusters: k,
            source,
        })?;
    Ok(fitted
        .centroids()
        .rows()
        .into_iter()
        .map(|row| [row[0], row[1], row[2]])
        .collect())
}

fn farthest_first(points: &[LabColor], k: usize) -> Vec<LabColor> {
    let mut centers = vec![mean(points)];
    let mut gaps: Vec<f32> = points
        .iter()
        .map(|&point| nearest(point, &centers).1)
        .collect();
    while centers.len() < k {
        let Some((index, gap)) = gaps
            .iter()
            .copied()
            .enumerate()
            .max_by(|x, y| x.1.total_cmp(&y.1))
        else {
            break;
        };
        if gap <= 1.0 {
            break; // Every point is within one ΔE of a centre.
        }
        let center = points[index];
        centers.push(center);
        for (gap, &point) in gaps.iter_mut().zip(points) {
            *gap = gap.min(nearest(point, &[center]).1);
        }
    }
    centers
}

fn mean(points: &[LabColor]) -> LabColor {
    let count = points.len().max(1) as f32;
    [0, 1, 2].map(|c| points.iter().map(|point| point[c]).sum::<f32>() / count)
}

/// The centre each point is nearest to.
pub(crate) fn assign(points: &[LabColor], centers: &[LabColor]) -> Vec<usize> {
    points
        .iter()
        .map(|&point| nearest(point, centers).0)
        .collect()
}

/// Mean, spread and share of each group; groups without points are left out.
///
/// `groups[i]` is the group of `points[i]`, below `count`.
pub(crate) fn describe(points: &[LabColor], groups: &[usize], count: usize) -> Vec<Cluster> {
    let mut sums = vec![([0.0_f64; 3], [0.0_f64; 3], 0_usize); count];
    for (point, &group) in points.iter().zip(groups) {
        let (sum, squares, n) = &mut sums[group];
        for c in 0..3 {
            sum[c] += f64::from(point[c]);
            squares[c] += f64::from(point[c]).powi(2);
        }
        *n += 1;
    }
    sums.into_iter()
        .filter(|&(_, _, n)| n > 0)
        .map(|(sum, squares, n)| {
            let n_points = n as f64;
            let center = sum.map(|s| (s / n_points) as f32);
            let variance =
                |c: usize| (squares[c] / n_points - (sum[c] / n_points).powi(2)).max(0.0);
            let deviation = [0, 1, 2].map(|c| variance(c).sqrt() as f32);
            Cluster {
                center,
                deviation,
                share: n as f32 / points.len() as f32,
            }
        })
        .collect()
}
