//! HEIC and AVIF, through libheif.

use image::metadata::Orientation;
use image::{DynamicImage, RgbaImage};
use libheif_rs::{
    ColorSpace, HeifContext, HeifError, HeifErrorCode, HeifErrorSubCode, LibHeif, RgbChroma,
};

use super::Source;
use crate::error::{Error, Result};

/// libheif turns and mirrors the picture itself (the `irot` and `imir` properties), and an EXIF orientation beside them is
/// to be ignored (ISO/IEC 23008-12, annex A): nothing is left to undo.
pub(super) fn decode(source: &Source<'_>) -> Result<(DynamicImage, Orientation)> {
    let failed = |error| failed(source, error);
    let context = HeifContext::read_from_bytes(source.bytes).map_err(failed)?;
    let handle = context.primary_image_handle().map_err(failed)?;
    source.check_pixels(handle.width(), handle.height())?;
    let decoded = LibHeif::new()
        .decode(&handle, ColorSpace::Rgb(RgbChroma::Rgba), None)
        .map_err(failed)?;
    let planes = decoded.planes();
    let plane = planes
        .interleaved
        .ok_or_else(|| source.damaged("no pixels"))?;
    // Rows are padded to the stride.
    let row_length = plane.width as usize * 4;
    let rows = plane
        .data
        .chunks(plane.stride.max(1))
        .take(plane.height as usize);
    let pixels: Vec<u8> = rows
        .filter_map(|row| row.get(..row_length))
        .flatten()
        .copied()
        .collect();
    let image = RgbaImage::from_raw(plane.width, plane.height, pixels);
    let image = image.ok_or_else(|| source.damaged("fewer pixels than its header says"))?;
    Ok((image.into(), Orientation::NoTransforms))
}

fn failed(source: &Source<'_>, error: HeifError) -> Error {
    match (error.code, error.sub_code) {
        (_, HeifErrorSubCode::EndOfData) => source.truncated(Some(error.into())),
        (HeifErrorCode::UnsupportedFeature | HeifErrorCode::UnsupportedFileType, _) => {
            Error::Unsupported {
                path: source.path.into(),
                format: source.format,
                source: error.into(),
            }
        }
        _ => source.damaged(error),
    }
}
