//! What the wear log, the rain, the seed and a small wardrobe do to an answer.

use std::collections::HashSet;

use wardrobe_recommend::{Item, Recommendation, Request, recommend};
use wardrobe_types::Category::{self, *};
use wardrobe_types::ColorName::{self, *};
use wardrobe_types::{GarmentId, Material};

fn item(id: &str, category: Category, color: ColorName) -> Item {
    Item::new(id, category, color)
}

/// The same garments, some of them worn so many days ago.
fn worn(mut items: Vec<Item>, log: &[(&str, &[u32])]) -> Vec<Item> {
    for (id, days) in log {
        let item = items.iter_mut().find(|item| item.id.as_str() == *id);
        item.unwrap().worn = days.to_vec();
    }
    items
}

fn wardrobe() -> Vec<Item> {
    vec![
        item("white-shirt", Shirt, White),
        item("blue-shirt", Shirt, LightBlue),
        item("grey-tee", TShirt, Grey),
        item("white-tee", TShirt, White),
        item("chinos", Chinos, Tan),
        item("jeans", Jeans, Denim),
        item("trousers", Trousers, Charcoal),
        item("sneakers", Sneakers, White),
        item("boots", Boots, Brown),
        item("sandals", Sandals, Brown),
    ]
}

fn has(answer: &Recommendation, id: &str) -> bool {
    let mut garments = answer.outfits.iter().flat_map(|outfit| &outfit.garments);
    garments.any(|garment| garment.as_str() == id)
}

fn many() -> Request {
    Request {
        n: 20,
        ..Request::default()
    }
}

#[test]
fn what_was_worn_lately_waits_for_as_many_days_as_asked() {
    let items = worn(
        wardrobe(),
        &[("chinos", &[6]), ("boots", &[7]), ("jeans", &[0, 30])],
    );
    let within = |days| Request {
        not_worn_days: Some(days),
        ..many()
    };
    let answer = recommend(&items, &within(7)).unwrap();
    assert!(!has(&answer, "chinos") && !has(&answer, "jeans") && has(&answer, "boots"));
    let answer = recommend(&items, &within(8)).unwrap();
    assert!(!has(&answer, "boots") && has(&answer, "sneakers"));
    let answer = recommend(&items, &within(0)).unwrap();
    assert!(has(&answer, "chinos") && has(&answer, "jeans"));
    // A garment asked for comes however lately it was worn.
    let with = Request {
        with: vec!["jeans".into()],
        ..within(7)
    };
    assert!(has(&recommend(&items, &with).unwrap(), "jeans"));
    let all = worn(
        wardrobe(),
        &[("sneakers", &[1]), ("boots", &[1]), ("sandals", &[2])],
    );
    assert_eq!(
        recommend(&all, &within(3)).unwrap().reason.unwrap(),
        "no shoes left after leaving out what was worn in the last 3 days"
    );
    let today = recommend(&all, &within(1)).unwrap();
    assert!(!today.outfits.is_empty());
}

#[test]
fn by_default_a_top_just_worn_waits_where_others_can_take_its_place() {
    let one = worn(
        wardrobe(),
        &[("white-shirt", &[1]), ("jeans", &[0]), ("boots", &[0])],
    );
    let answer = recommend(&one, &many()).unwrap();
    assert!(!has(&answer, "white-shirt") && has(&answer, "jeans") && has(&answer, "boots"));
    // Two others are not enough to do without it.
    let two = worn(one, &[("blue-shirt", &[0])]);
    assert!(has(&recommend(&two, &many()).unwrap(), "white-shirt"));
    let older = worn(wardrobe(), &[("white-shirt", &[2])]);
    assert!(has(&recommend(&older, &many()).unwrap(), "white-shirt"));
}

#[test]
fn what_is_seldom_worn_is_lifted_within_bounds() {
    let plain = recommend(&wardrobe(), &many()).unwrap();
    assert!(
        plain
            .outfits
            .iter()
            .all(|outfit| outfit.scored.breakdown.rotation.is_none())
    );
    let twins = vec![
        item("often", Chinos, Tan),
        item("never", Chinos, Tan),
        item("shirt", Shirt, White),
        item("loafers", Loafers, Brown),
    ];
    let days: Vec<u32> = (3..23).collect();
    let items = worn(twins, &[("often", &days)]);
    let answer = recommend(&items, &many()).unwrap();
    let [best, other] = answer.outfits.as_slice() else {
        panic!("{answer:?}");
    };
    assert!(best.garments.contains(&"never".into()) && other.garments.contains(&"often".into()));
    let lift = best.scored.score - other.scored.score;
    assert!(lift > 0.0 && lift <= 0.1, "{lift}");
    let told = &best.scored.explanation;
    assert!(
        told.contains(&"the tan chinos have not been worn yet".to_owned()),
        "{told:?}"
    );
    let told = &other.scored.explanation;
    assert!(
        told.contains(&"the tan chinos were worn 20 times in the last 30 days".to_owned()),
        "{told:?}"
    );
}

