#ifndef SYLVITE_RUNTIME_H
#define SYLVITE_RUNTIME_H

/* What programs compiled ahead of time by Sylvite need at run time, and what their callers may ask it.
 *
 * A compiled program is a C function that returns 0, a sylvite_code below, a negative halide_error_code_t of
 * HalideRuntime.h, or the code that a C function which it calls, an extern kernel, has returned. It never aborts;
 * sylvite_last_error() says in words what happened. */

#include "HalideRuntime.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Why a program refused to run. */
enum sylvite_code {
    sylvite_success = 0,
    sylvite_null_buffer = 1001,   /**< an array argument, or its dim, is a null pointer */
    sylvite_no_data = 1002,       /**< an array argument has neither host memory nor device memory */
    sylvite_wrong_type = 1003,    /**< ... has another element type than declared */
    sylvite_wrong_rank = 1004,    /**< ... has another number of dimensions */
    sylvite_wrong_extent = 1005,  /**< ... has another extent */
    sylvite_wrong_layout = 1006,  /**< ... does not start at 0, its first dimension is not dense, or, in an output,
                                       elements overlap */
    sylvite_overlap = 1007,       /**< an output shares memory with another argument */
    sylvite_out_of_memory = 1008, /**< there is no memory for arrays of the program, or for what a kernel needs */
    sylvite_short_history = 1009, /**< a loop makes more steps than the capacity that it declares */
    sylvite_kernel_failed = 1010, /**< a kernel failed with no code of its own */
    sylvite_cancelled = 1011,     /**< the observer ended the program */
    sylvite_not_finite = 1012,    /**< a kernel wrote an infinity or a NaN, and the caller watches for them */
    sylvite_unknown_memory =
        1013,                /**< arrays decide how much memory a program takes, which `<program>_memory` is asked */
    sylvite_no_device = 1014 /**< the program was compiled for Vulkan, and there is no driver or no device */
};

/** One clear line about the last failed call in this thread; an empty text when none failed. The text stays valid until
 * the next call of a program in this thread. */
const char *sylvite_last_error(void);

/** A step of a loop that is about to be made. What it points to is valid until the observer returns. */
struct sylvite_loop_step {
    const char *program, *loop;            /**< their names */
    int step;                              /**< 0, 1, ... */
    int steps;                             /**< how many the loop makes, or -1 if that is not known */
    int states;                            /**< how many states the loop has */
    const char *const *names;              /**< what they are called */
    struct halide_buffer_t *const *arrays; /**< what the step starts from; sylvite_state() reads them */
    void *user_context;                    /**< for functions of Halide's run time */
};

/** State `index` as the step finds it, in host memory, to which it is copied from a device if it must be; null where
 * that fails or there is no such state. It must not be changed. */
const struct halide_buffer_t *sylvite_state(const struct sylvite_loop_step *step, int index);

/** What is called at the start of each step of each loop. Any value but 0 ends the program with sylvite_cancelled; its
 * memory comes back, and what its outputs hold is undefined. */
typedef int (*sylvite_observer)(void *context, const struct sylvite_loop_step *step);

/** What all calls of a kernel took together. */
struct sylvite_kernel_time {
    const char *program, *kernel; /**< their names, which lie in the compiled code */
    int64_t calls, nanoseconds;
};

/** Where times are added up, over as many runs and programs as the caller likes. */
struct sylvite_profile {
    struct sylvite_kernel_time *kernels; /**< memory of the caller's */
    int capacity;                        /**< how many fit there */
    int count;                           /**< how many there are; 0 at first */
    int64_t missed;                      /**< calls of kernels that did not fit */
};

/** The profile as a table, longest times first, as snprintf() writes it: returns the length of the whole text. */
int sylvite_profile_text(const struct sylvite_profile *profile, char *text, size_t bytes);

/** What a caller wants to know of the programs that it runs. Members that are 0 ask for nothing. */
struct sylvite_watch {
    sylvite_observer observer;
    void *context; /**< the observer's */
    int finite;    /**< not 0: all floats that a kernel wrote are looked at after it ran; an infinity or a NaN
                                          ends the program with sylvite_not_finite and a text that says where */
    struct sylvite_profile *profile; /**< where the times of kernels are added up */
};

/** Sets what is watched in programs that this thread calls from now on; null for nothing, which costs a kernel and a
 * step one comparison each. Returns what was set before. Arrays on devices are copied to the host to be looked at, and
 * to be timed a kernel is waited for. */
const struct sylvite_watch *sylvite_set_watch(const struct sylvite_watch *watch);

/* The rest is for generated code. */

/** What the code behind Executable::memory() and `<program>_memory` counts in, which begins as {0, 0}. */
struct sylvite_memory {
    int64_t peak;  /**< the most at a time, in bytes */
    int64_t bytes; /**< for the function's own use */
};

