//! Garments that look least like each other.

use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::Item;

/// Representatives of a slot.
const REPRESENTATIVES: usize = 24;

/// Drawn from so many of its garments: the cost is representatives x sample x dimension.
const SAMPLE: usize = 128;

/// Up to [`REPRESENTATIVES`] of `members` by farthest-point traversal of their embeddings: each next one is the one
/// farthest from those already chosen (T. F. Gonzalez, "Clustering to minimize the maximum intercluster distance",
/// Theoretical Computer Science 38, 1985; within twice the best k centres). All members where fewer than two have an
/// embedding.
pub(super) fn representatives(
    items: &[&Item],
    members: &[usize],
    rng: &mut ChaCha8Rng,
) -> Vec<usize> {
    let dimension = members
        .iter()
        .find_map(|&member| items[member].embedding.as_ref().map(Vec::len));
    let embedded: Vec<(usize, &[f32])> = members
        .iter()
        .filter_map(|&member| Some((member, items[member].embedding.as_deref()?)))
        .filter(|(_, embedding)| Some(embedding.len()) == dimension)
        .collect();
    if embedded.len() < 2 {
        return members.to_vec();
    }
    let amount = SAMPLE.min(embedded.len());
    let sample: Vec<(usize, &[f32])> = index::sample(rng, embedded.len(), amount)
        .into_iter()
        .map(|position| embedded[position])
        .collect();
    let embeddings: Vec<&[f32]> = sample.iter().map(|&(_, embedding)| embedding).collect();
    let chosen = farthest_points(&embeddings, REPRESENTATIVES);
    chosen
        .into_iter()
        .map(|position| sample[position].0)
        .collect()
}

/// `k` of `points` (or all, where there are fewer), from the first on; ties go to the earlier point.
fn farthest_points(points: &[&[f32]], k: usize) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(k.min(points.len()));
    let mut to_nearest_chosen = vec![f32::INFINITY; points.len()];
    let mut next = 0;
    while chosen.len() < k.min(points.len()) {
        chosen.push(next);
        for (distance, point) in to_nearest_chosen.iter_mut().zip(points) {
            *distance = distance.min(squared_distance(point, points[next]));
        }
        // A chosen point is never chosen again, though another may lie on it.
        to_nearest_chosen[next] = f32::NEG_INFINITY;
        next = 0;
        for (position, distance) in to_nearest_chosen.iter().enumerate() {
            if *distance > to_nearest_chosen[next] {
                next = position;
            }
        }
    }
    chosen
}

/// In eight partial sums, so that the compiler may use vector instructions.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut sums = [0.0_f32; LANES];
    let (a_lanes, b_lanes) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a_lanes.remainder().iter().zip(b_lanes.remainder());
    let rest: f32 = rest.map(|(x, y)| (x - y) * (x - y)).sum();
    for (x, y) in a_lanes.zip(b_lanes) {
        for lane in 0..LANES {
            let difference = x[lane] - y[lane];
            sums[lane] += difference * difference;
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farthest_comes_next() {
        let points: [&[f32]; 5] = [
            &[0.0, 0.0],
            &[1.0, 0.0],
            &[9.0, 0.0],
            &[0.0, 5.0],
            &[9.0, 0.5],
        ];
        assert_eq!(farthest_points(&points, 3), [0, 4, 3]);
        assert_eq!(farthest_points(&points, 9), [0, 4, 3, 1, 2]);
        assert!(farthest_points(&[], 3).is_empty());
    }

    #[test]
    fn equal_points_are_still_different_garments() {
        let points: [&[f32]; 3] = [&[1.0], &[1.0], &[1.0]];
        assert_eq!(farthest_points(&points, 3), [0, 1, 2]);
    }

    #[test]
    fn lanes_add_up_to_the_plain_sum() {
        for length in [0, 1, 7, 8, 9, 37] {
            let a: Vec<f32> = (0..length).map(|i| (i * 7 % 5) as f32).collect();
            let b: Vec<f32> = (0..length).map(|i| (i * 3 % 4) as f32).collect();
            let plain: f32 = a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum();
            assert_eq!(squared_distance(&a, &b), plain, "{length}");
        }
    }
}
