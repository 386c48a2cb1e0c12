//! From photos and texts to embeddings, with the parameters of ../shared/golden.

use candle_core::Device;
use std::collections::BTreeMap;
use wardrobe_embed::{Error, ImageEmbedder, TextEmbedder, Variant};
use wardrobe_ingest::{Layout, RgbImage};
use wardrobe_nn::Precision;
use wardrobe_testkit::{Golden, skip};
use wardrobe_types::Embedding;
use wardrobe_weights::Tensors;

const VARIANT: Variant = Variant::VitB32QuickGelu;

fn weights(golden: &Golden) -> Tensors {
    Tensors {
        map: golden.parameters().unwrap(),
        metadata: BTreeMap::new(),
        file: "golden".to_owned(),
    }
}

/// The reference's images, from planes to pixels.
fn photos(golden: &Golden) -> Vec<RgbImage> {
    let images = golden.images().unwrap().permute((0, 2, 3, 1)).unwrap();
    let (n, height, width, _) = images.dims4().unwrap();
    let photo = |i: usize| {
        let bytes = images
            .get(i)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        RgbImage::from_raw(width as u32, height as u32, bytes).unwrap()
    };
    (0..n).map(photo).collect()
}

fn assert_equal(embeddings: &[Embedding], golden: &Golden, name: &str) {
    let expected = golden.tensor(name).unwrap().to_vec2::<f32>().unwrap();
    assert_eq!(embeddings.len(), expected.len());
    for (embedding, expected) in embeddings.iter().zip(expected) {
        assert_eq!(embedding.dimension(), 512);
        let pairs = embedding.values().iter().zip(&expected);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        // The values are up to 0.13: 1e-4 of the largest.
        assert!(worst < 1.3e-5, "{name}: off by {worst}");
    }
}

#[test]
fn photos_and_texts_become_the_references_embeddings() {
    let Some(golden) = Golden::open("openclip_vitb32_quickgelu").unwrap() else {
        return skip("../shared/golden");
    };
    let mut weights = weights(&golden);
    let image =
        ImageEmbedder::with_precision(VARIANT, &weights, "0123abcd", Precision::F32, &Device::Cpu)
            .unwrap();
    let text =
        TextEmbedder::with_precision(VARIANT, &weights, "0123abcd", Precision::F32, &Device::Cpu)
            .unwrap();
    assert_eq!(image.id().to_string(), "clip-vit-b-32-quickgelu-0123abcd");
    assert_eq!(image.id(), text.id());

    let photos = photos(&golden);
    let photos: Vec<&RgbImage> = photos.iter().collect();
    assert_equal(
        &image.embed(&photos).unwrap(),
        &golden,
        "image_features_normalized",
    );
    let prompts: Vec<String> = golden.setting("prompts").unwrap();
    let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
    let texts = text.embed(&prompts).unwrap();
    assert_equal(&texts, &golden, "text_features_normalized");
    // More than go through the tower together, in their order.
    let many: Vec<&str> = prompts.iter().copied().cycle().take(20).collect();
    let many = text.embed(&many).unwrap();
    assert!(many[19].cosine(&texts[19 % prompts.len()]).unwrap() > 0.999_99);
    assert_eq!(image.embed(&[]).unwrap(), []);
    assert_eq!(text.embed(&[]).unwrap(), []);

    // A projection of zeros gives features without a direction.
    let zeros = weights.map["text_projection"].zeros_like().unwrap();
    weights.map.insert("text_projection".to_owned(), zeros);
    let text =
        TextEmbedder::with_precision(VARIANT, &weights, "0", Precision::F32, &Device::Cpu).unwrap();
    let error = text.embed(&["a dress"]).unwrap_err();
    assert!(matches!(error, Error::Vector(_)), "{error}");
}

/// The reference's own pixels, after its preprocessing of photos that need no resizing.
#[test]
fn photos_are_normalised_as_the_reference_does() {
    let Some(golden) = Golden::open("openclip_vitb32").unwrap() else {
        return skip("../shared/golden");
    };
    let expected = golden.input().unwrap();
    for (i, photo) in photos(&golden).iter().enumerate() {
        let pixels = VARIANT
            .preprocess()
            .apply(photo)
            .unwrap()
            .to_vec(Layout::Nchw);
        let expected: Vec<f32> = expected
            .get(i)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        let pairs = pixels.iter().zip(&expected);
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-6, "off by {worst}");
    }
}
