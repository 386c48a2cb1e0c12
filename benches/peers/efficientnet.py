"""EfficientNet-B0 at 224 in PyTorch: prints `batch layout images/s` for each, the median of the rounds."""

import statistics
import sys
import time

import torch
import torchvision

torch.set_num_threads(int(sys.argv[1]))
SECONDS = 6


def images_per_second(model, x):
    for _ in range(3):
        model(x)
    times = []
    while sum(times) < SECONDS:
        start = time.perf_counter()
        model(x)
        times.append(time.perf_counter() - start)
    return len(x) / statistics.median(times)


with torch.inference_mode():
    for layout in ("contiguous_format", "channels_last"):
        memory_format = getattr(torch, layout)
        model = torchvision.models.efficientnet_b0(weights=None).eval().to(memory_format=memory_format)
        for batch in (1, 8):
            x = torch.rand(batch, 3, 224, 224).contiguous(memory_format=memory_format)
            print(batch, layout, f"{images_per_second(model, x):.1f}", flush=True)