#[test]
fn rain_asks_for_closed_shoes_of_no_suede() {
    let mut items = wardrobe();
    let boots = items
        .iter_mut()
        .find(|item| item.category == Boots)
        .unwrap();
    boots.material = Some(Material::Suede);
    let rain = Request {
        rain: true,
        ..many()
    };
    let answer = recommend(&items, &rain).unwrap();
    assert!(has(&answer, "sneakers") && !has(&answer, "boots") && !has(&answer, "sandals"));
    let with = Request {
        with: vec!["boots".into()],
        ..rain
    };
    let told = &recommend(&items, &with).unwrap().outfits[0]
        .scored
        .explanation;
    assert!(
        told.contains(&"the brown boots are of suede, which rain ruins".to_owned()),
        "{told:?}"
    );
}

/// The sets of garments shown.
fn sets(answer: &Recommendation) -> HashSet<Vec<GarmentId>> {
    answer
        .outfits
        .iter()
        .map(|outfit| outfit.garments.clone())
        .collect()
}

#[test]
fn another_seed_gives_others_around_a_locked_garment() {
    let ask = |seed| {
        let request = Request {
            n: 3,
            seed,
            with: vec!["blue-shirt".into()],
            ..Request::default()
        };
        recommend(&wardrobe(), &request).unwrap()
    };
    let first = ask(0);
    assert_eq!(sets(&first), sets(&ask(0)));
    let mut seen = sets(&first);
    for seed in 1..8 {
        let answer = ask(seed);
        assert_eq!(answer.seed, seed);
        assert_eq!(answer, ask(seed));
        assert!(
            answer
                .outfits
                .iter()
                .all(|o| o.garments.contains(&"blue-shirt".into()))
        );
        let scores: Vec<f32> = answer.outfits.iter().map(|o| o.scored.score).collect();
        assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
        seen.extend(sets(&answer));
    }
    // One top with three bottoms and three pairs of shoes makes nine.
    assert!(seen.len() >= 6, "{}", seen.len());
}

/// Whether two outfits share more than half of the smaller one's garments.
fn alike(answer: &Recommendation) -> usize {
    let outfits = &answer.outfits;
    let shares = |a: usize, b: usize| {
        let (a, b) = (&outfits[a].garments, &outfits[b].garments);
        2 * a.iter().filter(|id| b.contains(id)).count() > a.len().min(b.len())
    };
    let pairs = (0..outfits.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    pairs.filter(|&(a, b)| shares(a, b)).count()
}

#[test]
fn outfits_differ_unless_the_wardrobe_forces_them_and_then_the_reason_says_so() {
    let items = [
        item("t1", Shirt, White),
        item("t2", TShirt, Grey),
        item("b1", Chinos, Tan),
        item("b2", Jeans, Denim),
        item("s1", Sneakers, White),
        item("s2", Boots, Brown),
    ];
    let ask = |n| {
        let request = Request {
            n,
            ..Request::default()
        };
        recommend(&items, &request).unwrap()
    };
    let four = ask(4);
    assert_eq!(
        (four.outfits.len(), alike(&four), &four.reason),
        (4, 0, &None)
    );
    let five = ask(5);
    assert_eq!(five.outfits.len(), 5);
    assert!(alike(&five) > 0);
    assert_eq!(
        five.reason.unwrap(),
        "1 of these 5 shares more than half of its garments with another: there are 2 tops, 2 bottoms and 2 pairs of shoes \
         to choose from"
    );
    assert_eq!(
        ask(10).reason.unwrap(),
        "only 8 different outfits can be made of 2 tops, 2 bottoms and 2 pairs of shoes, and 4 of them share more than half \
         of their garments with others"
    );
    // What the filters took is told too.
    let mut washing = items.clone();
    washing[1].laundry = true;
    let request = Request {
        n: 5,
        ..Request::default()
    };
    let reason = recommend(&washing, &request).unwrap().reason.unwrap();
    let told = "only 4 different outfits can be made of 1 top, 2 bottoms and 2 pairs of shoes, after leaving out what is in the laundry";
    assert!(reason.starts_with(told), "{reason}");
}
