//! The same parameters under everybody's names, and files that do not fit.

use candle_core::{DType, Device, Tensor};
use std::collections::BTreeMap;
use wardrobe_embed::{
    Clip, ClipConfig, Error, ImageConfig, TextConfig, TransformerConfig, Variant, load_weights,
};
use wardrobe_nn::{VarStore, parameter_shapes};
use wardrobe_testkit::{Golden, skip};
use wardrobe_weights::{LoadReport, Tensors};

const DEVICE: Device = Device::Cpu;

fn config() -> ClipConfig {
    let transformer = |width, layers| TransformerConfig {
        width,
        layers,
        heads: 2,
    };
    ClipConfig {
        dimension: 10,
        image: ImageConfig {
            size: 8,
            patch: 4,
            transformer: transformer(12, 2),
        },
        text: TextConfig {
            context: 5,
            vocabulary: 20,
            transformer: transformer(6, 3),
        },
        ..Variant::VitB32.config()
    }
}

fn ours() -> BTreeMap<String, Tensor> {
    let store = VarStore::new(9, DType::F32, &DEVICE);
    Clip::new(&config(), store.builder()).unwrap();
    store.tensors().unwrap()
}

fn file(map: BTreeMap<String, Tensor>) -> Tensors {
    Tensors {
        map,
        metadata: BTreeMap::new(),
        file: "test.safetensors".to_owned(),
    }
}

/// Names in OpenCLIP's and OpenAI's checkpoints for a part of ours.
const OPEN_CLIP: [(&str, &str); 17] = [
    ("image.patches.weight", "visual.conv1.weight"),
    ("image.class", "visual.class_embedding"),
    ("image.positions", "visual.positional_embedding"),
    ("image.norm_before", "visual.ln_pre"),
    ("image.norm_after", "visual.ln_post"),
    ("image.projection.weight", "visual.proj"),
    ("image.blocks", "visual.transformer.resblocks"),
    ("text.tokens", "token_embedding"),
    ("text.positions", "positional_embedding"),
    ("text.norm_after", "ln_final"),
    ("text.projection.weight", "text_projection"),
    ("text.blocks", "transformer.resblocks"),
    ("norm1", "ln_1"),
    ("norm2", "ln_2"),
    (".qkv.", ".attn.in_proj_"),
    (".out.", ".attn.out_proj."),
    (".expand.", ".mlp.c_fc."),
];

/// And in Hugging Face's `CLIPModel`.
const HUGGING_FACE: [(&str, &str); 18] = [
    ("image.patches", "vision_model.embeddings.patch_embedding"),
    ("image.class", "vision_model.embeddings.class_embedding"),
    (
        "image.positions",
        "vision_model.embeddings.position_embedding.weight",
    ),
    ("image.norm_before", "vision_model.pre_layrnorm"),
    ("image.norm_after", "vision_model.post_layernorm"),
    ("image.projection", "visual_projection"),
    ("image.blocks", "vision_model.encoder.layers"),
    ("text.tokens", "text_model.embeddings.token_embedding"),
    (
        "text.positions",
        "text_model.embeddings.position_embedding.weight",
    ),
    ("text.norm_after", "text_model.final_layer_norm"),
    ("text.projection", "text_projection"),
    ("text.blocks", "text_model.encoder.layers"),
    ("norm1", "layer_norm1"),
    ("norm2", "layer_norm2"),
    (".out.", ".self_attn.out_proj."),
    (".expand.", ".mlp.fc1."),
    (".project.", ".mlp.fc2."),
    (".qkv.", ".self_attn.qkv_proj."),
];

fn renamed(name: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(name.to_owned(), |name, (ours, theirs)| {
        name.replace(ours, theirs)
    })
}

fn open_clip() -> BTreeMap<String, Tensor> {
    let theirs = ours().into_iter().map(|(name, tensor)| {
        let tensor = match name.ends_with("projection.weight") {
            true => tensor.t().unwrap().contiguous().unwrap(),
            false => tensor,
        };
        (
            renamed(&name, &OPEN_CLIP).replace(".project.", ".mlp.c_proj."),
            tensor,
        )
    });
    theirs.collect()
}

fn hugging_face() -> BTreeMap<String, Tensor> {
    let mut theirs = BTreeMap::new();
    for (name, tensor) in ours() {
        let name = renamed(&name, &HUGGING_FACE);
        if !name.contains("qkv_proj") {
            theirs.insert(name, tensor);
            continue;
        }
        let third = tensor.dim(0).unwrap() / 3;
        for (i, part) in ["q_proj", "k_proj", "v_proj"].into_iter().enumerate() {
            let part = (
                name.replace("qkv_proj", part),
                tensor.narrow(0, i * third, third).unwrap(),
            );
            theirs.extend([part]);
        }
    }
    theirs
}

fn assert_loads_as_ours(map: BTreeMap<String, Tensor>) {
    let loaded = load_weights(&config(), &file(map)).unwrap();
    let ours = ours();
    assert!(loaded.keys().eq(ours.keys()));
    for (name, tensor) in &loaded {
        let values = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(tensor.dims(), ours[name].dims(), "{name}");
        assert_eq!(values(tensor), values(&ours[name]), "{name}");
    }
}

