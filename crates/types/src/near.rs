//! Near names, for errors that help.

/// At most this many names are suggested.
const MOST: usize = 3;

/// The candidates nearest to `name`, nearest first, at most three; empty where nothing is near.
///
/// Case, spaces, hyphens and underscores are ignored. A candidate is near when its edit distance is at most a third of the
/// longer name (at least 1), or when one name contains the other and the shorter has three letters or more. An edit is a
/// letter put in, left out or replaced, or two neighbours swapped.
///
/// ```
/// # use wardrobe_types::did_you_mean;
/// assert_eq!(did_you_mean("Tshirt", ["shirt", "t-shirt", "boots"]), ["t-shirt", "shirt"]);
/// assert!(did_you_mean("xyz", ["shirt", "boots"]).is_empty());
/// ```
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let name = plain(name);
    let mut near: Vec<(bool, usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let other = plain(candidate);
            let distance = edits(&name, &other);
            let longer = name.len().max(other.len());
            let within = distance <= (longer / 3).max(1) && distance < longer;
            let contained = name.len().min(other.len()) >= 3
                && (contains(&name, &other) || contains(&other, &name));
            (within || contained).then_some((!within, distance, candidate))
        })
        .collect();
    near.sort_by_key(|&(only_contained, distance, _)| (only_contained, distance));
    near.truncate(MOST);
    near.into_iter()
        .map(|(_, _, candidate)| candidate)
        .collect()
}

/// The candidates that `word` is most likely a misspelling of: all those of the fewest edits, in their order.
///
/// Stricter than [`did_you_mean`], for correcting without asking: one edit in a word of four letters or more, two in one of
/// eight or more, and the first letter right, as it nearly always is in a slip of the finger.
///
/// ```
/// # use wardrobe_types::misspelling_of;
/// assert_eq!(misspelling_of("derss", ["dress", "dressy", "shirt"]), ["dress"]);
/// assert!(misspelling_of("best", ["vest", "blouse"]).is_empty());
/// ```
pub fn misspelling_of<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let word = plain(word);
    let mut allowed = match word.len() {
        ..4 => return Vec::new(),
        4..8 => 1,
        _ => 2,
    };
    let mut nearest = Vec::new();
    for candidate in candidates {
        let other = plain(candidate);
        if other.first() != word.first() || other.len().abs_diff(word.len()) > allowed {
            continue;
        }
        let distance = edits(&word, &other);
        if distance < allowed {
            nearest.clear();
            allowed = distance;
        }
        if distance == allowed {
            nearest.push(candidate);
        }
    }
    nearest
}

fn plain(name: &str) -> Vec<char> {
    name.to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '-' | '_') && !c.is_whitespace())
        .collect()
}

fn contains(long: &[char], short: &[char]) -> bool {
    long.windows(short.len()).any(|window| window == short)
}

/// The fewest insertions, deletions, substitutions and swaps of neighbours that make one of the other, no part edited
/// twice (optimal string alignment; Damerau 1964), two rows at a time.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let substituted = row[j] + usize::from(x != y);
            let mut least = substituted.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &str, b: &str) -> usize {
        edits(&plain(a), &plain(b))
    }

    #[test]
    fn distances_worked_by_hand() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("T_Shirt", "t shirt"), 0);
        assert_eq!(distance("flaw", "lawn"), 2);
        assert_eq!(distance("derss", "dress"), 1);
        // The swap may not be edited again: three edits, where the unrestricted distance is two.
        assert_eq!(distance("ca", "abc"), 3);
    }

    #[test]
    fn nearest_comes_first_and_far_names_stay_out() {
        let names = ["jeans", "leggings", "denim-jacket", "jacket", "blazer"];
        assert_eq!(did_you_mean("jaket", names), ["jacket"]);
        assert_eq!(did_you_mean("denim", names), ["denim-jacket"]);
        assert!(did_you_mean("", names).is_empty());
        assert!(did_you_mean("ö", names).is_empty());
    }

    #[test]
    fn only_slips_of_the_finger_are_misspellings() {
        let names = ["jacket", "jackets", "shirt", "skirt", "sunglasses", "tie"];
        assert_eq!(misspelling_of("jaket", names), ["jacket"]);
        assert_eq!(misspelling_of("sunglases", names), ["sunglasses"]);
        assert_eq!(misspelling_of("sunglaes", names), ["sunglasses"]);
        assert_eq!(misspelling_of("shirt", names), ["shirt"]);
        // Equally near: both, for the caller to judge.
        assert_eq!(misspelling_of("sirt", names), ["shirt", "skirt"]);
        for other in ["racket", "ti", "jkt", "sung"] {
            assert!(misspelling_of(other, names).is_empty(), "{other}");
        }
    }
}
