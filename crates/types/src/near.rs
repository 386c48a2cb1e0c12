//! Near names, for errors that help.

/// At most this many names are suggested.
const MOST: usize = 3;

/// The candidates nearest to `name`, nearest first, at most three; empty where nothing is near.
///
/// Case, spaces, hyphens and underscores are ignored. A candidate is near when its Levenshtein distance is at most a third
/// of the longer name (at least 1), or when one name contains the other and the shorter has three letters or more.
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
            let distance = levenshtein(&name, &other);
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

fn plain(name: &str) -> Vec<char> {
    name.to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '-' | '_') && !c.is_whitespace())
        .collect()
}

fn contains(long: &[char], short: &[char]) -> bool {
    long.windows(short.len()).any(|window| window == short)
}

/// Edit distance by insertion, deletion and substitution (Levenshtein 1966), one row at a time.
fn levenshtein(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &str, b: &str) -> usize {
        levenshtein(&plain(a), &plain(b))
    }

    #[test]
    fn distances_worked_by_hand() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("T_Shirt", "t shirt"), 0);
        assert_eq!(distance("flaw", "lawn"), 2);
    }

    #[test]
    fn nearest_comes_first_and_far_names_stay_out() {
        let names = ["jeans", "leggings", "denim-jacket", "jacket", "blazer"];
        assert_eq!(did_you_mean("jaket", names), ["jacket"]);
        assert_eq!(did_you_mean("denim", names), ["denim-jacket"]);
        assert!(did_you_mean("", names).is_empty());
        assert!(did_you_mean("ö", names).is_empty());
    }
}
