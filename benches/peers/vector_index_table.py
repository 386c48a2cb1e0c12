"""The lines of all rounds as one table: vector_index_table.py LINES.

Of a peer's graph the narrowest width is taken whose recall reaches 0.99.
"""

import collections
import re
import statistics
import sys

figures, notes = collections.defaultdict(list), {}
for line in open(sys.argv[1]):
    runtime, corpus, what, figure, note = line.rstrip("\n").split("\t")
    if runtime != "wardrobe" and what.startswith("graph"):
        ef = int(re.search(r"ef=(\d+)", note)[1])
        if float(re.search(r"recall=([\d.]+)", note)[1]) < 0.99 or notes.get((corpus, what, runtime), (ef,))[0] < ef:
            continue
        note = (ef, note)
    key = (corpus, what, runtime)
    if notes.get(key, note) != note:
        figures[key].clear()
    figures[key].append(float(figure))
    notes[key] = note

print("| vectors | what | runtime | median (lowest to highest) | | wardrobe is |")
print("|---|---|---|---|---|---|")
for corpus, what in dict.fromkeys((corpus, what) for corpus, what, _ in figures):
    ours = figures.get((corpus, what, "wardrobe"))
    for runtime in ("wardrobe", "hnswlib", "faiss"):
        found = figures.get((corpus, what, runtime))
        if not found:
            continue
        median, ratio = statistics.median(found), ""
        if ours and runtime != "wardrobe":
            ratio = statistics.median(ours) / median
            ratio = f"{1 / ratio if ', s' in what or ', MB' in what else ratio:.2f} x"
        note = notes[corpus, what, runtime]
        note = note if isinstance(note, str) else note[1]
        print(f"| {corpus} | {what} | {runtime} | {median:.1f} ({min(found):.1f} to {max(found):.1f}) | {note} | {ratio} |")
