"""hnswlib and faiss on the vectors that the bench has written: vector_index.py FOLDER NAME."""

import os
import sys
import time

import faiss
import hnswlib
import numpy

FOLDER, NAME = sys.argv[1:]
DIMENSION, K, M, EF_CONSTRUCTION = 512, 10, 16, 200
THREADS = 2


def read(what):
    return numpy.fromfile(f"{FOLDER}/{NAME}.{what}", numpy.float32).reshape(-1, DIMENSION)


vectors, queries = read("vectors"), read("queries")


def show(runtime, what, figure, more=""):
    print(runtime, NAME, what, f"{figure:.1f}", more, sep="\t", flush=True)


def rate(clock, run):
    run()
    times, start = [], clock()
    while clock() - start < 1.5 or len(times) < 2:
        before = clock()
        run()
        times.append(clock() - before)
    return len(queries) / sorted(times)[len(times) // 2]


def recall(found):
    return numpy.mean([len(set(a) & set(b)) / K for a, b in zip(found, truth)])


flat = faiss.IndexFlatIP(DIMENSION)
flat.add(vectors)
faiss.omp_set_num_threads(THREADS)
truth = flat.search(queries, K)[1]
show("faiss", "exact, batch, 2 threads", rate(time.perf_counter, lambda: flat.search(queries, K)))
faiss.omp_set_num_threads(1)
# With one thread, the process's time is the thread's.
show("faiss", "exact, batch, 1 thread", rate(time.process_time, lambda: flat.search(queries, K)))
few = queries[:200]
alone = rate(time.process_time, lambda: [flat.search(query[None], K) for query in few]) * len(few) / len(queries)
show("faiss", "exact, one by one, 1 thread", alone)


def widths(runtime, set_width, set_threads, search):
    """Rates at growing widths, up to the first with a recall above 0.999."""
    for ef in (16, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512):
        set_width(ef)
        set_threads(1)
        found = recall(search())
        more = f"recall={found:.4f} ef={ef}"
        show(runtime, "graph, batch, 1 thread", rate(time.process_time, search), more)
        set_threads(THREADS)
        show(runtime, "graph, batch, 2 threads", rate(time.perf_counter, search), more)
        if found > 0.999:
            break


def build(runtime, add, save):
    start = time.perf_counter()
    add()
    show(runtime, "build, s", time.perf_counter() - start, "2 threads")
    file = f"{FOLDER}/{NAME}.{runtime}"
    save(file)
    show(runtime, "file, MB", os.path.getsize(file) / 1e6)
    os.remove(file)


graph = hnswlib.Index("ip", DIMENSION)
graph.init_index(len(vectors), M=M, ef_construction=EF_CONSTRUCTION)
graph.set_num_threads(THREADS)
build("hnswlib", lambda: graph.add_items(vectors), graph.save_index)
widths("hnswlib", graph.set_ef, graph.set_num_threads, lambda: graph.knn_query(queries, K)[0])
del graph

hnsw = faiss.IndexHNSWFlat(DIMENSION, M, faiss.METRIC_INNER_PRODUCT)
hnsw.hnsw.efConstruction = EF_CONSTRUCTION
faiss.omp_set_num_threads(THREADS)
build("faiss", lambda: hnsw.add(vectors), lambda file: faiss.write_index(hnsw, file))


def set_width(ef):
    hnsw.hnsw.efSearch = ef


widths("faiss", set_width, faiss.omp_set_num_threads, lambda: hnsw.search(queries, K)[1])
