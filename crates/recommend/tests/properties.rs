//! What holds for every wardrobe and every outfit.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use wardrobe_recommend::{CLASH_BELOW, Item, Recommendation, Request, problems, recommend, score};
use wardrobe_types::{
    Category, Color, ColorName, Formality, GarmentId, Pattern, Season, Slot, Style,
};

/// Scores are sums of a few terms: more than this is no rounding.
const ROUNDING: f32 = 1e-5;

fn colors() -> impl Strategy<Value = Vec<Color>> {
    prop::collection::vec((select(&ColorName::ALL[..]), 1_u8..10), 0..4).prop_map(|parts| {
        let total: f32 = parts.iter().map(|&(_, part)| f32::from(part)).sum();
        let color = |(name, part)| Color {
            fraction: f32::from(part) / total,
            ..Color::plain(name)
        };
        parts.into_iter().map(color).collect()
    })
}

fn garment() -> impl Strategy<Value = Item> {
    (
        select(&Category::ALL[..]),
        colors(),
        prop::option::of(0.0_f32..=1.0),
        prop::option::of(select(&Pattern::ALL[..])),
        subsequence(Season::ALL.to_vec(), 0..=4),
        subsequence(Style::ALL.to_vec(), 0..=2),
        prop::option::of(prop::collection::vec(-1.0_f32..1.0, 8)),
        prop::bool::weighted(0.1),
        prop::collection::vec(0_u32..100, 0..3),
    )
        .prop_map(
            |(category, colors, formality, pattern, seasons, styles, embedding, laundry, worn)| {
                let mut item = Item::new("", category, ColorName::Black);
                item.colors = colors;
                item.formality = formality.unwrap_or(item.formality);
                item.pattern = pattern;
                item.seasons = seasons;
                item.styles = styles;
                item.embedding = embedding;
                item.laundry = laundry;
                item.worn = worn;
                item
            },
        )
}

fn garments(size: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Item>> {
    prop::collection::vec(garment(), size).prop_map(|mut items| {
        for (i, item) in items.iter_mut().enumerate() {
            item.id = GarmentId::new(format!("g{i:03}"));
        }
        items
    })
}

fn request() -> impl Strategy<Value = Request> {
    (
        (1_usize..8, 1_usize..300, any::<u64>()),
        prop::option::of(0.0_f32..=1.0),
        prop::option::of(select(&Season::ALL[..])),
        prop::option::of(-20.0_f32..40.0),
        any::<bool>(),
        prop::option::of(select(&Style::ALL[..])),
        prop::option::of(0_u32..20),
    )
        .prop_map(
            |(
                (n, candidates, seed),
                formality,
                season,
                temperature,
                rain,
                style,
                not_worn_days,
            )| Request {
                n,
                candidates,
                seed,
                formality: formality.map(|value| Formality::new(value).unwrap()),
                season,
                temperature,
                rain,
                style,
                not_worn_days,
                ..Request::default()
            },
        )
}

fn worn<'a>(wardrobe: &'a [Item], garments: &'a [GarmentId]) -> Vec<Item> {
    let by_id = |id: &GarmentId| wardrobe.iter().find(|item| item.id == *id).unwrap().clone();
    garments.iter().map(by_id).collect()
}

/// Whether any two outfits share more than half of the smaller one's garments.
fn two_are_alike(answer: &Recommendation) -> bool {
    let outfits: Vec<&Vec<GarmentId>> = answer.outfits.iter().map(|o| &o.garments).collect();
    let alike = |a: &[GarmentId], b: &[GarmentId]| {
        2 * a.iter().filter(|id| b.contains(id)).count() > a.len().min(b.len())
    };
    (0..outfits.len()).any(|i| outfits[..i].iter().any(|other| alike(outfits[i], other)))
}

fn check(
    wardrobe: &[Item],
    request: &Request,
    answer: &Recommendation,
) -> Result<(), TestCaseError> {
    prop_assert!(answer.outfits.len() <= request.n && answer.candidates <= request.candidates);
    prop_assert_eq!(
        answer.reason.is_some(),
        answer.outfits.len() < request.n || two_are_alike(answer)
    );
    let mut seen = std::collections::HashSet::new();
    prop_assert!(
        answer
            .outfits
            .is_sorted_by(|a, b| a.scored.score >= b.scored.score)
    );
    for outfit in &answer.outfits {
        let items = worn(wardrobe, &outfit.garments);
        prop_assert!(seen.insert(outfit.id.clone()));
        prop_assert_eq!(problems(&items), []);
        let filling = |slot: Slot| {
            items
                .iter()
                .filter(|item| item.category.slots().contains(&slot))
                .count()
        };
        for slot in [Slot::Top, Slot::Bottom, Slot::Shoes] {
            prop_assert_eq!(filling(slot), 1, "{}", slot);
        }
        prop_assert!(filling(Slot::Outerwear) <= 1);
        prop_assert!((0.0..=1.0).contains(&outfit.scored.score));
        prop_assert!(!outfit.scored.explanation.is_empty());
        for item in &items {
            let demanded = request.with.contains(&item.id);
            prop_assert!(!request.without.contains(&item.id));
            prop_assert!(demanded || !item.laundry);
            prop_assert!(demanded || !request.rain || !item.category.rain_ruins());
            let just = |days| item.worn.iter().any(|&day| day < days);
            prop_assert!(demanded || !request.not_worn_days.is_some_and(just));
        }
        prop_assert!(request.with.iter().all(|id| outfit.garments.contains(id)));
    }
    Ok(())
}

