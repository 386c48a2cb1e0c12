//! The pages in a headless Chromium, where there is one.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use wardrobe_ingest::RgbImage;
use wardrobe_types::{Category, ColorName};

use super::browser::Browser;
use super::{empty, photo, put, stocked};
use crate::{Request, Wardrobe};

/// Writes the wardrobe's report beside it.
fn report(folder: &TempDir, wardrobe: &Wardrobe) -> PathBuf {
    let outfits = wardrobe.recommend(&Request::default()).unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, wardrobe.report_page(&outfits).unwrap()).unwrap();
    path
}

/// How many garments can be seen.
fn shown(browser: &mut Browser) -> f64 {
    browser.number("[...document.querySelectorAll('.garment')].filter((node) => node.checkVisibility()).length")
}

fn said(browser: &mut Browser) -> Value {
    browser.value("document.getElementById('shown').textContent")
}

#[test]
fn filters_choose_garments() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (folder, wardrobe, ids) = stocked();
    browser.open(&report(&folder, &wardrobe));
    assert_eq!(
        (shown(&mut browser), said(&mut browser)),
        (4.0, json!("4 garments"))
    );

    browser.click("input[value=brown]");
    assert_eq!(
        (shown(&mut browser), said(&mut browser)),
        (1.0, json!("1 of 4 garments"))
    );
    browser.click("input[value=blue]");
    assert_eq!(shown(&mut browser), 3.0, "any of the colours");
    browser.choose("#filter-slot", "top");
    assert_eq!(shown(&mut browser), 1.0, "all of the controls");
    assert_eq!(
        browser.value("document.querySelector('.shelf:not([hidden]) h3').textContent"),
        "Tops 1 garment"
    );

    browser.click("#filter-text");
    browser.type_words("Coat");
    assert_eq!(shown(&mut browser), 0.0);
    assert_eq!(
        browser.value("document.getElementById('none').checkVisibility()"),
        true
    );
    browser.click("#none button");
    assert_eq!(
        (shown(&mut browser), said(&mut browser)),
        (4.0, json!("4 garments"))
    );

    // An outfit's picture leads to its garment even where that was filtered out.
    browser.click("input[value=grey]");
    assert_eq!(shown(&mut browser), 1.0);
    browser.click(&format!("a[href='#garment-{}']", ids[0]));
    assert_eq!(shown(&mut browser), 4.0);
    assert_eq!(
        browser.value("document.querySelector(':target').id"),
        format!("garment-{}", ids[0])
    );
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn all_can_be_reached_by_keyboard_and_has_a_name() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (folder, wardrobe, _) = stocked();
    browser.open(&report(&folder, &wardrobe));

    let focusable = browser
        .number("document.querySelectorAll('a, input, select, main button').length")
        as usize;
    let mut reached = Vec::new();
    for _ in 0..focusable {
        browser.press("Tab", 9);
        let ring = "(() => { const node = document.activeElement; const {outlineStyle, outlineWidth} = getComputedStyle(node); \
                    return node.outerHTML.slice(0, 80) + (outlineStyle === 'solid' && outlineWidth === '2px'); })()";
        let Value::String(focused) = browser.value(ring) else {
            panic!("no focus")
        };
        reached.push(focused);
    }
    assert!(
        reached[0].contains("#content"),
        "first of all a way past the navigation: {reached:?}"
    );
    let unringed: Vec<_> = reached
        .iter()
        .filter(|focused| focused.ends_with("false") && !focused.starts_with("<body"))
        .collect();
    assert!(unringed.is_empty(), "no ring: {unringed:?}");

    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let mut roles = Vec::new();
    for node in nodes.iter().filter(|node| node["ignored"] == false) {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        let needs = [
            "image",
            "link",
            "button",
            "searchbox",
            "combobox",
            "checkbox",
            "navigation",
            "search",
            "article",
            "region",
        ];
        if needs.contains(&role) {
            assert!(
                node["name"]["value"]
                    .as_str()
                    .is_some_and(|name| !name.is_empty()),
                "{node}"
            );
        }
        roles.push(role);
    }
    for landmark in ["banner", "main", "navigation", "search", "status"] {
        assert!(roles.contains(&landmark), "{landmark}: {roles:?}");
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
fn dark_is_dark_and_text_can_be_read_on_both() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (folder, wardrobe, _) = stocked();
    let page = report(&folder, &wardrobe);
    for scheme in ["light", "dark"] {
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.call("Emulation.setEmulatedMedia", feature);
        browser.open(&page);
        for (ink, ground) in [
            ("--ink", "--ground"),
            ("--soft", "--ground"),
            ("--soft", "--card"),
            ("--accent", "--card"),
        ] {
            let contrast = browser.number(&contrast(ink, ground));
            assert!(
                contrast >= 4.5,
                "{scheme}: {ink} on {ground}: {contrast:.2}"
            );
        }
    }
}

/// The contrast ratio of two of the page's colours, as WCAG 2 defines it.
fn contrast(ink: &str, ground: &str) -> String {
    format!(
        "(() => {{ const light = (name) => {{ const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim(); \
         const part = (at) => {{ const value = parseInt(hex.slice(at, at + 2), 16) / 255; \
         return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; }}; \
         return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5); }}; \
         const [low, high] = [light('{ink}'), light('{ground}')].sort((a, b) => a - b); return (high + 0.05) / (low + 0.05); }})()"
    )
}

#[test]
fn five_hundred_garments_load_in_two_seconds() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (folder, mut wardrobe) = empty();
    let categories = [
        Category::Shirt,
        Category::Jeans,
        Category::Sneakers,
        Category::Coat,
        Category::Hat,
    ];
    for mark in 0..500 {
        let color = ColorName::ALL[mark % ColorName::ALL.len()];
        let picture = grained(photo(color, mark as u32 % 37), mark as u32);
        put(
            &mut wardrobe,
            categories[mark % categories.len()],
            &picture,
            "test-embedder",
        );
    }
    let page = report(&folder, &wardrobe);
    let bytes = std::fs::metadata(&page).unwrap().len();
    assert!(bytes < 12 << 20, "{bytes} bytes");
    let load = |_| {
        browser.open(&page);
        browser.number("performance.getEntriesByType('navigation')[0].domComplete")
    };
    // The machine may be busy with other tests.
    let best = (0..3).map(load).fold(f64::INFINITY, f64::min);
    assert!(best < 2000.0, "{best} ms");
    assert_eq!(shown(&mut browser), 500.0);
    let filtered = browser.number(
        "(() => { const start = performance.now(); document.querySelector('[name=color]').click(); \
         document.body.offsetHeight; return performance.now() - start; })()",
    );
    assert!(filtered < 500.0, "filtering takes {filtered} ms");
}

/// Grain as of a camera, so that a picture has the size of a photo's.
fn grained(mut picture: RgbImage, seed: u32) -> RgbImage {
    for (at, value) in picture.iter_mut().enumerate() {
        let grain = (at as u32 ^ seed).wrapping_mul(2_654_435_761) >> 28;
        *value = value.saturating_add(grain as u8);
    }
    picture
}
