//! Tags of catalogue photos: `styles.csv` with `baseColour`, `season`, `usage` and `productDisplayName`, photos in `images/ID.jpg`
//! beside it.

use super::{TagSample, TagSet, Tags};
use crate::data::{Picture, Split};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use wardrobe_types::labels::{base_colour, pattern_in_name, product_season, product_usage};

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "articleType")]
    article_type: String,
    #[serde(rename = "baseColour", default)]
    base_colour: String,
    #[serde(default)]
    season: String,
    #[serde(default)]
    usage: String,
    #[serde(rename = "productDisplayName", default)]
    name: String,
}

fn table(path: &Path, split: Split) -> PathBuf {
    path.join(format!("styles_{}.csv", split.name()))
}

pub(super) fn is_at(path: &Path) -> bool {
    [Split::Train, Split::Val]
        .into_iter()
        .any(|split| table(path, split).is_file())
}

pub(super) fn read(path: &Path, split: Split) -> Result<Option<TagSet>> {
    let table = table(path, split);
    match table.is_file() {
        true => read_table(&table).map(Some),
        false => Ok(None),
    }
}

fn read_table(table: &Path) -> Result<TagSet> {
    let invalid = |e: csv::Error| Error::Data {
        path: table.to_path_buf(),
        problem: format!("expected a table with the columns id and articleType: {e}"),
    };
    // Product names hold stray commas: what is after them is a part of the name that is not read.
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(table)
        .map_err(invalid)?;
    let images = table.with_file_name("images");
    let mut set = TagSet::default();
    for row in reader.deserialize() {
        let row: Row = row.map_err(invalid)?;
        let photo = images.join(format!("{}.jpg", row.id));
        // The public archive names a few photos that it does not hold.
        if !photo.is_file() {
            set.missing += 1;
            continue;
        }
        let (usage, season) = (product_usage(&row.usage), product_season(&row.season));
        let color = base_colour(&row.base_colour).and_then(|entry| entry.basic);
        for (column, label, mapped) in [
            ("usage", &row.usage, usage.is_some()),
            ("season", &row.season, season.is_some()),
            ("baseColour", &row.base_colour, color.is_some()),
        ] {
            if !mapped && !matches!(label.as_str(), "" | "NA") {
                set.count_unmapped(column, label);
            }
        }
        let tags = Tags {
            pattern: pattern_in_name(&row.name),
            fit: None,
            formality: usage.map(|usage| usage.formality),
            seasons: season.map(|season| vec![season]),
            styles: usage.map(|usage| usage.styles.to_vec()),
            color,
        };
        if !tags.is_empty() {
            set.samples.push(TagSample {
                picture: Picture::whole(photo),
                kind: Some(row.article_type),
                tags,
            });
        }
    }
    Ok(set)
}
