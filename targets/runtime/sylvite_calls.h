#ifndef SYLVITE_CALLS_H
#define SYLVITE_CALLS_H

/* A part of sylvite_runtime.c: running programs, and the memory of their kernels.
 *
 * A kernel that runs in a loop would ask malloc() for the same blocks in each step, which come as pages that the system
 * has to clear first. So a call keeps them. When a kernel runs for the first time its blocks come from malloc(), and it
 * is written down how large a region they would take together, each in the first gap that is wide enough. When it runs
 * again there is such a region, one for all kernels, and blocks come from there. Nothing is kept beside it. Blocks that
 * come and go leave holes: a kernel whose region would be larger than what it had in use by more than 1/most_waste of all
 * that the call holds asks malloc() each time, so what `<program>_memory` says holds within that.
 *
 * Kernels ask Halide's run time for memory, which asks the functions that halide_set_custom_malloc() and
 * halide_set_custom_free() have set. That is us, unless there was somebody before; whoever comes later takes our place.
 * The contexts of other libraries are compared, never read through. */

#include "HalideRuntime.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum {
    text_bytes = 512,
    least_kept = 16 * 1024, /* malloc() itself keeps what is smaller */
    block_alignment = 64,   /* a multiple of what Halide's run time gives */
    most_gap = 320,         /* between blocks: arrays of 2^n bytes would share lines of caches, element by element */
    most_blocks = 128,      /* further ones come from malloc() each time */
    most_kernels = 64,      /* those whose numbers are equal modulo that count as one */
    most_waste = 25,
    most_running = 64 /* further calls keep nothing */
};

typedef _Atomic(int64_t) number;

struct block {
    int64_t begin, end; /* in the region, or where it would be */
    void *memory;
};

/* The program that runs on a thread, or those, where one calls another; its address is the user context of its kernels.
 * Blocks, the region and what counts them are changed by who has set `busy`; other threads look before they do. */
struct call {
    char text[text_bytes]; /* of the last error in this thread */

    int running; /* where it stands in the table of running calls, or 0 */
    atomic_flag busy;
    number kernel;
    number is_direct;                /* the kernel uses no region */
    number need[most_kernels];       /* how large a region serves a kernel; 0 for unknown */
    number most[most_kernels];       /* the most bytes that it had in use */
    number arenas;                   /* bytes of arrays; changed by its own thread */
    number region, region_size;      /* its address, 0 for none, and bytes; not changed as long as blocks are in it */
    number outside;                  /* how many of the blocks are not in it */
    number blocks, in_use;           /* how many, and their bytes */
    struct block block[most_blocks]; /* those in use, in the order of their places */
};

static _Atomic(struct call *) running[most_running + 1]; /* from 1 on */
static atomic_int last_running;

/* What is linked with static libraries only, which refer to other functions of Halide's run time too. */
#pragma weak halide_default_malloc
#pragma weak halide_default_free
#pragma weak halide_set_custom_malloc
#pragma weak halide_set_custom_free

static void lock(struct call *call) {
    while (atomic_flag_test_and_set_explicit(&call->busy, memory_order_acquire)) {
        sched_yield();
    }
}

static void unlock(struct call *call) { atomic_flag_clear_explicit(&call->busy, memory_order_release); }

static int64_t get(number *n) { return atomic_load_explicit(n, memory_order_relaxed); }
static void set(number *n, int64_t value) { atomic_store_explicit(n, value, memory_order_relaxed); }

static struct call *call_of(const void *user_context) {
    const int last = atomic_load_explicit(&last_running, memory_order_acquire);
    for (int i = 1; i <= last; i++) {
        struct call *call = atomic_load_explicit(&running[i], memory_order_acquire);
        if (call == user_context) {
            return call;
        }
    }
    return NULL;
}

static int is_in_region(struct call *call, const void *memory) {
    return (uintptr_t)memory - (uintptr_t)get(&call->region) < (uintptr_t)get(&call->region_size);
}

static int is_region_free(struct call *call) { return get(&call->region) && get(&call->blocks) == get(&call->outside); }

static void drop_region(struct call *call) {
    if (is_region_free(call)) {
        halide_default_free(call, (void *)(uintptr_t)get(&call->region));
        set(&call->region, 0);
        set(&call->region_size, 0);
    }
}

static void keep_nothing(struct call *call) {
    lock(call);
    drop_region(call);
    unlock(call);
}

