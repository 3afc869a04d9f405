#define _DEFAULT_SOURCE /* madvise() */

#include "sylvite_runtime.h"
#include "sylvite_calls.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

enum { slots = 16, alignment = 64 };

/* What an arena takes beyond its arrays: to align it, to say where it began, and since vector code may read up to a
 * vector beyond the end. */
enum { arena_room = 2 * alignment + sizeof(void *) };

static _Thread_local struct call this_call;

const char *sylvite_last_error(void) { return this_call.text; }

int sylvite_fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(this_call.text, sizeof this_call.text, format, arguments);
    va_end(arguments);
    return code;
}

/* The address of this thread's call is a user context that calls on other threads do not have. */
void *sylvite_begin(void) {
    this_call.text[0] = 0;
    return &this_call;
}

int sylvite_kernel_begins(void *user_context, int number) {
    begin_kernel(user_context, number);
    return sylvite_success;
}

void sylvite_end(void *user_context, void *unused) {
    (void)unused;
    end_call(user_context);
}

/* A kernel may fail on a thread of Halide's pool, where this thread's text cannot be reached. It leaves its text in a
 * slot that is chosen by its user context; the context is compared, never read through, since the caller of another
 * library may have passed anything. Two calls that fail at once may meet in a slot: then the first loses its text. */
struct slot {
    atomic_flag busy;
    const void *user_context;
    char text[text_bytes];
};
static struct slot reports[slots];

static struct slot *lock_slot(const void *user_context) {
    struct slot *slot = &reports[((uintptr_t)user_context >> 6) % slots];
    while (atomic_flag_test_and_set_explicit(&slot->busy, memory_order_acquire)) {
    }
    return slot;
}

static void unlock_slot(struct slot *slot) { atomic_flag_clear_explicit(&slot->busy, memory_order_release); }

void sylvite_report(const void *user_context, const char *text) {
    struct slot *slot = lock_slot(user_context);
    slot->user_context = user_context;
    /* The first line; names without the numbers that Halide adds, `next$3`. */
    size_t length = 0;
    for (const char *c = text; *c && *c != '\n' && length + 1 < sizeof slot->text; c++) {
        if (*c == '$' && isdigit((unsigned char)c[1])) {
            c += strspn(c + 1, "0123456789");
        } else {
            slot->text[length++] = *c;
        }
    }
    slot->text[length] = 0;
    unlock_slot(slot);
}

int sylvite_kernel_error(const void *user_context, const char *program, const char *what, int code) {
    code = code == halide_error_code_out_of_memory ? sylvite_out_of_memory : code;
    struct slot *slot = lock_slot(user_context);
    if (slot->user_context == user_context && slot->text[0]) {
        sylvite_fail(code, "%s: %s: %s", program, what, slot->text);
        slot->text[0] = 0;
    } else {
        sylvite_fail(code, "%s: %s failed with code %d", program, what, code);
    }
    unlock_slot(slot);
    return code ? code : sylvite_kernel_failed;
}

/* Replaces the weak handler in Halide's runtime, which aborts. */
void halide_error(void *user_context, const char *text) {
    sylvite_fail(sylvite_kernel_failed, "%s", text);
    sylvite_report(user_context, text);
}

static const char *type_name(uint32_t type, char *text, size_t bytes) {
    static const char *const names[] = {"int", "uint", "float", "handle", "bfloat"};
    const unsigned code = type & 0xff, bits = (type >> 8) & 0xff;
    snprintf(text, bytes, "%s%u", code < 5 ? names[code] : "unknown", bits);
    return text;
}

