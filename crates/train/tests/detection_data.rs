//! Photos with boxes in each layout, and what is wrong with those that are not.

use image::{Rgb, RgbImage};
use std::path::Path;
use tempfile::tempdir;
use wardrobe_eval::TruthBox;
use wardrobe_train::Error;
use wardrobe_train::data::Split;
use wardrobe_train::data::detection::{DetectionSet, Reading, detector_names, yolo};
use wardrobe_types::BoxXyxy;
use wardrobe_types::labels::DetectorClass;

fn write(path: impl AsRef<Path>, text: &str) {
    std::fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// A picture of this size, in the format of its extension.
fn save_sized(path: &Path, width: u32, height: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 90]));
    picture.save(path).unwrap();
}

fn truth(class: usize, edges: [f32; 4]) -> TruthBox {
    TruthBox {
        class,
        bbox: BoxXyxy::try_from(edges).unwrap(),
        crowd: false,
    }
}

fn problem<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(error @ Error::Data { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn boxes(set: &DetectionSet) -> Vec<Vec<TruthBox>> {
    set.photos.iter().map(|photo| photo.boxes.clone()).collect()
}

const CATEGORIES: &str = r#"[{"id": 7, "name": "t-shirt", "supercategory": "top"}, {"id": 3, "name": "jeans", "supercategory": "trousers"},
    {"id": 9, "name": "watch", "supercategory": "accessory"}, {"id": 1, "name": "bag"}]"#;

fn coco(root: &Path, name: &str, images: &str, annotations: &str) {
    let text = format!(
        r#"{{"images": [{images}], "annotations": [{annotations}], "categories": {CATEGORIES}}}"#
    );
    write(root.join(name), &text);
}

#[test]
fn coco_takes_the_coarse_class_and_counts_what_has_none() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    save_sized(&root.join("photos/a.png"), 100, 60);
    save_sized(&root.join("photos/b.png"), 40, 80);
    coco(
        root,
        "annotations_train.json",
        r#"{"id": 5, "file_name": "a.png", "width": 100, "height": 60}, {"id": 2, "file_name": "b.png"}"#,
        r#"{"image_id": 5, "category_id": 7, "bbox": [10, 20, 30, 25]},
           {"image_id": 5, "category_id": 3, "bbox": [80.5, 10, 40, 10], "iscrowd": 1},
           {"image_id": 5, "category_id": 9, "bbox": [1, 1, 5, 5]},
           {"image_id": 2, "category_id": 1, "bbox": [200, 10, 10, 10]}"#,
    );
    let reading = Reading::split(root, Split::Train).unwrap().unwrap();
    assert_eq!(reading.problems, Vec::<String>::new());
    // One reaches beyond the photo, one lies outside it.
    assert_eq!((reading.clipped, reading.dropped), (1, 1));
    let set = DetectionSet::split(root, Split::Train).unwrap().unwrap();
    assert_eq!(set.names, detector_names());
    let crowd = TruthBox {
        crowd: true,
        ..truth(DetectorClass::Trousers as usize, [80.5, 10.0, 100.0, 20.0])
    };
    let top = truth(DetectorClass::Top as usize, [10.0, 20.0, 40.0, 45.0]);
    assert_eq!(boxes(&set), [vec![top, crowd], vec![]]);
    assert_eq!(
        set.unmapped.into_iter().collect::<Vec<_>>(),
        [("watch".to_owned(), 1)]
    );
    assert!(DetectionSet::split(root, Split::Val).unwrap().is_none());
    assert_eq!(DetectionSet::for_evaluation(root).unwrap().photos.len(), 2);
}

#[test]
fn coco_without_classes_of_ours_keeps_its_own() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    save_sized(&root.join("images/a.png"), 100, 60);
    write(
        root.join("annotations.json"),
        r#"{"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "category_id": 18, "bbox": [0, 0, 9, 9]}],
            "categories": [{"id": 17, "name": "cat"}, {"id": 18, "name": "dog", "supercategory": "animal"}]}"#,
    );
    let set = DetectionSet::for_evaluation(root).unwrap();
    assert_eq!(set.names, ["cat", "dog"]);
    assert_eq!(boxes(&set), [vec![truth(1, [0.0, 0.0, 9.0, 9.0])]]);
}

