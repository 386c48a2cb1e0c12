//! How well a search in words finds a catalogue's products: precision at 5.
//!
//! A query is made of what the catalogue says of a product, `navy blue casual shoes for summer`, one for each combination of
//! `articleType`, `baseColour` and `season` among the products. A product answers it if its own row has all three; where the
//! query's or the product's season is `All` or missing, the first two. Rows of an article type or colour outside the vocabulary
//! ask nothing, and are among the products searched.
//!
//! Most combinations have fewer than five products, so no search can reach 1: the ceiling is what a perfect one would. A
//! catalogue's season is when a product was sold, which its picture does not show: the metrics of type and colour alone ask
//! the same texts and take a product of any season.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wardrobe_eval::{Bootstrap, Interval};
use wardrobe_types::labels::{article_type, base_colour};

use super::colors::table;
use crate::error::{Error, Result};

/// How many of the products found are looked at.
pub const DEPTH: usize = 5;

/// A product that was photographed.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Its photo.
    pub photo: PathBuf,
    /// What it is, in the catalogue's words.
    label: Label,
}

/// The catalogue's words for a product; in a query, what is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Label {
    article: String,
    colour: String,
    /// `None` for `All`, `NA` and none.
    season: Option<String>,
}

impl Label {
    /// As a person would ask for it.
    fn text(&self) -> String {
        let season = self.season.iter().map(|season| format!(" for {season}"));
        let text = format!(
            "{} {}{}",
            self.colour,
            self.article,
            season.collect::<String>()
        );
        text.to_lowercase()
    }

    fn is_type_and_color_of(&self, product: &Self) -> bool {
        (&self.article, &self.colour) == (&product.article, &product.colour)
    }

    fn is_answered_by(&self, product: &Self) -> bool {
        let any = self.season.is_none() || product.season.is_none();
        self.is_type_and_color_of(product) && (any || self.season == product.season)
    }
}

/// Shares of the first five products found that are right, over the queries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Of the type, the colour and the season asked for.
    pub precision_at_5: f64,
    /// The most that could be, with so few right ones.
    pub ceiling: f64,
    /// Of the type and the colour asked for.
    pub precision_at_5_type_color: f64,
    /// The most that could be of that.
    pub ceiling_type_color: f64,
}

/// [`Metrics`] with what stands behind them.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The metrics.
    pub metrics: Metrics,
    /// Queries asked.
    pub n: usize,
    /// Products searched.
    pub products: usize,
    /// 95 % intervals by the bootstrap over queries.
    pub ci95: BTreeMap<&'static str, Interval>,
    /// Queries that found least of what they could, the worst first: text, right ones found, right ones there were to find.
    pub worst: Vec<(String, usize, usize)>,
    /// Article types and colours that ask nothing, and the products they leave out of the queries.
    pub unmapped: BTreeMap<String, usize>,
}

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(rename = "articleType")]
    article: String,
    #[serde(rename = "baseColour")]
    colour: String,
    #[serde(default)]
    season: String,
}

/// A catalogue's products.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    products: Vec<Product>,
}

impl Catalogue {
    /// Reads `styles_val.csv`, or else `styles.csv`, with the columns `id`, `articleType`, `baseColour` and `season`, and photos
    /// in `images/ID.jpg` beside it; `data` may also be the table itself.
    ///
    /// # Errors
    /// No table, one without these columns, no photo.
    pub fn read(data: &Path) -> Result<Self> {
        let table = table(data)?;
        let failed = |problem: String| Error::Data {
            path: table.clone(),
            problem,
        };
        let invalid = |e: csv::Error| {
            failed(format!(
                "expected a table with the columns id, articleType, baseColour and season: {e}"
            ))
        };
        // Product names hold stray commas: the columns read here come before them.
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_path(&table)
            .map_err(invalid)?;
        let mut products = Vec::new();
        for row in reader.deserialize() {
            let row: Row = row.map_err(invalid)?;
            let photo = table
                .with_file_name("images")
                .join(format!("{}.jpg", row.id));
            let season =
                Some(row.season).filter(|name| !["", "All", "NA"].contains(&name.as_str()));
            let label = Label {
                article: row.article,
                colour: row.colour,
                season,
            };
            // The public archive names a few photos that it does not hold.
            if photo.is_file() {
                products.push(Product { photo, label });
            }
        }
        if products.is_empty() {
            return Err(failed("no photo of its products in images/".to_owned()));
        }
        Ok(Self { products })
    }

