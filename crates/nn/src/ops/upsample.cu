// Each pixel repeated to a square. h and w are the smaller image's.

KERNEL void nearest(const T* x, T* out, int n, int h, int w, int c, int factor) {
    EACH(i, n) {
        int channel = i % c, ox = i / c % (w * factor), row = i / c / (w * factor);
        int image = row / (h * factor), oy = row % (h * factor);
        out[i] = x[((size_t)(image * h + oy / factor) * w + ox / factor) * c + channel];
    }
}

// The sum of each square.
KERNEL void gradient(const T* grad, T* out, int n, int h, int w, int c, int factor) {
    EACH(i, n) {
        int channel = i % c, x = i / c % w, y = i / c / w % h, image = i / c / w / h;
        A sum = 0;
        for (int dy = 0; dy < factor; dy++) {
            for (int dx = 0; dx < factor; dx++) {
                int row = (image * h + y) * factor + dy;
                sum += wide(grad[((size_t)row * w * factor + x * factor + dx) * c + channel]);
            }
        }
        out[i] = narrow(sum);
    }
}
