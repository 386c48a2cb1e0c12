//! `wardrobe weights list`

use anyhow::Result;
use serde::Serialize;
use wardrobe::weights::{self, Listed};

use crate::command::weights::megabytes;
use crate::context::Context;
use crate::failure::Status;
use crate::table;

#[derive(Serialize)]
struct Document {
    weights: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    listed: Listed,
    /// The command that gets them; null where they are here or not on the hub.
    pull: Option<String>,
}

pub fn run(context: &Context) -> Result<Status> {
    let listed = weights::resolver(context.models())?.list();
    let document = Document {
        weights: listed.into_iter().map(Row::new).collect(),
    };
    context.out.answer(&document, || {
        let mut table = table::table(&["name", "what", "licence", "size", "where"]);
        for row in &document.weights {
            table.add_row(row.cells());
        }
        table::trimmed(&table)
    })?;
    Ok(Status::Done)
}

impl Row {
    fn new(listed: Listed) -> Self {
        let fetchable = listed.place.is_none() && listed.entry.hub.is_some();
        let pull = fetchable.then(|| format!("wardrobe weights pull {}", listed.entry.name));
        Self { listed, pull }
    }

    fn cells(&self) -> [String; 5] {
        let Listed {
            entry, place, path, ..
        } = &self.listed;
        let on_disk = path
            .as_ref()
            .and_then(|path| Some(path.metadata().ok()?.len()));
        let size = on_disk
            .or(entry.bytes)
            .map_or("not known yet".into(), megabytes);
        let place = match (place, &self.pull) {
            (Some(place), _) => place.to_string(),
            (None, Some(command)) => format!("not here: `{command}`"),
            (None, None) => format!("not here: {}", entry.source),
        };
        [
            &entry.name,
            &entry.architecture,
            &entry.licence,
            &size,
            &place,
        ]
        .map(String::clone)
    }
}
