#!/usr/bin/env bash
# Measures wardrobe and PyTorch in turn on this machine and prints one table of ratios (above 1: wardrobe is faster).
# The first run installs PyTorch into target/peers (several GB). PEERS_PYTHON names an interpreter that has it already.
set -euo pipefail
cd "$(dirname "$0")/../.."
threads=${THREADS:-$(nproc)}
rounds=${ROUNDS:-3}
python=${PEERS_PYTHON:-target/peers/bin/python}
if ! "$python" -c 'import torch, torchvision' 2>/dev/null; then
    python3 -m venv target/peers
    target/peers/bin/pip install --quiet torch torchvision numpy
    python=target/peers/bin/python
fi
bench() {
    RAYON_NUM_THREADS=$threads CANDLE_NUM_THREADS=1 cargo bench --quiet -p wardrobe-benches --bench classify -- \
        --quick --noplot "efficientnet" 2>/dev/null
}
bench >/dev/null # builds
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    "$python" benches/peers/efficientnet.py "$threads" | sed 's/^/torch /' >>"$results"
    bench | tr -s ' ' | awk '
        /threads\/[0-9]+$/ || /threads\/[0-9]+ time/ { split($1, name, "/"); batch = name[3] }
        /thrpt: .*elem/ { rate = $4; if ($5 ~ /^Kelem/) rate *= 1000; print "wardrobe", batch, "-", rate }
    ' >>"$results"
done
"$python" - "$results" "$threads" <<'PY'
import collections, statistics, sys
import torch
rows = collections.defaultdict(list)
for line in open(sys.argv[1]):
    who, batch, layout, rate = line.split()
    rows[who, int(batch), layout].append(float(rate))
print(f"EfficientNet-B0 @224, {sys.argv[2]} threads, torch {torch.__version__}; median images/s (lowest to highest) of the rounds")
show = lambda v: f"{statistics.median(v):7.1f} ({min(v):.1f} to {max(v):.1f})"
for batch in (1, 8):
    ours = rows["wardrobe", batch, "-"]
    print(f"batch {batch}: wardrobe {show(ours)}")
    for layout in ("contiguous_format", "channels_last"):
        peer = rows["torch", batch, layout]
        print(f"         torch {layout:18s} {show(peer)}   ratio {statistics.median(ours) / statistics.median(peer):.2f}")
PY
