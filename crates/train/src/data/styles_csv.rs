//! The catalogue photos' table: `styles.csv` with `id` and `articleType`, photos in `images/ID.jpg` beside it.

use super::Dataset;
use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;
use wardrobe_types::labels::article_type;

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "articleType")]
    article_type: String,
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
        let Row {
            id,
            article_type: label,
        } = row.map_err(invalid)?;
        let photo = images.join(format!("{id}.jpg"));
        // The public archive names a few photos that it does not hold.
        if photo.is_file() {
            data.add(photo, &label, article_type(&label));
        }
    }
    Ok(data)
}