/// A JPEG whose EXIF says that the camera was turned: stored 30 x 20, upright 20 x 30.
fn save_turned(path: &Path) {
    use image::ImageEncoder;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let picture = RgbImage::from_fn(30, 20, |x, y| Rgb([x as u8 * 8, y as u8 * 8, 90]));
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
    // A TIFF header and one entry: tag 0x0112, a short, 6 (turn right).
    let exif = [
        b"II*\0".as_slice(),
        &8_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &0x0112_u16.to_le_bytes(),
        &3_u16.to_le_bytes(),
        &1_u32.to_le_bytes(),
        &6_u32.to_le_bytes(),
        &0_u32.to_le_bytes(),
    ]
    .concat();
    encoder.set_exif_metadata(exif).unwrap();
    encoder
        .write_image(&picture, 30, 20, image::ExtendedColorType::Rgb8)
        .unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn boxes_are_of_the_upright_photo_whichever_way_they_were_drawn() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    save_turned(&root.join("photos/a.jpg"));
    let annotation = |bbox: &str| format!(r#"{{"image_id": 1, "category_id": 7, "bbox": {bbox}}}"#);
    // Turned right, the stored point (x, y) is at (20 - y, x).
    let upright = [vec![truth(0, [5.0, 3.0, 15.0, 10.0])]];
    coco(
        root,
        "annotations_train.json",
        r#"{"id": 1, "file_name": "a.jpg", "width": 30, "height": 20}"#,
        &annotation("[3, 5, 7, 10]"),
    );
    coco(
        root,
        "annotations_val.json",
        r#"{"id": 1, "file_name": "a.jpg", "width": 20, "height": 30}"#,
        &annotation("[5, 3, 10, 7]"),
    );
    for split in [Split::Train, Split::Val] {
        assert_eq!(
            boxes(&DetectionSet::split(root, split).unwrap().unwrap()),
            upright,
            "{split:?}"
        );
    }
    coco(
        root,
        "annotations_val.json",
        r#"{"id": 1, "file_name": "a.jpg", "width": 64, "height": 64}"#,
        &annotation("[5, 3, 10, 7]"),
    );
    let told = problem(DetectionSet::split(root, Split::Val));
    assert!(
        told.contains("20 x 30") && told.contains("64 x 64"),
        "{told}"
    );
}

#[test]
fn bad_coco_files_are_told_with_what_is_wrong() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let image = r#"{"id": 1, "file_name": "a.png", "width": 100, "height": 60}"#;
    let fine = r#"{"image_id": 1, "category_id": 7, "bbox": [1, 1, 5, 5]}"#;
    let told = |images: &str, annotations: &str| {
        coco(root, "annotations_train.json", images, annotations);
        problem(DetectionSet::split(root, Split::Train))
    };
    assert!(told(image, fine).contains("photos/ or images/"));
    save_sized(&root.join("photos/a.png"), 100, 60);
    write(root.join("secret.png"), "not for you");
    for (images, annotations, expected) in [
        (
            r#"{"id": 1, "file_name": "b.png"}"#,
            fine,
            "b.png: no such file",
        ),
        (
            r#"{"id": 1, "file_name": "../secret.png"}"#,
            fine,
            "must stay inside",
        ),
        (
            r#"{"id": 1, "file_name": "/etc/passwd"}"#,
            fine,
            "must stay inside",
        ),
        (
            image,
            r#"{"image_id": 1, "category_id": 99, "bbox": [1, 1, 5, 5]}"#,
            "category 99",
        ),
        (
            image,
            r#"{"image_id": 8, "category_id": 7, "bbox": [1, 1, 5, 5]}"#,
            "image 8",
        ),
        (
            image,
            r#"{"image_id": 1, "category_id": 7, "bbox": [1, 1, -5, 5]}"#,
            "[1, 1, -5, 5]",
        ),
        (
            image,
            r#"{"image_id": 1, "category_id": 7, "bbox": [1, 1, 1e39, 5]}"#,
            "annotation 0",
        ),
        (
            image,
            r#"{"image_id": 1, "category_id": 7, "bbox": [1, 1, 5]}"#,
            "expected",
        ),
        (&format!("{image}, {image}"), fine, "listed twice"),
        ("", "", "no photo"),
    ] {
        let told = told(images, annotations);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    write(root.join("annotations_train.json"), "{\"images\": [");
    assert!(problem(DetectionSet::split(root, Split::Train)).contains("annotations_train.json"));
    let empty = tempdir().unwrap();
    let told = problem(DetectionSet::for_evaluation(empty.path()));
    assert!(
        ["COCO", "YOLO", "DeepFashion2"]
            .iter()
            .all(|layout| told.contains(layout)),
        "{told}"
    );
}

fn yolo_set(root: &Path, yaml: &str) {
    write(root.join("data.yaml"), yaml);
    save_sized(&root.join("images/train/a.png"), 100, 50);
    save_sized(&root.join("images/train/deep/b.png"), 80, 80);
    save_sized(&root.join("images/val/c.png"), 60, 40);
    write(
        root.join("labels/train/a.txt"),
        "1 0.5 0.5 0.2 0.4\n\n0.0 0.95 0.5 0.2 0.5\n",
    );
    write(
        root.join("labels/train/deep/b.txt"),
        "2 0.1 0.2 0.5 0.9 0.3 0.1\n",
    );
}

#[test]
fn yolo_reads_boxes_outlines_and_photos_without_either() {
    let expected = [
        vec![
            truth(1, [40.0, 15.0, 60.0, 35.0]),
            truth(0, [85.0, 12.5, 100.0, 37.5]),
        ],
        // An outline's box.
        vec![truth(2, [8.0, 8.0, 40.0, 72.0])],
    ];
    for yaml in [
        "train: images/train\nval: images/val\nnames: [hat, bag, shoes]\n",
        "path: .\ntrain: [images/train]\nval: images/val\nnc: 3\nnames:\n  0: hat\n  1: bag\n  2: shoes\n",
        "# moved\ntrain: ../images/train\nval: ../images/val\nnames: {0: 'hat', 1: \"bag\", 2: shoes}\nroboflow: {license: CC0}\n",
    ] {
        let folder = tempdir().unwrap();
        yolo_set(folder.path(), yaml);
        let set = DetectionSet::split(folder.path(), Split::Train)
            .unwrap()
            .unwrap();
        assert_eq!(set.names, ["hat", "bag", "shoes"]);
        assert_eq!(set.boxes_by_class(), [1, 1, 1]);
        for (found, expected) in boxes(&set).iter().flatten().zip(expected.iter().flatten()) {
            assert_eq!(found.class, expected.class);
            assert!(
                found.bbox.iou(&expected.bbox) > 0.999,
                "{found:?} {expected:?}"
            );
        }
        let val = DetectionSet::for_evaluation(&folder.path().join("data.yaml")).unwrap();
        assert_eq!(boxes(&val), [vec![]]);
    }
}

#[test]
fn yolo_reads_a_list_of_photos() {
    let folder = tempdir().unwrap();
    yolo_set(
        folder.path(),
        "train: train.txt\nnames: [hat, bag, shoes]\n",
    );
    write(
        folder.path().join("train.txt"),
        "./images/train/a.png\nimages/val/c.png\n",
    );
    let set = DetectionSet::split(folder.path(), Split::Train)
        .unwrap()
        .unwrap();
    assert_eq!(
        set.photos
            .iter()
            .map(|photo| photo.boxes.len())
            .collect::<Vec<_>>(),
        [2, 0]
    );
    assert!(
        DetectionSet::split(folder.path(), Split::Val)
            .unwrap()
            .is_none()
    );
}

#[test]
fn bad_yolo_folders_are_told_with_file_and_line() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    yolo_set(root, "train: images/train\nnames: [hat, bag, shoes]\n");
    for (label, expected) in [
        ("3 0.5 0.5 0.1 0.1", "class 3"),
        ("0 0.5 0.5 0.1", "class cx cy w h"),
        ("0 0.5 0.5 -0.1 0.1", "class cx cy w h"),
        ("0 0.5 nan 0.1 0.1", "class cx cy w h"),
        ("0.5 0.5 0.5 0.1 0.1", "class cx cy w h"),
        ("hat 0.5 0.5 0.1 0.1", "class cx cy w h"),
    ] {
        write(
            root.join("labels/train/a.txt"),
            &format!("1 0.5 0.5 0.2 0.4\n{label}\n"),
        );
        let told = problem(DetectionSet::split(root, Split::Train));
        assert!(
            told.contains("a.txt:2") && told.contains(expected),
            "{told}"
        );
    }
    write(root.join("images/train/a.png"), "not a picture");
    assert!(problem(DetectionSet::split(root, Split::Train)).contains("not a picture"));
    for (yaml, expected) in [
        ("train: images/none\nnames: [hat]\n", "images/none"),
        ("train: images/train\nnames: []\n", "names no class"),
        ("train: images/train\nnc: 2\nnames: [hat]\n", "nc is 2"),
        ("train: images/train\nnames: {0: hat, 2: bag}\n", "number 1"),
        ("train: images/train\n", "names"),
        ("names: [[[[", "expected"),
        // Each line is ten times the one before.
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
          d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
          g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\nnames: [hat]\ntrain: images/train\n",
            "expected",
        ),
    ] {
        write(root.join("data.yaml"), yaml);
        let told = problem(DetectionSet::split(root, Split::Train));
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let folder = tempdir().unwrap();
    let root = folder.path().join("made");
    let source = folder.path().join("a.png");
    save_sized(&source, 120, 90);
    let bytes = std::fs::read(&source).unwrap();
    let boxes = [
        truth(0, [0.0, 0.0, 120.0, 90.0]),
        truth(4, [10.25, 3.5, 60.0, 80.75]),
    ];
    let writer = yolo::Writer::create(&root).unwrap();
    writer
        .add(Split::Train, "a.png", &bytes, &boxes, (120, 90))
        .unwrap();
    let names: Vec<String> = ["a", "no", "it's \"odd\": {}", "ä\n", "12"]
        .map(String::from)
        .into();
    writer.finish(&names, "two\nlines").unwrap();
    let set = DetectionSet::split(&root, Split::Train).unwrap().unwrap();
    assert_eq!(set.names, names);
    for (found, expected) in set.photos[0].boxes.iter().zip(boxes) {
        assert_eq!(found.class, expected.class);
        assert!(
            found.bbox.iou(&expected.bbox) > 0.9999,
            "{found:?} {expected:?}"
        );
    }
    assert!(problem(yolo::Writer::create(&root)).contains("not empty"));
}

