// Maxima under a square kernel, and where they are.

KERNEL void max_pool(const T* x, T* out, int n, Window s) {
    EACH(i, n) {
        int c = i % s.c, ox = i / s.c % s.out_w, oy = i / s.c / s.out_w % s.out_h, image = i / s.c / s.out_w / s.out_h;
        A best = -INFINITE;
        for (int ky = 0; ky < s.kernel; ky++) {
            int y = s.input_at(oy, ky);
            if (y < 0 || y >= s.h) continue;
            for (int kx = 0; kx < s.kernel; kx++) {
                int at = s.input_at(ox, kx);
                if (at < 0 || at >= s.w) continue;
                A value = wide(x[((size_t)(image * s.h + y) * s.w + at) * s.c + c]);
                best = is_greater(value, best) ? value : best;
            }
        }
        out[i] = narrow(best);
    }
}

// The pixel of each window's first maximum.
KERNEL void find_max(const T* x, int* out, int n, Window s) {
    EACH(i, n) {
        int c = i % s.c, ox = i / s.c % s.out_w, oy = i / s.c / s.out_w % s.out_h, image = i / s.c / s.out_w / s.out_h;
        A best = -INFINITE;
        int found = -1;
        for (int ky = 0; ky < s.kernel; ky++) {
            int y = s.input_at(oy, ky);
            if (y < 0 || y >= s.h) continue;
            for (int kx = 0; kx < s.kernel; kx++) {
                int at = s.input_at(ox, kx);
                if (at < 0 || at >= s.w) continue;
                A value = wide(x[((size_t)(image * s.h + y) * s.w + at) * s.c + c]);
                // Of minus infinities alone, too, the first is the maximum.
                if (found < 0 || is_greater(value, best)) found = y * s.w + at;
                best = is_greater(value, best) ? value : best;
            }
        }
        out[i] = found;
    }
}

// Each input pixel gathers from the windows whose maximum it was.
KERNEL void max_pool_grad(const int* found, const T* grad, T* out, int n, Window s) {
    EACH(i, n) {
        int c = i % s.c, x = i / s.c % s.w, y = i / s.c / s.w % s.h, image = i / s.c / s.w / s.h;
        A sum = 0;
        for (int ky = 0; ky < s.kernel; ky++) {
            int oy = s.output_at(y, ky, s.out_h);
            if (oy < 0) continue;
            for (int kx = 0; kx < s.kernel; kx++) {
                int ox = s.output_at(x, kx, s.out_w);
                if (ox < 0) continue;
                size_t at = ((size_t)(image * s.out_h + oy) * s.out_w + ox) * s.c + c;
                if (found[at] == y * s.w + x) sum += wide(grad[at]);
            }
        }
        out[i] = narrow(sum);
    }
}
