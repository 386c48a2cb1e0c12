//! Photos with a text each, from a table: CSV, JSON lines, or a catalogue's `styles.csv`.

use super::Split;
use crate::error::{AtPath, Error, Result};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Photos with a text each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// The pairs, in the table's order.
    pub pairs: Vec<Pair>,
    /// Rows that give no pair, with the reason.
    pub bad: Vec<String>,
}

/// A photo and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The photo.
    pub path: PathBuf,
    /// The text, not empty.
    pub text: String,
    /// What kind of thing it shows, where the table says so: an article type, say.
    pub label: Option<String>,
}

/// Names a column may go by, the first one found being taken.
const PATH: [&str; 5] = ["path", "image", "file", "file_name", "filepath"];
const TEXT: [&str; 4] = ["text", "caption", "title", "productDisplayName"];
const LABEL: [&str; 4] = ["label", "category", "class", "articleType"];
/// A catalogue names its photos by number: `images/ID.jpg` beside the table.
const ID: &str = "id";

/// A table's name without its end, in order of preference, for a part of the data or for all of it.
const TABLES: [&str; 2] = ["pairs", "styles"];
const ENDS: [&str; 3] = ["csv", "jsonl", "ndjson"];

impl Pairs {
    /// One part of a data set: `pairs_train.csv`, `pairs_val.csv` (or `.jsonl`), or a catalogue's `styles_train.csv` and
    /// `styles_val.csv`; for training also a table named `pairs` or `styles`, or the table itself. `None` where there is
    /// no such part.
    ///
    /// # Errors
    /// A table that cannot be read, or of which no row is a pair.
    pub fn split(path: &Path, split: Split) -> Result<Option<Self>> {
        let part = |name| find(path, |table| format!("{table}_{name}"));
        let table = match split {
            Split::Val => part("val"),
            Split::Train if path.is_file() => Some(path.to_path_buf()),
            Split::Train => part("train").or_else(|| find(path, str::to_owned)),
        };
        table.map(|table| Self::read(&table)).transpose()
    }

    /// The pairs to measure on at `path`: the `val` part where there is one, else all. `None` where there is no table.
    ///
    /// # Errors
    /// As [`Pairs::split`].
    pub fn for_evaluation(path: &Path) -> Result<Option<Self>> {
        match Self::split(path, Split::Val)? {
            Some(val) => Ok(Some(val)),
            None => Self::split(path, Split::Train),
        }
    }

    /// Reads a table with a photo's path, relative to the table, and a text in each row. A row that lacks one of them, or
    /// names a photo that is not there, is counted in [`Pairs::bad`].
    ///
    /// Of CSV, the columns are found by name: `path`, `image`, `file`, `file_name` or `filepath`, or else `id` for
    /// `images/ID.jpg`; `text`, `caption`, `title` or `productDisplayName`; and, if there is one, `label`, `category`,
    /// `class` or `articleType`. JSON lines have the same names as keys. Where the text is the last column, commas in it
    /// need no quotes.
    ///
    /// # Errors
    /// A table that cannot be read, without the columns, or of which no row is a pair.
    pub fn read(table: &Path) -> Result<Self> {
        let lines = table
            .extension()
            .is_some_and(|end| end == "jsonl" || end == "ndjson");
        let rows = if lines {
            json_lines(table)?
        } else {
            csv_rows(table)?
        };
        let mut read = Self::default();
        for (line, row) in rows {
            match row.and_then(|row| pair(table, &row)) {
                Ok(pair) => read.pairs.push(pair),
                Err(problem) => {
                    let row = format!("{}, line {line}: {problem}", table.display());
                    read.bad.push(row);
                }
            }
        }
        if read.pairs.is_empty() {
            let first = read.bad.first().map_or("it has no rows", String::as_str);
            return Err(invalid(
                table,
                format!("no row is a photo with a text: {first}"),
            ));
        }
        Ok(read)
    }

