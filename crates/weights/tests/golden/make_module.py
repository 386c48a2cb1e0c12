#!/usr/bin/env python3
"""Writes checkpoints of whole pickled modules, as training scripts of the Ultralytics kind do, and what their tensors are:
`python3 make_module.py` beside this file. Needs torch (2.15.0 when these were written), and nothing that it imitates: the
classes are small ones of our own under such a package's module paths, which no reader can import.

  training.pt          {'model': other values, 'ema': the network, 'optimizer': ..., 'train_args': ..., 'epoch': ...}
  stripped.pt          {'model': the network, 'ema': None, ...}
  whole.pt             the network itself
  network.safetensors  the network's state_dict(), exact: f16, bf16, f32 and i64

The network has what is hard to read: a module used in several places, parameters that are slices of one storage, transposed
and channels-last ones, a frozen one, a buffer that is not saved, a layer without bias, sets, namespaces, tensors as settings.
"""
import json, os, struct, sys, types
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


def package(name, *members):
    made = sys.modules.setdefault(name, types.ModuleType(name))
    for member in members:
        member.__module__ = name
        setattr(made, member.__name__, member)


class Conv(nn.Module):
    act = nn.SiLU()

    def __init__(self, c1, c2, k=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, padding=k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2, eps=1e-3, momentum=0.03)
        self.act = Conv.act


class C2f(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c // 2
        self.cv1 = Conv(c, c)
        self.m = nn.ModuleList(Conv(c // 2, c // 2, 3) for _ in range(2))


class DFL(nn.Module):
    def __init__(self, c1):
        super().__init__()
        self.conv = nn.Conv2d(c1, 1, 1, bias=False).requires_grad_(False)
        self.conv.weight.data[:] = torch.arange(c1, dtype=torch.float).view(1, c1, 1, 1)
        self.c1 = c1


class Detect(nn.Module):
    def __init__(self, nc, c):
        super().__init__()
        self.nc, self.shape = nc, None
        self.anchors, self.stride = torch.empty(0), torch.tensor([8.0, 16.0])
        self.cv3 = nn.ModuleList(nn.Sequential(Conv(c, c, 3), nn.Conv2d(c, nc, 1)) for _ in range(2))
        self.dfl = DFL(4)
        self.register_buffer("grid", torch.ones(3, 3), persistent=False)


class Odd(nn.Module):
    """After half(): types and layouts of its own."""

    def finish(self):
        shared = torch.arange(1.0, 25.0)
        self.first = nn.Parameter(shared[:6].view(2, 3))
        self.second = nn.Parameter(shared[6:18].view(3, 4).t())
        self.every_other = nn.Parameter(shared[1:24:2])
        self.planes = nn.Parameter(torch.arange(24.0).view(2, 3, 2, 2).to(memory_format=torch.channels_last))
        self.tied = self.first
        self.register_buffer("brain", torch.tensor([1.5, -2.25, 3e38]).bfloat16())
        self.register_buffer("count", torch.tensor([1 << 40, -1]))
        self.register_buffer("nothing", None)
        self.register_parameter("none", None)


class DetectionModel(nn.Module):
    def __init__(self, nc):
        super().__init__()
        self.yaml = {"nc": nc, "depth_multiple": 0.33, "backbone": [[-1, 1, "Conv", [8, 3]], [-1, 2, "C2f", [8, True]]], "scale": ""}
        self.model = nn.Sequential(Conv(3, 8, 3), C2f(8), Detect(nc, 8), Odd())
        self.save = [1, 2]
        self.names = {i: name for i, name in enumerate(["short sleeve top", "trousers", "skirt"])}
        self.nc, self.inplace, self.task = nc, True, "detect"
        self.stride = torch.tensor([8.0, 16.0])
        self.args = IterableNamespace(imgsz=640, box=7.5)
        self.criterion = None


class IterableNamespace(types.SimpleNamespace): pass


class Trainer: pass


package("ultralytics"), package("ultralytics.nn"), package("ultralytics.nn.modules")
package("ultralytics.nn.tasks", DetectionModel)
package("ultralytics.nn.modules.conv", Conv)
package("ultralytics.nn.modules.block", C2f, DFL, Odd)
package("ultralytics.nn.modules.head", Detect)
package("ultralytics.utils", IterableNamespace, Trainer)


def network(seed):
    torch.manual_seed(seed)
    model = DetectionModel(3)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(), module.running_var.uniform_(0.5, 1.5), module.num_batches_tracked.fill_(7)
    model.half().eval()
    model.model[3].finish()
    return model


def expected(state, path):
    kinds = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.int64: "I64"}
    header, data = {}, b""
    for name, value in sorted(state.items()):
        raw = value.detach().contiguous().flatten().view(torch.uint8 if value.dim() else value.dtype)
        raw = bytes(raw.tolist()) if value.dim() else struct.pack("<q", int(value))
        header[name] = {"dtype": kinds[value.dtype], "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out: out.write(struct.pack("<Q", len(text)) + text + data)


ema, raw = network(1), network(2)
optimizer = torch.optim.SGD(raw.parameters(), lr=0.01, momentum=0.9)
for p in raw.parameters(): p.grad = torch.ones_like(p)
optimizer.step()
about = {"date": "2026-01-01T00:00:00", "version": "8.0.0", "train_args": {"lr0": 0.01, "data": "clothes.yaml", "freeze": None, "trainer": Trainer(), "classes": {1, 2}}}
torch.save({"epoch": 2, "best_fitness": 0.25, "model": raw, "ema": ema, "updates": 300, "optimizer": optimizer.state_dict(), "names": "the checkpoint's own", **about}, f"{HERE}/training.pt")
torch.save({"epoch": -1, "best_fitness": None, "model": ema, "ema": None, "optimizer": None, **about}, f"{HERE}/stripped.pt")
torch.save(ema, f"{HERE}/whole.pt")
expected(ema.state_dict(), f"{HERE}/network.safetensors")
