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

/// The longer side of a picture, in pixels.
const SIDE: u32 = 320;
/// JPEG quality, 1..=100: about 12 kB a picture.
const QUALITY: u8 = 80;

/// One garment's picture.
struct Picture {
    uri: String,
    width: u32,
    height: u32,
}

/// The garments' pictures, ready to be put into the page.
pub(super) struct Pictures(HashMap<GarmentId, Picture>);

impl Pictures {
    /// Reads the crops on all cores. A crop that is gone leaves its garment without a picture.
    pub(super) fn of<'a>(
        wardrobe: &Wardrobe,
        garments: impl IntoIterator<Item = &'a Garment>,
    ) -> Result<Self> {
        let crops: HashMap<GarmentId, std::path::PathBuf> = garments
            .into_iter()
            .map(|garment| (garment.id.clone(), wardrobe.path(&garment.crop)))
            .collect();
        let pictures = crops.into_par_iter().filter_map(|(id, path)| {
            let picture = match std::fs::read(&path) {
                Ok(bytes) => Picture::new(&bytes, &path),
                Err(error) if error.kind() == ErrorKind::NotFound => return None,
                Err(error) => Err(Error::file("read", &path)(error)),
            };
            Some(picture.map(|picture| (id, picture)))
        });
        Ok(Self(pictures.collect::<Result<_>>()?))
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
    fn new(bytes: &[u8], path: &std::path::Path) -> Result<Self> {
        let photo = wardrobe_ingest::decode(bytes, path, &Default::default())?;
        let small = fit_within(&photo.image, SIDE)?;
        let encoded = STANDARD.encode(jpeg(&small, QUALITY, &path.to_string_lossy())?);
        let (width, height) = small.dimensions();
        Ok(Self {
            uri: format!("data:image/jpeg;base64,{encoded}"),
            width,
            height,
        })
    }
}
