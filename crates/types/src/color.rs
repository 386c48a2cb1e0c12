//! Colours of garments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ColorName, Error, Result};

/// An 8-bit sRGB colour, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rgb8 {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

impl Rgb8 {
    /// The colour of three channel values.
    pub const fn new(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b }
    }

    /// The colour of `0xrrggbb`; higher bits are ignored.
    pub const fn from_u32(rrggbb: u32) -> Self {
        Self {
            r: (rrggbb >> 16) as u8,
            g: (rrggbb >> 8) as u8,
            b: rrggbb as u8,
        }
    }

    /// `[r, g, b]`.
    pub const fn to_array(self) -> [u8; 3] {
        [self.r, self.g, self.b]
    }
}

impl From<[u8; 3]> for Rgb8 {
    fn from([r, g, b]: [u8; 3]) -> Self {
        Self { r, g, b }
    }
}

impl fmt::Display for Rgb8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

impl FromStr for Rgb8 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.strip_prefix('#')
            .filter(|digits| {
                digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
            })
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .map(Self::from_u32)
            .ok_or_else(|| Error::BadHex {
                text: text.to_owned(),
            })
    }
}

impl TryFrom<String> for Rgb8 {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Rgb8> for String {
    fn from(color: Rgb8) -> Self {
        color.to_string()
    }
}

/// One of a garment's dominant colours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Color {
    /// Its name in the palette.
    pub name: ColorName,
    /// The colour as measured.
    pub hex: Rgb8,
    /// Its share of the garment, 0..=1; the shares of one garment sum to 1.
    pub fraction: f32,
}

impl Color {
    /// A whole garment of the palette's own value for `name`.
    pub const fn plain(name: ColorName) -> Self {
        Self {
            name,
            hex: name.srgb(),
            fraction: 1.0,
        }
    }
}
