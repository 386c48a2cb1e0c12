#!/usr/bin/env python3
"""Makes the golden files: pictures/ for tests/parity.rs (resizing, letterboxing, cropping), formats/ and heif/ for tests/formats.rs.

    python3 -m venv venv && venv/bin/pip install Pillow==13.0.0 opencv-python-headless==4.12.0.88 pillow-heif==0.22.0
    venv/bin/python make.py PATH/TO/clothing/train OUT

References: Pillow's Image.resize; cv2.resize(INTER_LINEAR) inside Ultralytics' LetterBox (ultralytics/data/augment.py, 8.3);
torchvision's Resize + CenterCrop (transforms/functional.py, 0.29), whose arithmetic is repeated here on Pillow because it is
what they do for PIL pictures; cv2.Laplacian for sharpness; Pillow's decoders for formats. Sources are CC0 photos (alexeygrigorev/clothing-dataset), cut and reduced, and noise; they are
kept as PNG, so that no JPEG decoder takes part. Names say the case: SOURCE.METHOD.ARGUMENTS.png, and in formats/
EXPECTED.VARIANT.EXTENSION decodes to EXPECTED.png.
"""

import io
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

PHOTOS = {  # name: (label, index among the label's sorted files, width, height)
    "blouse": ("blouse", 3, 97, 131),
    "shoes": ("shoes", 11, 128, 96),
    "shirt": ("shirt", 5, 61, 83),
}
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
RESIZES = {
    "blouse": [(37, 41), (48, 131), (97, 60), (120, 100)],
    "shoes": [(64, 48), (33, 57), (7, 5)],
    "shirt": [(60, 82), (101, 90)],
    "noise": [(5, 3), (40, 33), (13, 1), (1, 7)],
}
LETTERBOXES = [  # size, stride or 0, scale up
    (96, 0, True), (160, 0, True), (96, 32, True), (160, 0, False),
]
CROPS = [(64, 56), (50, 41), (30, 40)]  # edge, crop: the last pads with black


def photo(folder, label, index, width, height):
    path = sorted((folder / label).glob("*.jpg"))[index]
    return Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BICUBIC)


def letterbox(image, size, stride, scale_up):
    """LetterBox.__call__ with auto=stride > 0, center=True, scale_fill=False."""
    h, w = image.shape[:2]
    r = min(size / h, size / w)
    if not scale_up:
        r = min(r, 1.0)
    inner = int(round(w * r)), int(round(h * r))
    dw, dh = size - inner[0], size - inner[1]
    if stride:
        dw, dh = np.mod(dw, stride), np.mod(dh, stride)
    dw /= 2
    dh /= 2
    if (w, h) != inner:
        image = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    top, bottom = int(round(dh - 0.1)), int(round(dh + 0.1))
    left, right = int(round(dw - 0.1)), int(round(dw + 0.1))
    return cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(114, 114, 114))


def resize_and_crop(image, edge, crop, resample):
    """torchvision's _compute_resized_output_size and center_crop."""
    w, h = image.size
    short, long = (w, h) if w <= h else (h, w)
    new_short, new_long = edge, int(edge * long / short)
    w, h = (new_short, new_long) if w <= h else (new_long, new_short)
    image = image.resize((w, h), resample)
    if crop > w or crop > h:
        left, top = max(crop - w, 0) // 2, max(crop - h, 0) // 2
        padded = Image.new("RGB", (max(w, crop), max(h, crop)))
        padded.paste(image, (left, top))
        image, (w, h) = padded, padded.size
    top, left = int(round((h - crop) / 2.0)), int(round((w - crop) / 2.0))
    return image.crop((left, top, left + crop, top + crop))


def pictures(folder, out):
    out.mkdir(parents=True, exist_ok=True)
    save = lambda image, name: image.save(out / f"{name}.png", optimize=True)
    sources = {name: photo(folder, *of) for name, of in PHOTOS.items()}
    noise = np.random.default_rng(7).integers(0, 256, (7, 13, 3), dtype=np.uint8)
    noise[:, 5:8] = [[0, 255, 0]]  # a hard edge: the bicubic and Lanczos filters overshoot
    sources["noise"] = Image.fromarray(noise)
    sharpness = {}
    for name, image in sources.items():
        save(image, name)
        luma = np.asarray(image).astype(np.float64) @ [0.299, 0.587, 0.114]
        sharpness[name] = float(cv2.Laplacian(luma, cv2.CV_64F).var())
        for width, height in RESIZES[name]:
            for filter_name, resample in FILTERS.items():
                save(image.resize((width, height), resample), f"{name}.resize.{filter_name}.{width}.{height}")
    for name in ["blouse", "shoes"]:
        pixels = np.asarray(sources[name])
        for size, stride, scale_up in LETTERBOXES:
            boxed = Image.fromarray(letterbox(pixels, size, stride, scale_up))
            save(boxed, f"{name}.letterbox.{size}.{stride}.{int(scale_up)}")
        for edge, crop in CROPS:
            for filter_name in ["bilinear", "bicubic"]:
                cropped = resize_and_crop(sources[name], edge, crop, FILTERS[filter_name])
                save(cropped, f"{name}.crop.{filter_name}.{edge}.{crop}")
    (out / "laplacian_variance.json").write_text(json.dumps(sharpness, indent=1) + "\n")


