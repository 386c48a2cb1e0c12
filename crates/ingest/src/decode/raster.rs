//! PNG, WebP, GIF, BMP and TIFF, through the `image` crate.

use std::io::{BufRead, Cursor, ErrorKind, Seek};

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::LimitErrorKind;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits};

use super::Source;
use crate::Format;
use crate::error::{Error, Result};

pub(super) fn decode(source: &Source<'_>) -> Result<(DynamicImage, Orientation)> {
    if let Some((width, height)) = png_size(source) {
        source.check_pixels(width, height)?;
    }
    let mut decoder =
        open(Cursor::new(source.bytes), source).map_err(|error| failed(source, error))?;
    let (width, height) = decoder.dimensions();
    source.check_pixels(width, height)?;
    if width == 0 || height == 0 {
        return Err(source.damaged(format!("its header says {width} x {height} pixels")));
    }
    decoder
        .set_limits(limits(source))
        .map_err(|error| failed(source, error))?;
    // A picture with a broken EXIF block is still a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| failed(source, error))?;
    Ok((image, orientation))
}

/// The decoder of the format that was sniffed, never of another the crate might guess.
fn open<'a, R: BufRead + Seek + 'a>(
    reader: R,
    source: &Source<'_>,
) -> std::result::Result<Box<dyn ImageDecoder + 'a>, ImageError> {
    Ok(match source.format {
        Format::Png => Box::new(PngDecoder::with_limits(reader, limits(source))?),
        Format::WebP => Box::new(WebPDecoder::new(reader)?),
        Format::Gif => Box::new(GifDecoder::new(reader)?),
        Format::Bmp => Box::new(BmpDecoder::new(reader)?),
        _ => Box::new(TiffDecoder::new(reader)?),
    })
}

fn limits(source: &Source<'_>) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(source.limits.max_alloc_bytes);
    limits
}

/// The size a PNG's first chunk announces: the decoder reads on to the pixels before it tells, and a bare header would be
/// reported as cut off rather than as too large.
fn png_size(source: &Source<'_>) -> Option<(u32, u32)> {
    let header = source
        .bytes
        .get(12..24)
        .filter(|_| source.format == Format::Png)?;
    let (kind, size) = header.split_at(4);
    let side = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    (kind == b"IHDR").then_some((side(&size[..4])?, side(&size[4..])?))
}

fn failed(source: &Source<'_>, error: ImageError) -> Error {
    let (path, format) = (source.path.to_path_buf(), source.format);
    match error {
        ImageError::Limits(limit)
            if !matches!(limit.kind(), LimitErrorKind::Unsupported { .. }) =>
        {
            Error::TooMuchMemory {
                path,
                format,
                source: limit.into(),
            }
        }
        ImageError::Unsupported(what) => Error::Unsupported {
            path,
            format,
            source: what.into(),
        },
        error if ends_early(&error) => source.truncated(Some(error.into())),
        error => source.damaged(error),
    }
}

/// Whether an unexpected end of the bytes is anywhere among the causes. Some decoders tell it in words only.
fn ends_early(error: &ImageError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == ErrorKind::UnexpectedEof) || says_so(&error.to_string())
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn says_so(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "unexpected end",
        "unexpected eof",
        "failed to fill whole buffer",
    ]
    .iter()
    .any(|words| message.contains(words))
}