/** Makes the text of a failed call this thread's; returns `code`. */
int sylvite_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** What the thread watches, or null. */
const struct sylvite_watch *sylvite_watching(void);

/** Tells the observer, if there is one. */
int sylvite_step(const struct sylvite_watch *watch, const struct sylvite_loop_step *step);

/** What may be asked about a kernel that ran. */
struct sylvite_kernel_run {
    const char *program, *kernel;
    int64_t began; /**< what sylvite_clock() was before it */
    int outputs;
    const char *const *names; /**< of the outputs */
    struct halide_buffer_t *const *arrays;
    int depth; /**< how many loops it is in */
    const char *const *loops;
    const int32_t *steps; /**< of these loops, the outermost one first */
    void *user_context;
};

/** Nanoseconds, or 0 if nothing is timed. */
int64_t sylvite_clock(const struct sylvite_watch *watch);

/** Counts a kernel that ran, and looks at what it wrote. */
int sylvite_kernel_ran(const struct sylvite_watch *watch, const struct sylvite_kernel_run *run);

/** A piece of memory that grows and is never returned before its program ends. */
struct sylvite_arena {
    void *data;
    int64_t bytes;
};

/** Counts memory that a program takes, or gives back: `bytes` < 0. */
int sylvite_hold(struct sylvite_memory *memory, int64_t bytes);

/** The same for what sylvite_reserve() would do; `arena->data` stays as it is. */
int sylvite_hold_arena(struct sylvite_memory *memory, struct sylvite_arena *arena, int64_t bytes);

/** Stores the most that was counted. */
int sylvite_tell_peak(const struct sylvite_memory *memory, int64_t *bytes);

/** Makes `text` this thread's; returns sylvite_unknown_memory. */
int sylvite_refuse_memory(const char *text);

/** Begins a call: clears this thread's text; returns the user context of its kernels. */
void *sylvite_begin(void);

/** Ends it: what was kept for its kernels is given back. The second argument is not used. */
void sylvite_end(void *user_context, void *unused);

/** A kernel is about to run for which memory may be kept; `number` tells the kernels of a program apart. */
int sylvite_kernel_begins(void *user_context, int number);

/** Keeps the text of an error that a kernel reported under `user_context`, on whatever thread it ran. */
void sylvite_report(const void *user_context, const char *text);

/** The code of a failed call, after its text has been made this thread's; `what` failed: "kernel step". */
int sylvite_kernel_error(const void *user_context, const char *program, const char *what, int code);

/** Why no Vulkan device can be used here, or null where there is one. Halide 21 ends the process where there is none. */
const char *sylvite_why_no_vulkan(void);

/** Refuses to run `program` then. */
int sylvite_needs_vulkan(const char *program);

/** Checks one array argument against its declaration. `type` is a halide_type_t::as_u32(). */
int sylvite_check_array(const char *program, const char *argument, const struct halide_buffer_t *array, uint32_t type,
                        int dimensions, const int32_t *extents);

/** Refuses outputs that share memory with another argument, and outputs whose own elements do; the first `inputs` of the `count` arrays are inputs. */
int sylvite_check_overlap(const char *program, int count, int inputs, const struct halide_buffer_t *const *arrays,
                          const char *const *names);

/** Refuses a loop whose history is shorter than its steps. */
int sylvite_check_history(const char *program, const char *loop, int steps, int capacity);

/** Room for `bytes` bytes, 64-byte aligned, or null; what the arena has is kept if that is enough. */
void *sylvite_reserve(struct sylvite_arena *arena, const char *program, int64_t bytes);

/** Points `view` at slice `slot` of the last dimension of `stack`. */
int sylvite_point_at_slice(struct halide_buffer_t *view, const struct halide_buffer_t *stack, int slot);

/** The value of an array without dimensions of int32 that lies on the host. */
int sylvite_value_of(const struct halide_buffer_t *array);

/** Gives `array` device memory of a size that is a multiple of 256 bytes, if it has none; returns `array`. Halide 21
 * places Vulkan arrays of other sizes over one another. An error shows when the array is used. */
struct halide_buffer_t *sylvite_device_room(void *user_context, struct halide_buffer_t *array,
                                            const struct halide_device_interface_t *device);

/** `array` if it has no device memory, else null: what returns it to that state when the program ends. What an input
 * without device memory has on the host counts as new, whatever its dirty bit says. */
struct halide_buffer_t *sylvite_host_only(struct halide_buffer_t *array, int is_input);

/** Returns the memory of an arena. */
void sylvite_release(void *user_context, void *arena);

#ifdef __cplusplus
}
#endif

#endif
