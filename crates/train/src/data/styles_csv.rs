//! The catalogue photos' table: `styles.csv` with `id` and `articleType`, and where it has them `baseColour`, `season` and
//! `usage`; photos in `images/ID.jpg` beside it.

use super::{Dataset, Facet, Picture};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;
use wardrobe_types::labels::article_type;

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "articleType")]
    article_type: String,
    #[serde(rename = "baseColour", default)]
    base_color: String,
    #[serde(default)]
    season: String,
    #[serde(default)]
    usage: String,
}

impl Row {
    fn facets(&self) -> [(&'static str, &str); 4] {
        [
            ("article type", &self.article_type),
            ("base colour", &self.base_color),
            ("season", &self.season),
            ("usage", &self.usage),
        ]
    }
}

pub(super) fn read(table: &Path) -> Result<Dataset> {
    let invalid = |e: csv::Error| Error::Data {
        path: table.to_path_buf(),
        problem: format!("expected a table with the columns id and articleType: {e}"),
    };
    // Product names hold stray commas: the columns read here come before them.
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(table)
        .map_err(invalid)?;
    let images = table.with_file_name("images");
    let mut data = Dataset::default();
    for row in reader.deserialize() {
        let row: Row = row.map_err(invalid)?;
        let photo = images.join(format!("{}.jpg", row.id));
        // The public archive names a few photos that it does not hold.
        if !photo.is_file() {
            continue;
        }
        data.facets.resize_with(row.facets().len(), Facet::default);
        let facets = row.facets().into_iter().zip(&mut data.facets);
        let facets = facets.map(|((name, value), facet)| {
            name.clone_into(&mut facet.name);
            (!matches!(value, "" | "NA")).then(|| facet.index(value))
        });
        let facets = facets.collect();
        let categories = article_type(&row.article_type);
        data.add(Picture::whole(photo), &row.article_type, categories, facets);
    }
    Ok(data)
}
