//! Which categories are worn together, from [the table](super::combination_table).

use std::sync::LazyLock;

use wardrobe_types::Category;

use super::combination_table::{Row, TABLE};
use crate::Item;
use crate::phrase;
use crate::weights::rule;

/// A row of the table that holds for two garments (indices into the outfit).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub effect: f32,
    why: &'static str,
    first: usize,
    second: usize,
}

const N: usize = Category::ALL.len();

/// The row for two categories; the order does not matter.
fn entry(a: Category, b: Category) -> Option<&'static Row> {
    static BY_PAIR: LazyLock<[[Option<&'static Row>; N]; N]> = LazyLock::new(|| {
        Category::ALL.map(|a| Category::ALL.map(|b| TABLE.iter().find(|row| holds(row, a, b))))
    });
    BY_PAIR[a as usize][b as usize]
}

fn holds(row: &Row, a: Category, b: Category) -> bool {
    (row.left.contains(&a) && row.right.contains(&b))
        || (row.left.contains(&b) && row.right.contains(&a))
}

/// Every row that holds for two of the garments.
pub(crate) fn judge(items: &[&Item]) -> Vec<Found> {
    let mut found = Vec::new();
    for (first, a) in items.iter().enumerate() {
        for (second, b) in items.iter().enumerate().skip(first + 1) {
            if let Some(row) = entry(a.category, b.category) {
                found.push(Found {
                    effect: row.effect,
                    why: row.why,
                    first,
                    second,
                });
            }
        }
    }
    found
}

/// What the good combinations add, at most [`rule::MOST_BONUS`].
pub(crate) fn bonus(found: &[Found]) -> f32 {
    let sum: f32 = found.iter().map(|found| found.effect.max(0.0)).sum();
    sum.min(rule::MOST_BONUS)
}

/// What the bad combinations take.
pub(crate) fn penalty(found: &[Found]) -> f32 {
    found.iter().map(|found| (-found.effect).max(0.0)).sum()
}

impl Found {
    pub(crate) fn text(&self, items: &[&Item]) -> String {
        let (a, b) = (phrase::a(items[self.first]), phrase::a(items[self.second]));
        format!("{a} with {b}: {}", self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_reached_and_says_why() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(!row.why.is_empty() && row.effect != 0.0, "row {i}");
            for (&a, &b) in row
                .left
                .iter()
                .flat_map(|a| row.right.iter().map(move |b| (a, b)))
            {
                let spoken = entry(a, b).map(|row| row.why);
                assert!(spoken.is_some(), "{a} {b}");
                assert_ne!(a, b, "row {i} pairs a category with itself");
            }
            let reached = row.left.iter().any(|&a| {
                row.right
                    .iter()
                    .any(|&b| entry(a, b).is_some_and(|found| std::ptr::eq(found, row)))
            });
            assert!(
                reached,
                "row {i} ({}) is shadowed by the rows above it",
                row.why
            );
        }
    }

    #[test]
    fn order_of_categories_does_not_matter() {
        for a in Category::ALL {
            for b in Category::ALL {
                assert_eq!(
                    entry(a, b).map(|row| row.effect),
                    entry(b, a).map(|row| row.effect)
                );
            }
        }
    }
}
