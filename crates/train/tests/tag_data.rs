//! Photos with tags in the layouts they are published in, whole and broken.

use image::RgbImage;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::{TempDir, tempdir};
use wardrobe_train::data::{Split, TagSet};
use wardrobe_types::{BasicColor, BoxXyxy, Fit, Pattern, Season, Style};

fn photo(root: &Path, name: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::new(60, 80).save(path).unwrap();
}

fn write(root: &Path, name: &str, content: &Value) {
    std::fs::write(root.join(name), content.to_string()).unwrap();
}

fn told(root: &Path, split: Split) -> String {
    TagSet::split(root, split).unwrap_err().to_string()
}

/// Labels by number: 36 Casual Dresses, 70 Floral, 181 Stripes, 138 Printed, 17 Black, 169 Skinny Jeans, 218 Vintage Retro,
/// 184 Summer, 122 Party Dresses.
fn imaterialist(annotations: &Value) -> TempDir {
    let folder = tempdir().unwrap();
    let images: Vec<Value> = (1..=6)
        .map(|id| json!({"imageId": id.to_string(), "url": "https://example.org/a.jpg"}))
        .collect();
    write(
        folder.path(),
        "train.json",
        &json!({"images": images, "annotations": annotations, "info": {}}),
    );
    for id in 1..=5 {
        photo(folder.path(), &format!("images/train/{id}.jpg"));
    }
    folder
}

#[test]
fn imaterialist_labels_become_tags_and_the_rest_is_counted() {
    let folder = imaterialist(&json!([
        {"imageId": "1", "labelId": ["36", "70", "138", "17", "184", "218"]},
        {"imageId": "2", "labelId": ["70", "181", "169"]},
        {"imageId": "3", "labelId": ["17"]},
        // Two formalities, of which neither counts; two styles, which both do.
        {"image_id": 4, "label_id": [36, 122]},
        {"imageId": "6", "labelId": ["36"]},
    ]));
    let set = TagSet::split(folder.path(), Split::Train).unwrap().unwrap();
    assert_eq!(set.samples.len(), 3);
    assert_eq!(set.missing, 1, "photo 6 was not downloaded");
    let [dress, jeans, party] = &set.samples[..] else {
        panic!("three")
    };
    assert!(dress.picture.path.ends_with("images/train/1.jpg") && dress.picture.bbox.is_none());
    assert_eq!(dress.kind.as_deref(), Some("Casual Dresses"));
    // What is floral is printed.
    assert_eq!(dress.tags.pattern, Some(Pattern::Floral));
    assert_eq!(dress.tags.seasons, Some(vec![Season::Summer]));
    assert_eq!(dress.tags.styles, Some(vec![Style::Casual, Style::Vintage]));
    assert!((dress.tags.formality.unwrap().value() - 0.3).abs() < 1e-6);
    assert_eq!(dress.tags.fit, None);
    // Floral and striped: neither.
    assert_eq!(
        (jeans.tags.pattern, jeans.tags.fit),
        (None, Some(Fit::Slim))
    );
    assert_eq!(party.tags.formality, None);
    assert_eq!(party.tags.styles, Some(vec![Style::Casual, Style::Party]));
    assert_eq!(set.unmapped["color: Black"], 2);
    assert_eq!(set.unmapped.len(), 1);
    assert!(TagSet::split(folder.path(), Split::Val).unwrap().is_none());
}

#[test]
fn a_broken_imaterialist_says_what_is_wrong() {
    let folder = imaterialist(&json!([
        {"imageId": "1", "labelId": ["229", "70"]},
        {"imageId": "99", "labelId": ["70"]},
    ]));
    let error = told(folder.path(), Split::Train);
    assert!(
        error.contains("there is no label \"229\": expected 1 to 228"),
        "{error}"
    );
    assert!(
        error.contains("image \"99\": is not among the file's images"),
        "{error}"
    );
    let read = TagSet::read(folder.path(), Split::Train).unwrap().unwrap();
    assert_eq!((read.samples.len(), read.problems.len()), (1, 2));

    let none = imaterialist(&json!([{"imageId": "3", "labelId": ["17"]}]));
    assert!(told(none.path(), Split::Train).contains("no photo with a tag in its train part"));

    std::fs::write(folder.path().join("train.json"), "{\"images\": [").unwrap();
    assert!(told(folder.path(), Split::Train).contains("expected iMaterialist's images"));

    // One folder for two parts whose numbers are the same.
    let flat = tempdir().unwrap();
    for part in ["train.json", "validation.json"] {
        write(
            flat.path(),
            part,
            &json!({"images": [{"imageId": "1"}], "annotations": [{"imageId": "1", "labelId": ["70"]}]}),
        );
    }
    photo(flat.path(), "images/1.jpg");
    let error = told(flat.path(), Split::Val);
    assert!(error.contains("they need a folder each"), "{error}");
    std::fs::remove_file(flat.path().join("validation.json")).unwrap();
    assert_eq!(
        TagSet::split(flat.path(), Split::Train)
            .unwrap()
            .unwrap()
            .samples
            .len(),
        1
    );
}

