#!/usr/bin/env python3
"""Writes detection.json: boxes and what pycocotools says of them.

    python3 -m venv venv && venv/bin/pip install numpy pycocotools==2.0.11 && venv/bin/python detection.py

The sets are made of what goes wrong: photos with nothing in them, nothing found or only misses, more detections than
count, equal scores within and between photos, copies of a box, overlaps of exactly a threshold, crowds, and classes that
are never there or never found. Corners are multiples of 1/4 and scores of 1/64, exact in f32.
"""
import contextlib, io, json, pathlib
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def corners(rng, extent):
    x0, y0 = rng.integers(0, 4 * extent, 2) / 4
    w, h = rng.integers(4, 2 * extent, 2) / 4
    return [float(v) for v in (x0, y0, x0 + w, y0 + h)]


def near(rng, box, reach):
    moved = np.array(box) + rng.integers(-reach, reach + 1, 4) / 4
    x0, y0 = min(moved[0], moved[2]), min(moved[1], moved[3])
    x1, y1 = max(moved[0], moved[2]), max(moved[1], moved[3])
    return [float(v) for v in (x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))]


def score(rng, levels):
    return float(rng.integers(0, levels + 1) / levels)


def photo(rng, classes, truths, misses, reach, levels, crowd):
    truth, found = [], []
    for _ in range(truths):
        box, c = corners(rng, 160), int(rng.integers(0, classes))
        truth.append(dict(**{"class": c}, bbox=box, crowd=bool(rng.random() < crowd)))
        for _ in range(int(rng.integers(0, 4))):
            confused = int(rng.integers(0, classes)) if rng.random() < 0.2 else c
            found.append(dict(**{"class": confused}, bbox=near(rng, box, reach), score=score(rng, levels)))
    for _ in range(misses):
        found.append(dict(**{"class": int(rng.integers(0, classes))}, bbox=corners(rng, 160), score=score(rng, levels)))
    rng.shuffle(found)
    return dict(truth=truth, found=found)


def cases():
    rng = np.random.default_rng(20)
    usual = [photo(rng, 5, int(rng.integers(0, 9)), int(rng.integers(0, 5)), 30, 64, 0.0) for _ in range(60)]
    yield "usual", 6, usual  # class 5 is never there
    ties = [photo(rng, 3, int(rng.integers(0, 7)), int(rng.integers(0, 9)), 24, 3, 0.0) for _ in range(40)]
    yield "ties", 3, ties
    crowds = [photo(rng, 3, int(rng.integers(0, 7)), int(rng.integers(0, 9)), 24, 16, 0.3) for _ in range(40)]
    yield "crowds", 3, crowds
    misses = [photo(rng, 2, 3, 150, 20, 64, 0.1) for _ in range(6)]
    yield "misses", 2, misses  # more than 100 of a class in a photo
    empty = dict(truth=[], found=[])
    sparse = [empty, photo(rng, 4, 0, 12, 10, 8, 0.0), empty, photo(rng, 2, 5, 0, 10, 8, 0.0), empty]
    sparse[3]["found"] = [f for f in sparse[3]["found"] if f["class"] != 1]
    yield "sparse", 4, sparse
    copies = photo(rng, 1, 4, 2, 8, 4, 0.0)
    copies["truth"] += copies["truth"]
    copies["found"] += copies["found"]
    yield "copies", 1, [copies]
    # Widths of 20 of which 10 to 19 are found: overlaps of exactly each threshold.
    exact = [dict(truth=[dict(**{"class": 0}, bbox=[0.0, 0.0, 20.0, 4.0], crowd=False)],
                  found=[dict(**{"class": 0}, bbox=[0.0, 0.0, float(w), 4.0], score=w / 32)]) for w in range(10, 20)]
    yield "exact", 1, exact
    yield "nothing-found", 6, [dict(truth=p["truth"], found=[]) for p in usual[:5]]


def xywh(box):
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def evaluate(classes, photos):
    annotations, results = [], []
    for i, p in enumerate(photos):
        for t in p["truth"]:
            b = xywh(t["bbox"])
            annotations.append(dict(id=len(annotations) + 1, image_id=i + 1, category_id=t["class"] + 1, bbox=b,
                                    area=b[2] * b[3], iscrowd=int(t["crowd"])))
        for f in p["found"]:
            results.append(dict(image_id=i + 1, category_id=f["class"] + 1, bbox=xywh(f["bbox"]), score=f["score"]))
    truth = COCO()
    truth.dataset = dict(info={}, images=[dict(id=i + 1) for i in range(len(photos))], annotations=annotations,
                         categories=[dict(id=c + 1) for c in range(classes)])
    truth.createIndex()
    found = truth.loadRes(results) if results else COCO()
    if not results:
        found.dataset = dict(truth.dataset, annotations=[])
        found.createIndex()
    e = COCOeval(truth, found, "bbox")
    e.evaluate()
    e.accumulate()
    # [iou, recall, class, area, most]: all areas, 100 detections
    precision, recall = e.eval["precision"][:, :, :, 0, 2], e.eval["recall"][:, :, 0, 2]
    mean = lambda values: float(values[values > -1].mean()) if (values > -1).any() else None
    of = lambda p, r: dict(ap50_95=mean(p), ap50=mean(p[0]), ap75=mean(p[5]), recall50_95=mean(r))
    return dict(mean=of(precision, recall),
                classes=[of(precision[:, :, c], recall[:, c]) for c in range(classes)])


def main():
    written = []
    for name, classes, photos in cases():
        with contextlib.redirect_stdout(io.StringIO()):
            expected = evaluate(classes, photos)
        print(name, expected["mean"])
        written.append(dict(name=name, classes=classes, photos=photos, expected=expected))
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(dict(generator="detection.py, pycocotools 2.0.11", cases=written), separators=(",", ":")) + "\n")


main()
