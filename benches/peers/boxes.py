"""Ultralytics from the files of photos to boxes, with the same weights as wardrobe.

boxes.py weights STARTER FOLDER      writes FOLDER/yolov8n-640.safetensors, the starter detector at 640 pixels, to FOLDER
boxes.py rates WEIGHTS PHOTOS THREADS    prints `model batch runtime rate` lines, of the median pass of five over the photos
boxes.py agree WEIGHTS PHOTOS OURS.json  how many of the boxes of `wardrobe inspect detect --json` are Ultralytics' too

The network is Ultralytics' own, filled with our weights under its names.
"""

import json
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("YOLO_OFFLINE", "True")
os.environ.setdefault("YOLO_AUTOINSTALL", "False")

import safetensors
import safetensors.torch
import torch

SIDE = 640
PASSES = 5
CONFIDENCE, OVERLAP = 0.25, 0.7
LAYERS = {
    0: "backbone.stem",
    9: "backbone.pool",
    12: "neck.up.0",
    15: "neck.up.1",
    16: "neck.down.0.down",
    18: "neck.down.0.block",
    19: "neck.down.1.down",
    21: "neck.down.1.block",
    **{i: f"backbone.stages.{i // 2}.down" for i in (1, 3, 5, 7)},
    **{i: f"backbone.stages.{i // 2 - 1}.block" for i in (2, 4, 6, 8)},
}


def our_name(name):
    """Ours of Ultralytics' `model.2.m.0.cv1.conv.weight`."""
    layer, *parts = name.removeprefix("model.").split(".")
    *parts, kind, parameter = parts
    if layer == "22":
        branch = {"cv2": "boxes", "cv3": "classes"}[parts[0]]
        if kind == "2":
            return f"head.{branch}.{parts[1]}.out.{parameter}"
        place = f"head.{branch}.{'.'.join(parts[1:])}"
    else:
        first = "reduce" if layer == "9" else "split"
        inner = {(): [], ("cv1",): [first], ("cv2",): ["merge"]}.get(tuple(parts))
        if inner is None:
            inner = ["bottlenecks", parts[1], {"cv1": "first", "cv2": "second"}[parts[2]]]
        place = ".".join([LAYERS[int(layer)], *inner])
    return f"{place}.{'norm' if kind == 'bn' else 'conv'}.{parameter}"


def read(path):
    with safetensors.safe_open(path, "pt") as file:
        return {name: file.get_tensor(name).float() for name in file.keys()}, json.loads(file.metadata()["config"])


def weights(starter, folder):
    tensors, config = read(starter)
    config["letterbox"] |= {"width": SIDE, "height": SIDE}
    file = pathlib.Path(folder) / f"yolov8{config['network']['variant']}-{SIDE}.safetensors"
    safetensors.torch.save_file(tensors, file, {"config": json.dumps(config)})
    print(file)


def ultralytics(path):
    from ultralytics import YOLO
    from ultralytics.nn.tasks import DetectionModel
    from ultralytics.utils import LOGGER

    LOGGER.setLevel("ERROR")  # it talks on standard output
    tensors, config = read(path)
    scale, classes = config["network"]["variant"], config["network"]["classes"]
    model = YOLO(f"yolov8{scale}.yaml", verbose=False)
    model.model = DetectionModel(f"yolov8{scale}.yaml", nc=classes, verbose=False)
    state = model.model.state_dict()
    left = ("num_batches_tracked", "dfl.conv.weight")
    model.model.load_state_dict({name: old if name.endswith(left) else tensors[our_name(name)] for name, old in state.items()})
    model.model.names = dict(enumerate(config["names"]))
    return model, config["letterbox"]["width"]


def predict(model, side, photos, batch=1):
    results = []
    for first in range(0, len(photos), batch):
        results += model.predict(
            photos[first : first + batch], imgsz=side, conf=CONFIDENCE, iou=OVERLAP, batch=batch, device="cpu", verbose=False
        )
    return results


def files(folder):
    return sorted(str(p) for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})


def rates(path, folder, threads):
    torch.set_num_threads(int(threads))
    (model, side), photos = ultralytics(path), files(folder)
    for batch in (1, 16):
        seconds = []
        for _ in range(PASSES + 1):
            start = time.perf_counter()
            predict(model, side, photos, batch)
            seconds.append(time.perf_counter() - start)
        rate = len(photos) / statistics.median(seconds[1:])
        print(pathlib.Path(path).stem, batch, "ultralytics", f"{rate:.1f}", flush=True)


def overlap(p, q):
    width = max(0, min(p[2], q[2]) - max(p[0], q[0]))
    height = max(0, min(p[3], q[3]) - max(p[1], q[1]))
    area = lambda b: (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (area(p) + area(q) - width * height)


def agree(path, folder, ours):
    model, side = ultralytics(path)
    photos = files(folder)
    found = {photo["path"]: photo["detections"] for photo in json.load(open(ours))["photos"]}
    same = total = 0
    for photo, result in zip(photos, predict(model, side, photos)):
        theirs = list(zip(result.boxes.xyxy.tolist(), (result.names[int(c)] for c in result.boxes.cls)))
        mine = [(d["bbox"], d["class"]) for d in found[photo]]
        total += max(len(mine), len(theirs))
        for box, name in mine:
            match = next((t for t in theirs if t[1] == name and overlap(t[0], box) >= 0.9), None)
            if match:
                theirs.remove(match)
                same += 1
    print(f"{pathlib.Path(path).stem}: {same} of {total} boxes on {len(photos)} photos are the same (class, overlap of 0.9)")


if __name__ == "__main__":
    {"weights": weights, "rates": rates, "agree": agree}[sys.argv[1]](*sys.argv[2:])
