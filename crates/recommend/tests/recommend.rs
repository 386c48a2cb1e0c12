//! Requests to a wardrobe: filters, demands, reasons, errors.

use wardrobe_recommend::{Error, Generator, Item, Recommendation, Request, recommend};
use wardrobe_types::Category::{self, *};
use wardrobe_types::ColorName::{self, *};
use wardrobe_types::{FormalityBand, GarmentId, Season, Style};

fn item(id: &str, category: Category, color: ColorName) -> Item {
    Item::new(id, category, color)
}

/// A wardrobe for four seasons.
fn wardrobe() -> Vec<Item> {
    vec![
        item("white-tee", TShirt, White),
        item("grey-tee", TShirt, Grey),
        item("blue-shirt", Shirt, LightBlue),
        item("white-shirt", Shirt, White),
        item("sweater", Sweater, Burgundy),
        item("hoodie", Hoodie, Grey),
        item("jeans", Jeans, Denim),
        item("chinos", Chinos, Tan),
        item("trousers", Trousers, Charcoal),
        item("shorts", Shorts, Navy),
        item("joggers", Joggers, Black),
        item("dress", Dress, Navy),
        item("blazer", Blazer, Navy),
        item("coat", Coat, Camel),
        item("puffer", PufferJacket, Olive),
        item("sneakers", Sneakers, White),
        item("boots", Boots, Brown),
        item("dress-shoes", DressShoes, Black),
        item("sandals", Sandals, Brown),
        item("scarf", Scarf, Grey),
        item("tie", Tie, Burgundy),
    ]
}

fn ask(request: &Request) -> Recommendation {
    recommend(&wardrobe(), request).unwrap()
}

fn ids(names: &[&str]) -> Vec<GarmentId> {
    names.iter().map(|&name| name.into()).collect()
}

/// Whether any outfit has any of these.
fn has(answer: &Recommendation, names: &[&str]) -> bool {
    let mut garments = answer.outfits.iter().flat_map(|outfit| &outfit.garments);
    garments.any(|id| names.contains(&id.as_str()))
}

#[test]
fn five_outfits_from_a_whole_wardrobe() {
    let answer = ask(&Request::default());
    assert_eq!((answer.outfits.len(), answer.reason), (5, None));
    // 6 tops with 5 bottoms and a dress, 4 pairs of shoes, 3 layers or none: 496, and accessories fill up to 500.
    assert_eq!(answer.candidates, 500);
    assert!(answer.outfits[0].scored.score > 0.85);
    let scored: Vec<f32> = answer
        .outfits
        .iter()
        .map(|outfit| outfit.scored.score)
        .collect();
    assert!(scored.iter().all(|&score| score > 0.7), "{scored:?}");
}

#[test]
fn rain_leaves_out_what_it_ruins() {
    let answer = ask(&Request {
        rain: true,
        n: 8,
        ..Request::default()
    });
    assert!(!has(&answer, &["dress-shoes", "sandals", "tie"]));
    assert!(
        has(&answer, &["coat", "puffer", "blazer"]),
        "a layer against the rain"
    );
}

#[test]
fn temperature_and_season_choose_the_layers() {
    let hot = Request {
        temperature: Some(30.0),
        ..Request::default()
    };
    assert!(!has(
        &ask(&hot),
        &["coat", "puffer", "sweater", "hoodie", "boots", "scarf"]
    ));
    let cold = Request {
        temperature: Some(-2.0),
        ..Request::default()
    };
    let answer = ask(&cold);
    assert!(!has(&answer, &["shorts", "sandals"]));
    let warm = &answer.outfits[0].garments;
    assert!(
        warm.iter()
            .any(|id| ["coat", "puffer"].contains(&id.as_str())),
        "{warm:?}"
    );
    let winter = Request {
        season: Some(Season::Winter),
        ..Request::default()
    };
    assert!(!has(&ask(&winter), &["shorts", "sandals"]));
    // A garment's own seasons speak before its category does.
    let mut own = wardrobe();
    own.iter_mut()
        .filter(|item| item.category == Coat)
        .for_each(|coat| coat.seasons = vec![Season::Summer]);
    let summer = Request {
        season: Some(Season::Summer),
        with: ids(&["coat"]),
        ..Request::default()
    };
    assert!(!recommend(&own, &summer).unwrap().outfits.is_empty());
    assert!(!has(&recommend(&own, &winter).unwrap(), &["coat"]));
}

