"""PyTorch's training steps beside `benches/training.rs`: training.py THREADS [FILTER] prints `model batch runtime rate peak-MB`.

A step is forward, loss, backward, clipping and AdamW on random photos. The peak is the process's resident memory.
"""

import contextlib
import os
import resource
import statistics
import sys
import time

os.environ.setdefault("YOLO_OFFLINE", "True")

import torch

THREADS = int(sys.argv[1])
FILTER = sys.argv[2] if len(sys.argv) > 2 else ""
torch.set_num_threads(THREADS)


def efficientnet(batch):
    import torchvision

    model = torchvision.models.efficientnet_b0(num_classes=47)
    labels = torch.arange(batch) % 47
    return model, torch.randn(batch, 3, 224, 224), lambda y: torch.nn.functional.cross_entropy(y, labels)


def yolov8(scale):
    def build(batch):
        from types import SimpleNamespace

        from ultralytics.nn.tasks import DetectionModel
        from ultralytics.utils.loss import v8DetectionLoss

        model = DetectionModel(f"yolov8{scale}.yaml", ch=3, nc=13, verbose=False)
        model.args = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5)
        loss = v8DetectionLoss(model)
        boxes = torch.tensor([[(95 + 80 * i) / 640, (120 + 80 * i) / 640, 150 / 640, 200 / 640] for i in range(5)])
        truth = {
            "batch_idx": torch.arange(batch).repeat_interleave(5).float(),
            "cls": torch.arange(5).repeat(batch)[:, None].float(),
            "bboxes": boxes.repeat(batch, 1),
        }
        return model, torch.rand(batch, 3, 640, 640), lambda y: loss(y, truth)[0].sum()

    return build


MODELS = {"efficientnet_b0": (efficientnet, 32), "yolov8n": (yolov8("n"), 8)}

for name, (build, batch) in MODELS.items():
    if FILTER not in name:
        continue
    for runtime, layout in (("torch", torch.contiguous_format), ("torch-channels-last", torch.channels_last)):
        with contextlib.redirect_stdout(sys.stderr):
            model, x, loss = build(batch)
        model.train().to(memory_format=layout)
        x = x.contiguous(memory_format=layout)
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4)

        def step():
            optimizer.zero_grad()
            loss(model(x)).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()

        step()
        times, start = [], time.perf_counter()
        while time.perf_counter() - start < 10 or len(times) < 3:
            one = time.perf_counter()
            step()
            times.append(time.perf_counter() - one)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
        print(name, batch, runtime, f"{batch / statistics.median(times):.2f}", peak, flush=True)
