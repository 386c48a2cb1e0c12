//! The set transformer: against a plain one written here, finite differences, and what must change nothing.
#![cfg(feature = "learned")]

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use std::collections::BTreeMap;
use wardrobe_nn::{Mode, VarStore};
use wardrobe_recommend::learned::{
    Garment, LearnedError, OutfitScorer, Pooling, SetBatch, SetConfig, SetTransformer,
};
use wardrobe_testkit::{GradCheck, Random, assert_close, assert_gradients};
use wardrobe_types::{Category, EmbedderId, Embedding};
use wardrobe_weights::Tensors;

const DEVICE: Device = Device::Cpu;
const CLASSES: [&str; 5] = ["top", "trousers", "shoes", "jeans", "bag"];

fn config(pooling: Pooling) -> SetConfig {
    SetConfig {
        embedding: 6,
        text: 3,
        width: 8,
        layers: 2,
        heads: 2,
        hidden: 12,
        pooling,
        ..SetConfig::new(CLASSES)
    }
}

fn parameters(config: &SetConfig, dtype: DType) -> BTreeMap<String, Tensor> {
    let store = VarStore::new(11, dtype, &DEVICE);
    SetTransformer::new(config, &Default::default(), store.builder()).unwrap();
    // Biases and norms start at 0 and 1, where a mistake in them would not show.
    let mut random = Random::new(3);
    let mut tensors = store.tensors().unwrap();
    for tensor in tensors.values_mut() {
        let noise = random.tensor(tensor.dims(), (-0.3, 0.3), dtype, &DEVICE);
        *tensor = (&*tensor + noise.unwrap()).unwrap();
    }
    tensors
}

fn network(config: &SetConfig, parameters: &BTreeMap<String, Tensor>) -> SetTransformer {
    let dtype = parameters["classes"].dtype();
    let tensors = parameters.clone().into_iter().collect();
    let vb = VarBuilder::from_tensors(tensors, dtype, &DEVICE);
    SetTransformer::new(config, &Default::default(), vb).unwrap()
}

/// Sets of these sizes, padded to `length` with garments that are not there.
fn batch(sizes: &[usize], length: usize, dtype: DType, seed: u64) -> SetBatch {
    let mut random = Random::new(seed);
    let n = sizes.len();
    let classes: Vec<u32> = (0..n * length)
        .map(|_| random.below(CLASSES.len()) as u32)
        .collect();
    let present = sizes
        .iter()
        .flat_map(|&size| (0..length).map(move |i| u8::from(i < size)))
        .collect();
    let mut draw = |values| {
        random
            .tensor(&[n, length, values], (-1.0, 1.0), dtype, &DEVICE)
            .unwrap()
    };
    SetBatch {
        classes: Tensor::from_vec(classes, (n, length), &DEVICE).unwrap(),
        embeddings: Some(draw(6)),
        texts: Some(draw(3)),
        present: Tensor::from_vec(present, (n, length), &DEVICE).unwrap(),
    }
}

/// The network by its definition, one set at a time, in loops.
struct Plain<'a> {
    config: &'a SetConfig,
    parameters: BTreeMap<String, Vec<f64>>,
}

