//! Text to CLIP's tokens.

mod clean;

use crate::{Error, Result};
use candle_core::{Device, Tensor};
use flate2::read::GzDecoder;
use regex::Regex;
use std::io::Read;
use std::sync::LazyLock;
use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Vocab};

/// The merges, in their order; `data/README.md` says where they come from.
static MERGES: &[u8] = include_bytes!("../../data/clip_merges.txt.gz");

/// What ends a symbol that ends a word.
const WORD_END: &str = "</w>";

/// CLIP's tokeniser: byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019) of lower-case words.
///
/// Tokens are those of OpenCLIP's `SimpleTokenizer`, but for text that was decoded in the wrong encoding, which OpenCLIP
/// tries to repair.
#[derive(Debug)]
pub struct Tokenizer {
    merges: BPE,
    words: Regex,
}

impl Tokenizer {
    /// Tokens of a text, at the most and with padding.
    pub const CONTEXT: usize = 77;
    /// The first token of every text.
    pub const START: u32 = 49_406;
    /// The last.
    pub const END: u32 = 49_407;

    /// The tokeniser, made at its first use (some 50 ms) and then kept.
    ///
    /// # Errors
    /// Where the vocabulary in this crate is damaged.
    pub fn clip() -> Result<&'static Self> {
        static CLIP: LazyLock<Result<Tokenizer, String>> = LazyLock::new(Tokenizer::load);
        CLIP.as_ref().map_err(|problem| Error::Vocabulary {
            problem: problem.clone(),
        })
    }

    fn load() -> Result<Self, String> {
        let mut text = String::new();
        let read = GzDecoder::new(MERGES).read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
        let merges: Vec<(String, String)> = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(first, second)| (first.to_owned(), second.to_owned()))
            .collect();
        let vocabulary = vocabulary(&merges);
        if vocabulary.len() != Self::START as usize {
            return Err(format!("it has {} symbols", vocabulary.len()));
        }
        let merges = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .end_of_word_suffix(WORD_END.to_owned())
            .build()
            .map_err(|error| error.to_string())?;
        let words = "(?i)<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|\
                     \\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+";
        let words = Regex::new(words).map_err(|error| error.to_string())?;
        Ok(Self { merges, words })
    }

    /// A text's tokens, the start and the end among them; of a longer text the first 76 and the end.
    ///
    /// # Errors
    /// Where the vocabulary in this crate is damaged.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let text = clean::clean(text);
        let mut tokens = vec![Self::START];
        for word in self.words.find_iter(&text) {
            if tokens.len() >= Self::CONTEXT {
                break;
            }
            match word.as_str() {
                "<start_of_text>" => tokens.push(Self::START),
                "<end_of_text>" => tokens.push(Self::END),
                word => self.push(word, &mut tokens)?,
            }
        }
        tokens.truncate(Self::CONTEXT - 1);
        tokens.push(Self::END);
        Ok(tokens)
    }

    fn push(&self, word: &str, tokens: &mut Vec<u32>) -> Result<()> {
        let symbols: String = word.bytes().map(symbol).collect();
        let merged = self.merges.tokenize(&symbols);
        let merged = merged.map_err(|error| Error::Vocabulary {
            problem: error.to_string(),
        })?;
        tokens.extend(merged.iter().map(|token| token.id));
        Ok(())
    }

    /// Texts as a text tower takes them, padded with 0.
    ///
    /// # Shapes
    /// n texts -> (n, 77) in u32
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn batch(&self, texts: &[&str], device: &Device) -> Result<Tensor> {
        let mut all = Vec::with_capacity(texts.len() * Self::CONTEXT);
        for text in texts {
            all.extend(self.encode(text)?);
            all.resize(all.len().next_multiple_of(Self::CONTEXT), 0);
        }
        Ok(Tensor::from_vec(all, (texts.len(), Self::CONTEXT), device)?)
    }
}

/// Symbols by number: every byte, every byte at a word's end, and what each merge gives.
fn vocabulary(merges: &[(String, String)]) -> Vocab {
    // The visible bytes come first.
    let visible = (0..=255u8).filter(|&byte| is_visible(byte));
    let bytes: Vec<u8> = visible
        .chain((0..=255).filter(|&byte| !is_visible(byte)))
        .collect();
    let plain = bytes.iter().map(|&byte| symbol(byte).to_string());
    let ends = bytes
        .iter()
        .map(|&byte| format!("{}{WORD_END}", symbol(byte)));
    let merged = merges
        .iter()
        .map(|(first, second)| format!("{first}{second}"));
    plain.chain(ends).chain(merged).zip(0..).collect()
}

fn is_visible(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..)
}

/// The character that stands for a byte in symbols: itself in Latin-1 if that is visible, else one from U+0100 on, in
/// the order of such bytes.
fn symbol(byte: u8) -> char {
    if is_visible(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&other| !is_visible(other)).count();
    char::from_u32(0x100 + before as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
