//! The classes a scorer knows, and which of them a garment is.

use wardrobe_types::Category;
use wardrobe_types::labels::DetectorClass;

/// Class names by number: categories, detector's classes (`top`, `outerwear`, ...), or a data set's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    /// Each category's number.
    numbers: Vec<Option<usize>>,
}

impl Vocabulary {
    /// Of the names of classes.
    pub fn new(names: &[String]) -> Self {
        let numbers = Category::ALL.into_iter().map(|category| {
            let number = |name: &str| names.iter().position(|known| known == name);
            let class = || DetectorClass::of_category(category);
            number(category.as_str()).or_else(|| number(class()?.as_str()))
        });
        Self {
            numbers: numbers.collect(),
        }
    }

    /// The number of the class that `category` belongs to: of its own name, else of its detector's class; `None` where there
    /// is neither.
    pub fn number(&self, category: Category) -> Option<usize> {
        let place = Category::ALL.iter().position(|each| *each == category)?;
        self.numbers[place]
    }

    /// Whether no category is known at all: the names are a data set's own.
    pub fn is_foreign(&self) -> bool {
        self.numbers.iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finer_name_counts() {
        let names = ["top", "trousers", "jeans", "belt"].map(str::to_owned);
        let vocabulary = Vocabulary::new(&names);
        assert_eq!(vocabulary.number(Category::Jeans), Some(2));
        assert_eq!(vocabulary.number(Category::Chinos), Some(1));
        assert_eq!(vocabulary.number(Category::Shirt), Some(0));
        assert_eq!(vocabulary.number(Category::Belt), Some(3));
        assert_eq!(vocabulary.number(Category::Scarf), None);
        assert!(!vocabulary.is_foreign());
        assert!(Vocabulary::new(&["Day Dresses".to_owned()]).is_foreign());
    }
}
