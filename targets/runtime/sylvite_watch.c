/* What a caller may see of its programs while they run: steps, kernels that write what is not finite, times. */

#define _POSIX_C_SOURCE 199309L /* NOLINT(bugprone-reserved-identifier): for clock_gettime() */

#include "sylvite_runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Thread_local const struct sylvite_watch *watching;

const struct sylvite_watch *sylvite_watching(void) { return watching; }

const struct sylvite_watch *sylvite_set_watch(const struct sylvite_watch *watch) {
    const struct sylvite_watch *before = watching;
    watching = watch;
    return before;
}

static int copy_to_host(void *user_context, struct halide_buffer_t *array) {
    const int is_new_there = array->device_interface && (array->flags & halide_buffer_flag_device_dirty);
    return is_new_there ? array->device_interface->copy_to_host(user_context, array) : 0;
}

const struct halide_buffer_t *sylvite_state(const struct sylvite_loop_step *step, int index) {
    if (index < 0 || index >= step->states || copy_to_host(step->user_context, step->arrays[index]) != 0) {
        return NULL;
    }
    return step->arrays[index];
}

int sylvite_step(const struct sylvite_watch *watch, const struct sylvite_loop_step *step) {
    if (!watch->observer || watch->observer(watch->context, step) == 0) {
        return sylvite_success;
    }
    return sylvite_fail(sylvite_cancelled, "%s: cancelled at step %d of loop %s", step->program, step->step,
                        step->loop);
}

/* ---- times ---- */

