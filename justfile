# Short names for plain cargo commands; `just` alone lists them.

_default:
    @just --list

# Fetch every dependency, so that the rest works without a network
setup:
    cargo fetch --locked

# The main job on the sample photos: outfits on the terminal and in lookbook.html
demo:
    cargo run --release -- --home demo ingest data/samples
    cargo run --release -- --home demo recommend --html lookbook.html

# The README's pictures of the pages, drawn by Chromium
pictures: demo
    cargo run --release -- --home demo report wardrobe.html -n 1
    chromium --headless --no-sandbox --hide-scrollbars --window-size=1280,1920 --screenshot=docs/lookbook.png "file://$PWD/lookbook.html"
    chromium --headless --no-sandbox --hide-scrollbars --window-size=1280,1870 --screenshot=docs/wardrobe.png "file://$PWD/wardrobe.html"

# All tests
test:
    cargo test --release --workspace

# All benches, or those of one crate: `just bench vector_index`
bench *FILE:
    cargo bench -p wardrobe-benches {{ if FILE == "" { "" } else { "--bench " + FILE } }}

# Format and lints, as CI holds them
lint:
    cargo fmt --all --check
    cargo clippy --release --workspace --all-targets -- -D warnings

# The documentation of every crate, opened in a browser
docs:
    cargo doc --release --workspace --no-deps --open

# Programs that measure everything on a GPU, built here to run there: `target/gpu/gpu.sh run`
gpu:
    benches/gpu.sh bundle