/// Two colours that clash, in either order.
fn clash() -> impl Strategy<Value = (ColorName, ColorName)> {
    use ColorName::{HotPink, Orange, Purple, Red};
    let pairs = [
        (Red, Orange),
        (Red, Purple),
        (Red, HotPink),
        (Orange, HotPink),
        (Orange, Purple),
    ];
    (select(pairs.to_vec()), any::<bool>())
        .prop_map(|((a, b), swap)| if swap { (b, a) } else { (a, b) })
}

/// Watches and sunglasses are too small for their colour to count.
fn shows(category: Category) -> bool {
    !matches!(category, Category::Watch | Category::Sunglasses)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn scores_and_terms_are_in_range(items in garments(1..12)) {
        let scored = score(&items).unwrap();
        let terms = scored.breakdown;
        prop_assert!((0.0..=1.0).contains(&scored.score));
        for term in [terms.color, terms.formality, terms.category].into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&term));
        }
        prop_assert_eq!((terms.learned, terms.preference), (None, None));
        prop_assert!(!scored.explanation.is_empty() && scored.explanation.iter().all(|why| !why.is_empty()));
    }

    #[test]
    fn order_never_matters((items, shuffled) in garments(1..9).prop_flat_map(|items| {
        (Just(items.clone()), Just(items).prop_shuffle())
    })) {
        prop_assert_eq!(score(&items).unwrap(), score(&shuffled).unwrap());
    }

    #[test]
    fn names_never_matter(items in garments(1..9)) {
        let mut renamed = items.clone();
        for (i, item) in renamed.iter_mut().enumerate() {
            item.id = GarmentId::new(format!("z{}", 99 - i));
        }
        prop_assert_eq!(score(&items).unwrap(), score(&renamed).unwrap());
    }

    /// Any garment at all, of any category, formality and pattern, in a colour that clashes with what is there.
    #[test]
    fn adding_a_clash_never_raises_the_score(
        items in garments(1..8),
        clashing in any::<prop::sample::Index>(),
        added in garment(),
        (there, color) in clash(),
    ) {
        let mut items = items;
        let clashing = clashing.index(items.len());
        items[clashing].colors = vec![Color::plain(there)];
        prop_assume!(shows(items[clashing].category) && shows(added.category));
        let before = score(&items).unwrap();
        items.push(Item { id: "added".into(), colors: vec![Color::plain(color)], ..added });
        let after = score(&items).unwrap();
        prop_assert!(after.breakdown.color < Some(CLASH_BELOW));
        prop_assert!(after.breakdown.color <= before.breakdown.color);
        prop_assert!(after.score <= before.score + ROUNDING, "{} -> {}", before.score, after.score);
    }

    /// The rule behind it: only a better colour or a good combination can raise a score, never more garments.
    #[test]
    fn more_garments_never_agree_better(items in garments(1..8), added in garment()) {
        let before = score(&items).unwrap().breakdown.formality;
        let mut more = items;
        more.push(Item { id: "added".into(), ..added });
        prop_assert!(score(&more).unwrap().breakdown.formality <= before);
    }

    #[test]
    fn every_outfit_is_valid_and_follows_the_request(wardrobe in garments(0..60), request in request()) {
        let answer = recommend(&wardrobe, &request).unwrap();
        check(&wardrobe, &request, &answer)?;
    }

    #[test]
    fn demands_and_exclusions_are_honoured(
        wardrobe in garments(2..60),
        request in request(),
        with in any::<prop::sample::Index>(),
        without in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let with = with.get(&wardrobe).id.clone();
        let mut without: Vec<GarmentId> = without.iter().map(|index| index.get(&wardrobe).id.clone()).collect();
        without.retain(|id| *id != with);
        let request = Request { with: vec![with], without, ..request };
        let answer = recommend(&wardrobe, &request).unwrap();
        check(&wardrobe, &request, &answer)?;
    }

    #[test]
    fn same_seed_same_answer_in_any_order((wardrobe, shuffled) in garments(0..60).prop_flat_map(|items| {
        (Just(items.clone()), Just(items).prop_shuffle())
    }), request in request()) {
        prop_assert_eq!(recommend(&wardrobe, &request).unwrap(), recommend(&shuffled, &request).unwrap());
    }
}
