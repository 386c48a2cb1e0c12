"""The lines of all rounds as one table: table.py RESULTS THREADS ROUNDS."""

import collections
import statistics
import sys

rates = collections.defaultdict(list)
for line in open(sys.argv[1]):
    model, batch, runtime, rate = line.split()
    rates[(model, int(batch)), runtime].append(float(rate))
models = sorted({key for key, _ in rates})
runtimes = list(dict.fromkeys(runtime for _, runtime in rates))
ours = [runtime for runtime in runtimes if runtime.startswith("wardrobe")]

print(f"Images/s, {sys.argv[2]} threads: median (lowest to highest) of {sys.argv[3]} rounds, and the ratio of each of ours to it")
print("| model | batch | runtime | images/s | " + " | ".join(f"{name} is" for name in ours) + " |")
print("|---|---|---|---|" + "---|" * len(ours))
for model in models:
    for runtime in runtimes:
        found = rates.get((model, runtime))
        if not found:
            continue
        median = statistics.median(found)
        ratios = [f"{statistics.median(rates[model, name]) / median:.2f} x" if (model, name) in rates else "" for name in ours]
        print(f"| {model[0]} | {model[1]} | {runtime} | {median:.1f} ({min(found):.1f} to {max(found):.1f}) | " + " | ".join(ratios) + " |")