const ITEM: &str = r#""item1": {"segmentation": [[1, 2, 3]], "scale": 2, "viewpoint": 1, "zoom_in": 1, "landmarks": [1, 2, 0], "style": 1,
    "bounding_box": [5, 6, 40, 50], "category_id": 4, "occlusion": 2, "category_name": "long sleeve outwear"}"#;

#[test]
fn deepfashion2_is_read_as_coarse_classes() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    save_sized(&root.join("train/image/000001.jpg"), 64, 64);
    save_sized(&root.join("validation/image/000002.jpg"), 64, 64);
    let annotation = format!(
        r#"{{"source": "user", "pair_id": 1, {ITEM}, "item2": {{"bounding_box": [1, 2, 70, 30], "category_id": 12}}}}"#
    );
    write(root.join("train/annos/000001.json"), &annotation);
    write(
        root.join("validation/annos/000002.json"),
        r#"{"source": "shop", "pair_id": 1}"#,
    );
    let set = DetectionSet::split(root, Split::Train).unwrap().unwrap();
    assert_eq!(set.names, detector_names());
    let expected = [
        truth(DetectorClass::Outerwear as usize, [5.0, 6.0, 40.0, 50.0]),
        truth(DetectorClass::Dress as usize, [1.0, 2.0, 64.0, 30.0]),
    ];
    assert_eq!(boxes(&set), [expected.to_vec()]);
    assert_eq!(
        boxes(&DetectionSet::for_evaluation(root).unwrap()),
        [vec![]]
    );
    for (bad, expected) in [
        (
            annotation.replace("\"category_id\": 4", "\"category_id\": 14"),
            "expected 1 to 13",
        ),
        (
            annotation.replace("[5, 6, 40, 50]", "[50, 6, 40, 50]"),
            "[50, 6, 40, 50]",
        ),
        (
            annotation.replace("\"bounding_box\": [5", "\"box\": [5"),
            "item1",
        ),
        ("[1, 2]".to_owned(), "item1"),
    ] {
        write(root.join("train/annos/000001.json"), &bad);
        let told = problem(DetectionSet::split(root, Split::Train));
        assert!(
            told.contains("000001.json") && told.contains(expected),
            "{told}"
        );
    }
}

#[test]
fn the_street_photos_read_whole() {
    let Some(data) = wardrobe_testkit::shared_data() else {
        return;
    };
    let reading = Reading::split(&data.join("ccp"), Split::Val)
        .unwrap()
        .unwrap();
    assert_eq!(reading.problems, Vec::<String>::new());
    assert_eq!((reading.set.photos.len(), reading.dropped), (74, 0));
    let counts = reading.set.boxes_by_class();
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    assert!(reading.set.unmapped.contains_key("sunglasses"));
}
