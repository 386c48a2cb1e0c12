// Layer normalisation: a warp takes a row, a block of (32, 8) threads eight.

// A row's mean and 1 / sqrt(var + eps), in two passes: a mean far from zero costs no precision.
__device__ inline void mean_rstd(const T* row, int c, A eps, A& mean, A& rstd) {
    A sum = 0, squares = 0;
    for (int i = threadIdx.x; i < c; i += 32) sum += wide(row[i]);
    mean = warp_sum(sum) / c;
    for (int i = threadIdx.x; i < c; i += 32) {
        A d = wide(row[i]) - mean;
        squares += d * d;
    }
    rstd = 1 / square_root(warp_sum(squares) / c + eps);
}

KERNEL void forward(const T* x, const A* weight, const A* bias, T* out, int rows, int c, double eps) {
    int row = blockIdx.x * 8 + threadIdx.y;
    if (row >= rows) return;
    x += (size_t)row * c;
    out += (size_t)row * c;
    A mean, rstd;
    mean_rstd(x, c, (A)eps, mean, rstd);
    for (int i = threadIdx.x; i < c; i += 32) out[i] = narrow((wide(x[i]) - mean) * rstd * weight[i] + bias[i]);
}

// The input's gradient, rstd * (d - mean(d) - xhat * mean(d * xhat)) with d = weight * grad, and every row's mean and
// rstd in moments (2, rows).
KERNEL void gradient(const T* x, const T* grad, const A* weight, T* out, A* moments, int rows, int c, double eps) {
    int row = blockIdx.x * 8 + threadIdx.y;
    if (row >= rows) return;
    x += (size_t)row * c;
    grad += (size_t)row * c;
    out += (size_t)row * c;
    A mean, rstd, sum = 0, sum_xhat = 0;
    mean_rstd(x, c, (A)eps, mean, rstd);
    for (int i = threadIdx.x; i < c; i += 32) {
        A d = wide(grad[i]) * weight[i];
        sum += d;
        sum_xhat += d * (wide(x[i]) - mean) * rstd;
    }
    sum = warp_sum(sum) / c;
    sum_xhat = warp_sum(sum_xhat) / c;
    for (int i = threadIdx.x; i < c; i += 32) {
        A xhat = (wide(x[i]) - mean) * rstd;
        out[i] = narrow(rstd * (wide(grad[i]) * weight[i] - sum - xhat * sum_xhat));
    }
    if (threadIdx.x == 0) {
        moments[row] = mean;
        moments[rows + row] = rstd;
    }
}

// A chunk's sums of grad * xhat and of grad, the gradients of weight and bias.
KERNEL void gradient_sums(const T* x, const T* grad, const A* moments, A* partials, int rows, int c,
                          int rows_per_chunk) {
    int column = blockIdx.x * 32 + threadIdx.x;
    A sums[2] = {0, 0};
    if (column < c) {
        EACH_ROW(row, rows, rows_per_chunk) {
            size_t i = (size_t)row * c + column;
            sums[0] += wide(grad[i]) * (wide(x[i]) - moments[row]) * moments[rows + row];
            sums[1] += wide(grad[i]);
        }
    }
    store_sums(sums, partials, c);
}
