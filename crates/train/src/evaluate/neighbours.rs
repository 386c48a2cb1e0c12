//! Which items are nearest.

use crate::error::Result;
use candle_core::Tensor;
use rayon::prelude::*;

/// For each query the `k` items of the highest cosine, the highest first, of equals the earlier; itself left out where
/// queries are the items.
///
/// # Shapes
/// (queries, d), (items, d), rows of length 1 -> k of the items, a query
pub(super) fn nearest(
    queries: &Tensor,
    items: &Tensor,
    k: usize,
    themselves: bool,
) -> Result<Vec<Vec<usize>>> {
    const CHUNK: usize = 256;
    let (n, items) = (queries.dim(0)?, items.t()?);
    let mut found = Vec::with_capacity(n);
    for start in (0..n).step_by(CHUNK) {
        let queries = queries.narrow(0, start, CHUNK.min(n - start))?;
        let cosines = queries.matmul(&items)?.to_vec2::<f32>()?;
        let ranked: Vec<Vec<usize>> = cosines
            .par_iter()
            .enumerate()
            .map(|(query, cosines)| {
                let itself = themselves.then_some(start + query);
                let mut order: Vec<usize> = (0..cosines.len())
                    .filter(|&item| Some(item) != itself)
                    .collect();
                let higher =
                    |a: &usize, b: &usize| cosines[*b].total_cmp(&cosines[*a]).then(a.cmp(b));
                if k < order.len() {
                    order.select_nth_unstable_by(k, higher);
                    order.truncate(k);
                }
                order.sort_unstable_by(higher);
                order
            })
            .collect();
        found.extend(ranked);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_nearest_come_first_and_without_themselves() {
        let rows = [[1f32, 0.0], [0.8, 0.6], [0.0, 1.0], [1.0, 0.0]];
        let items = Tensor::new(&rows, &Device::Cpu).unwrap();
        let all = nearest(&items, &items, 2, false).unwrap();
        assert_eq!(all, [[0, 3], [1, 0], [2, 1], [0, 3]]);
        let others = nearest(&items, &items, 2, true).unwrap();
        assert_eq!(others, [[3, 1], [0, 3], [1, 0], [0, 1]]);
        // As many as there are, and no more.
        let three = nearest(&items, &items, 3, true).unwrap();
        assert_eq!(three[2], [1, 0, 3]);
    }
}