int sylvite_check_array(const char *program, const char *argument, const struct halide_buffer_t *array, uint32_t type,
                        int dimensions, const int32_t *extents) {
    if (!array) {
        return sylvite_fail(sylvite_null_buffer, "%s: argument %s is a null pointer and must be an array", program,
                            argument);
    }
    const uint32_t given =
        (uint32_t)array->type.code | (uint32_t)array->type.bits << 8 | (uint32_t)array->type.lanes << 16;
    if (given != type) {
        char is[32], must[32];
        return sylvite_fail(sylvite_wrong_type, "%s: argument %s has elements of type %s but must have %s", program,
                            argument, type_name(given, is, sizeof is), type_name(type, must, sizeof must));
    }
    if (array->dimensions != dimensions) {
        return sylvite_fail(sylvite_wrong_rank, "%s: argument %s has %d dimensions but must have %d", program, argument,
                            array->dimensions, dimensions);
    }
    if (dimensions > 0 && !array->dim) {
        return sylvite_fail(sylvite_null_buffer, "%s: argument %s has a null pointer in place of its dimensions",
                            program, argument);
    }
    int is_empty = 0;
    for (int d = 0; d < dimensions; d++) {
        const int32_t extent = extents[d] > 0 ? extents[d] : 0;
        if (array->dim[d].extent != extent) {
            return sylvite_fail(sylvite_wrong_extent, "%s: argument %s has extent %d in dimension %d but must have %d",
                                program, argument, array->dim[d].extent, d, extent);
        }
        if (array->dim[d].min != 0) {
            return sylvite_fail(sylvite_wrong_layout,
                                "%s: argument %s begins at %d in dimension %d but must begin at 0", program, argument,
                                array->dim[d].min, d);
        }
        is_empty |= extent == 0;
    }
    if (dimensions > 0 && array->dim[0].stride != 1 && !is_empty) {
        return sylvite_fail(sylvite_wrong_layout, "%s: argument %s has stride %d in dimension 0 but must have 1",
                            program, argument, array->dim[0].stride);
    }
    if (!array->host && !array->device && !is_empty) {
        return sylvite_fail(sylvite_no_data, "%s: argument %s has neither host memory nor device memory", program,
                            argument);
    }
    return sylvite_success;
}

/* The addresses of host memory that an array spans, [begin, end). */
static void host_range(const struct halide_buffer_t *array, uintptr_t *begin, uintptr_t *end) {
    int64_t first = 0, last = 0;
    const int64_t bytes = (array->type.bits + 7) / 8;
    *begin = *end = (uintptr_t)array->host;
    for (int d = 0; d < array->dimensions; d++) {
        if (array->dim[d].extent <= 0) {
            return;
        }
        const int64_t reach = (int64_t)(array->dim[d].extent - 1) * array->dim[d].stride;
        *(reach < 0 ? &first : &last) += reach;
    }
    *begin += (uintptr_t)(first * bytes);
    *end += (uintptr_t)((last + 1) * bytes);
}

/* A dimension whose steps are not longer than all that the dimensions of smaller strides span, or -1 for none. Elements
 * of other arrays do not overlap. */
static int overlapping_dimension(const struct halide_buffer_t *array) {
    int found = -1;
    for (int d = 0; d < array->dimensions; d++) {
        const int64_t stride = llabs(array->dim[d].stride);
        int64_t span = 0;
        for (int e = 0; e < array->dimensions; e++) {
            const int64_t inner = llabs(array->dim[e].stride);
            if (array->dim[e].extent <= 0) {
                return -1;
            }
            if (e != d && (inner < stride || (inner == stride && e < d))) {
                span += (array->dim[e].extent - 1) * inner;
            }
        }
        if (array->dim[d].extent > 1 && stride <= span) {
            found = d;
        }
    }
    return found;
}

int sylvite_check_overlap(const char *program, int count, int inputs, const struct halide_buffer_t *const *arrays,
                          const char *const *names) {
    for (int output = inputs; output < count; output++) {
        const int dimension = overlapping_dimension(arrays[output]);
        if (dimension >= 0) {
            return sylvite_fail(sylvite_wrong_layout,
                                "%s: elements of output %s overlap: it has stride %d in dimension %d", program,
                                names[output], arrays[output]->dim[dimension].stride, dimension);
        }
        uintptr_t begin, end;
        host_range(arrays[output], &begin, &end);
        for (int other = 0; other < output; other++) {
            uintptr_t other_begin, other_end;
            host_range(arrays[other], &other_begin, &other_end);
            const int same_host = arrays[output]->host && begin < other_end && other_begin < end;
            const int same_device = arrays[output]->device && arrays[output]->device == arrays[other]->device;
            if (same_host || same_device) {
                return sylvite_fail(sylvite_overlap, "%s: output %s shares memory with argument %s", program,
                                    names[output], names[other]);
            }
        }
    }
    return sylvite_success;
}

int sylvite_check_history(const char *program, const char *loop, int steps, int capacity) {
    if (steps <= capacity) {
        return sylvite_success;
    }
    return sylvite_fail(sylvite_short_history, "%s: loop %s makes %d steps but declares a capacity of %d", program,
                        loop, steps, capacity);
}

/* Asks for large pages, which Linux gives where its administrator lets programs ask for them: a stencil over 20 MB spends
   a tenth of its time on translating addresses otherwise. Nothing depends on the answer. */
