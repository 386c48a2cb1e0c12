//! candle-transformers' CLIP, which is right where the activation is QuickGELU, beside ours on the same parameters under
//! Hugging Face's names. (It is wrong for OpenCLIP's own weights, which take the exact GELU; `parity.rs` holds those.)

use candle_core::{DType, Device, Tensor};
use candle_nn::{VarBuilder, VarMap};
use candle_transformers::models::clip::text_model::{Activation as Theirs, ClipTextConfig};
use candle_transformers::models::clip::vision_model::ClipVisionConfig;
use candle_transformers::models::clip::{ClipConfig as TheirConfig, ClipModel};
use std::collections::BTreeMap;
use wardrobe_embed::{Clip, ClipConfig, ImageConfig, TextConfig, TransformerConfig, load_weights};
use wardrobe_nn::{Activation, Mode};
use wardrobe_testkit::{Random, assert_close};
use wardrobe_weights::Tensors;

const DEVICE: Device = Device::Cpu;
const LAYERS: usize = 2;
const HEADS: usize = 2;

fn ours() -> ClipConfig {
    let transformer = |width| TransformerConfig {
        width,
        layers: LAYERS,
        heads: HEADS,
    };
    ClipConfig {
        dimension: 10,
        activation: Activation::QuickGelu,
        image: ImageConfig {
            size: 12,
            patch: 4,
            transformer: transformer(16),
        },
        text: TextConfig {
            context: 9,
            vocabulary: 40,
            transformer: transformer(24),
        },
    }
}

fn theirs(config: &ClipConfig) -> TheirConfig {
    let (image, text) = (config.image, config.text);
    TheirConfig {
        text_config: ClipTextConfig {
            vocab_size: text.vocabulary,
            embed_dim: text.transformer.width,
            activation: Theirs::QuickGelu,
            intermediate_size: 4 * text.transformer.width,
            max_position_embeddings: text.context,
            pad_with: None,
            num_hidden_layers: LAYERS,
            num_attention_heads: HEADS,
            projection_dim: config.dimension,
        },
        vision_config: ClipVisionConfig {
            embed_dim: image.transformer.width,
            activation: Theirs::QuickGelu,
            intermediate_size: 4 * image.transformer.width,
            num_hidden_layers: LAYERS,
            num_attention_heads: HEADS,
            projection_dim: config.dimension,
            num_channels: 3,
            image_size: image.size,
            patch_size: image.patch,
        },
        logit_scale_init_value: 2.66,
        image_size: image.size,
    }
}

#[test]
fn both_give_the_same_features() {
    let config = ours();
    let vars = VarMap::new();
    let vb = VarBuilder::from_varmap(&vars, DType::F32, &DEVICE);
    // What a file always has, and theirs does not ask of one that lacks it.
    let width = config.image.transformer.width;
    vb.get(width, "vision_model.embeddings.class_embedding")
        .unwrap();
    vb.get((), "logit_scale").unwrap();
    let theirs = ClipModel::new(vb, &theirs(&config)).unwrap();
    let mut random = Random::new(8);
    let mut map = BTreeMap::new();
    for (name, var) in vars.data().lock().unwrap().iter() {
        // Biases and norms start at constants, which would hide where they go.
        let drawn = random.tensor(var.dims(), (-0.4, 0.4), DType::F32, &DEVICE);
        let drawn = drawn.unwrap();
        let one = f64::from(u8::from(name.contains("norm") && name.ends_with("weight")));
        var.set(&(drawn + one).unwrap()).unwrap();
        map.insert(name.clone(), var.as_tensor().clone());
    }
    let file = Tensors {
        map,
        metadata: BTreeMap::new(),
        file: "theirs.safetensors".to_owned(),
    };
    let tensors = load_weights(&config, &file).unwrap().into_iter().collect();
    let vb = VarBuilder::from_tensors(tensors, DType::F32, &DEVICE);
    let ours = Clip::new(&config, vb).unwrap();

    let images = random.tensor(&[3, 12, 12, 3], (-2.0, 2.0), DType::F32, &DEVICE);
    let images = images.unwrap();
    let channels_first = images.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
    let expected = theirs.get_image_features(&channels_first).unwrap();
    let got = ours.image.forward(&images, Mode::Eval).unwrap();
    assert_close(&got, &expected, 1e-5);

    // Theirs takes a text's features where its token is the highest: at its end, 39.
    let texts = [
        [38u32, 3, 17, 39, 0, 0, 0, 0, 0],
        [38, 1, 2, 3, 4, 5, 6, 7, 39],
    ];
    let texts = Tensor::new(&texts, &DEVICE).unwrap();
    let expected = theirs.get_text_features(&texts).unwrap();
    let got = ours.text.forward(&texts, Mode::Eval).unwrap();
    assert_close(&got, &expected, 1e-5);
}
