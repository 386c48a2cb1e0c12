//! The inner loop of a walk: byte products of one query with a few rows.

use super::codes::{Codes, Query};
use crate::lines::LINE;

/// How many rows ahead to ask memory for.
const AHEAD: usize = 4;

/// The squared distance to each of `rows`, into as many `distances`.
pub(super) fn distances(codes: &Codes, query: &Query, rows: &[u32], distances: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512bw") {
        // SAFETY: the processor has both.
        return unsafe { x86::distances(codes, query, rows, distances) };
    }
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || distances_with(codes, query, rows, distances, product),
    );
}

#[inline(always)]
fn distances_with(
    codes: &Codes,
    query: &Query,
    rows: &[u32],
    distances: &mut [f32],
    product: impl Fn(&[u8], &[u8]) -> i32,
) {
    rows.iter()
        .take(AHEAD)
        .for_each(|row| prefetch(codes.row(*row)));
    for (i, row) in rows.iter().enumerate() {
        if let Some(next) = rows.get(i + AHEAD) {
            prefetch(codes.row(*next));
        }
        let row = codes.row(*row);
        let head = Codes::head(row);
        let product = product(query.codes.bytes(), row) - query.offset;
        let distance = query.norm + head.norm - query.scale * head.scale * product as f32;
        distances[i] = distance.max(0.0); // rounding can go below
    }
}

/// Asks memory for what is needed soon.
#[inline(always)]
pub(super) fn prefetch(row: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint, on an address that exists.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// The sum of products of signed bytes (`query`) and unsigned ones, over `query`'s length.
#[inline(always)]
fn product(query: &[u8], row: &[u8]) -> i32 {
    let pairs = query.iter().zip(row);
    pairs
        .map(|(q, r)| i32::from(*q as i8) * i32::from(*r))
        .sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::*;

    /// As [`super::distances`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn distances(codes: &Codes, query: &Query, rows: &[u32], into: &mut [f32]) {
        distances_with(codes, query, rows, into, |query, row| product(query, row));
    }

    /// As [`super::product`], 64 pairs an instruction. Two sums, for one would wait for itself.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn product(query: &[u8], row: &[u8]) -> i32 {
        let (mut even, mut odd) = (_mm512_setzero_si512(), _mm512_setzero_si512());
        let (queries, _) = query.as_chunks::<{ 2 * LINE }>();
        let (rows, _) = row.as_chunks::<{ 2 * LINE }>();
        for (query, row) in queries.iter().zip(rows) {
            even = _mm512_dpbusd_epi32(even, load(row), load(query));
            odd = _mm512_dpbusd_epi32(odd, load(&row[LINE..]), load(&query[LINE..]));
        }
        let done = queries.len() * 2 * LINE;
        if done < query.len() {
            even = _mm512_dpbusd_epi32(even, load(&row[done..]), load(&query[done..]));
        }
        _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn load(line: &[u8]) -> __m512i {
        let line = &line[..LINE];
        // SAFETY: 64 bytes, which may lie anywhere.
        unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn distances_are_those_of_the_rounded_vectors(
            dimension in 1..300usize, n in 1..12usize, seed in any::<u64>(), far in any::<bool>()
        ) {
            let mut state = seed | 1;
            let mut value = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0 + if far { 30.0 } else { 0.0 }
            };
            let vectors: Vec<Vec<f32>> =
                (0..=n).map(|_| (0..dimension).map(|_| value()).collect()).collect();
            let mean: Vec<f32> = (0..dimension)
                .map(|d| vectors.iter().map(|v| v[d]).sum::<f32>() / vectors.len() as f32)
                .collect();
            let mut codes = Codes::new(mean);
            codes.extend(n, |i| &vectors[i]);
            let query = codes.query(&vectors[n]);
            let rows: Vec<u32> = (0..n as u32).rev().collect();
            let (mut fast, mut plain) = (Vec::new(), Vec::new());
            codes.distances(&query, &rows, &mut fast);
            plain.resize(n, 0.0);
            distances_with(&codes, &query, &rows, &mut plain, product);
            prop_assert_eq!(&fast, &plain);
            for (row, distance) in rows.iter().zip(fast) {
                let pairs = vectors[n].iter().zip(&vectors[*row as usize]);
                let exact: f32 = pairs.map(|(a, b)| (a - b).powi(2)).sum();
                // Each code is off by at most half a step of at most 2 / 127.
                let slack = 0.03 * (dimension as f32).sqrt() * exact.sqrt().max(1.0) + 1e-3;
                prop_assert!((distance - exact).abs() < slack, "{distance} for {exact}");
            }
        }
    }
}
