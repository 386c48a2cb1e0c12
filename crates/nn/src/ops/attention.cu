// Attention: a warp takes a query (or, backward, a key) of one head, a block of (32, 4) threads four; blockIdx.y is
// sample * heads + head. Scores stay in shared memory.

// Rows of `dim` values of a head: gpu::Rows in Rust.
struct Rows {
    int sample, row;

    __device__ const T* at(const T* base, int block, int heads, int dim, int i) const {
        return base + (size_t)(block / heads) * sample + (size_t)i * row + block % heads * dim;
    }
    __device__ T* at(T* base, int block, int heads, int dim, int i) const {
        return base + (size_t)(block / heads) * sample + (size_t)i * row + block % heads * dim;
    }
};

// gpu::Heads in Rust.
struct Heads {
    int heads, dim, queries, keys, causal;
};

// A query's probabilities over all keys, in `p`: zeros where it sees none.
__device__ inline void probabilities(const T* q, const T* k, Rows k_rows, const unsigned char* seen, Heads s, int query,
                                     A* p) {
    int block = blockIdx.y, visible = s.causal ? query + 1 : s.keys;
    A max = -INFINITE, sum = 0;
    for (int j = threadIdx.x; j < s.keys; j += 32) {
        A score = -INFINITE;
        if (j < visible && (!seen || seen[block / s.heads * s.keys + j])) {
            const T* key = k_rows.at(k, block, s.heads, s.dim, j);
            score = 0;
            for (int d = 0; d < s.dim; d++) score += wide(q[d]) * wide(key[d]);
            score *= (A)1 / square_root((A)s.dim);
        }
        p[j] = score;
        max = is_greater(score, max) ? score : max;
    }
    max = warp_max(max);
    if (max == -INFINITE) {
        for (int j = threadIdx.x; j < s.keys; j += 32) p[j] = 0;
    } else {
        for (int j = threadIdx.x; j < s.keys; j += 32) {
            p[j] = exponential(p[j] - max);
            sum += p[j];
        }
        A share = 1 / warp_sum(sum);
        for (int j = threadIdx.x; j < s.keys; j += 32) p[j] *= share;
    }
    __syncwarp();
}

KERNEL void forward(const T* q, const T* k, const T* v, const unsigned char* seen, T* out, Heads s, Rows q_rows,
                    Rows k_rows, Rows v_rows, Rows out_rows) {
    DYNAMIC_SHARED(A, shared);
    int query = blockIdx.x * 4 + threadIdx.y;
    if (query >= s.queries) return;
    A* p = shared + threadIdx.y * s.keys;
    probabilities(q_rows.at(q, blockIdx.y, s.heads, s.dim, query), k, k_rows, seen, s, query, p);
    T* result = out_rows.at(out, blockIdx.y, s.heads, s.dim, query);
    const T* values = v_rows.at(v, blockIdx.y, s.heads, s.dim, 0);
    int visible = s.causal ? query + 1 : s.keys;
    for (int d = threadIdx.x; d < s.dim; d += 32) {
        A sum = 0;
        for (int j = 0; j < visible; j++) sum += p[j] * wide(values[(size_t)j * v_rows.row + d]);
        result[d] = narrow(sum);
    }
}

// The queries' gradient; probabilities and the scores' gradient, (samples * heads, queries, keys) each, go to `p_out`
// and `scores_out` for the keys' and values' gradients.
KERNEL void gradient_queries(const T* q, const T* k, const T* v, const T* grad, const unsigned char* seen, T* out,
                             A* p_out, A* scores_out, Heads s, Rows q_rows, Rows k_rows, Rows v_rows) {
    DYNAMIC_SHARED(A, shared);
    int query = blockIdx.x * 4 + threadIdx.y;
    if (query >= s.queries) return;
    A *p = shared + threadIdx.y * 2 * s.keys, *scores = p + s.keys;
    probabilities(q_rows.at(q, blockIdx.y, s.heads, s.dim, query), k, k_rows, seen, s, query, p);
    const T* g = q_rows.at(grad, blockIdx.y, s.heads, s.dim, query);
    A dot = 0;
    for (int j = threadIdx.x; j < s.keys; j += 32) {
        const T* value = v_rows.at(v, blockIdx.y, s.heads, s.dim, j);
        A sum = 0;
        for (int d = 0; d < s.dim; d++) sum += wide(g[d]) * wide(value[d]);
        scores[j] = sum;
        dot += sum * p[j];
    }
    dot = warp_sum(dot);
    A scale = (A)1 / square_root((A)s.dim);
    size_t first = ((size_t)blockIdx.y * s.queries + query) * s.keys;
    for (int j = threadIdx.x; j < s.keys; j += 32) {
        scores[j] = p[j] * (scores[j] - dot) * scale;
        p_out[first + j] = p[j];
        scores_out[first + j] = scores[j];
    }
    __syncwarp();
    T* result = q_rows.at(out, blockIdx.y, s.heads, s.dim, query);
    const T* keys = k_rows.at(k, blockIdx.y, s.heads, s.dim, 0);
    for (int d = threadIdx.x; d < s.dim; d += 32) {
        A sum = 0;
        for (int j = 0; j < s.keys; j++) sum += scores[j] * wide(keys[(size_t)j * k_rows.row + d]);
        result[d] = narrow(sum);
    }
}

// The gradients of keys and, `values` further, of values, from what `gradient_queries` left.
KERNEL void gradient_keys(const T* q, const T* grad, const A* p, const A* scores, T* out, int values, Heads s,
                          Rows q_rows, Rows k_rows) {
    int key = blockIdx.x * 4 + threadIdx.y;
    if (key >= s.keys) return;
    size_t first = (size_t)blockIdx.y * s.queries * s.keys + key;
    const T* queries = q_rows.at(q, blockIdx.y, s.heads, s.dim, 0);
    const T* grads = q_rows.at(grad, blockIdx.y, s.heads, s.dim, 0);
    T* result_k = k_rows.at(out, blockIdx.y, s.heads, s.dim, key);
    T* result_v = result_k + values;
    for (int d = threadIdx.x; d < s.dim; d += 32) {
        A sum_k = 0, sum_v = 0;
        for (int i = 0; i < s.queries; i++) {
            size_t at = first + (size_t)i * s.keys, row = (size_t)i * q_rows.row + d;
            sum_k += scores[at] * wide(queries[row]);
            sum_v += p[at] * wide(grads[row]);
        }
        result_k[d] = narrow(sum_k);
        result_v[d] = narrow(sum_v);
    }
}
