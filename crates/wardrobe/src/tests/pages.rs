//! The pages: what they are made of, and what they say.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scraper::{ElementRef, Html, Selector};
use sha2::{Digest, Sha256};

use super::stocked;
use crate::{Edit, Request};

/// The page as an HTML parser reads it, without a complaint.
fn parsed(page: &str) -> Html {
    let document = Html::parse_document(page);
    assert!(document.errors.is_empty(), "{:?}", document.errors);
    document
}

fn all<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    document
        .select(&Selector::parse(selector).unwrap())
        .collect()
}

fn attributes<'a>(document: &'a Html, name: &str) -> Vec<&'a str> {
    let elements = all(document, "*").into_iter();
    elements.filter_map(|element| element.attr(name)).collect()
}

/// What holds of any page of ours.
fn check(page: &str) -> Html {
    let document = parsed(page);
    for outside in ["http://", "https://", "//cdn", "<link", "url(", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let ids = attributes(&document, "id");
    let known: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(known.len(), ids.len(), "an id twice: {ids:?}");
    let links = attributes(&document, "href").into_iter();
    let targets = links.map(|link| {
        link.strip_prefix('#')
            .unwrap_or_else(|| panic!("{link} leads away"))
    });
    let named = ["for", "aria-labelledby"]
        .into_iter()
        .flat_map(|name| attributes(&document, name));
    for id in targets.chain(named) {
        assert!(known.contains(id), "nothing is #{id}");
    }
    for picture in all(&document, "img") {
        assert!(picture.attr("alt").is_some_and(|alt| !alt.is_empty()));
        assert!(
            picture
                .attr("src")
                .unwrap()
                .starts_with("data:image/jpeg;base64,")
        );
        assert!(picture.attr("width").is_some() && picture.attr("height").is_some());
    }
    for landmark in ["header", "main", "h1", "title"] {
        assert_eq!(all(&document, landmark).len(), 1, "{landmark}");
    }
    let mut above = 1;
    for heading in all(&document, "h1, h2, h3, h4") {
        let level = heading.value().name()[1..].parse().unwrap();
        assert!(
            level <= above + 1,
            "a level is left out: {}",
            heading.html()
        );
        above = level;
    }
    check_policy(&document);
    document
}

/// The policy lets in the page's own script and nothing else.
fn check_policy(document: &Html) {
    let policies = all(document, "meta[http-equiv=Content-Security-Policy]");
    let policy = policies[0].attr("content").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; img-src data:;"),
        "{policy}"
    );
    let allowed = match all(document, "script").as_slice() {
        [] => "script-src 'none'".to_owned(),
        [one] => format!(
            "script-src 'sha256-{}'",
            STANDARD.encode(Sha256::digest(one.text().collect::<String>()))
        ),
        several => panic!("{} scripts", several.len()),
    };
    assert!(policy.ends_with(&allowed), "{policy}: {allowed}");
}

#[test]
fn the_report_is_self_contained_and_says_all() {
    let (_folder, mut wardrobe, ids) = stocked();
    let washing = Edit {
        laundry: Some(true),
        ..Edit::default()
    };
    wardrobe.edit(&ids[1], &washing).unwrap();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let page = wardrobe.report_page(&outfits).unwrap();
    let document = check(&page);
    assert_eq!(
        all(&document, "img").len(),
        4,
        "one a garment, and no outfit without the chinos"
    );
    assert_eq!(all(&document, ".note").len(), 1, "why there is no outfit");
    for words in [
        "light blue shirt",
        "in the laundry",
        "Tops",
        "Outerwear",
        "brown",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for id in &ids {
        let garments = all(&document, &format!("#garment-{id}"));
        assert!(garments[0].attr("data-text").unwrap().contains(id.as_str()));
    }
    let shoes = all(&document, "#shoes .garment")[0];
    let answers = ["slot", "category", "color", "formality"]
        .map(|name| shoes.attr(&format!("data-{name}")).unwrap());
    assert_eq!(answers, ["shoes", "loafers", "brown", "business"]);
}

#[test]
fn the_report_offers_what_its_garments_can_answer() {
    let (_folder, wardrobe, _) = stocked();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let document = check(&wardrobe.report_page(&outfits).unwrap());
    for control in all(&document, "select, input[type=checkbox]") {
        let name = control.attr("name").unwrap();
        let options = Selector::parse("option").unwrap();
        let offered = control
            .select(&options)
            .filter_map(|option| option.attr("value"))
            .chain(control.attr("value"));
        for value in offered.filter(|value| !value.is_empty()) {
            assert!(
                !all(&document, &format!(".garment[data-{name}~={value}]")).is_empty(),
                "{name} {value}"
            );
        }
    }
    let controls: HashSet<&str> = attributes(&document, "name").into_iter().collect();
    assert!(controls.contains("slot") && controls.contains("color") && controls.contains("text"));
    assert!(!controls.contains("style"), "no garment has one");
    let leads = all(&document, ".outfit a.tile");
    assert!(
        !leads.is_empty(),
        "the outfits' pictures lead to the garments"
    );
}

#[test]
fn an_empty_wardrobe_is_a_page_that_says_so() {
    let (_folder, wardrobe) = super::empty();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let document = check(&wardrobe.report_page(&outfits).unwrap());
    assert!(all(&document, "form, img, .palette").is_empty());
    assert!(all(&document, ".note")[0].inner_html().contains("wardrobe"));
}

#[test]
fn the_outfits_page_shows_scores_terms_and_reasons() {
    let (_folder, wardrobe, _) = stocked();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let page = wardrobe.outfits_page(&outfits).unwrap();
    let document = check(&page);
    let cards = all(&document, "article");
    assert_eq!(cards.len(), outfits.outfits.len());
    for (card, outfit) in cards.iter().zip(&outfits.outfits) {
        let text: String = card.text().collect();
        assert!(text.contains(&format!("{:.2}", outfit.scored.score)));
        for reason in &outfit.scored.explanation {
            assert!(text.contains(reason), "{reason}");
        }
        let pictures = Selector::parse("img").unwrap();
        assert_eq!(card.select(&pictures).count(), outfit.items.len());
    }
    let learned = all(&document, "dt")
        .into_iter()
        .filter(|term| term.inner_html() == "Learned");
    assert_eq!(learned.count(), 0, "a term that does not apply");
}

#[test]
fn a_lost_crop_costs_only_its_picture() {
    let (_folder, wardrobe, ids) = stocked();
    let garment = wardrobe.garment(&ids[0]).unwrap();
    std::fs::remove_file(wardrobe.path(&garment.crop)).unwrap();
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let page = wardrobe.outfits_page(&outfits).unwrap();
    let document = check(&page);
    assert!(!all(&document, "[role=img][aria-label='light blue shirt']").is_empty());
}
