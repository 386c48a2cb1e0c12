//! Every sentence of the colour rules, worked by hand.

use wardrobe_recommend::{Item, score};
use wardrobe_types::ColorName::{self, *};
use wardrobe_types::{Category, Color};

/// Shirt, chinos and sneakers in these colours.
fn dressed(colors: [ColorName; 3]) -> Vec<Item> {
    let categories = [Category::Shirt, Category::Chinos, Category::Sneakers];
    let named = categories.into_iter().zip(colors);
    named
        .map(|(category, color)| Item::new(category.as_str(), category, color))
        .collect()
}

fn harmony(items: &[Item]) -> f32 {
    score(items).unwrap().breakdown.color.unwrap()
}

#[test]
fn all_neutral_outfits_are_safe() {
    for colors in [
        [White, Navy, Black],
        [Grey, Charcoal, Silver],
        [Cream, Denim, White],
        [Beige, Black, OffWhite],
        [Black, Black, Black],
    ] {
        assert_eq!(harmony(&dressed(colors)), 0.75, "{colors:?}");
    }
}

#[test]
fn neutrals_go_with_everything() {
    let neutrals = ColorName::ALL.into_iter().filter(|name| name.is_neutral());
    for neutral in neutrals {
        for color in ColorName::ALL {
            let found = harmony(&dressed([color, neutral, neutral]));
            assert!(found >= 0.75, "{color} on {neutral}: {found}");
        }
    }
}

#[test]
fn classic_pairs_score_from_090() {
    for (a, b) in [
        (Navy, Tan),
        (Navy, White),
        (Navy, Burgundy),
        (Blue, Brown),
        (Blue, Tan),
        (LightBlue, Brown),
        (Black, White),
        (Black, Red),
    ] {
        for colors in [[a, b, b], [b, a, a], [a, b, a]] {
            let found = harmony(&dressed(colors));
            assert!((0.9..=1.0).contains(&found), "{colors:?}: {found}");
        }
    }
    // With a neutral beside them they stay what they are.
    assert!(harmony(&dressed([White, Navy, Tan])) >= 0.9);
    assert!(harmony(&dressed([White, Blue, Brown])) >= 0.9);
}

#[test]
fn complementary_pairs_score_from_090() {
    // The painter's opposites, and two pairs that lie opposite on the circle of LCh alone.
    for (a, b) in [
        (Blue, Orange),
        (Red, Green),
        (Yellow, Purple),
        (Green, Purple),
        (Red, Teal),
    ] {
        let found = harmony(&dressed([a, b, White]));
        assert!((0.9..=1.0).contains(&found), "{a} {b}: {found}");
    }
}

#[test]
fn more_than_two_colors_lower_the_score() {
    for (two, three) in [
        ([Blue, Brown, White], [Blue, Brown, Green]),
        ([Red, Green, White], [Red, Green, Blue]),
        ([Yellow, Purple, Grey], [Yellow, Purple, Teal]),
        ([LightBlue, Pink, White], [LightBlue, Pink, Mint]),
    ] {
        let (two, three) = (harmony(&dressed(two)), harmony(&dressed(three)));
        assert!(
            three < two && (0.5..=0.65).contains(&three),
            "{three} against {two}"
        );
    }
    let mut four = dressed([Blue, Brown, Green]);
    let three = harmony(&four);
    four.push(Item::new("scarf", Category::Scarf, Plum));
    assert!(harmony(&four) < three);
}

#[test]
fn clashes_stay_below_one_half() {
    for colors in [
        [Red, Orange, Purple],
        [Red, Orange, White],
        [Black, Orange, HotPink],
        [Purple, Navy, Red],
        [Orange, Purple, Grey],
    ] {
        let scored = score(&dressed(colors)).unwrap();
        let found = scored.breakdown.color.unwrap();
        assert!(found < 0.5 && scored.score < 0.5, "{colors:?}: {scored:?}");
        assert!(
            scored.explanation[0].contains("clash"),
            "{:?}",
            scored.explanation
        );
    }
    let pair = harmony(&dressed([Red, Orange, White]));
    let triple = harmony(&dressed([Red, Orange, Purple]));
    assert!(
        triple < pair,
        "a second clash is worse: {triple} against {pair}"
    );
}

#[test]
fn colors_count_by_what_they_cover() {
    let mut on_shirt = dressed([White, Black, White]);
    let color = |name, fraction| Color {
        fraction,
        ..Color::plain(name)
    };
    // A logo is no colour of the outfit.
    on_shirt[0].colors = vec![color(White, 0.9), color(Red, 0.1)];
    let logo = harmony(&on_shirt);
    assert_eq!(logo, harmony(&dressed([White, Black, White])));
    // A belt makes no red outfit, a shirt does: 0.1 of 2.4 is 0.42 of a full accent.
    let mut belted = dressed([White, Black, Grey]);
    belted.push(Item::new("belt", Category::Belt, Red));
    let expected = 0.75 + (0.94 - 0.75) * (0.1 / 2.4) / 0.1;
    assert!((harmony(&belted) - expected).abs() < 1e-6);
    assert!((harmony(&dressed([Red, Black, Grey])) - 0.94).abs() < 1e-6);
    // The more a clash covers, the worse it is.
    let shoes = harmony(&dressed([Red, White, Orange]));
    let trousers = harmony(&dressed([Red, Orange, White]));
    assert!((trousers - 0.25).abs() < 1e-6, "{trousers}");
    assert!(
        (shoes - (0.45 - 0.2 * 0.3_f32.sqrt())).abs() < 1e-6,
        "{shoes}"
    );
}

#[test]
fn a_print_does_not_clash_with_itself() {
    let mut items = dressed([White, Black, Black]);
    let half = |name| Color {
        fraction: 0.5,
        ..Color::plain(name)
    };
    items[0].colors = vec![half(Red), half(Orange)];
    assert!(harmony(&items) >= 0.5);
    // With another garment in one of its colours it does.
    items[1].colors = vec![Color::plain(Red)];
    assert!(harmony(&items) < 0.5);
}

#[test]
fn unknown_colors_are_no_opinion() {
    let mut items = dressed([White, Black, Black]);
    items.iter_mut().for_each(|item| item.colors.clear());
    let scored = score(&items).unwrap();
    assert_eq!(scored.breakdown.color, None);
    assert!(scored.score > 0.0);
}

#[test]
fn reasons_name_the_garments() {
    let explained = |colors| score(&dressed(colors)).unwrap().explanation.join("\n");
    let classic = explained([White, Navy, White]);
    assert!(
        classic.contains("a white shirt and navy chinos: a classic pair"),
        "{classic}"
    );
    let clash = explained([Red, Orange, White]);
    assert!(
        clash.contains("a red shirt and orange chinos clash"),
        "{clash}"
    );
    let neutral = explained([White, Navy, Black]);
    assert!(
        neutral.contains("black, white and navy: only neutrals"),
        "{neutral}"
    );
    let many = explained([Blue, Brown, Green]);
    assert!(
        many.contains("blue") && many.contains("3 colours compete"),
        "{many}"
    );
}
