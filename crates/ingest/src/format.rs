//! Telling formats apart by their first bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of a file's head that [`sniff`] looks at.
pub const SNIFF_BYTES: usize = 64;

/// A picture format, told by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Format {
    /// JPEG, JFIF, EXIF; also the first picture of an MPO file.
    Jpeg,
    /// PNG, and the default picture of an APNG.
    Png,
    /// WebP, lossy or lossless; the first frame of an animation.
    WebP,
    /// GIF; the first frame.
    Gif,
    /// BMP.
    Bmp,
    /// TIFF; the first page.
    Tiff,
    /// HEIC / HEIF with HEVC, as phones write it. Needs the feature `heic`.
    Heic,
    /// AVIF. Needs the feature `avif`.
    Avif,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Jpeg,
        Self::Png,
        Self::WebP,
        Self::Gif,
        Self::Bmp,
        Self::Tiff,
        Self::Heic,
        Self::Avif,
    ];

    /// The extensions files of this format usually have, in lower case, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["jpg", "jpeg", "jpe", "jfif", "mpo"],
            Self::Png => &["png", "apng"],
            Self::WebP => &["webp"],
            Self::Gif => &["gif"],
            Self::Bmp => &["bmp", "dib"],
            Self::Tiff => &["tif", "tiff"],
            Self::Heic => &["heic", "heif", "hif"],
            Self::Avif => &["avif"],
        }
    }

    /// The cargo feature of this crate that the format needs; `None` for those always read.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Self::Heic => Some("heic"),
            Self::Avif => Some("avif"),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
        })
    }
}

/// The format of a file that begins with `head` (its first [`SNIFF_BYTES`] bytes, or all of a shorter file); `None` where
/// it is none we know.
pub fn sniff(head: &[u8]) -> Option<Format> {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some(Format::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Format::Png),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(Format::WebP),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Format::Tiff),
        // "BM" also starts many an English text: the reserved words are 0 and the header's length is one of a few.
        [
            b'B',
            b'M',
            _,
            _,
            _,
            _,
            0,
            0,
            0,
            0,
            _,
            _,
            _,
            _,
            12 | 40 | 52 | 56 | 64 | 108 | 124,
            0,
            0,
            0,
            ..,
        ] => Some(Format::Bmp),
        _ => sniff_iso_media(head),
    }
}

/// HEIC and AVIF share the ISO container; its `ftyp` box lists the brands (ISO/IEC 23008-12, 10.2).
fn sniff_iso_media(head: &[u8]) -> Option<Format> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    let length = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let end = head.len().min(usize::try_from(length).ok()?);
    // The major brand, then (after four bytes of minor version) the compatible ones.
    let compatible = head.get(16..end).unwrap_or_default();
    let brands = || {
        head.get(8..12)
            .into_iter()
            .chain(compatible.chunks_exact(4))
    };
    if brands().any(|brand| matches!(brand, b"avif" | b"avis")) {
        return Some(Format::Avif);
    }
    brands()
        .any(|brand| {
            matches!(
                brand,
                b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1"
            )
        })
        .then_some(Format::Heic)
}

/// What bytes that are no picture look like, in words for an error message.
pub(crate) fn describe(head: &[u8]) -> &'static str {
    match head {
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "a video",
        [b'R', b'I', b'F', b'F', ..] => "a video or sound",
        _ if starts_with_ignoring_space(head, b"<svg") => "an SVG drawing",
        _ if starts_with_ignoring_space(head, b"<!doctype html")
            || starts_with_ignoring_space(head, b"<html") =>
        {
            "a web page"
        }
        _ if is_text(head) => "text",
        _ => "unknown bytes",
    }
}

fn starts_with_ignoring_space(head: &[u8], prefix: &[u8]) -> bool {
    head.trim_ascii_start()
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// UTF-8 without control characters; the last character may be cut in two.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brands_tell_heic_from_avif() {
        assert_eq!(
            sniff(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
            Some(Format::Heic)
        );
        assert_eq!(
            sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf"),
            Some(Format::Avif)
        );
        assert_eq!(sniff(b"\0\0\0\x18ftypisom\0\0\0\0isommp42"), None);
        assert_eq!(describe(b"\0\0\0\x18ftypisom\0\0\0\0isommp42"), "a video");
        // Brands past the end of the ftyp box are not brands.
        assert_eq!(sniff(b"\0\0\0\x10ftypisom\0\0\0\0heicheic"), None);
    }

    #[test]
    fn words_are_not_bitmaps() {
        assert_eq!(sniff(b"BMW drives past the house of the painter"), None);
        assert_eq!(describe(b"BMW drives"), "text");
        assert_eq!(describe("na\u{ef}ve".as_bytes().split_at(3).0), "text");
        assert_eq!(describe(b"\n <SVG xmlns"), "an SVG drawing");
        assert_eq!(describe(&[0, 1, 2]), "unknown bytes");
    }
}