fn report(map: BTreeMap<String, Tensor>) -> LoadReport {
    match load_weights(&config(), &file(map)) {
        Err(Error::Weights(wardrobe_weights::Error::Mismatch { report, .. })) => *report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn our_names() {
    assert_loads_as_ours(ours());
}

#[test]
fn open_clips_and_open_ais_names() {
    assert_loads_as_ours(open_clip());
    // OpenAI's archives hold three settings as tensors; some of OpenCLIP's the scale as a vector.
    let mut theirs = open_clip();
    for setting in ["input_resolution", "context_length", "vocab_size"] {
        theirs.insert(setting.to_owned(), Tensor::new(7i64, &DEVICE).unwrap());
    }
    let scale = theirs["logit_scale"].reshape(1).unwrap();
    theirs.insert("logit_scale".to_owned(), scale);
    assert_loads_as_ours(theirs);
}

#[test]
fn hugging_faces_names() {
    let mut theirs = hugging_face();
    assert!(theirs.contains_key("vision_model.encoder.layers.1.self_attn.v_proj.bias"));
    for tower in ["vision_model", "text_model"] {
        let ids = Tensor::new(&[[0i64, 1, 2]], &DEVICE).unwrap();
        theirs.insert(format!("{tower}.embeddings.position_ids"), ids);
    }
    assert_loads_as_ours(theirs);
}

/// The full-sized list of an actual state dict, names and shapes.
#[test]
fn the_references_state_dict_is_the_models() {
    let Some(golden) = Golden::open("openclip_vitb32").unwrap() else {
        return skip("../shared/golden");
    };
    let zeros = golden.specs().iter().map(|spec| {
        let zeros = Tensor::zeros(spec.shape.as_slice(), DType::F32, &DEVICE);
        (spec.name.clone(), zeros.unwrap())
    });
    let config = Variant::VitB32.config();
    let loaded = load_weights(&config, &file(zeros.collect())).unwrap();
    let shapes = parameter_shapes(|vb| Clip::new(&config, vb)).unwrap();
    assert_eq!(loaded.len(), shapes.len());
    let count: usize = loaded.values().map(Tensor::elem_count).sum();
    assert_eq!(count, golden.setting::<usize>("n_params").unwrap());
}

#[test]
fn half_precision_becomes_full() {
    let half = |tensor: Tensor| tensor.to_dtype(DType::F16).unwrap();
    let halves = open_clip()
        .into_iter()
        .map(|(name, tensor)| (name, half(tensor)));
    let loaded = load_weights(&config(), &file(halves.collect())).unwrap();
    assert!(loaded.values().all(|tensor| tensor.dtype() == DType::F32));
}

#[test]
fn what_does_not_fit_is_reported() {
    let mut theirs = hugging_face();
    theirs.remove("text_model.encoder.layers.0.self_attn.k_proj.weight");
    theirs.insert(
        "vision_model.head.weight".to_owned(),
        Tensor::new(1f32, &DEVICE).unwrap(),
    );
    let report_of_parts = report(theirs);
    assert_eq!(report_of_parts.missing, ["text.blocks.0.qkv.weight"]);
    assert_eq!(
        report_of_parts.unexpected,
        [
            "text_model.encoder.layers.0.self_attn.q_proj.weight",
            "text_model.encoder.layers.0.self_attn.v_proj.weight",
            "vision_model.head.weight",
        ]
    );

    let mut theirs = open_clip();
    let short = theirs["visual.proj"].narrow(1, 0, 9).unwrap();
    theirs.insert("visual.proj".to_owned(), short);
    theirs.insert(
        "visual.transformer.resblocks.7.ln_1.weight".to_owned(),
        Tensor::new(1f32, &DEVICE).unwrap(),
    );
    let report_of_shapes = report(theirs);
    assert_eq!(
        report_of_shapes.misshaped[0].name,
        "image.projection.weight"
    );
    assert_eq!(
        report_of_shapes.unexpected,
        ["visual.transformer.resblocks.7.ln_1.weight"]
    );
}

#[test]
fn a_file_says_what_network_it_is_for() {
    let (name, value) = config().to_metadata().unwrap();
    let mut named = file(ours());
    assert_eq!(ClipConfig::of(&named).unwrap(), None);
    assert_eq!(Variant::of(&named).unwrap(), None);
    named.metadata.insert(name.clone(), value.clone());
    assert_eq!(ClipConfig::of(&named).unwrap(), Some(config()));
    let error = Variant::of(&named).unwrap_err().to_string();
    assert!(
        error.contains("10 values") && error.contains("8 x 8"),
        "{error}"
    );
    let quick = Variant::VitB32QuickGelu.config();
    named
        .metadata
        .insert(name.clone(), quick.to_metadata().unwrap().1);
    assert_eq!(ClipConfig::of(&named).unwrap(), Some(quick));
    assert_eq!(Variant::of(&named).unwrap(), Some(Variant::VitB32QuickGelu));
    for wrong in [
        value.replace("\"gelu\"", "\"tanh\""),
        value.replace("dimension", "dimensions"),
        "{".to_owned(),
    ] {
        named.metadata.insert(name.clone(), wrong);
        let error = ClipConfig::of(&named).unwrap_err().to_string();
        assert!(
            error.contains("test.safetensors") && error.contains("clip"),
            "{error}"
        );
    }
    let relu = ClipConfig {
        activation: wardrobe_nn::Activation::Relu,
        ..config()
    };
    assert!(relu.to_metadata().is_err());
}
