//! What an item is, as a scorer of outfits sees it.

use serde::{Deserialize, Serialize};
use std::fmt::Display;
use wardrobe_types::Category;
use wardrobe_types::labels::DetectorClass;

/// Whose names items' classes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Classes {
    /// The detector's classes, and the categories that have none (belts, scarves, ...): what every data set's labels can be
    /// mapped onto without guessing, and so what a scorer for a wardrobe learns. Items of other labels are left out.
    #[default]
    Wardrobe,
    /// The data set's own, all of them.
    Own,
}

impl Classes {
    /// The name of a label's class, of the categories that the label covers; `None` where it has none.
    pub(super) fn name(
        self,
        label: &impl Display,
        categories: Option<&[Category]>,
    ) -> Option<String> {
        match self {
            Self::Own => Some(label.to_string()),
            Self::Wardrobe => {
                let categories = categories?;
                match DetectorClass::of_label(categories) {
                    Some(class) => Some(class.to_string()),
                    None => categories.first().map(ToString::to_string),
                }
            }
        }
    }
}
