#!/usr/bin/env bash
# Measures wardrobe beside PyTorch, ONNX Runtime and OpenVINO on this machine, in turns, and prints one table of ratios
# (above 1: wardrobe is faster). run.sh [FILTER]: only models whose name contains it.
# The first run installs the peers into target/peers (several GB). PEERS_PYTHON names an interpreter that has them already;
# THREADS (all) and ROUNDS (3) may be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
threads=${THREADS:-$(nproc)}
rounds=${ROUNDS:-3}
filter=${1:-}
python=${PEERS_PYTHON:-target/peers/bin/python}
if ! "$python" -c 'import torch, torchvision, onnx, onnxscript, onnxruntime, openvino, ultralytics, open_clip' 2>/dev/null; then
    python3 -m venv target/peers
    target/peers/bin/pip install --quiet torch torchvision onnx onnxscript onnxruntime openvino ultralytics open_clip_torch
    python=target/peers/bin/python
fi
cargo bench --quiet -p wardrobe-benches --bench models --no-run
results=$(mktemp)
trap 'rm -f "$results"' EXIT
log=target/peers.log
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    RAYON_NUM_THREADS=$threads cargo bench --quiet -p wardrobe-benches --bench models -- "$filter" >>"$results"
    "$python" benches/peers/peers.py "$threads" target/peers-onnx "$filter" 2>"$log" >>"$results" ||
        { tail -5 "$log" >&2; echo "the peers stopped: $log has it all" >&2; exit 1; }
done
"$python" benches/peers/table.py "$results" "$threads" "$rounds"
