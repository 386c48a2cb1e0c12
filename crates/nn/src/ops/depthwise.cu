// Depthwise convolution: neighbouring threads take neighbouring channels. Weights are (taps, c), in the type of sums.

// (c, taps) -> (taps, c)
KERNEL void by_tap(const T* weight, A* out, int n, int taps) {
    int c = n / taps;
    EACH(i, n) out[i] = wide(weight[i % c * taps + i / c]);
}

// activation(x * weight + bias); bias may be null.
KERNEL void forward(const T* x, const A* weight, const A* bias, T* out, int n, Window s, int kind) {
    EACH(i, n) {
        int c = i % s.c, ox = i / s.c % s.out_w, oy = i / s.c / s.out_w % s.out_h, image = i / s.c / s.out_w / s.out_h;
        A sum = bias ? bias[c] : (A)0;
        for (int ky = 0; ky < s.kernel; ky++) {
            int y = s.input_at(oy, ky);
            if (y < 0 || y >= s.h) continue;
            for (int kx = 0; kx < s.kernel; kx++) {
                int at = s.input_at(ox, kx);
                if (at < 0 || at >= s.w) continue;
                sum += wide(x[((size_t)(image * s.h + y) * s.w + at) * s.c + c]) * weight[(ky * s.kernel + kx) * s.c + c];
            }
        }
        out[i] = narrow(activation(kind, sum));
    }
}

// Each input pixel gathers from the outputs it fed.
KERNEL void gradient_input(const T* grad, const A* weight, T* out, int n, Window s) {
    EACH(i, n) {
        int c = i % s.c, x = i / s.c % s.w, y = i / s.c / s.w % s.h, image = i / s.c / s.w / s.h;
        A sum = 0;
        for (int ky = 0; ky < s.kernel; ky++) {
            int oy = s.output_at(y, ky, s.out_h);
            if (oy < 0) continue;
            for (int kx = 0; kx < s.kernel; kx++) {
                int ox = s.output_at(x, kx, s.out_w);
                if (ox < 0) continue;
                sum += wide(grad[((size_t)(image * s.out_h + oy) * s.out_w + ox) * s.c + c]) *
                       weight[(ky * s.kernel + kx) * s.c + c];
            }
        }
        out[i] = narrow(sum);
    }
}

// A chunk's sums for one tap (blockIdx.z), over output pixels of all images: partials (taps, chunks, 1, c).
KERNEL void gradient_weight(const T* x, const T* grad, A* partials, int rows, Window s, int rows_per_chunk) {
    int c = blockIdx.x * 32 + threadIdx.x, ky = blockIdx.z / s.kernel, kx = blockIdx.z % s.kernel;
    A sums[1] = {0};
    if (c < s.c) {
        EACH_ROW(row, rows, rows_per_chunk) {
            int y = s.input_at(row / s.out_w % s.out_h, ky), at = s.input_at(row % s.out_w, kx);
            if (y < 0 || y >= s.h || at < 0 || at >= s.w) continue;
            int image = row / s.out_w / s.out_h;
            sums[0] += wide(x[((size_t)(image * s.h + y) * s.w + at) * s.c + c]) * wide(grad[(size_t)row * s.c + c]);
        }
    }
    store_sums(sums, partials, s.c);
}

// partials (taps, chunks, c) -> (c, taps)
KERNEL void by_channel(const A* partials, T* out, int n, int taps, int chunks) {
    int c = n / taps;
    EACH(i, n) out[i] = narrow((A)over_chunks(partials, i % taps, chunks, c, i / taps));
}
