//! Descriptors of all photos, and which photos belong together.

use super::EmbedConfig;
use crate::data::{Dataset, Split};
use crate::descriptors::{Described, Views, describe};
use crate::error::{Error, Result};
use crate::evaluate::embed::Validation;
use crate::progress::Event;
use candle_core::{Device, Tensor};
use std::path::PathBuf;
use wardrobe_attributes::color::dominant_colors;
use wardrobe_attributes::foreground::segment;
use wardrobe_classify::Classifier;
use wardrobe_types::{BasicColor, Category};

/// Everything a run learns from and is measured on.
pub(super) struct Data {
    /// (photos, 1 + views, 1472)
    pub(super) descriptors: Tensor,
    pub(super) labels: Vec<Label>,
    pub(super) val: Validation,
}

/// What a photo shows.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// The categories that its data set's label covers.
    pub(super) categories: Vec<Category>,
    /// The basic colour of most of it.
    pub(super) color: BasicColor,
}

impl Label {
    /// Whether two photos are of one category; `None` where their data sets' labels overlap and nobody knows.
    fn same_category(&self, other: &Self) -> Option<bool> {
        if self.categories == other.categories {
            return Some(true);
        }
        let overlap = self
            .categories
            .iter()
            .any(|category| other.categories.contains(category));
        (!overlap).then_some(false)
    }
}

impl Data {
    pub(super) fn load(
        config: &EmbedConfig,
        classifier: &Classifier,
        watch: &mut dyn FnMut(Event),
    ) -> Result<Self> {
        let (mut pictures, mut categories, mut val) = (Vec::new(), Vec::new(), None);
        for source in &config.data {
            let Some(data) = Dataset::split(&source.path, Split::Train)? else {
                return Err(no_part(source.path.clone(), Split::Train));
            };
            for sample in data.samples {
                categories.push(data.labels[sample.label].categories.clone());
                pictures.push(sample.picture);
            }
            if val.is_none() {
                val = Dataset::split(&source.path, Split::Val)?;
            }
        }
        let Some(val) = val else {
            let first = config.data.first().map(|data| data.path.clone());
            return Err(no_part(first.unwrap_or_default(), Split::Val));
        };
        let val = Validation::read(classifier, &val, watch)?;
        let pictures: Vec<_> = pictures.iter().collect();
        let views = Views {
            count: config.views,
            augment: &config.augment,
            seed: config.seed,
        };
        let main_color = |photo: &_| {
            let colors = dominant_colors(photo, &segment(photo)?)?;
            Ok(colors[0].name.basic())
        };
        let Described {
            tensor,
            read,
            notes,
            ..
        } = describe(classifier, &pictures, views, main_color, watch)?;
        let labels = read.iter().zip(notes).map(|(&index, color)| Label {
            categories: categories[index].clone(),
            color,
        });
        Ok(Self {
            descriptors: tensor,
            labels: labels.collect(),
            val,
        })
    }
}

fn no_part(path: PathBuf, split: Split) -> Error {
    let name = split.name();
    Error::Data {
        path,
        problem: format!("no {name} part: expected {name}/ or styles_{name}.csv"),
    }
}

/// For each weight of a batch's losses, which rows belong together and which are compared.
pub(super) struct Relations {
    pub(super) category: [Tensor; 2],
    pub(super) color: [Tensor; 2],
    pub(super) identity: [Tensor; 2],
}

impl Relations {
    /// Of two views of each photo, all first views before all second ones.
    pub(super) fn of(photos: &[&Label]) -> Result<Self> {
        let n = photos.len();
        let pairs = || (0..n * n).map(|i| (photos[i / n], photos[i % n]));
        let category: Vec<_> = pairs().map(|(a, b)| a.same_category(b)).collect();
        // Of another category, or of another colour.
        let color = pairs().zip(&category);
        let color: Vec<_> = color
            .map(|((a, b), same)| match a.color == b.color {
                true => *same,
                false => Some(false),
            })
            .collect();
        Ok(Self {
            category: masks(n, &category)?,
            color: masks(n, &color)?,
            identity: masks(n, &vec![Some(false); n * n])?,
        })
    }
}

/// What belongs together and what is compared, of two views of each photo.
///
/// # Shapes
/// `belong` n * n -> (2n, 2n) each
fn masks(n: usize, belong: &[Option<bool>]) -> Result<[Tensor; 2]> {
    let cell = |i: usize| {
        let (a, b) = (i / (2 * n), i % (2 * n));
        match (a == b, a % n == b % n) {
            (true, _) => None,
            (false, true) => Some(true),
            (false, false) => belong[a % n * n + b % n],
        }
    };
    let mask = |is: fn(Option<bool>) -> bool| {
        let cells = (0..4 * n * n).map(|i| f32::from(u8::from(is(cell(i)))));
        Tensor::from_iter(cells, &Device::Cpu)?.reshape((2 * n, 2 * n))
    };
    Ok([
        mask(|cell| cell == Some(true))?,
        mask(|cell| cell.is_some())?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_belong_together_by_label_and_by_colour() {
        let label = |categories: &[Category], color| Label {
            categories: categories.to_vec(),
            color,
        };
        let shoes = [Category::Sneakers, Category::Boots];
        let photos = [
            label(&[Category::Jeans], BasicColor::Blue),
            label(&[Category::Jeans], BasicColor::Black),
            label(&shoes, BasicColor::Black),
            // Whether these are the shoes' category nobody knows.
            label(&[Category::Boots], BasicColor::Black),
        ];
        let of = Relations::of(&photos.iter().collect::<Vec<_>>()).unwrap();
        let first = |mask: &Tensor, row: usize| {
            let row = mask.get(row).unwrap().narrow(0, 0, 4).unwrap();
            row.to_vec1::<f32>().unwrap()
        };
        // (belongs to, compared with) of the first views.
        assert_eq!(first(&of.category[0], 0), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(first(&of.category[1], 0), [0.0, 1.0, 1.0, 1.0]);
        assert_eq!(first(&of.category[0], 2), [0.0, 0.0, 0.0, 0.0]);
        assert_eq!(first(&of.category[1], 2), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(first(&of.color[0], 0), [0.0, 0.0, 0.0, 0.0]);
        assert_eq!(first(&of.color[1], 0), [0.0, 1.0, 1.0, 1.0]);
        assert_eq!(first(&of.identity[1], 3), [1.0, 1.0, 1.0, 0.0]);
        // Each photo's other view belongs to it by every measure.
        for [positives, compared] in [&of.category, &of.color, &of.identity] {
            for photo in 0..4 {
                let other = |mask: &Tensor| mask.get(photo).unwrap().get(photo + 4).unwrap();
                for mask in [positives, compared] {
                    assert_eq!(other(mask).to_scalar::<f32>().unwrap(), 1.0);
                }
            }
        }
    }
}
