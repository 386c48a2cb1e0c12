#!/usr/bin/env bash
# Compiles every CUDA kernel of crates/nn with nvcc, for each type of values: kernels.sh [ARCHITECTURE]. Needs no GPU.
# The program itself compiles them with NVRTC when they are first used; this finds their errors before.
set -euo pipefail
cd "$(dirname "$0")/../crates/nn/src"
arch=${1:-sm_86}
nvcc=${NVCC:-nvcc}
command -v "$nvcc" >/dev/null || { echo "kernels: no nvcc: . the env.sh that cuda-env.sh makes, or install CUDA's toolkit" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Three at a time: nvcc starts a dozen programs for every file.
compile() {
    local file=$1 values=$2 name
    name=$(basename "$file" .cu)-$values
    {
        echo "#define $values"
        echo '#define KERNEL extern "C" __global__'
        echo '#define DYNAMIC_SHARED(type, name) extern __shared__ double dynamic_shared[]; type* name = (type*)dynamic_shared'
        cat gpu/prelude.cuh "$file"
    } >"$work/$name.cu"
    "$nvcc" -arch="$arch" -cubin -Xptxas -v -o "$work/$name.cubin" "$work/$name.cu" 2>"$work/$name.log" ||
        { echo "kernels: $file for $values" >&2; cat "$work/$name.log" >&2; return 1; }
    # Registers that did not fit and went to memory.
    ! grep -E '[1-9][0-9]* bytes spill' "$work/$name.log" || echo "kernels: $file for $values spills registers"
}
count=0
for file in ops/*.cu; do
    for values in VALUES_F32 VALUES_F64 VALUES_BF16; do
        compile "$file" "$values"
        count=$((count + 1))
    done
done
echo "kernels: $count compiled for $arch"