static void prefer_large_pages(char *memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
    const size_t least = (size_t)4 << 20, page = (size_t)sysconf(_SC_PAGESIZE);
    if (bytes >= least) {
        char *first = memory + (page - (uintptr_t)memory % page) % page;
        madvise(first, (size_t)(memory + bytes - first) / page * page, MADV_HUGEPAGE);
    }
#else
    (void)memory, (void)bytes;
#endif
}

/* Not by aligned_alloc: glibc before 2.38 hardly reuses what was freed of it, so each call of a program with a large
   arena took new memory (glibc's bug 14581). What malloc gave stands before the aligned memory. */
static void *allocate(uint64_t bytes) {
    char *given = bytes <= SIZE_MAX - arena_room ? malloc((size_t)(bytes + arena_room)) : NULL;
    if (!given) {
        return NULL;
    }
    prefer_large_pages(given, (size_t)(bytes + arena_room));
    void **aligned = (void **)(((uintptr_t)given + sizeof(void *) + alignment - 1) / alignment * alignment);
    aligned[-1] = given;
    return aligned;
}

static void release(void *aligned) {
    if (aligned) {
        free(((void **)aligned)[-1]);
    }
}

static void give_up(struct sylvite_arena *arena) {
    set(&this_call.arenas, get(&this_call.arenas) - (arena->data ? arena->bytes : 0));
    release(arena->data);
}

int sylvite_hold(struct sylvite_memory *memory, int64_t bytes) {
    memory->bytes += bytes;
    if (memory->bytes > memory->peak) {
        memory->peak = memory->bytes;
    }
    return sylvite_success;
}

int sylvite_hold_arena(struct sylvite_memory *memory, struct sylvite_arena *arena, int64_t bytes) {
    if (!arena->data || bytes > arena->bytes) {
        const int64_t before = arena->data ? arena->bytes + arena_room : 0;
        arena->data = arena;
        arena->bytes = bytes;
        return sylvite_hold(memory, bytes + arena_room - before);
    }
    return sylvite_success;
}

int sylvite_tell_peak(const struct sylvite_memory *memory, int64_t *bytes) {
    *bytes = memory->peak;
    return sylvite_success;
}

int sylvite_refuse_memory(const char *text) { return sylvite_fail(sylvite_unknown_memory, "%s", text); }

void *sylvite_reserve(struct sylvite_arena *arena, const char *program, int64_t bytes) {
    if (!arena->data || bytes > arena->bytes) {
        keep_nothing(&this_call); /* who needed it may not run any more */
        give_up(arena);
        arena->data = allocate((uint64_t)bytes);
        arena->bytes = bytes;
        if (arena->data) {
            set(&this_call.arenas, get(&this_call.arenas) + bytes);
        } else {
            sylvite_fail(sylvite_out_of_memory, "%s: no memory for %lld bytes of arrays", program, (long long)bytes);
        }
    }
    return arena->data;
}

int sylvite_point_at_slice(struct halide_buffer_t *view, const struct halide_buffer_t *stack, int slot) {
    const int64_t bytes = (stack->type.bits + 7) / 8;
    view->host = stack->host + slot * (int64_t)stack->dim[stack->dimensions - 1].stride * bytes;
    return sylvite_success;
}

int sylvite_value_of(const struct halide_buffer_t *array) { return *(const int32_t *)array->host; }

struct halide_buffer_t *sylvite_device_room(void *user_context, struct halide_buffer_t *array,
                                            const struct halide_device_interface_t *device) {
    uintptr_t begin, end;
    host_range(array, &begin, &end);
    if (end == begin) {
        array->flags = 0; /* nothing to copy, which the runtime could not do */
    }
    if (!array->device) {
        const uintptr_t bytes = end > begin ? end - begin : 1;
        struct halide_dimension_t words = {0, (int32_t)((bytes + 255) / 256 * 32), 1, 0};
        struct halide_buffer_t room;
        memset(&room, 0, sizeof room);
        room.type.code = halide_type_uint;
        room.type.bits = 64;
        room.type.lanes = 1;
        room.dimensions = 1;
        room.dim = &words;
        if (device->device_malloc(user_context, &room, device) == 0) {
            array->device = room.device;
            array->device_interface = room.device_interface;
        }
    }
    return array;
}

struct halide_buffer_t *sylvite_host_only(struct halide_buffer_t *array, int is_input) {
    if (array->device) {
        return NULL;
    }
    if (is_input && array->host) {
        array->flags |= halide_buffer_flag_host_dirty;
    }
    return array;
}

void sylvite_release(void *user_context, void *arena) {
    (void)user_context;
    give_up(arena);
}