    /// Labels as numbers, for the pairs that have one: (pair, number of its label).
    pub fn labels(&self) -> Vec<(usize, usize)> {
        let mut numbers = BTreeMap::new();
        let labelled = self.pairs.iter().enumerate();
        labelled
            .filter_map(|(i, pair)| {
                let next = numbers.len();
                Some((i, *numbers.entry(pair.label.as_ref()?).or_insert(next)))
            })
            .collect()
    }
}

fn find(folder: &Path, name: impl Fn(&str) -> String) -> Option<PathBuf> {
    let names = TABLES
        .iter()
        .flat_map(|table| ENDS.map(|end| format!("{}.{end}", name(table))));
    names
        .map(|name| folder.join(name))
        .find(|table| table.is_file())
}

fn invalid(table: &Path, problem: String) -> Error {
    Error::Data {
        path: table.to_path_buf(),
        problem,
    }
}

/// A row's fields by their names.
type Row = HashMap<String, String>;
/// Its line in the table, and the row or what is wrong with it.
type Rows = Vec<(u64, Result<Row, String>)>;

fn json_lines(table: &Path) -> Result<Rows> {
    let text = std::fs::read_to_string(table).at(table)?;
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    Ok(lines
        .map(|(number, line)| (number, json_row(line)))
        .collect())
}

fn json_row(line: &str) -> Result<Row, String> {
    let row: HashMap<String, Value> =
        serde_json::from_str(line).map_err(|e| format!("is no JSON object: {e}"))?;
    let text = |(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        _ => None,
    };
    Ok(row.into_iter().filter_map(text).collect())
}

fn csv_rows(table: &Path) -> Result<Rows> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_path(table)
        .map_err(|e| invalid(table, e.to_string()))?;
    let header = reader
        .headers()
        .map_err(|e| invalid(table, e.to_string()))?
        .clone();
    let has = |names: &[&str]| header.iter().any(|column| names.contains(&column.trim()));
    if !has(&TEXT) || !(has(&PATH) || has(&[ID])) {
        let columns = header.iter().collect::<Vec<_>>().join(", ");
        let problem = format!(
            "expected columns for the photo, path or id, and for the text, text; got {columns}"
        );
        return Err(invalid(table, problem));
    }
    let rows = reader.records().map(|record| match record {
        Ok(record) => {
            let line = record.position().map_or(0, csv::Position::line);
            (line, Ok(csv_row(&header, &record)))
        }
        Err(error) => {
            let line = error.position().map_or(0, csv::Position::line);
            (line, Err(error.to_string()))
        }
    });
    Ok(rows.collect())
}

fn csv_row(header: &csv::StringRecord, record: &csv::StringRecord) -> Row {
    let named = header.iter().zip(record);
    let mut row: Row = named
        .map(|(name, field)| (name.trim().to_owned(), field.to_owned()))
        .collect();
    // More fields than columns: the last column's text has commas.
    let surplus = record.iter().skip(header.len());
    if let Some(last) = header
        .iter()
        .next_back()
        .and_then(|name| row.get_mut(name.trim()))
    {
        surplus.for_each(|field| *last = format!("{last},{field}"));
    }
    row
}

fn pair(table: &Path, row: &Row) -> Result<Pair, String> {
    let field = |names: &[&str]| {
        let mut fields = names.iter().filter_map(|name| row.get(*name));
        fields
            .find(|field| !field.trim().is_empty())
            .map(|field| field.trim().to_owned())
    };
    let folder = table.parent().unwrap_or(Path::new(""));
    let path = match (field(&PATH), field(&[ID])) {
        (Some(path), _) => folder.join(path),
        (None, Some(id)) => folder.join("images").join(format!("{id}.jpg")),
        (None, None) => return Err("names no photo".to_owned()),
    };
    let Some(text) = field(&TEXT) else {
        return Err("has no text".to_owned());
    };
    if !path.is_file() {
        return Err(format!("there is no photo {}", path.display()));
    }
    Ok(Pair {
        path,
        text,
        label: field(&LABEL),
    })
}
