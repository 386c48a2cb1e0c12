//! The label maps: each is a consistent cover of the taxonomy, and each knows every label of the real data.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use wardrobe_types::labels::{
    ARTICLE_TYPES, BASE_COLOURS, CCP, ClothingLabel, DEEPFASHION2, DetectorClass, FASHIONPEDIA,
    IMATERIALIST, LabelTable, POLYVORE, POLYVORE_UNMAPPED, TagLabel, TagValue, agreed_pattern,
    article_type, base_colour, deepfashion2_class, polyvore_categories,
};
use wardrobe_types::{Category, Pattern};

/// The real data beside the project; tests that need it say so and pass without it.
fn shared_data(part: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(part);
    if !path.exists() {
        println!("skipped: no ../shared/data");
        return None;
    }
    Some(path)
}

fn set(categories: &[Category]) -> BTreeSet<Category> {
    let set: BTreeSet<_> = categories.iter().copied().collect();
    assert_eq!(
        set.len(),
        categories.len(),
        "a category twice in {categories:?}"
    );
    assert!(!set.is_empty());
    set
}

/// Two groups are disjoint, equal, or one holds the other.
fn assert_nested_or_apart(table: &str, groups: &[(String, &[Category])]) {
    for (i, (left_label, left)) in groups.iter().enumerate() {
        for (right_label, right) in &groups[i + 1..] {
            let (left, right) = (set(left), set(right));
            let fine = left.is_disjoint(&right) || left.is_subset(&right) || right.is_subset(&left);
            assert!(fine, "{table}: `{left_label}` and `{right_label}` overlap");
        }
    }
}

fn assert_table(table: &LabelTable, count: usize) {
    let labels: Vec<_> = table.labels().collect();
    assert_eq!(labels.len(), count, "{}", table.kind);
    assert_eq!(
        labels.iter().collect::<BTreeSet<_>>().len(),
        count,
        "{}: a label twice",
        table.kind
    );
    let groups: Vec<_> = table
        .mapped
        .iter()
        .map(|(label, group)| (label.to_string(), *group))
        .collect();
    assert_nested_or_apart(table.kind, &groups);
    for (label, categories) in table.mapped {
        assert_eq!(table.parse(label).unwrap(), Some(*categories));
    }
    for label in table.unmapped {
        assert_eq!(table.parse(label).unwrap(), None);
    }
}

#[test]
fn tables_cover_without_overlap() {
    assert_table(&DEEPFASHION2, 13);
    assert_table(&CCP, 52);
    assert_table(&ARTICLE_TYPES, 143);
    let groups: Vec<_> = POLYVORE
        .iter()
        .map(|(_, name, group)| (name.to_string(), *group))
        .collect();
    assert_nested_or_apart("Polyvore", &groups);
    let message = CCP.parse("bootz").unwrap_err().to_string();
    assert!(
        message.starts_with("unknown CCP label `bootz`: did you mean boots"),
        "{message}"
    );
}

#[test]
fn no_category_is_of_two_clothing_labels_but_the_blouse() {
    for left in ClothingLabel::ALL {
        for right in ClothingLabel::ALL.into_iter().filter(|&right| right > left) {
            let shared = set(left.categories())
                .intersection(&set(right.categories()))
                .count();
            let both_blouse = (left, right) == (ClothingLabel::Blouse, ClothingLabel::Top);
            assert_eq!(shared, usize::from(both_blouse), "{left} and {right}");
        }
        if left != ClothingLabel::Top {
            for &category in left.categories() {
                assert_eq!(ClothingLabel::of_category(category), Some(left));
            }
        }
    }
    assert_eq!(ClothingLabel::of_category(Category::Watch), None);
    let primary: Vec<_> = ClothingLabel::ALL
        .iter()
        .map(|label| label.categories()[0].as_str())
        .collect();
    let expected = "blazer blouse bodysuit dress hat hoodie long-sleeve-top jacket trousers polo shirt sneakers shorts \
                    skirt t-shirt blouse tank-top";
    assert_eq!(primary.join(" "), expected);
}

#[test]
fn lookups_by_id_and_name() {
    assert_eq!(deepfashion2_class(1).unwrap().0, "short sleeve top");
    assert_eq!(deepfashion2_class(13).unwrap().0, "sling dress");
    assert_eq!(
        (deepfashion2_class(0), deepfashion2_class(14)),
        (None, None)
    );
    assert_eq!(article_type("Tshirts").unwrap()[0], Category::TShirt);
    assert_eq!(
        (article_type("Kurtas"), article_type("tshirts")),
        (None, None)
    );
    assert_eq!(polyvore_categories(27), Some(&[Category::Jeans][..]));
    assert_eq!(
        (polyvore_categories(2), polyvore_categories(12)),
        (None, None)
    );
}

#[test]
fn colour_names_agree_with_the_palettes_basics() {
    assert_eq!(BASE_COLOURS.len(), 47);
    let labels: BTreeSet<_> = BASE_COLOURS.iter().map(|entry| entry.label).collect();
    assert_eq!(labels.len(), 47);
    for entry in BASE_COLOURS {
        assert_eq!(base_colour(entry.label), Some(entry));
        if let Some(name) = entry.name {
            assert_eq!(entry.basic, Some(name.basic()), "{}", entry.label);
        }
    }
}

