//! What is done to a text before it is cut into words: as OpenCLIP does with `ftfy.fix_text`, `html.unescape` twice,
//! single spaces and lower case. One thing is left out: text that was decoded in the wrong encoding is not repaired.

use tokenizers::NormalizedString;

/// The text as the tokeniser reads it.
pub(super) fn clean(text: &str) -> String {
    let fixed = fix(text);
    let unescaped = htmlize::unescape(htmlize::unescape(fixed.as_str())).into_owned();
    let words: Vec<&str> = unescaped.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// Repeated until nothing changes: an entity may stand for a character that is replaced in turn.
fn fix(text: &str) -> String {
    // Text with tags may mean its entities.
    let entities = !text.contains('<');
    let mut text = text.to_owned();
    loop {
        let unescaped = match entities {
            true => htmlize::unescape(text.as_str()).into_owned(),
            false => text.clone(),
        };
        let mut plain = String::with_capacity(unescaped.len());
        unescaped.chars().for_each(|c| replace(c, &mut plain));
        let plain = without_terminal_escapes(&plain);
        let plain: String = plain.chars().filter(|&c| !is_control(c)).collect();
        let composed = normalized(&plain, |text| text.nfc());
        if composed == text {
            return text;
        }
        text = composed;
    }
}

fn normalized(text: &str, form: impl Fn(&mut NormalizedString) -> &mut NormalizedString) -> String {
    let mut text = NormalizedString::from(text);
    form(&mut text);
    text.get().to_owned()
}

/// Ligatures as their letters, full-width and half-width forms as usual ones, curly quotes as straight ones.
fn replace(c: char, out: &mut String) {
    let letters = match c {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => "'",
        '\u{201c}'..='\u{201f}' => "\"",
        '\u{85}' | '\u{2028}' | '\u{2029}' => "\n",
        '\u{3000}' => " ",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ŉ' => "'n",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        '\u{ff01}'..='\u{ffef}' => {
            return out.push_str(&normalized(c.encode_utf8(&mut [0; 4]), |c| c.nfkc()));
        }
        _ => return out.push(c),
    };
    out.push_str(letters);
}

/// Without the sequences that colour a terminal: escape, `[`, digits and semicolons, a letter.
fn without_terminal_escapes(text: &str) -> String {
    const ESCAPE: &str = "\u{1b}[";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(ESCAPE) {
        let (before, sequence) = rest.split_at(at);
        out.push_str(before);
        let after =
            sequence[ESCAPE.len()..].trim_start_matches(|c: char| c.is_numeric() || c == ';');
        match after.strip_prefix(|c: char| c.is_ascii_alphabetic()) {
            Some(after) => rest = after,
            None => {
                out.push_str(ESCAPE);
                rest = &sequence[ESCAPE.len()..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Characters without a visible effect.
fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}'
        | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    /// What ftfy 6 and `html.unescape` make of them.
    #[test]
    fn text_is_made_plain() {
        for (text, plain) in [
            ("  Red\t\u{3000}Dress\r\n", "red dress"),
            ("don\u{2019}t", "don't"),
            ("P&amp;amp;G &lt;b&gt; &eacute;t&eacute;", "p&g <b> été"),
            ("<i>&amp;amp;</i>", "<i>&</i>"),
            ("cafe\u{301} o\u{fb03}ce Ｆｕｌｌ ｶﾞ", "café office full ガ"),
            ("\u{1b}[1;31mred\u{1b}[0m \u{1b}[x]", "red ]"),
            ("a\u{0}b\u{feff}c", "abc"),
            ("", ""),
        ] {
            assert_eq!(clean(text), plain, "{text:?}");
        }
    }
}
