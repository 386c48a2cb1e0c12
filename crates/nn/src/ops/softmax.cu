// The softmax of rows: a warp takes a row, a block of (32, 8) threads eight.

KERNEL void forward(const T* x, T* out, int rows, int c) {
    int row = blockIdx.x * 8 + threadIdx.y;
    if (row >= rows) return;
    x += (size_t)row * c;
    out += (size_t)row * c;
    A max = -INFINITE, sum = 0;
    for (int i = threadIdx.x; i < c; i += 32) max = is_greater(wide(x[i]), max) ? wide(x[i]) : max;
    max = warp_max(max);
    for (int i = threadIdx.x; i < c; i += 32) sum += exponential(wide(x[i]) - max);
    A share = 1 / warp_sum(sum);
    for (int i = threadIdx.x; i < c; i += 32) out[i] = narrow(exponential(wide(x[i]) - max) * share);
}

// y * (grad - sum(grad * y))
KERNEL void gradient(const T* y, const T* grad, T* out, int rows, int c) {
    int row = blockIdx.x * 8 + threadIdx.y;
    if (row >= rows) return;
    y += (size_t)row * c;
    grad += (size_t)row * c;
    out += (size_t)row * c;
    A dot = 0;
    for (int i = threadIdx.x; i < c; i += 32) dot += wide(grad[i]) * wide(y[i]);
    dot = warp_sum(dot);
    for (int i = threadIdx.x; i < c; i += 32) out[i] = narrow(wide(y[i]) * (wide(grad[i]) - dot));
}
