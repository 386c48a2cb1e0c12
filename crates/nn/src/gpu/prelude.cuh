// What the kernels share. Every file is compiled once for each type of values, T, with sums in A: NVRTC puts this text
// before it. The emulator (emulator.hpp) compiles the same text as C++.

typedef unsigned int uint;

struct bf16 {
    unsigned short bits;
};

#if defined(VALUES_F64)
typedef double T;
typedef double A;
#elif defined(VALUES_BF16)
typedef bf16 T;
typedef float A;
#else
typedef float T;
typedef float A;
#endif

#if defined(VALUES_BF16)
__device__ inline A wide(T value) { return __uint_as_float((uint)value.bits << 16); }

// To the nearest, ties to even.
__device__ inline T narrow(A value) {
    uint bits = __float_as_uint(value);
    uint rounded = value != value ? bits | 0x00400000u : bits + 0x7fffu + ((bits >> 16) & 1u);
    T result;
    result.bits = (unsigned short)(rounded >> 16);
    return result;
}
#else
__device__ inline A wide(T value) { return value; }
__device__ inline T narrow(A value) { return value; }
#endif

// Each of n values once, over all threads of a one-dimensional grid.
#define EACH(i, n) \
    for (uint i = blockIdx.x * blockDim.x + threadIdx.x; i < (uint)(n); i += gridDim.x * blockDim.x)

#define INFINITE __int_as_float(0x7f800000)

__device__ inline float exponential(float x) { return expf(x); }
__device__ inline double exponential(double x) { return exp(x); }
__device__ inline float error_function(float x) { return erff(x); }
__device__ inline double error_function(double x) { return erf(x); }
__device__ inline float square_root(float x) { return sqrtf(x); }
__device__ inline double square_root(double x) { return sqrt(x); }
__device__ inline float log_1p(float x) { return log1pf(x); }
__device__ inline double log_1p(double x) { return log1p(x); }
__device__ inline float arc_tangent(float x) { return atanf(x); }
__device__ inline double arc_tangent(double x) { return atan(x); }

__device__ inline A sigmoid(A x) { return (A)1 / ((A)1 + exponential(-x)); }

// Whether a maximum passes from `best` to `x`: at the first of equals it stays, and NaN takes it.
__device__ inline bool is_greater(A x, A best) { return x > best || x != x; }

// In the order of Activation's variants.
enum { IDENTITY, RELU, SIGMOID, SILU, GELU, QUICK_GELU, HARD_SIGMOID };

__device__ inline A normal_cdf(A x) { return (A)0.5 * error_function(x * (A)0.70710678118654752) + (A)0.5; }

__device__ inline A activation(int kind, A x) {
    switch (kind) {
        case RELU: return x < 0 ? (A)0 : x; // not x > 0: NaN must stay NaN
        case SIGMOID: return sigmoid(x);
        case SILU: return x * sigmoid(x);
        case GELU: return x * normal_cdf(x);
        case QUICK_GELU: return x * sigmoid((A)1.702 * x);
        case HARD_SIGMOID: {
            A y = x + 3;
            y = y < 0 ? (A)0 : y;
            return (y > 6 ? (A)6 : y) * (A)(1.0 / 6.0);
        }
        default: return x;
    }
}

// The derivative of x * sigmoid(k x).
__device__ inline A gate_derivative(A x, A k) {
    A s = sigmoid(k * x);
    return s * (1 + x * k * (1 - s));
}

__device__ inline A derivative(int kind, A x) {
    switch (kind) {
        case RELU: return x > 0 ? (A)1 : (A)0;
        case SIGMOID: {
            A s = sigmoid(x);
            return s * (1 - s);
        }
        case SILU: return gate_derivative(x, (A)1);
        case GELU: return x * exponential(x * x * (A)-0.5) * (A)0.39894228040143268 + normal_cdf(x);
        case QUICK_GELU: return gate_derivative(x, (A)1.702);
        case HARD_SIGMOID: return x > -3 && x < 3 ? (A)(1.0 / 6.0) : (A)0;
        default: return (A)1;
    }
}

// A square kernel's walk over channels-last images: gpu::Window in Rust.
struct Window {
    int h, w, c, out_h, out_w, kernel, stride, padding, dilation;

    // The input under tap `tap` of output `out`; outside where it is not in 0 .. len.
    __device__ int input_at(int out, int tap) const { return out * stride + tap * dilation - padding; }

    // The output that tap `tap` carries input `in` to, or -1.
    __device__ int output_at(int in, int tap, int len) const {
        int shifted = in + padding - tap * dilation;
        if (shifted < 0 || shifted % stride != 0 || shifted / stride >= len) return -1;
        return shifted / stride;
    }
};

// The sum and the maximum over the 32 threads of a warp, for each of them.
__device__ inline A warp_sum(A value) {
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xffffffffu, value, offset);
    return value;
}

__device__ inline A warp_max(A value) {
    for (int offset = 16; offset > 0; offset /= 2) {
        A other = __shfl_xor_sync(0xffffffffu, value, offset);
        value = is_greater(other, value) ? other : value;
    }
    return value;
}

// Sums over rows, column by column: a block of 32 columns x 8 threads takes a chunk of rows (blockIdx.y) of an image
// (blockIdx.z). Each thread adds every eighth row up; this adds the eight, and keeps N sums a column of every chunk:
// partials (images, chunks, N, columns). `sum_partials` adds the chunks up, always in the same order.
template <int N>
__device__ inline void store_sums(const A (&sums)[N], A* partials, int columns) {
    __shared__ A shared[N][8][32];
    int column = blockIdx.x * 32 + threadIdx.x;
    for (int k = 0; k < N; k++) shared[k][threadIdx.y][threadIdx.x] = sums[k];
    __syncthreads();
    if (threadIdx.y == 0 && column < columns) {
        A* out = partials + (size_t)(blockIdx.z * gridDim.y + blockIdx.y) * N * columns;
        for (int k = 0; k < N; k++) {
            A total = 0;
            for (int row = 0; row < 8; row++) total += shared[k][row][threadIdx.x];
            out[k * columns + column] = total;
        }
    }
}

// The rows of this block's chunk, every eighth one for this thread.
#define EACH_ROW(row, rows, rows_per_chunk)                                                              \
    for (int row = blockIdx.y * (rows_per_chunk) + threadIdx.y;                                          \
         row < (rows) && row < (int)(blockIdx.y + 1) * (rows_per_chunk); row += 8)

// The sum over chunks of value `at` of image `image`.
__device__ inline double over_chunks(const A* partials, int image, int chunks, int len, int at) {
    double sum = 0;
    for (int chunk = 0; chunk < chunks; chunk++) sum += partials[(size_t)(image * chunks + chunk) * len + at];
    return sum;
}
