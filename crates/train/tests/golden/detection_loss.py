#!/usr/bin/env python3
"""Writes detection_loss.safetensors: outputs of a detector, garments, and what Ultralytics' loss makes of them.

    python3 -m venv venv && venv/bin/pip install ultralytics==8.4.190 safetensors && venv/bin/python detection_loss.py

Two photos of 96 x 64 pixels and three classes. The first has garments that overlap, two that are the same, one of less
than a cell and one over the whole photo; the second has one garment in a corner. A third photo has none. Logits are such
that most boxes span a few cells. Channels come last, as in this project.
"""
import pathlib
from types import SimpleNamespace

import torch
from safetensors.torch import save_file
from ultralytics.utils.loss import v8DetectionLoss

CLASSES, WIDTH, HEIGHT, STRIDES = 3, 96, 64, (8, 16, 32)
# photo, class, left, top, right, bottom
TARGETS = [
    (0, 0, 4.0, 6.0, 50.0, 40.0),
    (0, 1, 20.0, 10.0, 70.0, 60.0),
    (0, 1, 20.0, 10.0, 70.0, 60.0),
    (0, 2, 81.0, 50.0, 86.0, 55.0),
    (0, 2, 0.0, 0.0, 96.0, 64.0),
    (1, 2, 60.0, 33.0, 96.0, 64.0),
]

torch.manual_seed(5)
detect = SimpleNamespace(stride=torch.tensor(STRIDES, dtype=torch.float32), nc=CLASSES, reg_max=16)
model = torch.nn.Linear(1, 1)
model.args = SimpleNamespace(box=1.0, cls=1.0, dfl=1.0)
model.model = [detect]

saved, boxes, scores, feats = {}, [], [], []
for stride in STRIDES:
    h, w = HEIGHT // stride, WIDTH // stride
    distances = torch.randn(3, 4, 16, h, w) - 0.4 * torch.arange(16.0)[None, None, :, None, None]
    distances = distances.reshape(3, 64, h, w).requires_grad_()
    classes = (torch.randn(3, CLASSES, h, w) - 1).requires_grad_()
    boxes.append(distances)
    scores.append(classes)
    feats.append(torch.zeros(3, 1, h, w))

targets = torch.tensor(TARGETS)
middle = (targets[:, 2:4] + targets[:, 4:6]) / 2
size = targets[:, 4:6] - targets[:, 2:4]
batch = {
    "batch_idx": targets[:, 0],
    "cls": targets[:, 1],
    "bboxes": torch.cat([middle, size], 1) / torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT]),
}
flat = lambda levels: torch.cat([level.flatten(2) for level in levels], 2)
preds = {"boxes": flat(boxes), "scores": flat(scores), "feats": feats}
terms = v8DetectionLoss(model).get_assigned_targets_and_loss(preds, batch)[1]
(terms * torch.tensor([7.5, 0.5, 1.5])).sum().backward()

last = lambda tensor: tensor.detach().permute(0, 2, 3, 1).contiguous()
for stride, distances, classes in zip(STRIDES, boxes, scores):
    saved[f"distances.{stride}"], saved[f"classes.{stride}"] = last(distances), last(classes)
    saved[f"distances.{stride}.grad"], saved[f"classes.{stride}.grad"] = last(distances.grad), last(classes.grad)
saved["targets"], saved["terms"] = targets, terms.detach()
save_file(saved, pathlib.Path(__file__).with_suffix(".safetensors"))
print(terms)
