//! Queries understood, and tags compared with them.

use wardrobe::{ColorQuery, Query, Term, Wish};
use wardrobe_types::{
    BasicColor, BoxXyxy, Category, Color, ColorName, EmbedderId, Fit, FormalityBand, Garment,
    GarmentId, Pattern, Season, Style,
};

use ColorName as N;

fn parse(text: &str) -> Query {
    text.parse().unwrap()
}

fn words(wishes: &[Wish]) -> Vec<&str> {
    wishes.iter().map(|wish| wish.words.as_str()).collect()
}

/// The terms of a query that asks for one thing.
fn terms(text: &str) -> Vec<Term> {
    let query = parse(text);
    assert_eq!(query.wanted.len(), 1, "{text}: {query:?}");
    assert!(query.unwanted.is_empty(), "{text}: {query:?}");
    assert!(query.not_understood.is_empty(), "{text}: {query:?}");
    query.wanted[0].any_of.clone()
}

fn kinds(text: &str) -> Vec<Category> {
    let kind = |term| match term {
        Term::Category(category) => category,
        other => panic!("{text}: {other:?}"),
    };
    terms(text).into_iter().map(kind).collect()
}

/// A garment as the models see it: a category, a colour, and what follows from the category.
fn garment(category: Category, name: ColorName) -> Garment {
    Garment {
        id: GarmentId::new(format!("{name}-{category}")),
        photo: "photos/1.jpg".into(),
        crop: "crops/1.jpg".into(),
        bbox: BoxXyxy::new(0.0, 0.0, 1.0, 1.0).unwrap(),
        category,
        category_confidence: 0.9,
        slots: category.slots().to_vec(),
        colors: vec![Color::plain(name)],
        pattern: None,
        fit: None,
        material: None,
        open: None,
        formality: category.formality().value(),
        seasons: vec![Season::Spring, Season::Summer],
        styles: Vec::new(),
        embedder: EmbedderId::new("test"),
        laundry: false,
        created_at: "2026-11-23T12:00:00.000Z".into(),
    }
}

fn score(text: &str, garment: &Garment) -> f32 {
    parse(text).score(garment).unwrap()
}

/// Holds that each garment answers the text better than the next.
fn assert_falling(text: &str, garments: &[Garment]) {
    let scores: Vec<f32> = garments
        .iter()
        .map(|garment| score(text, garment))
        .collect();
    for (pair, of) in scores.windows(2).zip(garments.windows(2)) {
        assert!(
            pair[0] > pair[1] + 0.01,
            "{text}: {scores:?} from {} on",
            of[0].id
        );
    }
    assert!(
        scores.iter().all(|score| (0.0..=1.0).contains(score)),
        "{scores:?}"
    );
}

#[test]
fn every_name_of_the_vocabulary_asks_for_itself() {
    for category in Category::ALL {
        assert!(kinds(category.as_str()).contains(&category), "{category}");
    }
    for name in ColorName::ALL {
        let asked = match BasicColor::ALL
            .into_iter()
            .find(|basic| basic.as_str() == name.as_str())
        {
            Some(basic) => ColorQuery::Basic(basic),
            None => ColorQuery::Name(name),
        };
        assert_eq!(terms(name.as_str()), [Term::Color(asked)]);
    }
    for pattern in Pattern::ALL {
        assert_eq!(terms(pattern.as_str()), [Term::Pattern(pattern)]);
    }
    for fit in Fit::ALL {
        assert_eq!(terms(fit.as_str()), [Term::Fit(fit)]);
    }
    for season in Season::ALL {
        assert_eq!(terms(season.as_str()), [Term::Season(season)]);
    }
    for style in Style::ALL {
        assert_eq!(terms(style.as_str()), [Term::Style(style)]);
    }
    assert_eq!(
        terms("smart-casual"),
        [Term::Formality(FormalityBand::SmartCasual)]
    );
}

