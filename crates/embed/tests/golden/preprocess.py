#!/usr/bin/env python3
"""Makes preprocess/ for tests/preprocess.rs: what OpenCLIP's evaluation transform makes of pictures.

    python3 -m venv venv && venv/bin/pip install open_clip_torch==3.3.0 torchvision==0.29.2 Pillow==13.0.0
    venv/bin/python preprocess.py

Reference: open_clip.transform.image_transform_v2 with the preprocessing of ViT-B-32 (bicubic, shortest edge, centre crop, OpenAI's
mean and deviation), on the PNG pictures of crates/ingest/tests/golden/pictures: one to be enlarged and two to be reduced. A
file SOURCE.SIZE.png holds the bytes before normalisation, recovered from the reference's tensor and checked against it to
1e-6; tensors.json some of the tensor's own values.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parents[2] / "ingest/tests/golden/pictures"
CASES = [("shirt", 224), ("blouse", 64), ("shoes", 64)]
# [channel, row, column], as fractions of the side.
PLACES = [(0, 0, 0), (1, 0.25, 0.75), (2, 0.5, 0.5), (0, 0.75, 0.25), (2, 0.99, 0.99)]


def main():
    out = HERE / "preprocess"
    out.mkdir(exist_ok=True)
    mean = torch.tensor(OPENAI_DATASET_MEAN).reshape(3, 1, 1)
    std = torch.tensor(OPENAI_DATASET_STD).reshape(3, 1, 1)
    values = {}
    for name, size in CASES:
        transform = image_transform_v2(replace(PreprocessCfg(), size=(size, size)), is_train=False)
        tensor = transform(Image.open(PICTURES / f"{name}.png").convert("RGB"))
        pixels = ((tensor * std + mean) * 255).round()
        again = (pixels / 255 - mean) / std
        assert tensor.shape == (3, size, size) and (again - tensor).abs().max() < 1e-6
        Image.fromarray(pixels.to(torch.uint8).permute(1, 2, 0).numpy().astype(np.uint8)).save(out / f"{name}.{size}.png", optimize=True)
        places = [(c, int(y * size), int(x * size)) for c, y, x in PLACES]
        values[f"{name}.{size}"] = [[c, y, x, tensor[c, y, x].item()] for c, y, x in places]
    (out / "tensors.json").write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
