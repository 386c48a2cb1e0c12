//! What a batch's photos are learned as.

use super::data::TrainSample;
use candle_core::{Device, Result, Tensor};
use wardrobe_types::Category;

/// The categories of each photo's label.
///
/// # Shapes
/// -> (n, categories), 1 for those that the label covers, else 0
pub(super) fn categories(batch: &[&TrainSample], device: &Device) -> Result<Tensor> {
    let columns = Category::ALL.len();
    let mut members = vec![0f32; batch.len() * columns];
    for (row, sample) in members.chunks_mut(columns).zip(batch) {
        for &category in &sample.categories {
            row[category as usize] = 1.0;
        }
    }
    Tensor::from_vec(members, (batch.len(), columns), device)
}

/// Each photo's value of one facet; where it is unknown, nothing, so that cross entropy adds nothing.
///
/// # Shapes
/// -> (n, values)
pub(super) fn facet(
    batch: &[&TrainSample],
    facet: usize,
    values: usize,
    device: &Device,
) -> Result<Tensor> {
    let mut known = vec![0f32; batch.len() * values];
    for (row, sample) in known.chunks_mut(values).zip(batch) {
        for &(_, value) in sample.facets.iter().filter(|(of, _)| *of == facet) {
            row[value] = 1.0;
        }
    }
    Tensor::from_vec(known, (batch.len(), values), device)
}

/// Which photos have the same label, and which are compared: not those whose labels overlap, of which nobody knows.
/// `None` where no two photos have the same.
///
/// # Shapes
/// -> positives and compared, (n, n) each
pub(super) fn neighbours(batch: &[&TrainSample], device: &Device) -> Result<Option<[Tensor; 2]>> {
    let n = batch.len();
    let (mut positives, mut compared) = (vec![0f32; n * n], vec![0f32; n * n]);
    for i in 0..n * n {
        let (a, b) = (&batch[i / n].categories, &batch[i % n].categories);
        let same = i / n != i % n && a == b;
        let other = a.iter().all(|category| !b.contains(category));
        positives[i] = f32::from(u8::from(same));
        compared[i] = f32::from(u8::from(same || other));
    }
    if !positives.contains(&1.0) {
        return Ok(None);
    }
    Ok(Some([
        Tensor::from_vec(positives, (n, n), device)?,
        Tensor::from_vec(compared, (n, n), device)?,
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn photo(categories: &[Category], facets: &[(usize, usize)]) -> TrainSample {
        TrainSample {
            photo: 0,
            categories: categories.to_vec(),
            path: PathBuf::new(),
            facets: facets.to_vec(),
        }
    }

    #[test]
    fn labels_that_overlap_are_neither_neighbours_nor_compared() {
        use Category::{Polo, Shirt, TShirt};
        let photos = [
            photo(&[TShirt], &[(0, 2), (1, 0)]),
            photo(&[TShirt, Polo], &[(1, 1)]),
            photo(&[TShirt], &[]),
            photo(&[Shirt], &[(0, 0)]),
        ];
        let batch: Vec<&TrainSample> = photos.iter().collect();
        let rows = |tensor: Tensor| tensor.to_vec2::<f32>().unwrap();
        let [positives, compared] = neighbours(&batch, &Device::Cpu).unwrap().unwrap();
        let (positives, compared) = (rows(positives), rows(compared));
        assert_eq!(positives[0], [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(compared[0], [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(positives[1], [0.0; 4]);
        assert_eq!(compared[1], [0.0, 0.0, 0.0, 1.0]);
        assert!(neighbours(&batch[2..], &Device::Cpu).unwrap().is_none());

        let known = rows(facet(&batch, 0, 3, &Device::Cpu).unwrap());
        assert_eq!(
            known,
            [[0.0, 0.0, 1.0], [0.0; 3], [0.0; 3], [1.0, 0.0, 0.0]]
        );
        let members = rows(categories(&batch, &Device::Cpu).unwrap());
        assert_eq!(members[1].iter().sum::<f32>(), 2.0);
    }
}
