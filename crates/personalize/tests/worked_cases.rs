//! What feedback teaches, case by case.

use wardrobe_personalize::{Feature, Feedback, Preferences, Trait};
use wardrobe_recommend::{Item, Request, recommend_for};
use wardrobe_types::{Category, ColorName, FormalityBand, Signal};

const TODAY: i64 = 20_000;

fn shirt() -> Item {
    Item::new("shirt", Category::Shirt, ColorName::White)
}

fn chinos() -> Item {
    Item::new("chinos", Category::Chinos, ColorName::Navy)
}

fn loafers() -> Item {
    Item::new("loafers", Category::Loafers, ColorName::Brown)
}

fn said(number: i64, signal: Signal) -> Feedback {
    Feedback {
        number,
        day: TODAY,
        signal,
        items: vec![shirt(), chinos(), loafers()],
        instead: None,
    }
}

fn weight(preferences: &Preferences, feature: Feature) -> f64 {
    preferences
        .weights(TODAY)
        .get(&feature)
        .copied()
        .unwrap_or_default()
}

const NAVY: Feature = Feature::One(Trait::Color(ColorName::Navy));

#[test]
fn a_like_is_credited_to_traits_and_pairs() {
    let preferences = Preferences::from_history([said(1, Signal::Like)]);
    let chinos = Trait::Category(Category::Chinos);
    let (navy, white) = (
        Trait::Color(ColorName::Navy),
        Trait::Color(ColorName::White),
    );
    for (feature, text, words) in [
        (NAVY, "color:navy", "navy"),
        (Feature::One(chinos), "category:chinos", "chinos"),
        (
            Feature::One(Trait::Formality(FormalityBand::SmartCasual)),
            "formality:smart-casual",
            "smart-casual outfits",
        ),
        (
            Feature::Of(chinos, navy),
            "category:chinos&color:navy",
            "navy chinos",
        ),
        (
            Feature::With(white.min(navy), white.max(navy)),
            "color:white+color:navy",
            "white with navy",
        ),
    ] {
        assert!(weight(&preferences, feature) > 0.0, "{text}");
        assert_eq!(
            (feature.to_string().as_str(), feature.words().as_str()),
            (text, words)
        );
    }
    let why = preferences.explain(TODAY);
    let navy = why.iter().find(|weight| weight.feature == NAVY).unwrap();
    assert_eq!(
        (
            navy.evidence,
            navy.because[0].feedback,
            navy.because[0].signal
        ),
        (1, 1, Signal::Like)
    );
}

#[test]
fn stronger_words_weigh_more_and_dislike_is_the_opposite_of_like() {
    let after = |signal| weight(&Preferences::from_history([said(1, signal)]), NAVY);
    assert!(after(Signal::Wear) > after(Signal::Like));
    assert_eq!(after(Signal::Dislike), -after(Signal::Like));
    assert!(after(Signal::Dislike) < after(Signal::Skip) && after(Signal::Skip) < 0.0);
}

#[test]
fn evidence_grows_and_fades() {
    let preferences =
        |n| Preferences::from_history((0..n).map(|number| said(number, Signal::Wear)));
    let (few, many) = (preferences(1), preferences(5));
    assert!(weight(&many, NAVY) > weight(&few, NAVY));
    let later = |days| many.weights(TODAY + days)[&NAVY];
    assert!(
        (later(90) - 0.5 * weight(&many, NAVY)).abs() < 1e-12,
        "half after a half-life"
    );
    assert_eq!(
        later(-5),
        weight(&many, NAVY),
        "a clock that was set back ages nothing"
    );
    assert!(many.explain(TODAY)[0].certainty > few.explain(TODAY)[0].certainty);
}

#[test]
fn a_garment_worn_instead_is_a_comparison() {
    let instead = Some(Item::new("jeans", Category::Jeans, ColorName::Denim));
    let preferences = Preferences::from_history([Feedback {
        instead,
        ..said(1, Signal::Wear)
    }]);
    let of = |feature| weight(&preferences, Feature::One(feature));
    assert!(of(Trait::Category(Category::Jeans)) > 0.0);
    assert!(of(Trait::Category(Category::Chinos)) < 0.0);
    assert!(of(Trait::Color(ColorName::Denim)) > 0.0 && of(Trait::Color(ColorName::Navy)) < 0.0);
    assert_eq!(
        of(Trait::Category(Category::Shirt)),
        0.0,
        "both outfits have it"
    );
}

#[test]
fn what_is_liked_scores_higher_and_says_why() {
    let wardrobe = [shirt(), chinos(), loafers()];
    let answer = |preferences: &Preferences| {
        let taste = preferences.taste(TODAY);
        let answer = recommend_for(&wardrobe, &Request::default(), Some(&taste)).unwrap();
        answer.outfits[0].scored.clone()
    };
    let plain = answer(&Preferences::default());
    assert_eq!(
        plain.breakdown.preference, None,
        "nothing said, nothing known"
    );
    let liked = answer(&Preferences::from_history(
        (0..3).map(|n| said(n, Signal::Wear)),
    ));
    let disliked = answer(&Preferences::from_history(
        (0..3).map(|n| said(n, Signal::Dislike)),
    ));
    assert!(disliked.score < plain.score && plain.score < liked.score);
    let says = |scored: &wardrobe_types::Scored, words: &str| {
        scored.explanation.iter().any(|why| why.starts_with(words))
    };
    assert!(says(&liked, "to your taste: "), "{:?}", liked.explanation);
    assert!(
        says(&disliked, "not to your taste: "),
        "{:?}",
        disliked.explanation
    );
}
