#!/usr/bin/env python3
"""Writes small files of weights, PyTorch checkpoints without PyTorch among them: `python3 make.py` beside this file.

The archive is laid out as torch.save has done since 1.6 (torch/serialization.py, _save; caffe2/serialize/inline_container.cc):
a zip of stored entries under one folder, aligned to 64 bytes by an "FB" extra field, sizes in data descriptors; `data.pkl`,
protocol 2, where a tensor is torch._utils._rebuild_tensor_v2(persistent storage, offset, size, stride, requires_grad, hooks).

Values count up from 1 in storage order, so that a wrong offset or stride shows.
"""
import collections, io, json, os, pickle, struct, sys, types, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))


def module(name, **members):
    made = sys.modules[name] = types.ModuleType(name)
    for key, member in members.items():
        member.__module__, member.__qualname__ = name, key
        setattr(made, key, member)
    return made


def function(): return lambda *args: None


storages = {k: type(k, (), {}) for k in ("FloatStorage", "HalfStorage", "BFloat16Storage", "LongStorage", "BoolStorage", "ComplexFloatStorage")}
torch = module("torch", **storages)
utils = module("torch._utils", _rebuild_tensor_v2=function(), _rebuild_parameter=function())
nets = module("nets.tasks", Detector=type("Detector", (), {}))
module("nets")


class Storage:
    def __init__(self, kind, values):
        self.kind, self.values = kind, values

    def raw(self):
        v, n = self.values, len(self.values)
        if self.kind == "BFloat16Storage":
            return b"".join(struct.pack("<f", x)[2:] for x in v)
        return struct.pack(f"<{n}{dict(FloatStorage='f', HalfStorage='e', LongStorage='q', BoolStorage='?', ComplexFloatStorage='d')[self.kind]}", *v)


class Call:
    def __init__(self, function, *args): self.function, self.args = function, args
    def __reduce__(self): return self.function, self.args


def tensor(storage, shape, stride=None, offset=0):
    if stride is None:
        stride, step = [], 1
        for size in reversed(shape): stride.insert(0, step); step *= size
    return Call(utils._rebuild_tensor_v2, storage, offset, tuple(shape), tuple(stride), False, collections.OrderedDict())


def count(kind, n): return Storage(kind, list(range(1, n + 1)))


class Pickler(pickle.Pickler):
    def __init__(self, file):
        super().__init__(file, protocol=2)
        self.storages = []

    def persistent_id(self, value):
        if not isinstance(value, Storage): return None
        if value not in self.storages: self.storages.append(value)
        return "storage", storages[value.kind], str(self.storages.index(value)), "cpu", len(value.values)


class Stream(io.RawIOBase):
    """Not seekable: zipfile then writes sizes after each entry, as PyTorch's writer does."""
    def __init__(self, path): self.file = open(path, "wb"); self.at = 0
    def writable(self): return True
    def write(self, data): self.at += len(data); return self.file.write(data)
    def close(self): self.file.close(); super().close()


def save(name, value, byteorder=b"little"):
    pickled = io.BytesIO()
    pickler = Pickler(pickled)
    pickler.dump(value)
    stream = Stream(f"{HERE}/{name}.pth")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        def entry(path, data):
            info = zipfile.ZipInfo(f"{name}/{path}", (1980, 1, 1, 0, 0, 0))
            start = stream.at + 30 + len(info.filename) + 4
            pad = -start % 64
            info.extra = b"FB" + struct.pack("<H", pad) + b"Z" * pad
            with archive.open(info, "w") as out: out.write(data)
        entry("data.pkl", pickled.getvalue())
        entry("byteorder", byteorder)
        for key, storage in enumerate(pickler.storages): entry(f"data/{key}", storage.raw())
        entry("version", b"3\n")
    stream.close()


def state_dict():
    shared = count("FloatStorage", 12)
    state = collections.OrderedDict()
    state["conv.weight"] = tensor(shared, [3, 2], offset=6)
    state["tied.weight"] = tensor(shared, [2, 3], stride=[1, 2], offset=6)
    state["conv.bias"] = tensor(count("HalfStorage", 3), [3])
    state["wrapped"] = Call(utils._rebuild_parameter, tensor(count("BFloat16Storage", 4), [4, 1]), True, collections.OrderedDict())
    state["bn.num_batches_tracked"] = tensor(Storage("LongStorage", [1 << 40]), [])
    state["mask"] = tensor(Storage("BoolStorage", [True, False]), [2])
    state._metadata = collections.OrderedDict({"": {"version": 1}, "bn": {"version": 2}})
    return state


detector = nets.Detector()
detector.__dict__.update(training=False, _parameters=state_dict(), _modules=collections.OrderedDict())

save("state_dict", state_dict())
save("nested", {"epoch": 3, "lr": 1e-3, "model_state_dict": state_dict(), "optimizer": {"state": {0: {"step": 1, "exp_avg": tensor(count("FloatStorage", 2), [2])}}, "param_groups": [{"betas": (0.9, 0.999)}]}})
save("module", {"epoch": -1, "model": detector, "ema": None})
save("results", {"epoch": 3, "accuracy": [0.5, 0.75]})
save("hidden", {"weight": tensor(count("FloatStorage", 2), [2]), "head": detector})
save("complex", {"weight": tensor(count("ComplexFloatStorage", 2), [2])})
save("short", {"weight": tensor(count("FloatStorage", 2), [3])})
save("expanded", {"weight": tensor(count("FloatStorage", 1), [1 << 20, 1 << 20], stride=[0, 0])})
save("big_endian", {"weight": tensor(count("FloatStorage", 2), [2])}, byteorder=b"big")

header = json.dumps({"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
header += b" " * (-len(header) % 8)
with open(f"{HERE}/one.safetensors", "wb") as out: out.write(struct.pack("<Q", len(header)) + header + b"*")
