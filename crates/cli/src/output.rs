//! Where the answer goes: text for people or one JSON document.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use supports_color::Stream;

/// Standard output, and how to write to it.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document and nothing else.
    pub json: bool,
    /// How colours are shown.
    pub colors: Colors,
}

/// What a terminal can show; nothing where there is none or <https://no-color.org> is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colors {
    /// None.
    None,
    /// The 256 of xterm.
    Indexed,
    /// All of 24 bits.
    True,
}

impl Colors {
    fn of_stdout() -> Self {
        match supports_color::on_cached(Stream::Stdout) {
            Some(level) if level.has_16m => Self::True,
            Some(level) if level.has_256 => Self::Indexed,
            _ => Self::None,
        }
    }

    /// A block of this colour, where it can be shown.
    pub fn block(self, [r, g, b]: [u8; 3]) -> Option<String> {
        // xterm's cube has six steps a channel.
        let step = |value: u8| (u16::from(value) * 5 + 127) / 255;
        let code = match self {
            Self::None => return None,
            Self::Indexed => format!("5;{}", 16 + 36 * step(r) + 6 * step(g) + step(b)),
            Self::True => format!("2;{r};{g};{b}"),
        };
        Some(format!("\x1b[38;{code}m██\x1b[0m"))
    }
}

impl Output {
    /// Looks at the terminal and the environment.
    pub fn new(json: bool) -> Self {
        Self {
            json,
            colors: Colors::of_stdout(),
        }
    }

    /// Prints the answer: the document where JSON is wanted, else the text.
    pub fn answer<T: Serialize, D: Display>(
        &self,
        document: &T,
        text: impl FnOnce() -> D,
    ) -> Result<()> {
        let mut stdout = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut stdout, document)?;
            writeln!(stdout)?;
        } else {
            let text = text().to_string();
            let text = text.trim_end();
            if !text.is_empty() {
                writeln!(stdout, "{text}")?;
            }
        }
        Ok(stdout.flush()?)
    }
}

/// One line on standard error. Nobody is left to tell when that fails.
pub fn to_stderr(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_painted_as_the_terminal_can() {
        assert_eq!(Colors::None.block([1, 2, 3]), None);
        assert_eq!(
            Colors::True.block([1, 2, 3]).unwrap(),
            "\x1b[38;2;1;2;3m██\x1b[0m"
        );
        for (color, index) in [([0, 0, 0], 16), ([255, 255, 255], 231), ([255, 0, 0], 196)] {
            let block = Colors::Indexed.block(color).unwrap();
            assert_eq!(block, format!("\x1b[38;5;{index}m██\x1b[0m"));
        }
    }
}