int64_t sylvite_clock(const struct sylvite_watch *watch) {
    if (!watch->profile) {
        return 0;
    }
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int is_same(const char *a, const char *b) { return a == b || strcmp(a, b) == 0; }

static void count(struct sylvite_profile *profile, const struct sylvite_kernel_run *run, int64_t time) {
    int i = 0;
    while (i < profile->count &&
           !(is_same(profile->kernels[i].kernel, run->kernel) && is_same(profile->kernels[i].program, run->program))) {
        i++;
    }
    if (i == profile->capacity) {
        profile->missed++;
        return;
    }
    struct sylvite_kernel_time *kernel = &profile->kernels[i];
    if (i == profile->count) {
        profile->count++;
        *kernel = (struct sylvite_kernel_time){run->program, run->kernel, 0, 0};
    }
    kernel->calls++;
    kernel->nanoseconds += time;
}

/* A text of limited length: what does not fit is counted and left out. */
struct text {
    char *start;
    size_t bytes, length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...) {
    const size_t used = text->length < text->bytes ? text->length : text->bytes;
    va_list arguments;
    va_start(arguments, format);
    const int added = vsnprintf(text->bytes ? text->start + used : NULL, text->bytes - used, format, arguments);
    va_end(arguments);
    text->length += added > 0 ? (size_t)added : 0;
}

static void add_row(struct text *text, int width, const struct sylvite_kernel_time *row, int64_t all) {
    char name[128];
    snprintf(name, sizeof name, "%s %s", row->program, row->kernel);
    const double time = (double)row->nanoseconds;
    add(text, "%-*s %10lld %12.3f %12.3f %6.1f %%\n", width, name, (long long)row->calls, time * 1e-6,
        row->calls ? time * 1e-3 / (double)row->calls : 0.0, all ? 100 * time / (double)all : 0.0);
}

/* Whether row i stands above row j. */
static int is_above(const struct sylvite_profile *profile, int i, int j) {
    const int64_t a = profile->kernels[i].nanoseconds, b = profile->kernels[j].nanoseconds;
    return a > b || (a == b && i < j);
}

int sylvite_profile_text(const struct sylvite_profile *profile, char *characters, size_t bytes) {
    struct text text = {characters, bytes, 0};
    struct sylvite_kernel_time all = {"all", "kernels", 0, 0};
    int width = 11;
    for (int i = 0; i < profile->count; i++) {
        const struct sylvite_kernel_time *kernel = &profile->kernels[i];
        const int length = (int)(strlen(kernel->program) + strlen(kernel->kernel)) + 1;
        width = length > width ? length : width;
        all.calls += kernel->calls;
        all.nanoseconds += kernel->nanoseconds;
    }
    add(&text, "%-*s %10s %12s %12s %8s\n", width, "kernel", "calls", "total/ms", "mean/us", "share");
    for (int place = 0; place < profile->count; place++) {
        for (int i = 0; i < profile->count; i++) {
            int above = 0;
            for (int j = 0; j < profile->count; j++) {
                above += is_above(profile, j, i);
            }
            if (above == place) {
                add_row(&text, width, &profile->kernels[i], all.nanoseconds);
            }
        }
    }
    add_row(&text, width, &all, all.nanoseconds);
    if (profile->missed) {
        add(&text, "%lld calls of other kernels found no room\n", (long long)profile->missed);
    }
    return (int)text.length;
}

/* ---- what is not finite ---- */

/* Floats whose exponent has only ones are infinities and NaNs. */
static int any_16(const uint16_t *row, int32_t size, uint16_t exponent) {
    int found = 0;
    for (int32_t i = 0; i < size; i++) {
        found |= (row[i] & exponent) == exponent;
    }
    return found;
}

static int any_32(const uint32_t *row, int32_t size, uint32_t exponent) {
    int found = 0;
    for (int32_t i = 0; i < size; i++) {
        found |= (row[i] & exponent) == exponent;
    }
    return found;
}

static int any_64(const uint64_t *row, int32_t size, uint64_t exponent) {
    int found = 0;
    for (int32_t i = 0; i < size; i++) {
        found |= (row[i] & exponent) == exponent;
    }
    return found;
}

static const struct float_format {
    uint8_t code, bits;
    uint64_t exponent;
} float_formats[] = {
    {halide_type_float, 64, 0x7ff0000000000000u},
    {halide_type_float, 32, 0x7f800000u},
    {halide_type_float, 16, 0x7c00u},
    {halide_type_bfloat, 16, 0x7f80u},
};

static int any_in(const struct float_format *format, const uint8_t *row, int32_t size) {
    switch (format->bits) {
    case 64:
        return any_64((const uint64_t *)row, size, format->exponent);
    case 32:
        return any_32((const uint32_t *)row, size, (uint32_t)format->exponent);
    default:
        return any_16((const uint16_t *)row, size, (uint16_t)format->exponent);
    }
}

/* `inf`, `-inf` or `nan`, of the first element of a row that has one, which `*i` becomes. */
static const char *first_in(const struct float_format *format, const uint8_t *row, int32_t *i) {
    const int bytes = format->bits / 8;
    for (*i = 0; !any_in(format, row + (int64_t)*i * bytes, 1); ++*i) {
    }
    uint64_t value = 0;
    memcpy(&value, row + (int64_t)*i * bytes, (size_t)bytes); /* little-endian, as all targets are */
    const uint64_t sign = (uint64_t)1 << (format->bits - 1);
    return value & ~(format->exponent | sign) ? "nan" : value & sign ? "-inf" : "inf";
}

static void add_place(struct text *text, const struct halide_buffer_t *array, int32_t i, int64_t row) {
    add(text, "(");
    for (int d = 0; d < array->dimensions; d++) {
        add(text, "%s%lld", d ? ", " : "", (long long)(d == 0 ? i : row % array->dim[d].extent));
        row /= d == 0 ? 1 : array->dim[d].extent;
    }
    add(text, ")");
}

/* Describes the first element that is not finite: "inf to next(3, 5)". Returns 0 where there is none. */
static int find(const struct halide_buffer_t *array, const char *name, struct text *text) {
    const struct float_format *format = NULL;
    for (size_t f = 0; f < sizeof float_formats / sizeof *float_formats; f++) {
        if (float_formats[f].code == array->type.code && float_formats[f].bits == array->type.bits) {
            format = &float_formats[f];
        }
    }
    const int32_t size = array->dimensions ? array->dim[0].extent : 1;
    int64_t rows = 1;
    for (int d = 1; d < array->dimensions; d++) {
        rows *= array->dim[d].extent;
    }
    for (int64_t row = 0; format && size > 0 && row < rows; row++) {
        int64_t offset = 0, rest = row;
        for (int d = 1; d < array->dimensions; d++) {
            offset += rest % array->dim[d].extent * array->dim[d].stride;
            rest /= array->dim[d].extent;
        }
        const uint8_t *first = array->host + offset * (format->bits / 8);
        if (any_in(format, first, size)) {
            int32_t i;
            add(text, "%s to %s", first_in(format, first, &i), name);
            add_place(text, array, i, row);
            return 1;
        }
    }
    return 0;
}

static int need_finite(const struct sylvite_kernel_run *run) {
    for (int i = 0; i < run->outputs; i++) {
        char characters[400];
        struct text text = {characters, sizeof characters, 0};
        const int code = copy_to_host(run->user_context, run->arrays[i]);
        if (code != 0) {
            return sylvite_fail(code, "%s: %s cannot be copied from its device", run->program, run->names[i]);
        }
        if (find(run->arrays[i], run->names[i], &text)) {
            for (int d = run->depth - 1; d >= 0; d--) {
                add(&text, "%s step %d of loop %s", d + 1 == run->depth ? " in" : ",", run->steps[d], run->loops[d]);
            }
            return sylvite_fail(sylvite_not_finite, "%s: not finite: kernel %s wrote %s", run->program, run->kernel,
                                characters);
        }
    }
    return sylvite_success;
}

int sylvite_kernel_ran(const struct sylvite_watch *watch, const struct sylvite_kernel_run *run) {
    if (watch->profile) {
        for (int i = 0; i < run->outputs; i++) {
            const struct halide_device_interface_t *device = run->arrays[i]->device_interface;
            if (device) { /* what fails there shows when the array is used */
                device->device_sync(run->user_context, run->arrays[i]);
            }
        }
        count(watch->profile, run, sylvite_clock(watch) - run->began);
    }
    return watch->finite ? need_finite(run) : sylvite_success;
}