#[test]
fn polyvore_knows_every_id_of_the_real_list() {
    let Some(path) = shared_data("polyvore-maryland/category_id.txt") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let real: Vec<(u32, &str)> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(id, name)| (id.parse().unwrap(), name.trim()))
        .collect();
    assert_eq!(real.len(), POLYVORE.len() + POLYVORE_UNMAPPED.len());
    for (id, name) in real {
        match POLYVORE.iter().find(|entry| entry.0 == id) {
            Some(entry) => assert_eq!(entry.1, name),
            None => assert!(POLYVORE_UNMAPPED.contains(&id), "{id} {name}"),
        }
    }
}

#[test]
fn every_label_of_the_real_data_is_known() {
    let Some(data) = shared_data("") else { return };
    let mut folders: Vec<_> = std::fs::read_dir(data.join("clothing/train"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, ClothingLabel::ALL.map(|label| label.to_string()));

    let text = std::fs::read_to_string(data.join("ccp/annotations_train.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = json["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 52);
    for name in names {
        CCP.parse(name).unwrap();
    }

    for split in ["train", "val"] {
        let text =
            std::fs::read_to_string(data.join(format!("products/styles_{split}.csv"))).unwrap();
        let mut rows = text.lines();
        let header: Vec<_> = rows.next().unwrap().split(',').collect();
        assert_eq!((header[4], header[5]), ("articleType", "baseColour"));
        for row in rows {
            let fields: Vec<_> = row.split(',').collect();
            ARTICLE_TYPES.parse(fields[4]).unwrap();
            assert!(base_colour(fields[5]).is_some(), "{row}");
        }
    }
}

#[test]
fn every_garment_worn_on_the_body_has_a_detector_class() {
    let without: Vec<&str> = Category::ALL
        .into_iter()
        .filter(|&category| DetectorClass::of_category(category).is_none())
        .map(Category::as_str)
        .collect();
    assert_eq!(without, ["belt", "tie", "scarf", "sunglasses", "watch"]);
    for class in DetectorClass::ALL {
        let mut categories = class.categories().peekable();
        assert!(categories.peek().is_some(), "{class} is of no category");
        assert!(categories.all(|category| DetectorClass::of_category(category) == Some(class)));
    }
}

#[test]
fn names_of_other_data_sets_mean_detector_classes() {
    use DetectorClass as D;
    for (name, class) in [
        ("top", Some(D::Top)),
        ("Trousers", Some(D::Trousers)),
        ("evening-dress", Some(D::Dress)),
        ("Puffer Jacket", Some(D::Outerwear)),
        ("short_sleeve_top", Some(D::Top)),
        ("long sleeve outwear", Some(D::Outerwear)),
        ("vest dress", Some(D::Dress)),
        ("vest", Some(D::Top)),
        ("pants", Some(D::Trousers)),
        ("undershirt", Some(D::Top)),
        ("pumps", Some(D::Shoes)),
        ("purse", Some(D::Bag)),
        ("sunglasses", None),
        ("person", None),
        ("", None),
    ] {
        assert_eq!(DetectorClass::of_name(name), class, "{name}");
    }
    for (name, _) in DEEPFASHION2.mapped {
        assert!(DetectorClass::of_name(name).is_some(), "{name}");
    }
}

#[test]
fn tag_tables_know_every_label_once() {
    for (table, count, some) in [
        (
            IMATERIALIST,
            228,
            [(181, "pattern", "Stripes"), (66, "gender", "Female")],
        ),
        (
            FASHIONPEDIA,
            294,
            [
                (138, "silhouette", "oversized"),
                (340, "textile pattern", "plant"),
            ],
        ),
    ] {
        let labels: Vec<_> = table.labels().collect();
        let ids: BTreeSet<_> = labels.iter().map(|label| label.id).collect();
        let names: BTreeSet<_> = labels.iter().map(|label| label.name).collect();
        assert_eq!(
            (labels.len(), ids.len(), names.len()),
            (count, count, count)
        );
        for known in some {
            let has = |label: &TagLabel| (label.id, label.group, label.name) == known;
            assert!(labels.iter().any(has), "{}: {known:?}", table.kind);
        }
        let mapped = labels.iter().filter(|label| !label.says.is_empty());
        assert_eq!(mapped.clone().count(), table.mapped.len());
        for value in mapped.flat_map(|label| label.says) {
            if let TagValue::Formality(formality) = value {
                assert!((0.0..=1.0).contains(&formality.value()));
            }
        }
    }
}

#[test]
fn patterns_agree_where_one_only_says_printed() {
    assert_eq!(agreed_pattern([]), None);
    assert_eq!(
        agreed_pattern([Pattern::Graphic, Pattern::Floral]),
        Some(Pattern::Floral)
    );
    assert_eq!(agreed_pattern([Pattern::Striped, Pattern::Plaid]), None);
}