/* Null where memory cannot be had. */
static void *take(struct call *call, int64_t bytes) {
    number *need = &call->need[get(&call->kernel)], *most = &call->most[get(&call->kernel)];
    if (!get(&call->is_direct) && !get(&call->region)) {
        void *region = halide_default_malloc(call, (size_t)get(need));
        set(&call->is_direct, !region); /* blocks alone need no room for holes */
        set(&call->region, (int64_t)(uintptr_t)region);
        set(&call->region_size, region ? get(need) : 0);
    }
    const int64_t blocks = get(&call->blocks);
    int64_t place = 0, begin = 0;
    for (; place < blocks && call->block[place].begin - begin < bytes; place++) {
        const struct block *before = &call->block[place];
        const int64_t gap = (before->end - before->begin) / block_alignment;
        begin = before->end + (gap < most_gap ? gap : most_gap);
        begin = (begin + block_alignment - 1) / block_alignment * block_alignment;
    }
    const int64_t end = begin + bytes;
    const int is_outside = end > get(&call->region_size);
    if (is_outside && is_region_free(call)) { /* the kernel needs more than before */
        drop_region(call);
        set(&call->is_direct, 1);
    }
    void *memory =
        is_outside ? halide_default_malloc(call, (size_t)bytes) : (char *)(uintptr_t)get(&call->region) + begin;
    if (memory) {
        memmove(&call->block[place + 1], &call->block[place], (size_t)(blocks - place) * sizeof *call->block);
        call->block[place] = (struct block){begin, end, memory};
        set(&call->blocks, blocks + 1);
        set(&call->outside, get(&call->outside) + is_outside);
        set(&call->in_use, get(&call->in_use) + bytes);
        set(need, end > get(need) ? end : get(need));
        set(most, get(&call->in_use) > get(most) ? get(&call->in_use) : get(most));
    }
    return memory;
}

/* Returns whether it was in the region. */
static int forget(struct call *call, const void *memory) {
    const int is_inside = is_in_region(call, memory);
    const int64_t last = get(&call->blocks) - 1;
    int64_t place = last;
    while (place >= 0 && call->block[place].memory != memory) {
        place--;
    }
    if (place >= 0) {
        set(&call->in_use, get(&call->in_use) - (call->block[place].end - call->block[place].begin));
        memmove(&call->block[place], &call->block[place + 1], (size_t)(last - place) * sizeof *call->block);
        set(&call->blocks, last);
        set(&call->outside, get(&call->outside) - !is_inside);
    }
    return is_inside;
}

/* Who was asked before us; null until that is known. */
static _Atomic(halide_malloc_t) asked_before;

static void *malloc_of_call(void *user_context, size_t bytes) {
    halide_malloc_t before = NULL;
    while (!(before = atomic_load_explicit(&asked_before, memory_order_acquire))) {
        sched_yield(); /* is_asked() is about to tell */
    }
    if (before != halide_default_malloc) {
        return before(user_context, bytes); /* it will be asked to free what it gave */
    }
    struct call *call = bytes >= least_kept && bytes <= SIZE_MAX / 4 ? call_of(user_context) : NULL;
    int is_kept = 0;
    void *memory = NULL;
    if (call) {
        lock(call);
        is_kept = call->running && get(&call->blocks) < most_blocks;
        memory = is_kept ? take(call, (int64_t)bytes) : NULL;
        unlock(call);
    }
    return is_kept ? memory : halide_default_malloc(user_context, bytes);
}

static void free_of_call(void *user_context, void *memory) {
    struct call *call = call_of(user_context);
    int is_inside = 0;
    if (call && (is_in_region(call, memory) || get(&call->outside))) {
        lock(call);
        is_inside = forget(call, memory);
        unlock(call);
    }
    if (!is_inside) {
        halide_default_free(user_context, memory);
    }
}

/* Has Halide's run time ask us for memory, if nobody has set another allocator. Returns whether it does. */
static int is_asked(void) {
    enum { unknown, asking, no, yes };
    static atomic_int state = unknown;
    int before = unknown;
    if (atomic_load_explicit(&state, memory_order_acquire) < no &&
        atomic_compare_exchange_strong(&state, &before, asking)) {
        const halide_malloc_t set = halide_set_custom_malloc ? halide_set_custom_malloc(malloc_of_call) : NULL;
        atomic_store_explicit(&asked_before, set, memory_order_release);
        if (set == halide_default_malloc) {
            halide_set_custom_free(free_of_call);
        } else if (set) {
            halide_set_custom_malloc(set);
        }
        atomic_store(&state, set && set == halide_default_malloc ? yes : no);
    }
    return atomic_load_explicit(&state, memory_order_acquire) == yes;
}

/* Puts it into the table of running calls, where there is room. */
static void enter(struct call *call) {
    for (int i = 1; i <= most_running && !call->running && is_asked(); i++) {
        struct call *nobody = NULL;
        if (atomic_compare_exchange_strong(&running[i], &nobody, call)) {
            call->running = i;
            int last = atomic_load(&last_running);
            while (last < i && !atomic_compare_exchange_weak(&last_running, &last, i)) {
            }
        }
    }
}

static void begin_kernel(struct call *call, int kernel) {
    if (!call->running) {
        lock(call);
        enter(call);
        unlock(call);
    }
    if (get(&call->blocks) != 0) {
        return; /* a program runs within a kernel of another */
    }
    kernel %= most_kernels;
    const int64_t need = get(&call->need[kernel]), most = get(&call->most[kernel]);
    const int is_direct = need == 0 || need - most > (get(&call->arenas) + most) / most_waste;
    set(&call->kernel, kernel);
    set(&call->is_direct, is_direct);
    if (get(&call->region) && (is_direct || need > get(&call->region_size))) {
        keep_nothing(call);
    }
}

static void end_call(struct call *call) {
    if (!call->running) {
        return;
    }
    lock(call);
    if (get(&call->blocks) == 0) {
        drop_region(call);
        for (int i = 0; i < most_kernels; i++) {
            set(&call->need[i], 0);
            set(&call->most[i], 0);
        }
        atomic_store_explicit(&running[call->running], NULL, memory_order_release);
        call->running = 0;
    }
    unlock(call);
}

#endif
