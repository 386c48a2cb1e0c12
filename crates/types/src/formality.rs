//! How formal a garment or an occasion is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::vocabulary::{unknown, vocabulary};
use crate::{Error, Result};

vocabulary! {
    /// A named quarter of the formality scale, as people ask for it.
    enum FormalityBand, "formality" {
        Casual = "casual",
        SmartCasual = "smart-casual",
        Business = "business",
        Formal = "formal",
    }
}

impl FormalityBand {
    /// The band's lower end (included) and upper end (excluded, except formal's 1).
    pub const fn range(self) -> (f32, f32) {
        match self {
            Self::Casual => (0.0, 0.4),
            Self::SmartCasual => (0.4, 0.6),
            Self::Business => (0.6, 0.8),
            Self::Formal => (0.8, 1.0),
        }
    }

    /// The value that asking for this band by name aims at: the middle of its range.
    pub const fn center(self) -> Formality {
        let (low, high) = self.range();
        Formality(0.5 * (low + high))
    }
}

/// Formality from 0 (gym) through 0.5 (smart casual) to 1 (black tie).
///
/// Parses from a number or from a [`FormalityBand`]'s name, which stands for the middle of the band.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Formality(f32);

impl Formality {
    /// Checks that `value` is in 0..=1.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] where it is not, or is not a number.
    pub fn new(value: f32) -> Result<Self> {
        if (0.0..=1.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(Error::OutOfRange {
            what: "formality",
            got: value,
            low: 0.0,
            high: 1.0,
        })
    }

    /// A prior from this crate's own tables, which a test keeps in range.
    pub(crate) const fn prior(value: f32) -> Self {
        Self(value)
    }

    /// The number, 0..=1.
    pub const fn value(self) -> f32 {
        self.0
    }

    /// The band the value is in.
    pub fn band(self) -> FormalityBand {
        FormalityBand::ALL
            .into_iter()
            .rev()
            .find(|band| self.0 >= band.range().0)
            .unwrap_or(FormalityBand::Casual)
    }
}

impl TryFrom<f32> for Formality {
    type Error = Error;

    fn try_from(value: f32) -> Result<Self> {
        Self::new(value)
    }
}

impl From<Formality> for f32 {
    fn from(formality: Formality) -> Self {
        formality.0
    }
}

impl fmt::Display for Formality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Formality {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.parse::<f32>() {
            Ok(value) => Self::new(value),
            Err(_) => match FormalityBand::ALL
                .into_iter()
                .find(|band| band.as_str() == text)
            {
                Some(band) => Ok(band.center()),
                None => {
                    let names = FormalityBand::ALL.map(FormalityBand::as_str);
                    Err(unknown(
                        "formality",
                        text,
                        names.into_iter().chain(["a number from 0 to 1"]),
                    ))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_the_scale_without_gaps() {
        let mut end = 0.0;
        for band in FormalityBand::ALL {
            let (low, high) = band.range();
            assert_eq!(low, end);
            assert!(high > low);
            assert_eq!(band.center().band(), band);
            assert_eq!(Formality::new(low).unwrap().band(), band);
            end = high;
        }
        assert_eq!(end, 1.0);
        assert_eq!(Formality::new(1.0).unwrap().band(), FormalityBand::Formal);
    }

    #[test]
    fn parses_numbers_and_bands_and_nothing_else() {
        assert_eq!("0.25".parse::<Formality>().unwrap().value(), 0.25);
        assert_eq!(
            "business".parse::<Formality>().unwrap(),
            FormalityBand::Business.center()
        );
        for bad in ["1.01", "-0.1", "NaN", "inf"] {
            assert!(
                matches!(bad.parse::<Formality>(), Err(Error::OutOfRange { .. })),
                "{bad}"
            );
        }
        let message = "busines".parse::<Formality>().unwrap_err().to_string();
        assert!(message.contains("did you mean business?"), "{message}");
    }

    #[test]
    fn json_is_a_checked_number() {
        assert_eq!(
            serde_json::to_string(&Formality::new(0.5).unwrap()).unwrap(),
            "0.5"
        );
        assert!(serde_json::from_str::<Formality>("1.5").is_err());
    }
}