    /// The products.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// Leaves out the products whose photos are not among these: what could not be taken in cannot be found.
    pub fn retain(&mut self, photos: &BTreeSet<PathBuf>) {
        self.products
            .retain(|product| photos.contains(&product.photo));
    }
}

/// Asks every query of the catalogue. `find` gives the photos of the products found for a text, the best first; of a photo
/// that several products share, all of them.
///
/// # Errors
/// What `find` fails with; a catalogue without a product whose type and colour are in the vocabulary.
pub fn search<E: From<Error>>(
    catalogue: &Catalogue,
    mut find: impl FnMut(&str) -> Result<Vec<PathBuf>, E>,
) -> Result<Report, E> {
    let labels: BTreeMap<&Path, &Label> = catalogue
        .products
        .iter()
        .map(|product| (product.photo.as_path(), &product.label))
        .collect();
    let mut unmapped = BTreeMap::new();
    let queries = queries(catalogue, &mut unmapped);
    let mut answers = Vec::with_capacity(queries.len());
    for query in &queries {
        let found = find(&query.text())?;
        let first = found.iter().take(DEPTH);
        let found: Vec<&Label> = first
            .filter_map(|photo| labels.get(photo.as_path()).copied())
            .collect();
        answers.push(Answer::new(query, &found, catalogue));
    }
    Ok(report(&queries, &answers, catalogue, unmapped)?)
}

/// The different labels whose type and colour the vocabulary knows.
fn queries(catalogue: &Catalogue, unmapped: &mut BTreeMap<String, usize>) -> Vec<Label> {
    let mut queries = BTreeSet::new();
    for Product { label, .. } in &catalogue.products {
        if article_type(&label.article).is_none() {
            *unmapped.entry(label.article.clone()).or_default() += 1;
        } else if base_colour(&label.colour).is_none_or(|entry| entry.basic.is_none()) {
            *unmapped.entry(label.colour.clone()).or_default() += 1;
        } else {
            queries.insert(label.clone());
        }
    }
    queries.into_iter().collect()
}

/// How a query went: right ones found and there to find, in the first five.
#[derive(Clone, Copy)]
struct Answer {
    all: (usize, usize),
    type_color: (usize, usize),
}

impl Answer {
    fn new(query: &Label, found: &[&Label], catalogue: &Catalogue) -> Self {
        let count = |right: fn(&Label, &Label) -> bool| {
            let of = |label: &&Label| right(query, label);
            let there = catalogue.products.iter().map(|product| &product.label);
            let found = found.iter().copied().filter(of).count();
            (found, there.filter(of).count().min(DEPTH))
        };
        Self {
            all: count(Label::is_answered_by),
            type_color: count(Label::is_type_and_color_of),
        }
    }
}

