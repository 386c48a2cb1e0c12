// Around the matrix products that dense convolutions are: patches, and weights in their order.

// (o, c, taps) -> (o, taps, c)
KERNEL void by_patch(const T* weight, T* out, int n, int c, int taps) {
    EACH(i, n) out[i] = weight[(i / (c * taps) * c + i % c) * taps + i / c % taps];
}

// (o, taps, c) -> (o, c, taps)
KERNEL void by_channel(const T* weight, T* out, int n, int c, int taps) {
    EACH(i, n) out[i] = weight[(i / (c * taps) * taps + i % taps) * c + i / taps % c];
}

// The inputs under each output pixel, (pixels, taps, c), zeros outside.
KERNEL void patches(const T* x, T* out, int n, Window s) {
    int taps = s.kernel * s.kernel;
    EACH(i, n) {
        int c = i % s.c, tap = i / s.c % taps, pixel = i / s.c / taps;
        int y = s.input_at(pixel / s.out_w % s.out_h, tap / s.kernel), at = s.input_at(pixel % s.out_w, tap % s.kernel);
        bool inside = y >= 0 && y < s.h && at >= 0 && at < s.w;
        int image = pixel / s.out_w / s.out_h;
        out[i] = inside ? x[((size_t)(image * s.h + y) * s.w + at) * s.c + c] : narrow((A)0);
    }
}

// The transpose of `patches`: each input pixel gathers from the patches it is in.
KERNEL void from_patches(const T* patches, T* out, int n, Window s) {
    int taps = s.kernel * s.kernel;
    EACH(i, n) {
        int c = i % s.c, x = i / s.c % s.w, y = i / s.c / s.w % s.h, image = i / s.c / s.w / s.h;
        A sum = 0;
        for (int ky = 0; ky < s.kernel; ky++) {
            int oy = s.output_at(y, ky, s.out_h);
            if (oy < 0) continue;
            for (int kx = 0; kx < s.kernel; kx++) {
                int ox = s.output_at(x, kx, s.out_w);
                if (ox < 0) continue;
                size_t pixel = (size_t)(image * s.out_h + oy) * s.out_w + ox;
                sum += wide(patches[(pixel * taps + ky * s.kernel + kx) * s.c + c]);
            }
        }
        out[i] = narrow(sum);
    }
}