#[test]
fn synonyms_plurals_and_spellings() {
    use Category as C;
    for text in [
        "t-shirt",
        "t shirt",
        "tshirt",
        "T-Shirts",
        "tees",
        "some nice T shirts, please",
    ] {
        assert_eq!(kinds(text), [C::TShirt], "{text}");
    }
    for (text, kind) in [
        ("trainers", C::Sneakers),
        ("running shoes", C::Sneakers),
        ("jumper", C::Sweater),
        ("hoodies", C::Hoodie),
        ("scarves", C::Scarf),
        ("watches", C::Watch),
        ("neckties", C::Tie),
        ("dress shirt", C::Shirt),
        ("dress shoes", C::DressShoes),
        ("jean jacket", C::DenimJacket),
        ("vest top", C::TankTop),
        ("trench", C::TrenchCoat),
        ("top hat", C::Hat),
    ] {
        assert!(kinds(text).contains(&kind), "{text}: {:?}", kinds(text));
    }
    assert_eq!(kinds("boots"), [C::Boots, C::AnkleBoots]);
    assert!(kinds("pants").contains(&C::Jeans) && !kinds("trousers").contains(&C::Jeans));
    assert_eq!(kinds("shoes").len(), 8);
    assert_eq!(kinds("accessories").len(), 7);
    let navy = [Term::Color(ColorQuery::Name(ColorName::Navy))];
    for text in ["navy", "navy blue", "navy-blue", "NavyBlue", "dark blue"] {
        assert_eq!(terms(text), navy, "{text}");
    }
    assert_eq!(terms("royal blue"), terms("royal-blue"));
    assert_eq!(terms("gray"), terms("grey"));
    assert_eq!(terms("polka dots"), terms("dotted"));
    assert_eq!(terms("stripes"), terms("striped"));
    assert_eq!(terms("autumn"), terms("fall"));
    assert_eq!(terms("for the office"), terms("business"));
}

#[test]
fn sentences() {
    let query = parse("A burgundy top for winter");
    assert_eq!(words(&query.wanted), ["burgundy", "top", "winter"]);
    let query = parse("something formal and blue");
    assert_eq!(words(&query.wanted), ["formal", "blue"]);
    let query = parse("red and white striped shirt");
    assert_eq!(words(&query.wanted), ["red", "white", "striped", "shirt"]);
    let query = parse("navy or black trousers");
    assert_eq!(words(&query.wanted), ["navy or black", "trousers"]);
    let query = parse("black/navy trousers");
    assert_eq!(words(&query.wanted), ["black or navy", "trousers"]);
    // Joined by "or", and not of one kind: both are asked.
    let query = parse("red or striped");
    assert_eq!(words(&query.wanted), ["red", "striped"]);
    // No garment is two things.
    let query = parse("shirts, blue trousers");
    assert_eq!(words(&query.wanted), ["shirts or trousers", "blue"]);
    for nothing in ["", "  ", ",,", "something nice to wear"] {
        assert_eq!(parse(nothing).wanted, [], "{nothing}");
        assert!(parse(nothing).not_understood.is_empty(), "{nothing}");
    }
}

#[test]
fn what_is_not_wanted() {
    for (text, wanted, unwanted) in [
        ("not black shoes", vec!["shoes"], vec!["black"]),
        ("shoes, not black", vec!["shoes"], vec!["black"]),
        ("non-black shoes", vec!["shoes"], vec!["black"]),
        ("shoes -black", vec!["shoes"], vec!["black"]),
        ("a shirt without stripes", vec!["shirt"], vec!["stripes"]),
        ("not too formal", vec![], vec!["formal"]),
        ("anything but black", vec![], vec!["black"]),
        (
            "not black or navy coat",
            vec!["coat"],
            vec!["black or navy"],
        ),
        ("neither black nor red", vec![], vec!["black", "red"]),
        ("not black, blue", vec!["blue"], vec!["black"]),
        ("no heels but flats", vec!["flats"], vec!["heels"]),
        ("nothing but black", vec!["black"], vec![]),
        ("a dress that isn't red", vec!["dress"], vec!["red"]),
    ] {
        let query = parse(text);
        assert_eq!(
            (words(&query.wanted), words(&query.unwanted)),
            (wanted, unwanted),
            "{text}"
        );
    }
    // A "not" before an unknown word says nothing of the next.
    let query = parse("not corduroy trousers");
    assert_eq!(
        (words(&query.wanted), query.unwanted.len()),
        (vec!["trousers"], 0)
    );
}

#[test]
fn misspellings_are_corrected_and_told_and_other_words_are_not() {
    let query = parse("red sumer derss");
    assert_eq!(words(&query.wanted), ["red", "summer", "dress"]);
    let told: Vec<(&str, &str)> = query
        .corrected
        .iter()
        .map(|c| (c.written.as_str(), c.taken_for.as_str()))
        .collect();
    assert_eq!(told, [("sumer", "summer"), ("derss", "dress")]);
    let query = parse("corduroy zorblax, long women's 42");
    assert_eq!(query.wanted, []);
    assert_eq!(
        query.not_understood,
        ["corduroy", "zorblax", "long", "women's", "42"]
    );
    // As near to shirt as to skirt.
    assert_eq!(parse("sirt").not_understood, ["sirt"]);
}

