//! Vectors to search.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wardrobe_vector_index::Hit;

pub const DIMENSION: usize = 512;
const QUERIES: usize = 2000;

/// Unit vectors, `[n, DIMENSION]`, and queries like them.
pub struct Corpus {
    pub name: String,
    pub vectors: Vec<f32>,
    pub queries: Vec<f32>,
}

/// Nearly normal, of variance 1: the sum of twelve uniform values less 6 takes too long for millions.
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    let uniform: f32 = (0..3).map(|_| rng.random_range(-1.0..1.0f32)).sum();
    uniform // three of variance 1/3
}

fn normals(rng: &mut ChaCha8Rng, n: usize) -> Vec<f32> {
    (0..n).map(|_| normal(rng)).collect()
}

fn scale_to(vector: &mut [f32], norm: f32) {
    let scale = norm / vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value *= scale);
}

impl Corpus {
    /// 1,000 unit centres and noise of norm 1.
    pub fn clustered(n: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut centres = normals(&mut rng, 1000 * DIMENSION);
        centres
            .chunks_mut(DIMENSION)
            .for_each(|centre| scale_to(centre, 1.0));
        Self::made(format!("clustered-{n}"), n, &mut rng, |rng, vector| {
            let centre = rng.random_range(0..1000);
            let noise = (DIMENSION as f32).sqrt().recip();
            for (value, centre) in vector.iter_mut().zip(&centres[centre * DIMENSION..]) {
                *value = centre + noise * normal(rng);
            }
        })
    }

    /// Kinds of falling frequency around a common direction, 64 directions of falling weight within.
    pub fn embeddings(n: usize) -> Self {
        const KINDS: usize = 300;
        const RANK: usize = 64;
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut common = normals(&mut rng, DIMENSION);
        scale_to(&mut common, 1.2);
        let mut kinds = normals(&mut rng, KINDS * DIMENSION);
        kinds
            .chunks_mut(DIMENSION)
            .for_each(|kind| scale_to(kind, 0.6));
        let mut directions = normals(&mut rng, RANK * DIMENSION);
        for (i, direction) in directions.chunks_mut(DIMENSION).enumerate() {
            scale_to(direction, 0.25 / (1.0 + i as f32).sqrt());
        }
        Self::made(format!("embeddings-{n}"), n, &mut rng, |rng, vector| {
            // Of frequency 1 / (1 + rank), by inversion.
            let kind = ((KINDS as f32).powf(rng.random_range(0.0..1.0f32)) - 1.0) as usize;
            let kind = &kinds[kind.min(KINDS - 1) * DIMENSION..];
            for ((value, common), kind) in vector.iter_mut().zip(&common).zip(kind) {
                *value = common + kind + 0.01 * normal(rng);
            }
            for direction in directions.chunks(DIMENSION) {
                let weight = normal(rng);
                vector
                    .iter_mut()
                    .zip(direction)
                    .for_each(|(value, d)| *value += weight * d);
            }
        })
    }

    fn made(
        name: String,
        n: usize,
        rng: &mut ChaCha8Rng,
        mut fill: impl FnMut(&mut ChaCha8Rng, &mut [f32]),
    ) -> Self {
        let mut rows = |n: usize| {
            let mut rows = vec![0.0; n * DIMENSION];
            for row in rows.chunks_mut(DIMENSION) {
                fill(rng, row);
                scale_to(row, 1.0);
            }
            rows
        };
        let (vectors, queries) = (rows(n), rows(QUERIES));
        Self {
            name,
            vectors,
            queries,
        }
    }

    pub fn len(&self) -> usize {
        self.vectors.len() / DIMENSION
    }

    /// Holds exact answers to the definition, summed in f64, for a few queries.
    pub fn check(&self, answers: &[Vec<Hit>]) {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        for (query, hits) in self.queries.chunks(DIMENSION).zip(answers).take(5) {
            let rows = self.vectors.chunks(DIMENSION);
            let mut scores: Vec<f64> = rows.map(|row| dot(query, row)).collect();
            scores.sort_by(|a, b| b.total_cmp(a));
            for (hit, score) in hits.iter().zip(scores) {
                assert!(
                    (f64::from(hit.score) - score).abs() < 1e-5,
                    "exact search must be exact"
                );
            }
        }
    }

    /// Writes the vectors for other programs, where they want them.
    pub fn hand_over(&self) {
        let Some(folder) = std::env::var_os("VECTOR_INDEX_FOLDER") else {
            return;
        };
        for (what, values) in [("vectors", &self.vectors), ("queries", &self.queries)] {
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            let file = std::path::Path::new(&folder).join(format!("{}.{what}", self.name));
            std::fs::write(file, bytes).expect("a folder to write to");
        }
    }
}
