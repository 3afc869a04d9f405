/* C functions for tests of extern kernels: part of each test program, and linked beside static libraries. */

#include "HalideRuntime.h"

static int is_query(const halide_buffer_t *array) { return array->dim[0].extent > 0 && !array->host; }

/* out(i) = s u(i) + k(n - 1 - i). Code 7 for s < 0; 8 for bounds queries and arrays that are not whole, which must not be
 * seen. */
int test_mirror(halide_buffer_t *u, halide_buffer_t *k, double s, halide_buffer_t *out) {
    const int n = out->dim[0].extent;
    const double *from = (const double *)u->host, *more = (const double *)k->host;
    double *to = (double *)out->host;
    const halide_buffer_t *const all[] = {u, k, out};
    for (int i = 0; i < 3; i++) {
        if (is_query(all[i]) || all[i]->dimensions != 1 || all[i]->dim[0].min != 0 || all[i]->dim[0].stride != 1 ||
            all[i]->dim[0].extent != n) {
            return 8;
        }
    }
    for (int i = 0; i < n; i++) {
        to[i] = s * from[i] + more[n - 1 - i];
    }
    return s < 0 ? 7 : 0;
}

/* out(i) = u(i)^2 a(n - 1 - i). */
int test_square(halide_buffer_t *u, halide_buffer_t *a, halide_buffer_t *out) {
    const int n = out->dim[0].extent;
    for (int i = 0; i < n; i++) {
        const double value = ((const double *)u->host)[i];
        ((double *)out->host)[i] = value * value * ((const double *)a->host)[n - 1 - i];
    }
    return 0;
}

/* A linear map, out(i) = u(i) + 2 u(i + 1), and the transposed one. */
int test_shift(halide_buffer_t *u, halide_buffer_t *out) {
    const int n = out->dim[0].extent;
    const double *from = (const double *)u->host;
    for (int i = 0; i < n; i++) {
        ((double *)out->host)[i] = from[i] + (i + 1 < n ? 2 * from[i + 1] : 0);
    }
    return 0;
}

int test_shift_back(halide_buffer_t *u, halide_buffer_t *out) {
    const int n = out->dim[0].extent;
    const double *from = (const double *)u->host;
    for (int i = 0; i < n; i++) {
        ((double *)out->host)[i] = from[i] + (i > 0 ? 2 * from[i - 1] : 0);
    }
    return 0;
}

/* out(i) = u(i) + t, of integers of 32 bits; counts its calls in test_calls. */
int test_calls;

int test_add(halide_buffer_t *u, int t, halide_buffer_t *out) {
    test_calls++;
    for (int i = 0; i < out->dim[0].extent; i++) {
        ((int *)out->host)[i] = ((const int *)u->host)[i] + t;
    }
    return 0;
}
