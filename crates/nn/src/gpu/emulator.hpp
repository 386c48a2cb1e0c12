// CUDA's words for C++, so that g++ compiles the kernels: one block at a time, its threads one after the other or, where
// they wait for each other, each a fibre that gives way at every barrier. Slow, for tests of what kernels compute; of races and speed it says nothing.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ucontext.h>
#include <utility>
#include <vector>

#define __device__
#define __shared__ static
#define KERNEL static
#define DYNAMIC_SHARED(type, name) type* name = (type*)emulator::dynamic_shared

struct Index {
    unsigned x, y, z;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

static inline float __uint_as_float(unsigned bits) { float x; memcpy(&x, &bits, 4); return x; }
static inline float __int_as_float(int bits) { return __uint_as_float((unsigned)bits); }
static inline unsigned __float_as_uint(float x) { unsigned bits; memcpy(&bits, &x, 4); return bits; }

namespace emulator {

static const size_t STACK = 64 << 10, SHARED = 96 << 10;
static double dynamic_shared[SHARED / sizeof(double)];

struct Fibre {
    ucontext_t context;
    Index thread;
    bool done;
    char* stack;
};

static std::vector<Fibre> fibres;
static ucontext_t scheduler;
static size_t current;
static void (*body)(void**);
static void** arguments;

static void enter() {
    body(arguments);
    fibres[current].done = true;
}

// Lets every other thread of the block come as far as this one. Threads that have returned don't count, as on a GPU.
static void give_way() {
    swapcontext(&fibres[current].context, &scheduler);
}

// What the threads of a warp show each other.
static double shown[1024];

template <typename V> static V exchange(V value, unsigned lane) {
    size_t self = current;
    shown[self] = (double)value;
    give_way();
    V other = (V)shown[self / 32 * 32 + lane];
    give_way();
    return other;
}

static void run_alone(size_t threads) {
    for (size_t i = 0; i < threads; i++) {
        threadIdx = {(unsigned)i % blockDim.x, (unsigned)i / blockDim.x % blockDim.y, 0};
        body(arguments);
    }
}

static void run_together(size_t threads) {
    while (fibres.size() < threads) {
        fibres.push_back(Fibre());
        fibres.back().stack = (char*)malloc(STACK);
    }
    for (size_t i = 0; i < threads; i++) {
        Fibre& fibre = fibres[i];
        fibre.done = false;
        fibre.thread = {(unsigned)i % blockDim.x, (unsigned)i / blockDim.x % blockDim.y, 0};
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack;
        fibre.context.uc_stack.ss_size = STACK;
        fibre.context.uc_link = &scheduler;
        makecontext(&fibre.context, enter, 0);
    }
    for (size_t left = threads; left > 0;) {
        for (size_t i = 0; i < threads; i++) {
            if (fibres[i].done) continue;
            current = i;
            threadIdx = fibres[i].thread;
            swapcontext(&scheduler, &fibres[i].context);
            left -= fibres[i].done;
        }
    }
}

template <auto F> struct Caller;
template <typename... P, void (*F)(P...)> struct Caller<F> {
    static void call(void** arguments) { call(arguments, std::index_sequence_for<P...>()); }
    template <size_t... I> static void call(void** arguments, std::index_sequence<I...>) {
        F(*(P*)arguments[I]...);
    }
};

struct Entry {
    const char* name;
    void (*call)(void**);
    // Whether its threads never wait for each other.
    bool alone;
};
extern const Entry entries[];
extern const size_t entry_count;

} // namespace emulator

// A thread's registers are its own, but threadIdx is not: it is set again whenever a fibre goes on.
static inline void __syncthreads() { emulator::give_way(); }
static inline void __syncwarp() { emulator::give_way(); }
template <typename V> static inline V __shfl_xor_sync(unsigned, V value, int mask) {
    return emulator::exchange(value, (emulator::current % 32) ^ (unsigned)mask);
}

extern "C" int emulate(const char* name, const unsigned* grid, const unsigned* block, size_t shared, void** arguments) {
    using namespace emulator;
    if (shared > SHARED) return 2;
    const Entry* entry = nullptr;
    for (size_t i = 0; i < entry_count; i++) {
        if (strcmp(entries[i].name, name) == 0) entry = &entries[i];
    }
    if (!entry) return 1;
    body = entry->call;
    emulator::arguments = arguments;
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], 1};
    for (unsigned z = 0; z < grid[2]; z++) {
        for (unsigned y = 0; y < grid[1]; y++) {
            for (unsigned x = 0; x < grid[0]; x++) {
                blockIdx = {x, y, z};
                (entry->alone ? run_alone : run_together)(block[0] * block[1]);
            }
        }
    }
    return 0;
}
