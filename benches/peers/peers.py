"""PyTorch, ONNX Runtime and OpenVINO on the networks of `benches/models.rs`: prints `model batch runtime rate` lines.

peers.py THREADS FOLDER [FILTER]: FOLDER keeps the exported ONNX files. Weights are random: speed does not depend on
them. The rate is of the median time over two seconds.
"""

import contextlib
import os
import pathlib
import statistics
import sys
import time
import warnings

os.environ.setdefault("YOLO_OFFLINE", "True")
os.environ.setdefault("YOLO_AUTOINSTALL", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")

import numpy
import onnxruntime
import openvino
import torch

THREADS = int(sys.argv[1])
FOLDER = pathlib.Path(sys.argv[2])
FILTER = sys.argv[3] if len(sys.argv) > 3 else ""
SECONDS = 2
torch.set_num_threads(THREADS)


def efficientnet():
    import torchvision

    return torchvision.models.efficientnet_b0(weights=None)


def yolov8(scale):
    from ultralytics.nn.tasks import DetectionModel

    class Predictions(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = DetectionModel(f"yolov8{scale}.yaml", ch=3, nc=13, verbose=False).eval().fuse(verbose=False)

        def forward(self, x):
            y = self.model(x)
            return y[0] if isinstance(y, (tuple, list)) else y

    return Predictions()


class Tower(torch.nn.Module):
    def __init__(self, encode):
        super().__init__()
        import open_clip

        self.clip = open_clip.create_model("ViT-B-32", pretrained=None)
        self.encode = encode

    def forward(self, x):
        return getattr(self.clip, self.encode)(x)


def photos(side):
    return lambda batch: torch.rand(batch, 3, side, side)


def tokens(batch):
    x = torch.zeros(batch, 77, dtype=torch.int64)
    x[:, 0], x[:, 1:20], x[:, 20] = 49406, 320, 49407
    return x


MODELS = {
    "efficientnet_b0": (efficientnet, photos(224)),
    "yolov8n": (lambda: yolov8("n"), photos(640)),
    "yolov8s": (lambda: yolov8("s"), photos(640)),
    "vit_b32_image": (lambda: Tower("encode_image"), photos(224)),
    "vit_b32_text": (lambda: Tower("encode_text"), tokens),
}


def rate(run):
    run(), run()
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < SECONDS or len(times) < 3:
        one = time.perf_counter()
        run()
        times.append(time.perf_counter() - one)
    return 1 / statistics.median(times)


def export(name, model, x):
    file = FOLDER / f"{name}_{len(x)}.onnx"
    if not file.exists():
        # PyTorch's fused attention has no ONNX form.
        torch.backends.mha.set_fastpath_enabled(False)
        torch.onnx.export(model, (x,), str(file), opset_version=17, dynamo=False)
        torch.backends.mha.set_fastpath_enabled(True)
    return str(file)


def onnx_runtime(file, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x.numpy()}
    return lambda: session.run(None, feed)


def open_vino(file, x, precision):
    settings = {"INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    request = openvino.Core().compile_model(file, "CPU", settings).create_infer_request()
    feed = [numpy.ascontiguousarray(x.numpy())]
    return lambda: request.infer(feed)


FOLDER.mkdir(parents=True, exist_ok=True)
with torch.inference_mode():
    for name, (build, sample) in MODELS.items():
        if FILTER not in name:
            continue
        with contextlib.redirect_stdout(sys.stderr):
            model = build().eval()
        for batch in (1, 8):
            x = sample(batch)
            file = export(name, model, x)

            def show(runtime, run):
                print(name, batch, runtime, f"{rate(run) * batch:.1f}", flush=True)

            show("torch", lambda: model(x))
            if x.dim() == 4:
                model.to(memory_format=torch.channels_last)
                last = x.contiguous(memory_format=torch.channels_last)
                show("torch-channels-last", lambda: model(last))
                model.to(memory_format=torch.contiguous_format)
            show("onnxruntime", onnx_runtime(file, x))
            show("openvino-f32", open_vino(file, x, "f32"))
            show("openvino-bf16", open_vino(file, x, "bf16"))
