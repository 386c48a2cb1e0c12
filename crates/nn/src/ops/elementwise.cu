// Activations, gates, residual sums and losses, value by value.

KERNEL void activate(const T* x, T* out, int n, int kind) {
    EACH(i, n) out[i] = narrow(activation(kind, wide(x[i])));
}

KERNEL void activate_grad(const T* x, const T* grad, T* out, int n, int kind) {
    EACH(i, n) out[i] = narrow(wide(grad[i]) * derivative(kind, wide(x[i])));
}

// activation(out + bias) + residual in place, after a convolution; bias and residual may be null.
KERNEL void bias_activate(T* out, const A* bias, const T* residual, int n, int c, int kind) {
    EACH(i, n) {
        A value = wide(out[i]);
        if (bias) value += bias[i % c];
        value = activation(kind, value);
        if (residual) value += wide(residual[i]);
        out[i] = narrow(value);
    }
}

KERNEL void bce(const T* logits, const T* targets, T* out, int n) {
    EACH(i, n) {
        A x = wide(logits[i]), size = x < 0 ? -x : x, above = is_greater((A)0, x) ? (A)0 : x;
        out[i] = narrow(above - x * wide(targets[i]) + log_1p(exponential(-size)));
    }
}

KERNEL void bce_slope(const T* logits, const T* targets, T* out, int n) {
    EACH(i, n) out[i] = narrow(sigmoid(wide(logits[i])) - wide(targets[i]));
}

KERNEL void arc_tangents(const T* x, T* out, int n) {
    EACH(i, n) out[i] = narrow(arc_tangent(wide(x[i])));
}

// x + keep[sample] * branch
KERNEL void residual_add(const T* x, const T* branch, const float* keep, T* out, int n, int sample) {
    EACH(i, n) out[i] = narrow(wide(x[i]) + (A)keep[i / sample] * wide(branch[i]));
}

// x (images, pixels, c) times gate (images, c)
KERNEL void scale_channels(const T* x, const T* gate, T* out, int n, int image, int c) {
    EACH(i, n) out[i] = narrow(wide(x[i]) * wide(gate[i / image * c + i % c]));
}

// The same times the gate's sigmoid, the gate in the type of sums.
KERNEL void gate_channels(const T* x, const A* gate, T* out, int n, int image, int c) {
    EACH(i, n) out[i] = narrow(wide(x[i]) * sigmoid(gate[i / image * c + i % c]));
}

// Sums over an image's pixels, a * b or, without b, a: partials (images, chunks, 1, c).
KERNEL void sum_pixels(const T* a, const T* b, A* partials, int pixels, int c, int rows_per_chunk) {
    int column = blockIdx.x * 32 + threadIdx.x;
    A sums[1] = {0};
    if (column < c) {
        EACH_ROW(row, pixels, rows_per_chunk) {
            size_t i = ((size_t)blockIdx.z * pixels + row) * c + column;
            sums[0] += b ? wide(a[i]) * wide(b[i]) : wide(a[i]);
        }
    }
    store_sums(sums, partials, c);
}

// factor * the sum over chunks: partials (images, chunks, len) -> out (images, len), in T or in A.
KERNEL void sum_partials(const A* partials, T* out, int n, int chunks, int len, double factor) {
    EACH(i, n) out[i] = narrow((A)(factor * over_chunks(partials, i / len, chunks, len, i % len)));
}

KERNEL void sum_partials_wide(const A* partials, A* out, int n, int chunks, int len, double factor) {
    EACH(i, n) out[i] = (A)(factor * over_chunks(partials, i / len, chunks, len, i % len));
}
