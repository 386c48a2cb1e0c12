//! From a text to a [`Query`]: the longest phrase of the lexicon from left to right, and what "not" and "or" do to it.

use super::lexicon::{self, Entry, LONGEST};
use super::query::{Correction, Facet, Query, Wish};

/// Ends a phrase: a comma and the like.
const BREAK: &str = ",";

pub(super) fn parse(text: &str) -> Query {
    let words = words(text);
    let mut parser = Parser::default();
    let mut rest = words.as_slice();
    while let [first, ..] = rest {
        let taken = match longest(rest) {
            Some((length, entry)) => {
                parser.take(&rest[..length], entry);
                length
            }
            None if first == BREAK => 1,
            None => {
                parser.take_unknown(first);
                1
            }
        };
        rest = &rest[taken..];
    }
    parser.query
}

/// Lower-case words. A hyphen before a word negates it, as in search engines; inside it parts two words.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for chunk in text.to_lowercase().replace('’', "'").split_whitespace() {
        if chunk.len() > 1 && chunk.starts_with('-') {
            words.push("not".to_owned());
        }
        let mut word = String::new();
        let mut end = |word: &mut String| {
            if !word.is_empty() {
                words.push(std::mem::take(word));
            }
        };
        for c in chunk.chars() {
            match c {
                _ if c.is_alphanumeric() || c == '\'' => word.push(c),
                '/' | '|' => {
                    end(&mut word);
                    end(&mut "or".to_owned());
                }
                ',' | ';' | '.' | '!' | '?' => {
                    end(&mut word);
                    end(&mut BREAK.to_owned());
                }
                _ => end(&mut word),
            }
        }
        end(&mut word);
    }
    words
}

/// The longest phrase at the start that the lexicon knows, and its number of words.
fn longest(words: &[String]) -> Option<(usize, &'static Entry)> {
    let unbroken = words.iter().take(LONGEST).take_while(|word| *word != BREAK);
    let most = unbroken.count();
    (1..=most)
        .rev()
        .find_map(|length| Some((length, lexicon::find(&words[..length])?)))
}

#[derive(Default)]
struct Parser {
    query: Query,
    /// The next thing named is not wanted.
    negated: bool,
    /// The next thing named will do as well as the last.
    or: bool,
    /// The last thing named was not wanted.
    last_was_negated: bool,
}

impl Parser {
    fn take(&mut self, words: &[String], entry: &Entry) {
        let words = words.join(" ");
        match entry {
            Entry::Means(terms) => {
                let any_of = terms.clone();
                self.wish(Wish { words, any_of });
            }
            Entry::Not => {
                self.negated = true;
                self.or = false;
            }
            Entry::Or => {
                self.or = true;
                self.negated |= self.last_was_negated;
            }
            Entry::Noise => self.mention(&words),
        }
    }

    fn take_unknown(&mut self, word: &str) {
        let Some((phrase, entry)) = lexicon::correct(word) else {
            self.mention(word);
            self.query.not_understood.push(word.to_owned());
            // "not corduroy" says nothing of what follows.
            self.negated = false;
            return;
        };
        self.query.corrected.push(Correction {
            written: word.to_owned(),
            taken_for: phrase.to_owned(),
        });
        self.take(&[phrase.to_owned()], entry);
    }

    fn wish(&mut self, wish: Wish) {
        let negated = std::mem::take(&mut self.negated);
        let or = std::mem::take(&mut self.or) && negated == self.last_was_negated;
        self.last_was_negated = negated;
        if !negated {
            self.mention(&wish.words);
        }
        let wishes = if negated {
            &mut self.query.unwanted
        } else {
            &mut self.query.wanted
        };
        // No garment is two kinds; other things are alternatives where "or" says so.
        let facet = wish.any_of.first().map(|term| term.facet());
        let same = |other: &Wish| facet.is_some_and(|facet| other.is_about(facet));
        let joins = match facet {
            Some(Facet::Kind) => wishes.iter().rposition(same),
            _ if or => wishes
                .len()
                .checked_sub(1)
                .filter(|&last| same(&wishes[last])),
            _ => None,
        };
        match joins {
            Some(at) => {
                let other = &mut wishes[at];
                other.words = format!("{} or {}", other.words, wish.words);
                other.any_of.extend(wish.any_of);
            }
            None => wishes.push(wish),
        }
    }

    /// Adds to the text for models, unless it is under a "not".
    fn mention(&mut self, words: &str) {
        if self.negated {
            return;
        }
        if !self.query.positive.is_empty() {
            self.query.positive.push(' ');
        }
        self.query.positive.push_str(words);
    }
}
