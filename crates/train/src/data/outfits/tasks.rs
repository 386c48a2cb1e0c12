//! The two questions asked of a scorer: is this worn together, and what belongs into the blank.

use super::reading::first_with;
use super::{Outfit, OutfitData, Part, Sampler};
use crate::error::{AtPath, Error, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Answers to choose from, the right one among them, as in the official files.
const ANSWERS: usize = 4;

/// Draws until the wrong answers differ.
const TRIES: usize = 64;

/// Items, and whether people wear them together.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Indices into [`OutfitData::items`].
    pub items: Vec<usize>,
    /// Whether it is an outfit of the data set.
    pub worn: bool,
    /// A negative and the outfit it was made of have one number: they are resampled together.
    pub group: usize,
}

/// An outfit with a blank.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The rest of the outfit.
    pub items: Vec<usize>,
    /// What may belong into the blank.
    pub answers: Vec<usize>,
    /// Which of the answers does.
    pub right: usize,
    /// The outfit's number.
    pub group: usize,
}

/// A part's tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tasks {
    /// Outfits and negatives.
    pub judged: Vec<Judged>,
    /// Outfits with a blank.
    pub questions: Vec<Question>,
    /// Lines and questions of official files that name items that are not there.
    pub left_out: usize,
}

impl Tasks {
    /// One negative and one question for each outfit, made by `sampler` from `seed`: the blank is drawn, and its three wrong
    /// answers replace what was there as a negative's items do.
    ///
    /// # Errors
    /// Too few outfits to draw from.
    pub fn generated(sampler: &Sampler<'_>, outfits: &[&Outfit], seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut tasks = Self::default();
        for (group, outfit) in outfits.iter().enumerate() {
            let (Some(negative), Some(question)) = (
                sampler.negative(outfit, &mut rng),
                question(sampler, outfit, group, &mut rng),
            ) else {
                tasks.left_out += 1;
                continue;
            };
            for (items, worn) in [(outfit.items.clone(), true), (negative, false)] {
                tasks.judged.push(Judged { items, worn, group });
            }
            tasks.questions.push(question);
        }
        match tasks.judged.is_empty() {
            false => Ok(tasks),
            true => Err(Error::Data {
                path: sampler.data().path.clone(),
                problem: format!(
                    "too few outfits to make {} negatives of",
                    sampler.kind().name()
                ),
            }),
        }
    }

    /// The tasks that came with the data set; `None` where the part has none.
    ///
    /// # Errors
    /// A file that cannot be parsed.
    pub fn official(data: &OutfitData, part: Part) -> Result<Option<Self>> {
        let name = part.name();
        let mut lines = vec![format!("compatibility_{name}.txt")];
        if part == Part::Test {
            lines.push("fashion_compatibility_prediction.txt".to_owned());
        }
        let folders: Vec<PathBuf> = ["", "label", "disjoint", "nondisjoint"]
            .iter()
            .map(|folder| data.path.join(folder))
            .collect();
        let find = |names: &[String]| names.iter().find_map(|name| first_with(&folders, name));
        let (lines, questions) = (find(&lines), find(&[format!("fill_in_blank_{name}.json")]));
        if lines.is_none() && questions.is_none() {
            return Ok(None);
        }
        let mut tasks = Self::default();
        if let Some(file) = lines {
            tasks.read_lines(data, &file)?;
        }
        if let Some(file) = questions {
            tasks.read_questions(data, &file)?;
        }
        Ok(Some(tasks))
    }

    /// `1 SETID_INDEX SETID_INDEX ...` a line, or `0 ...`.
    fn read_lines(&mut self, data: &OutfitData, file: &Path) -> Result<()> {
        let text = std::fs::read_to_string(file).at(file)?;
        for (number, line) in text.lines().enumerate() {
            let mut words = line.split_whitespace();
            let worn = match words.next() {
                Some("1") => true,
                Some("0") => false,
                None => continue,
                Some(other) => {
                    return Err(Error::Data {
                        path: file.to_path_buf(),
                        problem: format!("line {}: expected 1 or 0, got {other:?}", number + 1),
                    });
                }
            };
            match words.map(|place| data.item_at(place)).collect() {
                Some(items) => self.judged.push(Judged {
                    items,
                    worn,
                    group: number,
                }),
                None => self.left_out += 1,
            }
        }
        Ok(())
    }

    /// The right answer is the one of the question's own set.
    fn read_questions(&mut self, data: &OutfitData, file: &Path) -> Result<()> {
        #[derive(Deserialize)]
        struct Asked {
            question: Vec<String>,
            answers: Vec<String>,
        }
        let text = std::fs::read(file).at(file)?;
        let asked: Vec<Asked> = serde_json::from_slice(&text).map_err(|e| Error::Data {
            path: file.to_path_buf(),
            problem: format!("expected a list of {{\"question\", \"answers\"}}: {e}"),
        })?;
        fn set(place: &str) -> Option<&str> {
            place.rsplit_once('_').map(|(set, _)| set)
        }
        for (group, Asked { question, answers }) in asked.iter().enumerate() {
            let own = question.first().and_then(|place| set(place));
            let right = answers
                .iter()
                .position(|place| own.is_some() && set(place) == own);
            let known = |places: &[String]| -> Option<Vec<usize>> {
                places.iter().map(|place| data.item_at(place)).collect()
            };
            match (known(question), known(answers), right) {
                (Some(items), Some(answers), Some(right)) => self.questions.push(Question {
                    items,
                    answers,
                    right,
                    group,
                }),
                _ => self.left_out += 1,
            }
        }
        Ok(())
    }
}

fn question(
    sampler: &Sampler<'_>,
    outfit: &Outfit,
    group: usize,
    rng: &mut ChaCha8Rng,
) -> Option<Question> {
    let blank = rng.random_range(0..outfit.items.len());
    let right = outfit.items[blank];
    let mut answers = Vec::with_capacity(ANSWERS);
    for _ in 0..TRIES {
        let wrong = sampler.replacement(right, outfit, &[], rng)?;
        if !answers.contains(&wrong) {
            answers.push(wrong);
        }
        if answers.len() + 1 == ANSWERS {
            break;
        }
    }
    if answers.len() + 1 < ANSWERS {
        return None;
    }
    let place = rng.random_range(0..ANSWERS);
    answers.insert(place, right);
    let mut items = outfit.items.clone();
    items.remove(blank);
    Some(Question {
        items,
        answers,
        right: place,
        group,
    })
}