impl<'a> Plain<'a> {
    fn new(config: &'a SetConfig, parameters: &BTreeMap<String, Tensor>) -> Self {
        let parameters = parameters.iter().map(|(name, t)| (name.clone(), values(t)));
        Self {
            config,
            parameters: parameters.collect(),
        }
    }

    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let weight = &self.parameters[&format!("{name}.weight")];
        let bias = &self.parameters[&format!("{name}.bias")];
        let rows = weight.chunks(x.len()).zip(bias);
        rows.map(|(row, bias)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias)
            .collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let weight = &self.parameters[&format!("{name}.weight")];
        let bias = &self.parameters[&format!("{name}.bias")];
        let affine = x.iter().zip(weight.iter().zip(bias));
        affine
            .map(|(x, (w, b))| w * (x - mean) / (variance + 1e-5).sqrt() + b)
            .collect()
    }

    fn attention(&self, name: &str, tokens: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let (width, heads) = (self.config.width, self.config.heads);
        let dim = width / heads;
        let qkv: Vec<Vec<f64>> = tokens
            .iter()
            .map(|x| {
                self.linear(
                    &format!("{name}.qkv"),
                    &self.norm(&format!("{name}.norm1"), x),
                )
            })
            .collect();
        let mut out = vec![vec![0.0; width]; tokens.len()];
        for head in 0..heads {
            let part = |i: usize, which: usize| &qkv[i][which * width + head * dim..][..dim];
            for (i, out) in out.iter_mut().enumerate() {
                let dot = |j: usize| -> f64 {
                    part(i, 0).iter().zip(part(j, 1)).map(|(q, k)| q * k).sum()
                };
                let weights: Vec<f64> = (0..tokens.len())
                    .map(|j| (dot(j) / (dim as f64).sqrt()).exp())
                    .collect();
                let total: f64 = weights.iter().sum();
                for (j, weight) in weights.iter().enumerate() {
                    for (o, v) in out[head * dim..].iter_mut().zip(part(j, 2)) {
                        *o += weight / total * v;
                    }
                }
            }
        }
        out
    }

    fn logit(&self, classes: &[u32], embeddings: &[&[f64]], texts: &[&[f64]]) -> f64 {
        let scaled = |x: &[f64]| {
            x.iter()
                .map(|v| v * (x.len() as f64).sqrt())
                .collect::<Vec<_>>()
        };
        let mut tokens: Vec<Vec<f64>> = Vec::new();
        if self.config.pooling == Pooling::TaskToken {
            tokens.push(self.parameters["task"].clone());
        }
        for ((&class, embedding), text) in classes.iter().zip(embeddings).zip(texts) {
            let class = &self.parameters["classes"][class as usize * self.config.width..];
            let (look, words) = (
                self.linear("embedding", &scaled(embedding)),
                self.linear("text", &scaled(text)),
            );
            let sum = class.iter().zip(look).zip(words);
            tokens.push(sum.map(|((a, b), c)| a + b + c).collect());
        }
        for layer in 0..self.config.layers {
            let name = format!("blocks.{layer}");
            let attended = self.attention(&name, &tokens);
            for (token, attended) in tokens.iter_mut().zip(attended) {
                add(token, &self.linear(&format!("{name}.out"), &attended));
                let hidden = self.linear(
                    &format!("{name}.expand"),
                    &self.norm(&format!("{name}.norm2"), token),
                );
                let hidden: Vec<f64> = hidden.into_iter().map(gelu).collect();
                add(token, &self.linear(&format!("{name}.project"), &hidden));
            }
        }
        let pooled = match self.config.pooling {
            Pooling::TaskToken => tokens[0].clone(),
            Pooling::Mean => (0..self.config.width)
                .map(|i| tokens.iter().map(|t| t[i]).sum::<f64>() / tokens.len() as f64)
                .collect(),
        };
        let head = self.linear("head", &self.norm("norm", &pooled));
        let head: Vec<f64> = head.into_iter().map(gelu).collect();
        self.linear("logit", &head)[0]
    }
}

fn add(x: &mut [f64], y: &[f64]) {
    x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
}

fn gelu(x: f64) -> f64 {
    // Phi by its series around 0: x is small here.
    let (mut term, mut sum) = (x / (2.0 * std::f64::consts::PI).sqrt(), 0.0);
    for n in 0..60 {
        sum += term / f64::from(2 * n + 1);
        term *= -x * x / (2.0 * f64::from(n + 1));
    }
    x * (0.5 + sum)
}

fn values(tensor: &Tensor) -> Vec<f64> {
    tensor
        .to_dtype(DType::F64)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()
}

fn both() -> [SetConfig; 2] {
    [config(Pooling::TaskToken), config(Pooling::Mean)]
}

#[test]
fn the_network_is_its_definition() {
    for config in both() {
        let parameters = parameters(&config, DType::F64);
        let (sizes, length) = ([3, 1, 5], 5);
        let sets = batch(&sizes, length, DType::F64, 1);
        let got = values(
            &network(&config, &parameters)
                .forward(&sets, Mode::Eval)
                .unwrap(),
        );
        let plain = Plain::new(&config, &parameters);
        let classes: Vec<u32> = sets.classes.flatten_all().unwrap().to_vec1().unwrap();
        let (looks, texts) = (
            values(sets.embeddings.as_ref().unwrap()),
            values(sets.texts.as_ref().unwrap()),
        );
        for (n, size) in sizes.into_iter().enumerate() {
            let items = n * length..n * length + size;
            let looks: Vec<&[f64]> = looks.chunks(6).skip(items.start).take(size).collect();
            let texts: Vec<&[f64]> = texts.chunks(3).skip(items.start).take(size).collect();
            let expected = plain.logit(&classes[items], &looks, &texts);
            assert!(
                (got[n] - expected).abs() < 1e-9,
                "{} and {expected}",
                got[n]
            );
        }
    }
}

