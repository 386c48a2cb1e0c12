// Batch normalisation with the activation that follows. x is (rows, c).

// A chunk's sums and sums of squares, relative to the first row: a mean far from zero costs no precision.
KERNEL void moments(const T* x, A* partials, int rows, int c, int rows_per_chunk) {
    int column = blockIdx.x * 32 + threadIdx.x;
    A sums[2] = {0, 0};
    if (column < c) {
        A origin = wide(x[column]);
        EACH_ROW(row, rows, rows_per_chunk) {
            A d = wide(x[(size_t)row * c + column]) - origin;
            sums[0] += d;
            sums[1] += d * d;
        }
    }
    store_sums(sums, partials, c);
}

// Means and biased variances from all chunks' moments.
KERNEL void statistics(const A* partials, const T* x, double* mean, double* var, int rows, int c, int chunks) {
    EACH(i, c) {
        double sum = over_chunks(partials, 0, chunks, 2 * c, i), squares = over_chunks(partials, 0, chunks, 2 * c, c + i);
        double v = (squares - sum * sum / rows) / rows;
        mean[i] = (double)wide(x[i]) + sum / rows;
        var[i] = v > 0 ? v : 0;
    }
}

// What a channel is normalised with, (5, c): mean, 1 / sqrt(var + eps), weight, bias, and bias - mean * scale.
KERNEL void channels(const double* mean, const double* var, const T* weight, const T* bias, A* out, int c, double eps) {
    EACH(i, c) {
        A m = (A)mean[i], rstd = (A)(1.0 / sqrt(var[i] + eps)), w = wide(weight[i]), b = wide(bias[i]);
        out[i] = m;
        out[c + i] = rstd;
        out[2 * c + i] = w;
        out[3 * c + i] = b;
        out[4 * c + i] = b - m * (w * rstd);
    }
}

KERNEL void normalize(const T* x, const A* channels, T* out, int n, int c, int kind) {
    EACH(i, n) {
        int channel = i % c;
        A scale = channels[2 * c + channel] * channels[c + channel];
        out[i] = narrow(activation(kind, wide(x[i]) * scale + channels[4 * c + channel]));
    }
}

// The normalised value, and the gradient before the activation.
__device__ inline void before_activation(const A* channels, int c, int channel, A x, A grad, int kind, A& xhat, A& dz) {
    xhat = (x - channels[channel]) * channels[c + channel];
    dz = grad * derivative(kind, xhat * channels[2 * c + channel] + channels[3 * c + channel]);
}

// A chunk's sums of dz * xhat and of dz, the gradients of weight and bias.
KERNEL void gradient_sums(const T* x, const T* grad, const A* channels, A* partials, int rows, int c,
                          int rows_per_chunk, int kind) {
    int column = blockIdx.x * 32 + threadIdx.x;
    A sums[2] = {0, 0};
    if (column < c) {
        EACH_ROW(row, rows, rows_per_chunk) {
            size_t i = (size_t)row * c + column;
            A xhat, dz;
            before_activation(channels, c, column, wide(x[i]), wide(grad[i]), kind, xhat, dz);
            sums[0] += dz * xhat;
            sums[1] += dz;
        }
    }
    store_sums(sums, partials, c);
}

// weight * rstd * (dz - mean(dz) - xhat * mean(dz * xhat)); sums (2, c), share 1 / rows or, for given statistics, 0.
KERNEL void gradient(const T* x, const T* grad, const A* channels, const A* sums, T* out, int n, int c, int kind,
                     double share) {
    EACH(i, n) {
        int channel = i % c;
        A xhat, dz;
        before_activation(channels, c, channel, wide(x[i]), wide(grad[i]), kind, xhat, dz);
        A centred = dz - sums[c + channel] * (A)share - xhat * (sums[channel] * (A)share);
        out[i] = narrow(channels[2 * c + channel] * channels[c + channel] * centred);
    }
}

KERNEL void copy_sums(const A* sums, T* out, int n) {
    EACH(i, n) out[i] = narrow(sums[i]);
}
