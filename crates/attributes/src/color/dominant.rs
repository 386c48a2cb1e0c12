//! A garment's dominant colours: k-means in CIELAB, clusters named by their pixels, and those merged that are one colour
//! to the eye.

use wardrobe_ingest::RgbImage;
use wardrobe_types::{BasicColor, Color};

use super::name::{basic_of, name_within};
use crate::Result;
use crate::cluster::{Cluster, assign, describe, k_means};
use crate::foreground::Foreground;
use crate::lab::{LabColor, cloth_difference, to_rgb};

/// Pixels looked at.
const SAMPLES: usize = 2000;
/// Clusters before merging.
const CLUSTERS: usize = 6;
/// Pixels, of those looked at, that are asked for their basic colour.
const VOTERS: usize = 200;
/// Clusters of one basic colour nearer than this (ΔE for cloth, see `cloth_difference`) are one cloth with its folds and
/// shadows; navy and light blue, 29 apart, are two. This and [`MERGE_ACROSS`] were chosen, from pairs of 9 to 30 and 4 to
/// 9, by how well the colours found agree with the names of the catalogue's training photos.
const MERGE_ALIKE: f32 = 20.0;
/// The same for clusters of two basic colours: what people call by two names is two colours, unless it is hardly told
/// apart.
const MERGE_ACROSS: f32 = 6.0;
/// A colour of a smaller share is a button, a label or a print's detail.
const LEAST_FRACTION: f32 = 0.1;
/// At most this many colours.
const MOST: usize = 3;

/// How much more the share of pixels counts than what a tagger believes, where the main colour is named, and what a colour
/// without any pixel counts for. Chosen, from 0.5 to 4 and 0.02 to 0.2, by the names of the catalogue's validation photos, as
/// they are and on phones' grounds, such that hard phone photos (tests/hard_photos.csv) are named as well as by their pixels.
const PIXELS_WEIGHT: f32 = 3.0;
const LEAST_SHARE: f32 = 0.1;

/// A garment's one to three colours, the largest first, before they are named. The same photo always gives the same.
#[derive(Clone, Debug)]
pub struct DominantColors(Vec<Cloth>);

/// A cluster, and what its pixels are called.
#[derive(Clone, Debug)]
struct Cloth {
    cluster: Cluster,
    /// Pixels of each basic colour, in the order of [`BasicColor::ALL`].
    votes: [u32; BasicColor::ALL.len()],
}

/// The garment's one to three colours, the largest first; fractions sum to 1.
///
/// A garment of one cloth has one. The same photo always gives the same colours. A colour's basic name is the one that
/// most of its pixels have, and its name the nearest of that basic colour to their mean: folds and sheen move a mean
/// across the border between two names (black leather in light is dark grey on average) sooner than they do most pixels.
///
/// # Errors
/// [`crate::Error::OtherPhoto`] where `foreground` is of a photo of another size.
pub fn dominant_colors(photo: &RgbImage, foreground: &Foreground) -> Result<Vec<Color>> {
    Ok(DominantColors::of(photo, foreground)?.named())
}

impl DominantColors {
    /// Those of what is in front.
    ///
    /// # Errors
    /// As [`dominant_colors`].
    pub fn of(photo: &RgbImage, foreground: &Foreground) -> Result<Self> {
        find(photo, foreground).map(Self)
    }

    /// Named by their pixels, as [`dominant_colors`] tells.
    pub fn named(&self) -> Vec<Color> {
        self.0
            .iter()
            .map(|cloth| cloth.named(cloth.basic()))
            .collect()
    }

    /// Named by their pixels and by what a tagger believes people would call the main one: black cloth in bright light has
    /// grey pixels. The main one comes first; the others stay as they are. Without a belief,
    /// [`DominantColors::named`].
    pub fn named_with(&self, belief: &[(BasicColor, f32)]) -> Vec<Color> {
        let mut colors = self.named();
        let Some(main) = self.main(belief) else {
            return colors;
        };
        let named_so = colors.iter().position(|color| color.name.basic() == main);
        let place = named_so.unwrap_or_else(|| {
            // What has most pixels of that name; the largest, where none has any.
            let votes = |place: &usize| self.0[*place].votes[main as usize];
            (0..colors.len()).rev().max_by_key(votes).unwrap_or(0)
        });
        if let Some(color) = colors.get_mut(place) {
            *color = self.0[place].named(main);
            colors[..=place].rotate_right(1);
        }
        colors
    }

