//! The phrases of queries: every name of the vocabulary, and what else people say (`synonyms.rs`).
//!
//! A phrase means one thing or any of several ("boots" are boots or ankle boots). Spaces and hyphens do not matter, plurals in s,
//! es and ies are understood.

use std::collections::HashMap;
use std::sync::LazyLock;

use wardrobe_types::{
    BasicColor, Category, ColorName, Fit, Pattern, Season, Style, misspelling_of,
};

use super::query::Term;
use super::synonyms::{
    COLORS, EITHER, FITS, FORMALITIES, KINDS, NEGATION, NOISE, PATTERNS, SEASONS, SLOTS, STYLES,
};
use crate::ColorQuery;

/// What a phrase does in a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// It names something: any of these.
    Means(Vec<Term>),
    /// The next thing named is not wanted.
    Not,
    /// The next thing named will do as well as the last.
    Or,
    /// It says nothing.
    Noise,
}

/// The most words of a phrase.
pub(super) const LONGEST: usize = 4;

/// Every phrase, written as one word.
static PHRASES: LazyLock<HashMap<String, Entry>> = LazyLock::new(|| {
    let mut phrases = HashMap::new();
    let mut add = |names: &str, entry: Entry| {
        for name in names.split(',') {
            phrases.insert(joined(name), entry.clone());
        }
    };
    add(NOISE, Entry::Noise);
    add(EITHER, Entry::Or);
    add(NEGATION, Entry::Not);
    let one = |term: Term| Entry::Means(vec![term]);
    for category in Category::ALL {
        add(category.as_str(), one(Term::Category(category)));
    }
    for name in ColorName::ALL {
        add(name.as_str(), one(Term::Color(ColorQuery::Name(name))));
    }
    for basic in BasicColor::ALL {
        add(basic.as_str(), one(Term::Color(ColorQuery::Basic(basic))));
    }
    add(
        "gray",
        one(Term::Color(ColorQuery::Basic(BasicColor::Grey))),
    );
    for pattern in Pattern::ALL {
        add(pattern.as_str(), one(Term::Pattern(pattern)));
    }
    for fit in Fit::ALL {
        add(fit.as_str(), one(Term::Fit(fit)));
    }
    for season in Season::ALL {
        add(season.as_str(), one(Term::Season(season)));
    }
    for style in Style::ALL {
        add(style.as_str(), one(Term::Style(style)));
    }
    for (categories, names) in KINDS {
        let terms = categories.iter().map(|&category| Term::Category(category));
        add(names, Entry::Means(terms.collect()));
    }
    for &(slot, names) in SLOTS {
        let worn_there = Category::ALL
            .into_iter()
            .filter(|category| category.slots() == [slot]);
        add(
            names,
            Entry::Means(worn_there.map(Term::Category).collect()),
        );
    }
    for (colors, names) in COLORS {
        let terms = colors
            .iter()
            .map(|&name| Term::Color(ColorQuery::Name(name)));
        add(names, Entry::Means(terms.collect()));
    }
    for &(pattern, names) in PATTERNS {
        add(names, one(Term::Pattern(pattern)));
    }
    for &(fit, names) in FITS {
        add(names, one(Term::Fit(fit)));
    }
    for &(season, names) in SEASONS {
        add(names, one(Term::Season(season)));
    }
    for &(style, names) in STYLES {
        add(names, one(Term::Style(style)));
    }
    for &(band, names) in FORMALITIES {
        add(names, one(Term::Formality(band)));
    }
    phrases
});

/// A phrase without spaces, hyphens and apostrophes.
fn joined(phrase: &str) -> String {
    phrase.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What a phrase of lower-case words means, in the singular or the plural.
pub(super) fn find(words: &[String]) -> Option<&'static Entry> {
    let phrase = joined(&words.concat());
    let singulars = [("ies", "y"), ("es", ""), ("s", "")];
    let singular = |(plural, singular): (&str, &str)| {
        let stem = phrase.strip_suffix(plural)?;
        PHRASES.get(&format!("{stem}{singular}"))
    };
    PHRASES
        .get(&phrase)
        .or_else(|| singulars.into_iter().find_map(singular))
}

/// The phrase that a word is a misspelling of, with its meaning; `None` where none is near, or several are that mean
/// different things.
pub(super) fn correct(word: &str) -> Option<(&'static str, &'static Entry)> {
    let telling = PHRASES
        .iter()
        .filter(|(_, entry)| matches!(entry, Entry::Means(_)));
    let mut near = misspelling_of(word, telling.map(|(phrase, _)| phrase.as_str()));
    // In the order of the alphabet, since a map has none.
    near.sort_unstable();
    let (phrase, entry) = PHRASES.get_key_value(*near.first()?)?;
    let agreed = near.iter().all(|other| PHRASES.get(*other) == Some(entry));
    agreed.then_some((phrase.as_str(), entry))
}
