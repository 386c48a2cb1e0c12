//! The program in a folder of its own, and photos for it.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use image::{Rgb, RgbImage};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a wardrobe's home (not made yet) and photos in it.
pub struct Bench {
    pub folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// The program, on this folder's wardrobe.
    pub fn wardrobe(&self) -> Command {
        let mut command = program();
        command.arg("--home").arg(self.home());
        command
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program and gives its exit status, standard output and standard error.
    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        run(self.wardrobe().args(args))
    }

    /// Runs the program with `--json`, expecting this exit status.
    pub fn json(&self, status: i32, args: &[&str]) -> Value {
        let (code, stdout, stderr) = run(self.wardrobe().arg("--json").args(args));
        assert_eq!(code, status, "{args:?}: {stderr}");
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {stdout}"))
    }

    /// A photo of a piece of cloth; `mark` gives each its own content.
    pub fn photo(&self, name: &str, cloth: [u8; 3], mark: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        cloth_photo(cloth, mark).save(&path).unwrap();
        path
    }
}

/// The program without any setting of the user's.
pub fn program() -> Command {
    let mut command = Command::cargo_bin("wardrobe").unwrap();
    for variable in [
        "WARDROBE_HOME",
        "WARDROBE_WEIGHTS",
        "WARDROBE_STORE",
        "NO_COLOR",
    ] {
        command.env_remove(variable);
    }
    command
}

pub fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A woven piece of cloth on a light ground with a little grain, so that it is neither blurred nor flat.
pub fn cloth_photo(cloth: [u8; 3], mark: u32) -> RgbImage {
    RgbImage::from_fn(300, 400, |x, y| {
        let inside = (60..240).contains(&x) && (60..340).contains(&y);
        let marked = y < 40 && x / 30 == mark;
        let base = if inside { cloth } else { [236, 233, 228] };
        let weave = if inside && (x / 3 + y / 3) % 2 == 0 {
            24
        } else {
            0
        };
        let grain = ((x * 7 + y * 13 + x * y) % 9) as i16 - 4 - weave - if marked { 60 } else { 0 };
        Rgb(base.map(|value| (i16::from(value) + grain).clamp(0, 255) as u8))
    })
}

/// The names of an object's fields, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// The only line of a text.
pub fn only_line(text: &str) -> &str {
    let mut lines = text.lines();
    let line = lines.next().unwrap_or_else(|| panic!("no line at all"));
    assert_eq!(lines.next(), None, "more than one line: {text}");
    line
}

/// Whether this process may read everything, as root may; permission tests mean nothing then.
pub fn reads_everything(path: &Path) -> bool {
    std::fs::File::open(path).is_ok()
}
