#!/usr/bin/env bash
# Everything that needs a GPU, measured in one go.
#
#   benches/gpu.sh bundle [DIR]   builds the programs, without a GPU, into DIR (target/gpu), which can travel
#   benches/gpu.sh run [DIR]      runs them on a machine with a GPU, without Rust or a network, and prints one table
#
# `bundle` takes CUDA's toolkit from the machine or, where there is none, from PyPI (cuda-env.sh). `run` takes NVIDIA's
# libraries from CUDA's folders or from Python's nvidia-* packages, and measures PyTorch beside wardrobe where it finds it.
# Each part below is one function; PARTS="parity speed" runs some. Results are also written to $OUT, if set.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PARTS=${PARTS:-card parity speed training torch}

bundle() {
    local dir=$1 root cuda
    root=$(cd "$here/.." && pwd)
    cd "$root"
    mkdir -p "$dir/tests" "$dir/shared"
    dir=$(cd "$dir" && pwd)
    cuda=${CUDA_ENV:-$root/target/cuda-env}
    if ! command -v nvcc >/dev/null; then
        cargo fetch --locked
        "$here/cuda-env.sh" "$cuda"
        # shellcheck disable=SC1091
        . "$cuda/env.sh"
    fi
    # Our programs read no quantised weights, whose kernels take most of the compile time.
    export CANDLE_SKIP_GGUF=1
    local features=(--release --features cudnn)
    programs() { sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'; }
    cargo test "${features[@]}" --no-run --message-format=json -p wardrobe-nn --test devices --test gradients | programs >"$dir/list"
    for crate in classify detect embed; do
        cargo test "${features[@]}" --no-run --message-format=json -p "wardrobe-$crate" --test parity | programs | sed "s/\$/ $crate/" >>"$dir/list"
    done
    while read -r program crate; do
        # Their names end in a hash.
        name=$(basename "$program")
        install -m 755 "$program" "$dir/tests/${crate:-nn}-${name%-*}"
    done <"$dir/list"
    install -m 755 "$(cargo bench --features cudnn --no-run --message-format=json -p wardrobe-benches --bench gpu | programs)" "$dir/speed"
    strip "$dir/tests/"* "$dir/speed"
    rm "$dir/list"
    cp "$here/gpu.sh" "$here/peers/gpu.py" "$dir/"
    if [ -d ../shared/golden ]; then
        rm -rf "$dir/shared/golden"
        cp -r ../shared/golden "$dir/shared/golden"
    else
        echo "gpu: no ../shared/golden: the models' parity will not be tested" >&2
    fi
    du -sh "$dir"
}

# NVIDIA's libraries as CUDA's packages and PyPI's wheels lay them out.
find_libraries() {
    local libs
    libs=$(python3 - 2>/dev/null <<'P' || true
import os
import nvidia
folders = (os.path.join(root, name, "lib") for root in nvidia.__path__ for name in os.listdir(root))
print(":".join(sorted(filter(os.path.isdir, folders))))
P
)
    for folder in /usr/local/nvidia/lib64 /usr/local/cuda/lib64 /usr/lib/x86_64-linux-gnu; do
        [ ! -d "$folder" ] || libs="$libs${libs:+:}$folder"
    done
    export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$libs"
}

part_card() {
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader || echo "no nvidia-smi"
}

# Every layer against the CPU, and the models against their references' outputs. One line a test.
part_parity() {
    local program
    for program in "$dir"/tests/*; do
        # One at a time: tests of one program would share the card's memory.
        timeout 120 "$program" cuda --test-threads=1 2>"$out/$(basename "$program").err" |
            tee "$out/$(basename "$program").txt" | grep -E '^test (.*cuda|result)' || echo "$(basename "$program") failed: see $out"
    done
}

part_speed() {
    local model
    for model in efficientnet_b0 yolov8n yolov8s vit_b32; do
        timeout 60 "$dir/speed" "$model" 2>&1 || echo "$model failed"
    done
}

part_training() {
    timeout 90 "$dir/speed" train 2>&1 || echo "training failed"
}

part_torch() {
    if ! python3 -c 'import torch' 2>/dev/null; then
        echo "skipped: no PyTorch on this machine"
        return
    fi
    timeout 150 python3 "$dir/gpu.py" 2>&1 || echo "PyTorch failed or took too long"
}

# Rates side by side: a line for each model and batch, a column for each runtime.
table() {
    awk '
        NF >= 4 && $3 ~ /^(wardrobe|torch)-/ && $4 ~ /^[0-9.]+$/ {
            row = $1 " " $2
            if (!(row in rows)) { rows[row]; order[++n] = row }
            if (!($3 in seen)) { seen[$3]; columns[++m] = $3 }
            value[row, $3] = $4
        }
        END {
            printf "%-22s", "images or texts a second"
            for (j = 1; j <= m; j++) printf " %14s", columns[j]
            print ""
            for (i = 1; i <= n; i++) {
                printf "%-22s", order[i]
                for (j = 1; j <= m; j++) printf " %14s", value[order[i], columns[j]]
                print ""
            }
        }' "$out"/part_speed.txt "$out"/part_torch.txt 2>/dev/null || true
    grep -hE 'train-f32' "$out"/part_training.txt 2>/dev/null || true
    grep -hE '^test result' "$out"/part_parity.txt 2>/dev/null || true
    grep -hE '^test .*FAILED|failed' "$out"/part_*.txt 2>/dev/null || true
}

run() {
    dir=$(cd "$1" && pwd)
    out=${OUT:-$dir/results}
    mkdir -p "$out"
    find_libraries
    export WARDROBE_BESIDE=$dir
    local part
    for part in $PARTS; do
        echo "== $part ($SECONDS s)"
        "part_$part" | tee "$out/part_$part.txt" || true
    done
    echo "== table ($SECONDS s)"
    table | tee "$out/table.txt"
}

case ${1:-} in
bundle) bundle "${2:-target/gpu}" ;;
run) run "${2:-$here}" ;;
*)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