/// A dress and its sleeve in one photo, trousers in another, a third photo that is not there.
fn fashionpedia() -> Value {
    json!({
        "images": [
            {"id": 7, "file_name": "a.png", "width": 60, "height": 80},
            {"id": 8, "file_name": "b.png", "width": 60, "height": 80},
            {"id": 9, "file_name": "c.png", "width": 60, "height": 80},
        ],
        "categories": [
            {"id": 10, "name": "dress", "supercategory": "wholebody", "level": 2},
            {"id": 6, "name": "pants", "supercategory": "lowerbody", "level": 2},
            {"id": 31, "name": "sleeve", "supercategory": "garment parts", "level": 2},
        ],
        "attributes": [
            {"id": 136, "name": "regular (fit)", "supercategory": "silhouette"},
            {"id": 135, "name": "tight (fit)", "supercategory": "silhouette"},
            {"id": 153, "name": "midi", "supercategory": "length"},
            {"id": 301, "name": "printed", "supercategory": "textile finishing, manufacturing techniques"},
            {"id": 323, "name": "dot", "supercategory": "textile pattern"},
            {"id": 500, "name": "of their own", "supercategory": "else"},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 10, "bbox": [5, 10, 70, 60], "attribute_ids": [136, 153, 301, 323, 500], "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 31, "bbox": [5, 10, 5, 20], "attribute_ids": [135]},
            {"id": 3, "image_id": 8, "category_id": 6, "bbox": [0, 20, 40, 50], "attribute_ids": [135]},
            {"id": 4, "image_id": 8, "category_id": 6, "bbox": [0, 20, 40, 50], "attribute_ids": []},
            {"id": 5, "image_id": 8, "category_id": 6, "bbox": [0, 0, 60, 80], "attribute_ids": [135], "iscrowd": 1},
            {"id": 6, "image_id": 9, "category_id": 6, "bbox": [0, 20, 40, 50], "attribute_ids": [135]},
        ],
    })
}

#[test]
fn fashionpedia_garments_are_boxes_with_tags() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    write(root, "instances_attributes_val2020.json", &fashionpedia());
    // The validation photos come in the archive of the test photos.
    photo(root, "test/a.png");
    photo(root, "test/b.png");
    let set = TagSet::split(root, Split::Val).unwrap().unwrap();
    let [dress, pants] = &set.samples[..] else {
        panic!("{:?}", set.samples)
    };
    // Clipped to its photo.
    let bbox = BoxXyxy {
        x0: 5.0,
        y0: 10.0,
        x1: 60.0,
        y1: 70.0,
    };
    assert_eq!(dress.picture.bbox, Some(bbox));
    assert_eq!(dress.kind.as_deref(), Some("dress"));
    assert_eq!(dress.tags.pattern, Some(Pattern::Dotted));
    assert_eq!(dress.tags.fit, Some(Fit::Regular));
    assert!(pants.picture.path.ends_with("test/b.png"));
    assert_eq!(pants.tags.fit, Some(Fit::Slim));
    assert_eq!(set.missing, 1);
    let unmapped: Vec<&str> = set.unmapped.keys().map(String::as_str).collect();
    assert_eq!(
        unmapped,
        [
            "else: of their own",
            "garment parts: sleeve",
            "length: midi"
        ]
    );
    assert!(TagSet::split(root, Split::Train).unwrap().is_none());
}

#[test]
fn a_broken_fashionpedia_says_what_is_wrong() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut content = fashionpedia();
        change(&mut content);
        write(root, "annotations_train.json", &content);
        told(root, Split::Train)
    };
    assert!(broken(&|_| ()).contains("expected the photos beside it in train/ or images/"));
    photo(root, "images/a.png");
    photo(root, "images/b.png");
    for (pointer, value, problem) in [
        (
            "/annotations/0/attribute_ids",
            json!([999]),
            "annotation 0: there is no attribute 999",
        ),
        (
            "/annotations/2/image_id",
            json!(70),
            "annotation 2: names image 70",
        ),
        (
            "/annotations/2/bbox",
            json!([0, 0, -1, 5]),
            "annotation 2: the box [0, 0, -1, 5] is none",
        ),
        (
            "/images/0/file_name",
            json!("../a.png"),
            "names must stay inside",
        ),
        (
            "/images/0/width",
            json!(600),
            "the photo is 60 x 80, its annotation is for 600 x 80",
        ),
        ("/attributes", Value::Null, "and attributes"),
    ] {
        let error = broken(&|content| *content.pointer_mut(pointer).unwrap() = value.clone());
        assert!(error.contains(problem), "{pointer}: {error}");
    }
}

#[test]
fn a_catalogue_is_told_from_the_others_and_nothing_from_all() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let error = told(root, Split::Train);
    for layout in [
        "styles_train.csv",
        "instances_attributes_train2020.json",
        "validation.json",
    ] {
        assert!(error.contains(layout), "{error}");
    }
    photo(root, "images/1.jpg");
    let table = "id,articleType,baseColour,season,usage,productDisplayName\n1,Shirts,Navy Blue,Fall,Ethnic,Checked Shirt\n2,Shirts,Multi,Fall,Formal,Shirt\n";
    std::fs::write(root.join("styles_train.csv"), table).unwrap();
    let set = TagSet::split(root, Split::Train).unwrap().unwrap();
    assert_eq!((set.samples.len(), set.missing), (1, 1));
    let tags = &set.samples[0].tags;
    assert_eq!(tags.pattern, Some(Pattern::Plaid));
    assert_eq!(tags.color, Some(BasicColor::Blue));
    assert_eq!(set.unmapped["usage: Ethnic"], 1);
    assert!(TagSet::split(root, Split::Val).unwrap().is_none());
}
