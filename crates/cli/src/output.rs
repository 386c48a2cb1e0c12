//! Where the answer goes: text for people or one JSON document.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use serde::Serialize;

/// Standard output, and how to write to it.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document and nothing else.
    pub json: bool,
    /// 24-bit colour: on a terminal, unless <https://no-color.org> is followed.
    pub color: bool,
}

impl Output {
    /// Looks at the terminal and the environment.
    pub fn new(json: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            json,
            color: io::stdout().is_terminal() && !unwanted && !dumb,
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