#[test]
fn gradients() {
    for config in both() {
        let parameters = parameters(&config, DType::F64);
        let (names, mut inputs): (Vec<String>, Vec<Tensor>) = parameters.into_iter().unzip();
        let sets = batch(&[3, 4, 1], 4, DType::F64, 2);
        inputs.push(sets.embeddings.clone().unwrap());
        let check = GradCheck {
            elements: 12,
            ..GradCheck::f64()
        };
        // Without dropout, as it is drawn anew each time.
        let config = SetConfig {
            dropout: 0.0,
            ..config.clone()
        };
        let still = |inputs: &[Tensor]| {
            let (looks, parameters) = inputs.split_last().unwrap();
            let named = names.iter().cloned().zip(parameters.iter().cloned());
            let sets = SetBatch {
                embeddings: Some(looks.clone()),
                ..sets.clone()
            };
            network(&config, &named.collect()).forward(&sets, Mode::Train)
        };
        assert_gradients(still, &inputs, &check);
    }
}

fn reordered(sets: &SetBatch, order: &[u32]) -> SetBatch {
    let order = Tensor::new(order, &DEVICE).unwrap();
    let pick = |t: &Tensor| t.contiguous().unwrap().index_select(&order, 1).unwrap();
    SetBatch {
        classes: pick(&sets.classes),
        embeddings: sets.embeddings.as_ref().map(pick),
        texts: sets.texts.as_ref().map(pick),
        present: pick(&sets.present),
    }
}

#[test]
fn neither_order_nor_padding_matters() {
    for config in both() {
        let network = network(&config, &parameters(&config, DType::F64));
        let sets = batch(&[3, 2, 3], 3, DType::F64, 4);
        let logits = network.forward(&sets, Mode::Eval).unwrap();
        // The second set's padding is moved between its garments.
        for order in [[2, 0, 1], [1, 2, 0], [0, 2, 1]] {
            let moved = network
                .forward(&reordered(&sets, &order), Mode::Eval)
                .unwrap();
            assert_close(&moved, &logits, 1e-12);
        }
        let garbage = batch(&[0, 0, 0], 4, DType::F64, 5);
        let join = |a: &Tensor, b: &Tensor| Tensor::cat(&[a, b], 1).unwrap();
        let padded = SetBatch {
            classes: join(&sets.classes, &garbage.classes),
            embeddings: Some(join(
                sets.embeddings.as_ref().unwrap(),
                garbage.embeddings.as_ref().unwrap(),
            )),
            texts: Some(join(
                sets.texts.as_ref().unwrap(),
                garbage.texts.as_ref().unwrap(),
            )),
            present: join(&sets.present, &garbage.present),
        };
        let padded = network.forward(&padded, Mode::Eval).unwrap();
        assert_close(&padded, &logits, 1e-12);
        // A garment more does matter.
        let fuller = SetBatch {
            present: Tensor::ones((3, 3), DType::U8, &DEVICE).unwrap(),
            ..sets
        };
        let fuller = values(&network.forward(&fuller, Mode::Eval).unwrap());
        assert!((fuller[1] - values(&logits)[1]).abs() > 1e-6);
    }
}

/// A scorer of embeddings alone, and garments of its embedder.
fn scorer(pooling: Pooling) -> (OutfitScorer, SetTransformer, Vec<Embedding>, EmbedderId) {
    let config = SetConfig {
        text: 0,
        ..config(pooling)
    };
    let parameters = parameters(&config, DType::F32);
    let embedder = EmbedderId::new("test-6");
    let network = network(&config, &parameters);
    let scorer = OutfitScorer::from_parts(&config, parameters, Some(embedder.clone())).unwrap();
    let looks = batch(&[1; 40], 1, DType::F32, 6).embeddings.unwrap();
    let looks: Vec<Vec<f32>> = looks.squeeze(1).unwrap().to_vec2().unwrap();
    let looks = looks
        .into_iter()
        .map(|v| Embedding::new(embedder.clone(), v).unwrap());
    (scorer, network, looks.collect(), embedder)
}

