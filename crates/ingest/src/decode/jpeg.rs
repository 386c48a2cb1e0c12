//! JPEG: through zune-jpeg itself rather than `image`, which would let a cut-off file pass as a half-grey picture and take
//! every CMYK file for an inverted one.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::Source;
use crate::error::{Error, Result};

pub(super) fn decode(source: &Source<'_>) -> Result<(DynamicImage, Orientation)> {
    let outline = Outline::of(source.bytes);
    if let Some((width, height)) = outline.size {
        source.check_pixels(width, height)?;
    }
    if !outline.complete {
        return Err(source.truncated(None));
    }
    // Strict: entropy-coded data that makes no sense is an error too, not a grey remainder.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into());
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(source.bytes), options);
    decoder
        .decode_headers()
        .map_err(|error| failed(source, error))?;
    let (width, height) = decoder
        .dimensions()
        .and_then(|(width, height)| Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?)))
        .ok_or_else(|| source.damaged("no dimensions in its header"))?;
    source.check_pixels(width, height)?;
    let orientation = decoder
        .exif()
        .and_then(|exif| Orientation::from_exif_chunk(exif))
        .unwrap_or(Orientation::NoTransforms);
    let output = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => ColorSpace::Luma,
        // zune-jpeg takes every CMYK file for one of Adobe's, which store 255 - ink; without Adobe's marker it is plain ink.
        Some(ColorSpace::CMYK) if !outline.adobe => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    decoder.set_options(options.jpeg_set_out_colorspace(output));
    let pixels = decoder.decode().map_err(|error| failed(source, error))?;
    let image = match output {
        ColorSpace::Luma => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        ColorSpace::CMYK => {
            RgbImage::from_raw(width, height, ink_to_rgb(&pixels)).map(DynamicImage::from)
        }
        _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    Ok((
        image.ok_or_else(|| source.damaged("fewer pixels than its header says"))?,
        orientation,
    ))
}

fn failed(source: &Source<'_>, error: DecodeErrors) -> Error {
    match error {
        DecodeErrors::Unsupported(_) => Error::Unsupported {
            path: source.path.into(),
            format: source.format,
            source: format!("{error:?}").into(),
        },
        DecodeErrors::ExhaustedData => source.truncated(None),
        // Its Display says no more than its Debug.
        other => source.damaged(format!("{other:?}").replace('\n', " ")),
    }
}

/// Cyan, magenta, yellow, black ink, 255 the most, to RGB as PIL does.
fn ink_to_rgb(cmyk: &[u8]) -> Vec<u8> {
    cmyk.chunks_exact(4)
        .flat_map(|pixel| {
            let light = 255 - u32::from(pixel[3]);
            [pixel[0], pixel[1], pixel[2]]
                .map(|ink| ((255 - u32::from(ink)) * light).div_ceil(255).min(255) as u8)
        })
        .collect()
}

/// What the markers of a file say, without decoding it (ITU T.81, annex B).
#[derive(Debug, Default, PartialEq)]
struct Outline {
    /// Width and height of the frame.
    size: Option<(u32, u32)>,
    /// Whether Adobe's APP14 marker is there.
    adobe: bool,
    /// Whether the end-of-image marker follows a scan.
    complete: bool,
}

impl Outline {
    fn of(bytes: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut scanned = false;
        let mut rest = bytes;
        // A marker is FF and a byte other than 0 (a stuffed FF of the data) and FF (fill).
        while let Some(found) = rest
            .windows(2)
            .position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF))
        {
            let marker = rest[found + 1];
            rest = &rest[found + 2..];
            match marker {
                // SOI, TEM, RST: no segment.
                0xD8 | 0x01 | 0xD0..=0xD7 => continue,
                0xD9 => {
                    outline.complete = scanned;
                    return outline;
                }
                _ => {}
            }
            let Some(segment) = segment(rest) else {
                return outline;
            };
            match marker {
                0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                    outline.size = frame_size(segment)
                }
                0xDA => scanned = true,
                0xEE => outline.adobe |= segment.starts_with(b"Adobe"),
                _ => {}
            }
            rest = &rest[segment.len() + 2..];
        }
        outline
    }
}

/// The segment behind a marker, without its two bytes of length.
fn segment(rest: &[u8]) -> Option<&[u8]> {
    let length = usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?));
    rest.get(2..length.max(2))
}

fn frame_size(segment: &[u8]) -> Option<(u32, u32)> {
    match segment {
        [_precision, h1, h0, w1, w0, ..] => Some((
            u16::from_be_bytes([*w1, *w0]).into(),
            u16::from_be_bytes([*h1, *h0]).into(),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_steps_over_thumbnails_and_stuffed_bytes() {
        let mut file = vec![0xFF, 0xD8];
        // An APP1 with a whole thumbnail inside: its EOI is not ours.
        file.extend([0xFF, 0xE1, 0, 8, 0xFF, 0xD8, 0xFF, 0xDA, 0xFF, 0xD9]);
        file.extend([0xFF, 0xEE, 0, 7, b'A', b'd', b'o', b'b', b'e']);
        file.extend([0xFF, 0xC2, 0, 8, 8, 0x01, 0x02, 0x03, 0x04, 3]);
        file.extend([0xFF, 0xDA, 0, 2, 1, 2, 0xFF, 0x00, 0xFF, 0xD3, 7]);
        assert_eq!(
            Outline::of(&file),
            Outline {
                size: Some((0x0304, 0x0102)),
                adobe: true,
                complete: false
            }
        );
        file.extend([0xFF, 0xFF, 0xD9]);
        assert!(Outline::of(&file).complete);
        file.extend(b"trailing bytes some cameras add");
        assert!(Outline::of(&file).complete);
    }

    #[test]
    fn ink() {
        assert_eq!(
            ink_to_rgb(&[0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255]),
            [255, 255, 255, 0, 255, 255, 0, 0, 0]
        );
    }
}
