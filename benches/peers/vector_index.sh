#!/usr/bin/env bash
# Measures vector search beside hnswlib and faiss on the same vectors, in turns, and prints one table of ratios
# (above 1: wardrobe is faster). vector_index.sh [RECORDS...]: 10000 where none is given; 500000 takes 5 GB and long.
# The first run installs the peers into target/peers-index. PEERS_PYTHON names an interpreter that has them already;
# ROUNDS (2) may be set.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-2}
python=${PEERS_PYTHON:-target/peers-index/bin/python}
if ! "$python" -c 'import numpy, hnswlib, faiss' 2>/dev/null; then
    python3 -m venv target/peers-index
    target/peers-index/bin/pip install --quiet numpy hnswlib faiss-cpu
    python=target/peers-index/bin/python
fi
cargo bench --quiet -p wardrobe-benches --bench vector_index --no-run
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for records in "${@:-10000}"; do
    for round in $(seq "$rounds"); do
        echo "$records records, round $round of $rounds" >&2
        VECTOR_INDEX_FOLDER=$folder cargo bench --quiet -p wardrobe-benches --bench vector_index -- "$records" >>"$folder/lines"
        for corpus in clustered embeddings; do
            "$python" benches/peers/vector_index.py "$folder" "$corpus-$records" >>"$folder/lines"
        done
    done
done
"$python" benches/peers/vector_index_table.py "$folder/lines"