#[test]
fn formality_is_what_was_asked_for() {
    let ask_for = |band: FormalityBand| {
        ask(&Request {
            formality: Some(band.center()),
            n: 3,
            ..Request::default()
        })
    };
    assert!(!has(
        &ask_for(FormalityBand::Formal),
        &["hoodie", "joggers", "shorts", "sneakers", "sandals"]
    ));
    assert!(!has(
        &ask_for(FormalityBand::Casual),
        &["dress-shoes", "blazer", "trousers", "tie"]
    ));
    let formal = ask_for(FormalityBand::Business);
    let said = &formal.outfits[0].scored.explanation;
    assert!(said.iter().any(|why| why.contains("business")), "{said:?}");
}

#[test]
fn style_is_a_wish() {
    let mut items = wardrobe();
    for item in &mut items {
        let sporty = [Hoodie, Joggers, Sneakers].contains(&item.category);
        item.styles = vec![if sporty {
            Style::Sporty
        } else {
            Style::Business
        }];
    }
    let request = Request {
        style: Some(Style::Sporty),
        n: 1,
        ..Request::default()
    };
    let best = &recommend(&items, &request).unwrap().outfits[0];
    assert!(
        ids(&["hoodie", "joggers", "sneakers"])
            .iter()
            .all(|id| best.garments.contains(id))
    );
    assert!(
        best.scored
            .explanation
            .iter()
            .any(|why| why.contains("sporty")),
        "{:?}",
        best.scored
    );
}

#[test]
fn demanded_and_excluded_garments() {
    let answer = ask(&Request {
        with: ids(&["hoodie", "tie", "coat"]),
        without: ids(&["jeans", "boots"]),
        ..Request::default()
    });
    assert!(!answer.outfits.is_empty());
    for outfit in &answer.outfits {
        assert!(
            ids(&["hoodie", "tie", "coat"])
                .iter()
                .all(|id| outfit.garments.contains(id))
        );
    }
    assert!(!has(&answer, &["jeans", "boots", "dress", "blazer"]));
}

#[test]
fn a_demanded_garment_overrules_the_filters_and_says_so() {
    let mut items = wardrobe();
    items
        .iter_mut()
        .for_each(|item| item.laundry = item.category == Sandals || item.category == TShirt);
    let request = Request {
        with: ids(&["sandals"]),
        rain: true,
        ..Request::default()
    };
    let answer = recommend(&items, &request).unwrap();
    assert!(!answer.outfits.is_empty() && !has(&answer, &["white-tee", "grey-tee"]));
    let said = answer.outfits[0].scored.explanation.last().unwrap();
    assert_eq!(said, "the brown sandals are in the laundry");
}

#[test]
fn what_may_be_something_else_waits_while_there_is_enough() {
    let unsure = |name: &str, wardrobe: &mut [Item]| {
        let found = wardrobe.iter_mut().find(|item| item.id.as_str() == name);
        found.unwrap().certainty = 0.3;
    };
    let mut clothes = wardrobe();
    // Four other pairs of trousers are sure, of dresses there is one, and boots are asked for.
    ["jeans", "dress", "boots"]
        .iter()
        .for_each(|name| unsure(name, &mut clothes));
    let request = Request {
        n: 40,
        ..Request::default()
    };
    let answer = recommend(&clothes, &request).unwrap();
    assert_eq!(answer.unsure, 2);
    assert!(!has(&answer, &["jeans", "boots"]) && has(&answer, &["dress"]));
    let demanded = Request {
        with: ids(&["boots"]),
        ..request
    };
    let answer = recommend(&clothes, &demanded).unwrap();
    assert_eq!(answer.unsure, 1);
    assert!(
        answer
            .outfits
            .iter()
            .all(|o| o.garments.contains(&"boots".into()))
    );
}

