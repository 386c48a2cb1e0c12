#!/usr/bin/env bash
# From the files of photos to boxes, wardrobe beside Ultralytics with the same weights in the same run: boxes.sh [FOLDER], the
# samples if none is named. Prints a table of rates and how many of the boxes are the same.
# PEERS_PYTHON names an interpreter that has the peers (run.sh installs them); THREADS (all) and ROUNDS (3) may be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
photos=$(realpath "${1:-data/samples}")
threads=${THREADS:-$(nproc)}
rounds=${ROUNDS:-3}
python=${PEERS_PYTHON:-target/peers/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo bench --quiet -p wardrobe-benches --bench photos --no-run
cargo build --quiet --release
"$python" benches/peers/boxes.py weights weights/starter-detector.safetensors "$work" >&2
detectors=(weights/starter-detector.safetensors "$work"/*.safetensors)
for round in $(seq "$rounds"); do
    echo "round $round of $rounds" >&2
    RAYON_NUM_THREADS=$threads cargo bench --quiet -p wardrobe-benches --bench photos -- "$photos" "${detectors[@]/#weights/$PWD/weights}" >>"$work/rates"
    for detector in "${detectors[@]}"; do
        "$python" benches/peers/boxes.py rates "$detector" "$photos" "$threads" 2>"$work/log" >>"$work/rates" || { tail -5 "$work/log" >&2; exit 1; }
    done
done
"$python" benches/peers/table.py "$work/rates" "$threads" "$rounds"
for detector in "${detectors[@]}"; do
    target/release/wardrobe inspect detect "$photos" --detector "$detector" --threads "$threads" --quiet --json >"$work/ours.json"
    "$python" benches/peers/boxes.py agree "$detector" "$photos" "$work/ours.json" 2>/dev/null
done