#[test]
fn a_scorer_gives_what_the_network_gives() {
    for pooling in [Pooling::TaskToken, Pooling::Mean] {
        let (scorer, network, looks, _) = scorer(pooling);
        let categories = [
            Category::Shirt,
            Category::Chinos,
            Category::Sneakers,
            Category::Jeans,
            Category::Bag,
        ];
        let numbers = [0_u32, 1, 2, 3, 4];
        let garments: Vec<Garment> = looks
            .iter()
            .enumerate()
            .map(|(i, look)| Garment::new(categories[i % 5], look))
            .collect();
        let sets: Vec<Vec<usize>> = (0..300)
            .map(|i| (0..1 + i % 6).map(|j| (7 * i + 11 * j) % 40).collect())
            .collect();
        let scores = scorer.score(&garments, &sets).unwrap();
        for (set, score) in sets.iter().zip(&scores) {
            let classes: Vec<u32> = set.iter().map(|i| numbers[i % 5]).collect();
            let values: Vec<f32> = set
                .iter()
                .flat_map(|&i| looks[i].values().to_vec())
                .collect();
            let sets = SetBatch {
                classes: Tensor::from_vec(classes, (1, set.len()), &DEVICE).unwrap(),
                embeddings: Some(Tensor::from_vec(values, (1, set.len(), 6), &DEVICE).unwrap()),
                texts: None,
                present: Tensor::ones((1, set.len()), DType::U8, &DEVICE).unwrap(),
            };
            let logit = network
                .forward(&sets, Mode::Eval)
                .unwrap()
                .to_vec1::<f32>()
                .unwrap()[0];
            let expected = 1.0 / (1.0 + (-logit).exp());
            assert!((score - expected).abs() < 1e-5, "{score} and {expected}");
        }
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let (scorer, _, looks, _) = scorer(Pooling::TaskToken);
    let garment = |category, i: usize| Garment::new(category, &looks[i]);
    let garments = [
        garment(Category::Shirt, 0),
        garment(Category::Jeans, 1),
        garment(Category::Watch, 2),
    ];
    let scores = scorer
        .score(&garments, &[vec![0, 1], vec![0, 1, 2], vec![2], vec![]])
        .unwrap();
    assert_eq!(scores[0], scores[1]);
    assert_eq!(scores[2..], [0.5, 0.5]);
    assert!(scorer.score(&[], &[vec![]]).unwrap() == [0.5]);
    assert!(matches!(
        scorer.score(&garments, &[vec![0], vec![3]]),
        Err(LearnedError::BadSet {
            set: 1,
            garments: 3,
            ..
        })
    ));
}

#[test]
fn another_embedders_garments_are_an_error() {
    let (scorer, _, looks, embedder) = scorer(Pooling::TaskToken);
    let other = EmbedderId::new("other-6");
    let stranger = Embedding::new(other.clone(), vec![1.0; 6]).unwrap();
    let garments = [
        Garment::new(Category::Shirt, &looks[0]),
        Garment::new(Category::Jeans, &stranger),
    ];
    let error = scorer
        .score(&garments, &[vec![0, 1]])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("test-6") && error.contains("other-6") && error.contains("train compat"),
        "{error}"
    );
    let short = Garment::of_values(Category::Shirt, &[1.0, 0.0], &embedder);
    assert!(matches!(
        scorer.score(&[short], &[vec![0]]),
        Err(LearnedError::Length {
            index: 0,
            expected: 6,
            got: 2
        })
    ));
    scorer.check_embedder(&embedder).unwrap();
    assert!(scorer.check_embedder(&other).is_err());
}

#[test]
fn a_file_says_what_it_is_of() {
    let (_, _, looks, embedder) = scorer(Pooling::Mean);
    let config = SetConfig {
        text: 0,
        ..config(Pooling::Mean)
    };
    let metadata: BTreeMap<String, String> = [
        (
            OutfitScorer::CONFIG.to_owned(),
            serde_json::to_string(&config).unwrap(),
        ),
        (
            OutfitScorer::EMBEDDER.to_owned(),
            embedder.as_str().to_owned(),
        ),
    ]
    .into();
    let full = parameters(&config, DType::F32);
    let half = full
        .iter()
        .map(|(name, t)| (name.clone(), t.to_dtype(DType::F16).unwrap()));
    let file = |map: BTreeMap<String, Tensor>, metadata: BTreeMap<String, String>| Tensors {
        map,
        metadata,
        file: "scorer.safetensors".to_owned(),
    };
    let scorers = [full.clone(), half.collect()]
        .map(|map| OutfitScorer::new(&file(map, metadata.clone())).unwrap());
    let garments = [
        Garment::new(Category::Shirt, &looks[0]),
        Garment::new(Category::Jeans, &looks[1]),
    ];
    let scores = scorers.map(|scorer| {
        assert_eq!(scorer.embedder(), Some(&embedder));
        assert_eq!(scorer.config(), &config);
        scorer.score(&garments, &[vec![0, 1]]).unwrap()[0]
    });
    assert!((scores[0] - scores[1]).abs() < 2e-3, "{scores:?}");

    let error = OutfitScorer::new(&file(full.clone(), BTreeMap::new()))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("scorer.safetensors") && error.contains("set_transformer"),
        "{error}"
    );
    let mut less = full;
    less.remove("head.bias");
    let error = OutfitScorer::new(&file(less, metadata))
        .unwrap_err()
        .to_string();
    assert!(error.contains("head.bias"), "{error}");
}
