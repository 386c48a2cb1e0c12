//! A trained model's opinion of outfits: this crate asks it for a term of the score, and for the pair behind it.

use crate::explain::Reason;
use crate::weights::WEIGHTS;
use crate::{Item, Result, phrase};

/// What has learned from outfits that people wear.
pub trait Opinion {
    /// For each outfit, how much it looks like what people wear, 0..=1; `None` where the model knows too little of it.
    ///
    /// # Errors
    /// Garments that the model cannot judge at all.
    fn judge(&self, outfits: &[Vec<&Item>]) -> Result<Vec<Option<f32>>>;
}

/// The model's term of an outfit, and why.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// 0..=1.
    pub term: f32,
    /// The pair that it hangs on most.
    pub reason: Option<Reason>,
}

/// An opinion this sure is taken for it: beyond, only rounding would be compared.
const SURE: f32 = 1e-5;

/// An opinion that hangs less than this on any pair is not worth words.
const LEAST: f32 = 0.02;

/// The opinion of one outfit with the pair of garments that helps or hurts it most: the two whose company adds most to, or
/// takes most from, what each of them does alone. It is the model's own: of its logits f,
/// f(all) - f(without one) - f(without the other) + f(without both).
pub(crate) fn explain(model: &dyn Opinion, items: &[&Item]) -> Result<Option<Judged>> {
    let without = |left_out: &[usize]| -> Vec<&Item> {
        let kept = (0..items.len()).filter(|i| !left_out.contains(i));
        kept.map(|i| items[i]).collect()
    };
    let pairs: Vec<(usize, usize)> = (0..items.len())
        .flat_map(|i| (i + 1..items.len()).map(move |j| (i, j)))
        .collect();
    let mut sets = vec![without(&[])];
    sets.extend((0..items.len()).map(|i| without(&[i])));
    sets.extend(pairs.iter().map(|&(i, j)| without(&[i, j])));
    let opinions = model.judge(&sets)?;
    let Some(term) = opinions[0] else {
        return Ok(None);
    };
    // Of nothing, or of too little, the model says as much as of anything.
    let logit = |set: usize| logit(opinions[set].unwrap_or(0.5));
    let company = pairs.iter().enumerate().map(|(number, &(i, j))| {
        let both = logit(1 + items.len() + number);
        ((i, j), logit(0) - logit(1 + i) - logit(1 + j) + both)
    });
    let strongest = company.max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let reason = strongest.and_then(|((i, j), adds)| {
        let moved = (term - probability(logit(0) - adds)).abs();
        (moved >= LEAST).then(|| Reason {
            strength: WEIGHTS.learned * moved,
            text: words(items[i], items[j], adds > 0.0),
        })
    });
    Ok(Some(Judged { term, reason }))
}

fn words(one: &Item, other: &Item, helps: bool) -> String {
    let (one, other) = (phrase::the(one), phrase::the(other));
    match helps {
        true => format!("{one} with {other} looks like what people wear"),
        false => format!("{one} with {other} is not what people usually wear"),
    }
}

fn logit(p: f32) -> f32 {
    let p = p.clamp(SURE, 1.0 - SURE);
    (p / (1.0 - p)).ln()
}

fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardrobe_types::{Category, ColorName};

    /// Knows what each garment and each pair adds to the logit.
    struct Sum;

    impl Opinion for Sum {
        fn judge(&self, outfits: &[Vec<&Item>]) -> Result<Vec<Option<f32>>> {
            let pair = |a: Category, b: Category| match (a.min(b), a.max(b)) {
                (Category::Shirt, Category::Chinos) => 0.8,
                (Category::Shirt, Category::Sandals) => -1.5,
                _ => 0.0,
            };
            let sum = |outfit: &Vec<&Item>| {
                let alone = outfit
                    .iter()
                    .filter(|item| item.category == Category::Chinos)
                    .count();
                let pairs = outfit.iter().enumerate().flat_map(|(i, a)| {
                    outfit[i + 1..].iter().map(|b| pair(a.category, b.category))
                });
                Some(probability(3.0 * alone as f32 + pairs.sum::<f32>()))
            };
            Ok(outfits
                .iter()
                .map(|outfit| (!outfit.is_empty()).then(|| sum(outfit)).flatten())
                .collect())
        }
    }

    #[test]
    fn the_pair_is_the_one_whose_company_counts() {
        let item = |category| Item::new("x", category, ColorName::Navy);
        let [shirt, chinos, sandals] =
            [Category::Shirt, Category::Chinos, Category::Sandals].map(item);
        // The chinos add most, but alone; the sandals take most, and only beside the shirt.
        let judged = explain(&Sum, &[&shirt, &chinos, &sandals])
            .unwrap()
            .unwrap();
        assert!((judged.term - probability(2.3)).abs() < 1e-4);
        let reason = judged.reason.unwrap();
        assert_eq!(
            reason.text,
            "the navy shirt with the navy sandals is not what people usually wear"
        );
        let moved = probability(3.8) - probability(2.3);
        assert!((reason.strength - WEIGHTS.learned * moved).abs() < 1e-3);

        let judged = explain(&Sum, &[&shirt, &chinos]).unwrap().unwrap();
        assert!(
            judged
                .reason
                .unwrap()
                .text
                .ends_with("looks like what people wear")
        );
        let judged = explain(&Sum, &[&chinos, &sandals]).unwrap().unwrap();
        assert_eq!(judged.reason, None);
        assert_eq!(explain(&Sum, &[]).unwrap(), None);
    }
}