fn report(
    queries: &[Label],
    answers: &[Answer],
    catalogue: &Catalogue,
    unmapped: BTreeMap<String, usize>,
) -> Result<Report> {
    let share = |counts: &dyn Fn(&Answer) -> usize, drawn: &mut dyn Iterator<Item = usize>| {
        let (sum, n) = drawn.fold((0, 0), |(sum, n), i| (sum + counts(&answers[i]), n + 1));
        sum as f64 / (DEPTH * n) as f64
    };
    let all = |counts: &dyn Fn(&Answer) -> usize| share(counts, &mut (0..answers.len()));
    let interval = |counts: &dyn Fn(&Answer) -> usize| {
        let drawn = |drawn: &[usize]| Some(share(counts, &mut drawn.iter().copied()));
        Ok::<_, Error>(Bootstrap::default().ci95(answers.len(), drawn)?.interval)
    };
    let mut worst: Vec<(String, usize, usize)> = queries
        .iter()
        .zip(answers)
        .map(|(query, answer)| (query.text(), answer.type_color.0, answer.type_color.1))
        .filter(|(_, found, there)| found < there)
        .collect();
    worst.sort_by_key(|&(_, found, there)| std::cmp::Reverse(there - found));
    Ok(Report {
        ci95: BTreeMap::from([
            ("precision_at_5", interval(&|answer| answer.all.0)?),
            (
                "precision_at_5_type_color",
                interval(&|answer| answer.type_color.0)?,
            ),
        ]),
        metrics: Metrics {
            precision_at_5: all(&|answer| answer.all.0),
            ceiling: all(&|answer| answer.all.1),
            precision_at_5_type_color: all(&|answer| answer.type_color.0),
            ceiling_type_color: all(&|answer| answer.type_color.1),
        },
        n: queries.len(),
        products: catalogue.products.len(),
        worst,
        unmapped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "id,articleType,baseColour,season\n1,Shirts,Red,Summer\n2,Shirts,Red,Fall\n3,Jeans,Blue,All\n\
        4,Jeans,Blue,Winter\n5,Kurtas,Red,Fall\n6,Shirts,Multi,Fall\n404,Shirts,Red,Fall\n";

    fn catalogue(folder: &Path) -> Catalogue {
        std::fs::create_dir_all(folder.join("images")).unwrap();
        std::fs::write(folder.join("styles.csv"), TABLE).unwrap();
        for id in 1..=6 {
            std::fs::write(folder.join(format!("images/{id}.jpg")), "").unwrap();
        }
        Catalogue::read(folder).unwrap()
    }

    #[test]
    fn a_catalogue_counted_by_hand() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = catalogue(folder.path());
        assert_eq!(catalogue.products().len(), 6);
        let photo = |id: usize| folder.path().join(format!("images/{id}.jpg"));
        let mut asked = Vec::new();
        let report = search(&catalogue, |text| {
            asked.push(text.to_owned());
            Ok::<_, Error>(match text {
                "red shirts for summer" => vec![photo(2), photo(1), photo(5)],
                "red shirts for fall" => vec![photo(4), photo(1)],
                // The sixth is not looked at.
                "blue jeans" => [1, 2, 5, 6, 3, 4].map(photo).to_vec(),
                _ => Vec::new(),
            })
        })
        .unwrap();
        let texts = [
            "blue jeans",
            "blue jeans for winter",
            "red shirts for fall",
            "red shirts for summer",
        ];
        assert_eq!(asked, texts);
        // Right of all three: 1 + 0 + 0 + 1 of 4 x 5; there were 2 + 2 + 1 + 1, for a product of `All` suits winter.
        // Of type and colour: 1 + 0 + 1 + 2; there were 2 each.
        let expected = Metrics {
            precision_at_5: 0.1,
            ceiling: 0.3,
            precision_at_5_type_color: 0.2,
            ceiling_type_color: 0.4,
        };
        assert_eq!(report.metrics, expected);
        assert_eq!((report.n, report.products), (4, 6));
        assert_eq!(report.worst[0], ("blue jeans for winter".to_owned(), 0, 2));
        assert_eq!(report.worst.len(), 3);
        assert_eq!(
            report.unmapped,
            BTreeMap::from([("Kurtas".to_owned(), 1), ("Multi".to_owned(), 1)])
        );
        assert!(report.ci95["precision_at_5"].contains(0.1));
    }

    #[test]
    fn what_was_not_taken_in_is_not_there_to_find() {
        let folder = tempfile::tempdir().unwrap();
        let mut catalogue = catalogue(folder.path());
        catalogue.retain(&BTreeSet::from([folder.path().join("images/1.jpg")]));
        let report = search(&catalogue, |_| Ok::<_, Error>(Vec::new())).unwrap();
        assert_eq!((report.n, report.metrics.ceiling), (1, 0.2));
    }
}