def without_adobe_marker(jpeg):
    """Of a CMYK JPEG: Pillow writes, and always reads, Adobe's inverted ink. Without the marker ink is plain (ITU-T T.872)."""
    at = jpeg.index(b"\xff\xee")
    return jpeg[:at] + jpeg[at + 2 + int.from_bytes(jpeg[at + 2:at + 4], "big"):]


def inverted(cmyk):
    return Image.fromarray(255 - np.asarray(cmyk), "CMYK")


def encoded(image, **how):
    buffer = io.BytesIO()
    image.save(buffer, **how)
    return buffer.getvalue()


def formats(folder, out):
    """One picture in every kind of file. Asymmetric, so that a wrong turn shows."""
    out.mkdir(parents=True, exist_ok=True)
    rgb = photo(folder, "dress", 2, 24, 17)
    rgb.paste((200, 30, 30), (0, 0, 8, 5))
    grey = rgb.convert("L")
    alpha = Image.linear_gradient("L").resize((24, 17))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    put = lambda name, data: (out / name).write_bytes(data)
    expect = lambda name, image: put(f"{name}.png", encoded(image.convert("RGB"), format="PNG"))
    other = ImageOps.invert(rgb)

    expect("rgb", rgb)
    put("rgb.lossless.webp", encoded(rgb, format="WEBP", lossless=True))
    put("rgb.animated.webp", encoded(rgb, format="WEBP", lossless=True, save_all=True, append_images=[other]))
    put("rgb.plain.bmp", encoded(rgb, format="BMP"))
    for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate"]:
        put(f"rgb.{compression}.tiff", encoded(rgb, format="TIFF", compression=compression))
    put("rgb.pages.tiff", encoded(rgb, format="TIFF", save_all=True, append_images=[other]))
    expect("grey", grey)
    put("grey.8bit.png", encoded(grey, format="PNG"))
    put("grey.8bit.tiff", encoded(grey, format="TIFF"))
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    put("grey.16bit.png", encoded(wide, format="PNG"))
    put("grey.16bit.tiff", encoded(wide, format="TIFF"))
    put("grey.8bit.bmp", encoded(grey, format="BMP"))
    palette = rgb.quantize(16)
    expect("palette", palette)
    put("palette.indexed.png", encoded(palette, format="PNG"))
    put("palette.still.gif", encoded(palette, format="GIF"))
    put("palette.animated.gif", encoded(palette, format="GIF", save_all=True, append_images=[other.quantize(16)]))
    put("palette.indexed.bmp", encoded(palette, format="BMP"))
    white = Image.new("RGBA", rgb.size, "white")
    expect("flattened", Image.alpha_composite(white, rgba))
    put("flattened.rgba.png", encoded(rgba, format="PNG"))
    put("flattened.rgba.webp", encoded(rgba, format="WEBP", lossless=True, exact=True))
    put("flattened.rgba.tiff", encoded(rgba, format="TIFF"))
    ink = rgb.convert("CMYK")
    expect("ink", ink)
    put("ink.cmyk.tiff", encoded(ink, format="TIFF"))

    # Lossy: what Pillow decodes is what is expected.
    def lossy(name, data):
        put(name, data)
        expect(name.split(".")[0], ImageOps.exif_transpose(Image.open(io.BytesIO(data))))

    lossy("baseline.420.jpg", encoded(rgb, format="JPEG", quality=90))
    lossy("progressive.444.jpg", encoded(rgb, format="JPEG", quality=90, progressive=True, subsampling=0))
    lossy("greyjpeg.8bit.jpg", encoded(grey, format="JPEG", quality=90))
    lossy("adobe.cmyk.jpg", encoded(ink, format="JPEG", quality=95))
    plain = without_adobe_marker(encoded(inverted(ink), format="JPEG", quality=95))
    put("plainink.cmyk.jpg", plain)
    expect("plainink", inverted(Image.open(io.BytesIO(plain))))
    lossy("lossywebp.420.webp", encoded(rgb, format="WEBP", quality=90))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        lossy(f"turned{orientation}.exif.jpg", encoded(rgb, format="JPEG", quality=90, subsampling=0, exif=exif))
    exif[0x0112] = 6
    expect("turned", rgb.transpose(Image.Transpose.ROTATE_270))
    put("turned.exif.png", encoded(rgb, format="PNG", exif=exif))
    put("turned.exif.webp", encoded(rgb, format="WEBP", lossless=True, exif=exif))
    put("turned.tag.tiff", encoded(rgb, format="TIFF", tiffinfo={0x0112: 6}))


def heif(folder, out):
    """As a phone writes it: stored turned, with the turn in an `irot` property."""
    import pillow_heif

    out.mkdir(parents=True, exist_ok=True)
    image = photo(folder, "dress", 2, 72, 96)
    image.paste((200, 30, 30), (0, 0, 20, 12))
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind, extension in [("HEIF", "heic"), ("AVIF", "avif")]:
        buffer = io.BytesIO()
        pillow_heif.encode("RGB", image.size, image.tobytes(), buffer, format=kind, quality=90, chroma=444, exif=exif.tobytes())
        (out / f"turned.{extension}").write_bytes(buffer.getvalue())
    image.transpose(Image.Transpose.ROTATE_270).save(out / "turned.png", optimize=True)


if __name__ == "__main__":
    pictures(Path(sys.argv[1]), Path(sys.argv[2]) / "pictures")
    formats(Path(sys.argv[1]), Path(sys.argv[2]) / "formats")
    heif(Path(sys.argv[1]), Path(sys.argv[2]) / "heif")
