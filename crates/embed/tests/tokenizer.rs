//! The tokeniser against OpenCLIP's: the prompts of ../shared/golden, and tests/golden/tokens.json (made by tokens.py
//! beside it with open_clip_torch 3.3.0). Tokens are numbers: they are equal or wrong.

use candle_core::{DType, Device};
use serde::Deserialize;
use wardrobe_embed::Tokenizer;
use wardrobe_testkit::{Golden, skip};

#[derive(Deserialize)]
struct Entry {
    text: String,
    tokens: Vec<u32>,
}

#[test]
fn tokens_equal_open_clips() {
    let entries: Vec<Entry> = serde_json::from_str(include_str!("golden/tokens.json")).unwrap();
    let tokenizer = Tokenizer::clip().unwrap();
    let wrong: Vec<String> = entries
        .iter()
        .filter_map(|entry| {
            let tokens = tokenizer.encode(&entry.text).unwrap();
            let (text, expected) = (&entry.text, &entry.tokens);
            (tokens != *expected).then(|| format!("{text:?}:\n{tokens:?}\n{expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn padded_batches_equal_open_clips() {
    let Some(golden) = Golden::open("openclip_vitb32").unwrap() else {
        return skip("../shared/golden");
    };
    let prompts: Vec<String> = golden.setting("prompts").unwrap();
    let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
    let tokens = Tokenizer::clip()
        .unwrap()
        .batch(&prompts, &Device::Cpu)
        .unwrap();
    let expected = golden
        .tensor("tokens")
        .unwrap()
        .to_dtype(DType::U32)
        .unwrap();
    assert_eq!(
        tokens.to_vec2::<u32>().unwrap(),
        expected.to_vec2::<u32>().unwrap()
    );
}

#[test]
fn a_text_has_a_start_an_end_and_at_most_77_tokens() {
    let tokenizer = Tokenizer::clip().unwrap();
    assert_eq!(
        tokenizer.encode("").unwrap(),
        [Tokenizer::START, Tokenizer::END]
    );
    let long = tokenizer.encode(&"striped ".repeat(500)).unwrap();
    assert_eq!(long.len(), Tokenizer::CONTEXT);
    assert_eq!(long.last(), Some(&Tokenizer::END));
    let none = tokenizer.batch(&[], &Device::Cpu).unwrap();
    assert_eq!(none.dims(), [0, Tokenizer::CONTEXT]);
}
