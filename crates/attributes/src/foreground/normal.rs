//! Mixtures of normal distributions over colours.

use crate::cluster::Cluster;
use crate::lab::LabColor;

/// Spread (ΔE) below which a colour's own is not believed: sensor noise, JPEG, and lightness above all from shadows.
const LEAST_DEVIATION: LabColor = [4.0, 2.5, 2.5];
/// The same where a colour is to be the background itself and not merely like it.
const LEAST_STRICT_DEVIATION: f32 = 1.0;
/// Unlikeness beyond which no difference is made: an outlier is not twice an outlier.
const UNLIKE: f32 = 60.0;

/// Axis-aligned normal distributions, one a cluster.
pub(super) struct Normals(Vec<Normal>);

struct Normal {
    center: LabColor,
    /// 1 / deviation.
    precision: LabColor,
    /// 1 / deviation, believed down to [`LEAST_STRICT_DEVIATION`].
    strict_precision: LabColor,
    /// What the cluster's share and spread add: minus twice the log of share over volume.
    constant: f32,
}

impl Normals {
    pub fn new(clusters: &[Cluster]) -> Self {
        Self(clusters.iter().map(Normal::new).collect())
    }

    /// How unlike these distributions a colour is: minus twice the log of its likelihood under the likeliest, up to a
    /// constant, at most [`UNLIKE`]. About the squared distance in deviations.
    pub fn unlikeness(&self, color: LabColor) -> f32 {
        self.0
            .iter()
            .map(|normal| normal.unlikeness(color))
            .fold(UNLIKE, f32::min)
    }
    /// Whether a colour is within so many deviations of one of the clusters.
    pub fn is_within(&self, color: LabColor, deviations: f32) -> bool {
        let near = |normal: &Normal| {
            normal.distance2(color, normal.strict_precision) <= deviations.powi(2)
        };
        self.0.iter().any(near)
    }
}

impl Normal {
    fn new(cluster: &Cluster) -> Self {
        let deviation: LabColor = [0, 1, 2].map(|c| cluster.deviation[c].max(LEAST_DEVIATION[c]));
        let spread: f32 = (0..3)
            .map(|c| (deviation[c] / LEAST_DEVIATION[c]).ln())
            .sum();
        Self {
            center: cluster.center,
            precision: deviation.map(f32::recip),
            strict_precision: cluster
                .deviation
                .map(|deviation| deviation.max(LEAST_STRICT_DEVIATION).recip()),
            constant: 2.0 * (spread - cluster.share.ln()),
        }
    }

    fn unlikeness(&self, color: LabColor) -> f32 {
        self.distance2(color, self.precision) + self.constant
    }

    fn distance2(&self, color: LabColor, precision: LabColor) -> f32 {
        (0..3)
            .map(|c| ((color[c] - self.center[c]) * precision[c]).powi(2))
            .sum()
    }
}