#[test]
fn the_kind_comes_first_then_its_family_then_its_place() {
    use Category as C;
    let white = |category| garment(category, ColorName::White);
    assert_falling(
        "shirt",
        &[
            white(C::Shirt),
            white(C::Blouse),
            white(C::Sweater),
            white(C::Jeans),
        ],
    );
    assert_falling("a watch", &[white(C::Watch), white(C::Belt)]);
    let unsure = Garment {
        category_confidence: 0.3,
        ..white(C::Shirt)
    };
    assert_falling("shirt", &[white(C::Shirt), unsure, white(C::Blouse)]);
    // The right thing in the wrong colour before the right colour on the wrong thing.
    let of = garment;
    assert_falling(
        "red dress",
        &[
            of(C::Dress, N::Red),
            of(C::Dress, N::Blue),
            of(C::Shirt, N::Red),
        ],
    );
}

#[test]
fn colours_by_name_by_basic_by_nearness_and_by_share() {
    let dress = |name| garment(Category::Dress, name);
    // Another shade of what was asked before a neighbour, a neighbour before what is far.
    assert_falling(
        "red",
        &[
            dress(N::Red),
            dress(N::Burgundy),
            dress(N::Coral),
            dress(N::Green),
        ],
    );
    assert_falling(
        "navy",
        &[dress(N::Navy), dress(N::Denim), dress(N::LightBlue)],
    );
    let shared = |share: f32| Garment {
        colors: vec![
            Color {
                fraction: share,
                ..Color::plain(N::Red)
            },
            Color {
                fraction: 1.0 - share,
                ..Color::plain(N::White)
            },
        ],
        ..dress(N::Red)
    };
    assert_falling(
        "red",
        &[shared(0.9), shared(0.5), shared(0.1), dress(N::White)],
    );
    assert!(score("red", &shared(0.5)) > 0.5);
    // Half red and half white is more red and white than either alone.
    assert!(score("red and white", &shared(0.5)) > score("red and white", &dress(N::Red)));
    assert_eq!(score("red or white", &dress(N::Red)), 1.0);
}

#[test]
fn seasons_formality_and_what_nobody_has_said() {
    use Category as C;
    let black = |category| garment(category, N::Black);
    assert_falling(
        "formal",
        &[black(C::SuitJacket), black(C::Shirt), black(C::TShirt)],
    );
    assert_falling(
        "casual",
        &[black(C::TShirt), black(C::Shirt), black(C::SuitJacket)],
    );
    let in_season = |season| Garment {
        seasons: vec![season],
        ..black(C::Dress)
    };
    assert_falling(
        "summer dress",
        &[in_season(Season::Summer), in_season(Season::Winter)],
    );
    let patterned = |pattern| Garment {
        pattern,
        ..black(C::Shirt)
    };
    let [striped, unknown, solid] =
        [Some(Pattern::Striped), None, Some(Pattern::Solid)].map(patterned);
    assert_falling("striped shirt", &[striped, unknown, solid]);
    let stated = Garment {
        styles: vec![Style::Party],
        ..black(C::Dress)
    };
    assert_falling("party dress", &[stated, black(C::Dress)]);
}

#[test]
fn what_is_not_wanted_is_no_answer() {
    let shoes = |name| garment(Category::Sneakers, name);
    let query = parse("shoes, not blue");
    assert_eq!(query.score(&shoes(N::Navy)), None);
    assert!(query.score(&shoes(N::White)).is_some());
    // A near miss of what is not wanted is none.
    assert!(query.score(&shoes(N::Charcoal)).is_some());
    assert!(
        parse("not boots")
            .score(&garment(Category::AnkleBoots, N::Black))
            .is_none()
    );
    assert!(
        parse("not a shirt")
            .score(&garment(Category::Blouse, N::Black))
            .is_some()
    );
    assert_eq!(
        parse("not formal").score(&garment(Category::SuitJacket, N::Black)),
        None
    );
    assert_eq!(
        parse("not formal").score(&garment(Category::TShirt, N::Black)),
        Some(1.0)
    );
}