    /// The basic colour for which belief and pixels speak together: a product of experts (Hinton 2002).
    fn main(&self, belief: &[(BasicColor, f32)]) -> Option<BasicColor> {
        let votes = |basic: BasicColor| -> u32 {
            self.0.iter().map(|cloth| cloth.votes[basic as usize]).sum()
        };
        let all: u32 = BasicColor::ALL.into_iter().map(votes).sum();
        let evidence = |&(basic, probability): &(BasicColor, f32)| {
            let share = votes(basic) as f32 / all.max(1) as f32;
            probability.ln() + PIXELS_WEIGHT * (share + LEAST_SHARE).ln()
        };
        let best = belief
            .iter()
            .max_by(|x, y| evidence(x).total_cmp(&evidence(y)));
        best.map(|(basic, _)| *basic)
    }
}

fn find(photo: &RgbImage, foreground: &Foreground) -> Result<Vec<Cloth>> {
    let samples = foreground.samples(photo, SAMPLES)?;
    let centers = k_means(&samples, CLUSTERS)?;
    let groups = assign(&samples, &centers);
    let mut cloths: Vec<Cloth> = describe(&samples, &groups, centers.len())
        .into_iter()
        .zip(votes(&samples, &groups, centers.len()))
        .map(|(cluster, votes)| Cloth { cluster, votes })
        .collect();
    while let Some((left, right)) = next_merge(&cloths) {
        merge(&mut cloths, left, right);
    }
    cloths.sort_by(|x, y| y.cluster.share.total_cmp(&x.cluster.share));
    Ok(cloths)
}

/// The basic colours of an even choice of the pixels, for each group that has any pixels.
fn votes(
    samples: &[LabColor],
    groups: &[usize],
    count: usize,
) -> Vec<[u32; BasicColor::ALL.len()]> {
    let mut votes = vec![[0; BasicColor::ALL.len()]; count];
    let mut sizes = vec![0_usize; count];
    let step = samples.len().div_ceil(VOTERS).max(1);
    for (place, (&sample, &group)) in samples.iter().zip(groups).enumerate() {
        sizes[group] += 1;
        if place % step == 0 {
            votes[group][basic_of(sample) as usize] += 1;
        }
    }
    let voted = votes.into_iter().zip(sizes);
    voted
        .filter(|(_, size)| *size > 0)
        .map(|(votes, _)| votes)
        .collect()
}

impl Cloth {
    /// What most of its pixels are called; what their mean is called, where none was asked.
    fn basic(&self) -> BasicColor {
        let most = self.votes.iter().copied().max().unwrap_or(0);
        let winner = self
            .votes
            .iter()
            .position(|&votes| votes == most && most > 0);
        winner.map_or_else(
            || basic_of(self.cluster.center),
            |place| BasicColor::ALL[place],
        )
    }

    fn named(&self, basic: BasicColor) -> Color {
        Color {
            name: name_within(self.cluster.center, basic),
            hex: to_rgb(self.cluster.center),
            fraction: self.cluster.share,
        }
    }
}

/// The next two to make one: the nearest, or the smallest with its nearest where it is too small or they are too many.
fn next_merge(cloths: &[Cloth]) -> Option<(usize, usize)> {
    if cloths.len() < 2 {
        return None;
    }
    let basics: Vec<BasicColor> = cloths.iter().map(Cloth::basic).collect();
    // In units of the distance below which the two are one.
    let distance = |&(i, j): &(usize, usize)| {
        let one = if basics[i] == basics[j] {
            MERGE_ALIKE
        } else {
            MERGE_ACROSS
        };
        cloth_difference(cloths[i].cluster.center, cloths[j].cluster.center) / one
    };
    let pairs = (0..cloths.len()).flat_map(|i| (0..i).map(move |j| (j, i)));
    let nearest = pairs
        .clone()
        .min_by(|x, y| distance(x).total_cmp(&distance(y)))?;
    if distance(&nearest) < 1.0 {
        return Some(nearest);
    }
    let share = |i: usize| cloths[i].cluster.share;
    let smallest = (0..cloths.len()).min_by(|&x, &y| share(x).total_cmp(&share(y)))?;
    if share(smallest) < LEAST_FRACTION || cloths.len() > MOST {
        return pairs
            .filter(|&(i, j)| i == smallest || j == smallest)
            .min_by(|x, y| distance(x).total_cmp(&distance(y)));
    }
    None
}

fn merge(cloths: &mut Vec<Cloth>, left: usize, right: usize) {
    let taken = cloths.swap_remove(right);
    let into = &mut cloths[left];
    let (x, y) = (&into.cluster, &taken.cluster);
    let share = x.share + y.share;
    let weigh = |p: f32, q: f32| (p * x.share + q * y.share) / share;
    let center: LabColor = [0, 1, 2].map(|c| weigh(x.center[c], y.center[c]));
    let deviation = x.deviation;
    into.cluster = Cluster {
        center,
        deviation,
        share,
    };
    for (votes, taken) in into.votes.iter_mut().zip(taken.votes) {
        *votes += taken;
    }
}
