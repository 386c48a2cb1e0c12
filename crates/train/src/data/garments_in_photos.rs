//! COCO's JSON, as [`super::detection`] reads it: every box is a garment, labelled as finely as the file does.

use super::detection::coco;
use super::{Dataset, Picture, Split, image_folder};
use crate::error::Result;
use std::path::Path;
use wardrobe_types::Category;
use wardrobe_types::labels::CCP;

/// A box with a side of fewer pixels shows too little to learn a garment's label from.
const LEAST_SIDE: f32 = 32.0;
/// What boxes that are left out for it are counted as.
const TOO_SMALL: &str = "too small";

/// One part of a data set; `None` where there is no such part. Crowds are no garment.
pub(super) fn read(path: &Path, split: Split) -> Result<Option<Dataset>> {
    let Some(reading) = coco::read_fine(path, split)? else {
        return Ok(None);
    };
    let set = reading.into_set(path)?;
    let categories = categories(&set.names);
    let mut data = Dataset::default();
    for photo in set.photos {
        for garment in photo.boxes.into_iter().filter(|garment| !garment.crowd) {
            let (bbox, label) = (garment.bbox, garment.class);
            if bbox.width().min(bbox.height()) < LEAST_SIDE {
                *data.unmapped.entry(TOO_SMALL.to_owned()).or_default() += 1;
                continue;
            }
            let picture = Picture {
                path: photo.path.clone(),
                bbox: Some(bbox),
            };
            data.add(
                picture,
                &set.names[label],
                categories[label].as_deref(),
                Vec::new(),
            );
        }
    }
    Ok(Some(data))
}

/// What each label covers: Clothing Co-Parsing's where all are of its 52, else what they would as folders' names.
fn categories(labels: &[String]) -> Vec<Option<Vec<Category>>> {
    let ccp = labels.iter().all(|label| CCP.parse(label).is_ok());
    let covered = |label: &String| match ccp {
        true => CCP.categories(label).map(<[_]>::to_vec),
        false => image_folder::categories(label),
    };
    labels.iter().map(covered).collect()
}