#[test]
fn the_reason_names_the_slot_or_the_filter() {
    let reason =
        |items: &[Item], request: &Request| recommend(items, request).unwrap().reason.unwrap();
    let plain = Request::default();
    let mut barefoot = wardrobe();
    barefoot.retain(|item| item.category.slots() != Sneakers.slots());
    assert_eq!(reason(&barefoot, &plain), "no shoes in the wardrobe");
    assert_eq!(
        reason(&[], &plain),
        "no tops, no bottoms and no shoes in the wardrobe"
    );
    let tops = [item("t", TShirt, White), item("s", Sandals, Tan)];
    assert_eq!(reason(&tops, &plain), "no bottoms in the wardrobe");

    let rain = Request {
        rain: true,
        ..Request::default()
    };
    let summer = [item("d", Dress, White), item("s", Sandals, Tan)];
    assert_eq!(
        reason(&summer, &rain),
        "no shoes left after leaving out what rain ruins"
    );
    let mut washing = [
        item("d", Dress, White),
        item("k", Sneakers, White),
        item("s", Sandals, Tan),
    ];
    washing[1].laundry = true;
    let both = "no shoes left after leaving out what is in the laundry and what rain ruins";
    assert_eq!(reason(&washing, &rain), both);
    let with = Request {
        with: ids(&["t"]),
        ..Request::default()
    };
    let dressy = [
        item("t", TShirt, White),
        item("d", Dress, White),
        item("s", Sandals, Tan),
    ];
    assert_eq!(
        reason(&dressy, &with),
        "no bottoms to go with the garments asked for"
    );
    let cold = Request {
        temperature: Some(-5.0),
        ..Request::default()
    };
    assert_eq!(
        reason(&summer, &cold),
        "no shoes left after leaving out what is not worn at -5 °C"
    );
}

#[test]
fn a_small_wardrobe_is_tried_whole() {
    let items = [
        item("t1", TShirt, White),
        item("t2", Shirt, LightBlue),
        item("b", Chinos, Tan),
        item("s", Sneakers, White),
        item("scarf", Scarf, Grey),
    ];
    let answer = recommend(&items, &Request::default()).unwrap();
    assert_eq!(answer.outfits.len(), 2, "the scarf makes no other outfit");
    assert_eq!(
        answer.reason.unwrap(),
        "only 2 different outfits can be made of 2 tops, 1 bottom and 1 pair of shoes, and 1 of them shares more than half \
         of its garments with another"
    );
    let one = Request {
        candidates: 1,
        ..Request::default()
    };
    let answer = recommend(&items, &one).unwrap();
    assert_eq!(
        answer.reason.unwrap(),
        "only 1 different outfit among 1 candidate"
    );
}

#[test]
fn every_generator_alone_finds_outfits() {
    let embedded: Vec<Item> = wardrobe()
        .into_iter()
        .enumerate()
        .map(|(i, item)| item.with_embedding(vec![(i as f32).sin(), (i as f32).cos()]))
        .collect();
    for generator in Generator::ALL {
        let request = Request {
            generators: vec![generator],
            candidates: 100,
            ..Request::default()
        };
        let answer = recommend(&embedded, &request).unwrap();
        assert_eq!(
            (answer.outfits.len(), answer.candidates),
            (5, 100),
            "{generator:?}"
        );
    }
}

#[test]
fn nonsense_requests_are_errors() {
    let error = |request: Request| recommend(&wardrobe(), &request).unwrap_err().to_string();
    let plain = Request::default;
    assert_eq!(
        error(Request { n: 0, ..plain() }),
        "n is 0: expected at least 1 outfit"
    );
    let hell = Request {
        temperature: Some(f32::NAN),
        ..plain()
    };
    assert_eq!(
        error(hell),
        "temperature is NaN: expected degrees Celsius from -60 to 60"
    );
    let typo = Request {
        with: ids(&["chino"]),
        ..plain()
    };
    assert_eq!(
        error(typo),
        "`with` names `chino`, which is not in the wardrobe; did you mean chinos?"
    );
    let torn = Request {
        with: ids(&["coat"]),
        without: ids(&["coat"]),
        ..plain()
    };
    assert_eq!(
        error(torn),
        "`coat` is both in `with` and in `without`: take it out of one of them"
    );
    let twice = Request {
        with: ids(&["jeans", "dress"]),
        ..plain()
    };
    assert!(error(twice).contains("an outfit has one garment in its bottom slot"));
    let twins = [item("a", Jeans, Denim), item("a", Jeans, Denim)];
    let expected = Error::DuplicateGarment { id: "a".into() };
    assert_eq!(recommend(&twins, &plain()), Err(expected));
}

#[test]
fn the_answer_is_json() {
    let request = Request {
        n: 1,
        seed: 7,
        ..Request::default()
    };
    let json = serde_json::to_value(ask(&request)).unwrap();
    assert_eq!(
        (&json["seed"], &json["reason"]),
        (&7.into(), &serde_json::Value::Null)
    );
    let outfit = &json["outfits"][0];
    for field in ["id", "garments", "score", "breakdown", "explanation"] {
        assert!(!outfit[field].is_null(), "{field}");
    }
}
