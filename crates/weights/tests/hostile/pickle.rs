//! Writes pickles that no Python would.

use wardrobe_weights::{Result, Tensors};

use crate::common::zipped;

/// A pickle, instruction by instruction.
#[derive(Clone, Default)]
pub struct Pickle(Vec<u8>);

impl Pickle {
    /// With protocol 2.
    pub fn new() -> Self {
        Self(vec![0x80, 2])
    }

    pub fn op(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn text(self, text: &str) -> Self {
        let length = text.len() as u32;
        self.op(b"X").op(&length.to_le_bytes()).op(text.as_bytes())
    }

    pub fn int(self, value: i64) -> Self {
        self.op(b"\x8a\x08").op(&value.to_le_bytes())
    }

    pub fn global(self, module: &str, name: &str) -> Self {
        self.op(format!("c{module}\n{name}\n").as_bytes())
    }

    pub fn tuple(self, items: impl FnOnce(Self) -> Self) -> Self {
        items(self.op(b"(")).op(b"t")
    }

    pub fn dict(self, entries: impl FnOnce(Self) -> Self) -> Self {
        entries(self.op(b"}(")).op(b"u")
    }

    pub fn put(self, key: u32) -> Self {
        self.op(b"r").op(&key.to_le_bytes())
    }

    pub fn get(self, key: u32) -> Self {
        self.op(b"j").op(&key.to_le_bytes())
    }

    /// An f32 tensor of the storage "0".
    pub fn tensor(self, stored: i64, offset: i64, shape: &[i64], stride: &[i64]) -> Self {
        let sizes = |pickle: Self, sizes: &[i64]| {
            pickle.tuple(|pickle| sizes.iter().fold(pickle, |pickle, &n| pickle.int(n)))
        };
        self.global("torch._utils", "_rebuild_tensor_v2")
            .tuple(|pickle| {
                let storage = |pickle: Self| {
                    let pickle = pickle.text("storage").global("torch", "FloatStorage");
                    pickle.text("0").text("cpu").int(stored)
                };
                let pickle = pickle.tuple(storage).op(b"Q").int(offset);
                sizes(sizes(pickle, shape), stride).op(b"\x89N")
            })
            .op(b"R")
    }

    /// A module with these three dictionaries.
    pub fn module(
        self,
        parameters: impl FnOnce(Self) -> Self,
        buffers: impl FnOnce(Self) -> Self,
        modules: impl FnOnce(Self) -> Self,
    ) -> Self {
        self.global("evil.nn", "Net")
            .op(b")\x81")
            .dict(|pickle| {
                let pickle = pickle.text("_parameters").dict(parameters);
                let pickle = pickle.text("_buffers").dict(buffers);
                pickle.text("_modules").dict(modules)
            })
            .op(b"b")
    }

    /// Reads it from an archive whose storage "0" has `floats` elements.
    pub fn read(self, floats: usize) -> Result<Tensors> {
        Tensors::from_bytes(&self.archive(floats), "evil.pt")
    }

    pub fn archive(self, floats: usize) -> Vec<u8> {
        let pickle = self.op(b".").0;
        let storage = vec![0; floats * 4];
        zipped(&[
            ("evil/data.pkl".to_string(), pickle),
            ("evil/data/0".to_string(), storage),
        ])
    }
}
