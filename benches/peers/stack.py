"""The usual Python stack doing `wardrobe ingest`'s job: Ultralytics finds garments, OpenCLIP embeds them, scikit-learn finds
their colours, Chroma keeps them. Prints one JSON document.

stack.py FOLDER [--threads N] [--yolo yolov8n.pt] [--clip NAME-OR-FILE]    photos a second, start-up, memory
stack.py --size                                                         what `pip install` brings, by distribution

    pip install ultralytics open_clip_torch chromadb scikit-learn

Without --yolo and --clip the networks have random weights: speed does not depend on them, but boxes do, so the whole photo
is then the garment, as in a photo of one. The photos are read from the disk's cache: run it twice.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import re
import resource
import tempfile
import time

STACK = ["ultralytics", "open_clip_torch", "chromadb", "scikit-learn"]
BATCH = 16


def distributions(names):
    """The distributions and all that they need, by name."""
    from packaging.requirements import Requirement

    found, queue = {}, list(names)
    while queue:
        requirement = Requirement(queue.pop())
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        try:
            found[name] = importlib.metadata.distribution(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue
        queue += found[name].requires or []
        for extra in requirement.extras:
            wanted = (Requirement(line) for line in found[name].requires or [])
            queue += [str(r) for r in wanted if r.marker and r.marker.evaluate({"extra": extra})]
    return found


def size():
    """Bytes on disk, by distribution."""
    def of(distribution):
        files = (distribution.locate_file(file) for file in distribution.files or [])
        return sum(os.path.getsize(file) for file in files if os.path.isfile(file))

    sizes = {name: of(distribution) for name, distribution in distributions(STACK).items()}
    largest = dict(sorted(sizes.items(), key=lambda item: -item[1])[:12])
    return {"bytes": sum(sizes.values()), "distributions": len(sizes), "largest": largest}


def main(arguments):
    start = time.perf_counter()
    os.environ.setdefault("YOLO_OFFLINE", "True")
    os.environ.setdefault("YOLO_AUTOINSTALL", "False")
    import chromadb
    import numpy
    import open_clip
    import torch
    from PIL import Image, ImageOps
    from sklearn.cluster import KMeans
    from ultralytics import YOLO

    torch.set_num_threads(arguments.threads)
    detector = YOLO(arguments.yolo or "yolov8n.yaml")
    clip, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained=arguments.clip)
    clip.eval()
    home = tempfile.TemporaryDirectory()
    client = chromadb.PersistentClient(home.name, chromadb.Settings(anonymized_telemetry=False))
    garments = client.create_collection("garments", metadata={"hnsw:space": "cosine"}, embedding_function=None)
    started = time.perf_counter()

    def crops(photos):
        results = detector.predict(photos, imgsz=640, conf=0.25, verbose=False, device="cpu")
        for photo, result in zip(photos, results):
            boxes = result.boxes.xyxy.tolist() if arguments.yolo else []
            yield [photo.crop(tuple(map(int, box))) for box in boxes] or [photo]

    def colors(crop):
        pixels = numpy.asarray(crop.resize((64, 64))).reshape(-1, 3)
        means = KMeans(3, n_init=1, random_state=0).fit(pixels)
        return [int(v) for v in means.cluster_centers_[numpy.bincount(means.labels_).argmax()]]

    paths = sorted(p for p in arguments.folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    stored = 0
    for first in range(0, len(paths), BATCH):
        batch = paths[first : first + BATCH]
        photos = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in batch]
        cut = [(path, n, crop) for path, found in zip(batch, crops(photos)) for n, crop in enumerate(found)]
        with torch.inference_mode():
            embedded = clip.encode_image(torch.stack([preprocess(crop) for _, _, crop in cut]))
        garments.add(
            ids=[f"{path}#{n}" for path, n, _ in cut],
            embeddings=torch.nn.functional.normalize(embedded).numpy(),
            metadatas=[dict(zip("rgb", colors(crop))) for _, _, crop in cut],
        )
        stored += len(cut)
    seconds = time.perf_counter() - started
    hits = garments.query(query_embeddings=garments.get(limit=1, include=["embeddings"])["embeddings"], n_results=5)
    assert len(hits["ids"][0]) == min(5, stored)
    return {
        "photos": len(paths),
        "garments": stored,
        "startup_seconds": round(started - start, 2),
        "seconds": round(seconds, 2),
        "photos_per_second": round(len(paths) / seconds, 2),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "versions": {name: importlib.metadata.version(name) for name in STACK + ["torch"]},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--yolo", help="a YOLOv8's weights")
    parser.add_argument("--clip", help="OpenCLIP's name of ViT-B-32 weights, or a file of them")
    parser.add_argument("--size", action="store_true", help="only the size of what is installed")
    arguments = parser.parse_args()
    if arguments.size:
        print(json.dumps(size(), indent=2))
    elif arguments.folder:
        print(json.dumps(main(arguments), indent=2))
    else:
        parser.error("name a folder of photos, or --size")
