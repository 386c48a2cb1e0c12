//! The page's pictures.

use std::collections::HashMap;
use std::io::ErrorKind;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use rayon::prelude::*;
use wardrobe_types::{Garment, GarmentId};

use crate::picture::{fit_within, jpeg};
use crate::{Error, Result, Wardrobe, describe};

/// How large pictures are, and how finely written.
#[derive(Clone, Copy)]
struct Size {
    /// The longer side, in pixels.
    side: u32,
    /// JPEG quality, 1..=100.
    quality: u8,
}

/// On a shelf: sharp enough for a column of 11 rem on most screens, about 10 kB.
const SMALL: Size = Size {
    side: 288,
    quality: 74,
};
/// In an outfit: at most 60 kB.
const LARGE: Size = Size {
    side: 720,
    quality: 80,
};

/// One garment's picture.
struct Picture {
    uri: String,
    width: u32,
    height: u32,
}

/// The garments' pictures, ready to be put into the page.
pub(super) struct Pictures(HashMap<GarmentId, Picture>);

impl Pictures {
    /// Pictures for shelves.
    pub(super) fn small<'a>(
        wardrobe: &Wardrobe,
        garments: impl IntoIterator<Item = &'a Garment>,
    ) -> Result<Self> {
        Self::of(wardrobe, garments, SMALL)
    }

    /// Pictures for outfits.
    pub(super) fn large<'a>(
        wardrobe: &Wardrobe,
        garments: impl IntoIterator<Item = &'a Garment>,
    ) -> Result<Self> {
        Self::of(wardrobe, garments, LARGE)
    }

    /// Reads the crops on all cores. A crop that is gone leaves its garment without a picture.
    fn of<'a>(
        wardrobe: &Wardrobe,
        garments: impl IntoIterator<Item = &'a Garment>,
        size: Size,
    ) -> Result<Self> {
        let crops: HashMap<GarmentId, std::path::PathBuf> = garments
            .into_iter()
            .map(|garment| (garment.id.clone(), wardrobe.path(&garment.crop)))
            .collect();
        let pictures = crops.into_par_iter().filter_map(|(id, path)| {
            let picture = match std::fs::read(&path) {
                Ok(bytes) => Picture::new(&bytes, &path, size),
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                Err(error) => Err(Error::file("read", &path)(error)),
            };
            Some(picture.map(|picture| (id, picture)))
        });
        Ok(Self(pictures.collect::<Result<_>>()?))
    }

    /// The picture's width over its height; a phone photo's where there is none.
    pub(super) fn aspect(&self, garment: &Garment) -> f32 {
        let of = |picture: &Picture| picture.width as f32 / picture.height as f32;
        self.0.get(&garment.id).map_or(0.75, of)
    }

    /// The garment's picture, or its main colour where there is none.
    pub(super) fn show(&self, garment: &Garment) -> Markup {
        let text = describe(garment);
        let Some(picture) = self.0.get(&garment.id) else {
            let color = garment
                .colors
                .first()
                .map(|color| color.hex.to_string())
                .unwrap_or_default();
            return html! { div.picture role="img" aria-label=(text) style={ "background:" (color) } {} };
        };
        html! {
            img.picture src=(picture.uri) alt=(text) width=(picture.width) height=(picture.height) loading="lazy" decoding="async";
        }
    }
}

impl Picture {
    fn new(bytes: &[u8], path: &std::path::Path, size: Size) -> Result<Self> {
        let photo = wardrobe_ingest::decode(bytes, path, &Default::default())?;
        let small = fit_within(&photo.image, size.side)?;
        let encoded = STANDARD.encode(jpeg(&small, size.quality, &path.to_string_lossy())?);
        let (width, height) = small.dimensions();
        Ok(Self {
            uri: format!("data:image/jpeg;base64,{encoded}"),
            width,
            height,
        })
    }
}
