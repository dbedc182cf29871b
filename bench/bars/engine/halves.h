/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The static fork/join loop that regions are compared with: the caller runs the lower half of the
 * iterations, a second thread the upper one, and each spins until the other is ready. Nothing can
 * be faster on two CPUs if the halves last equally long; and nothing else can run on them.
 * Edges: S1, a call begins, release store and acquire load of `begun`; S2, the upper half has
 * ended, release store and acquire load of `ended`. */
#ifndef BARS_HALVES_H
#define BARS_HALVES_H

#include "../measure.h"

#include <filch/atomic.h>

typedef void halves_range(void *context, size_t begin, size_t end);

typedef struct halves {
    pthread_t helper;
    halves_range *range; /* NULL: the helper returns */
    void *context;
    size_t n;
    filch_u32 begun; /* calls; S1 */
    char apart[FILCH_APART];
    filch_u32 ended; /* S2 */
} halves;

static inline void halves_await(const filch_u32 *word, uint32_t calls)
{
    while (filch_u32_load(word, FILCH_ACQUIRE) != calls) /* S1 or S2 */
        filch_pause();
}

static inline void *halves_help(void *arg)
{
    halves *h = arg;
    for (uint32_t call = 1;; call++) {
        halves_await(&h->begun, call); /* S1 */
        if (!h->range)
            return NULL;
        h->range(h->context, h->n / 2, h->n);
        filch_u32_store(&h->ended, call, FILCH_RELEASE); /* S2 */
    }
}

static inline void halves_open(halves *h)
{
    filch_u32_store(&h->begun, 0, FILCH_RELAXED); /* no helper yet */
    filch_u32_store(&h->ended, 0, FILCH_RELAXED); /* no helper yet */
    measure_expect(!pthread_create(&h->helper, NULL, halves_help, h), "no thread for a split");
}

static inline uint32_t halves_begin(halves *h, halves_range *range, void *context, size_t n)
{
    h->range = range;
    h->context = context;
    h->n = n;
    return filch_u32_add(&h->begun, 1, FILCH_RELEASE) + 1; /* S1 */
}

/* Runs range for [0, n). */
static inline void halves_run(halves *h, halves_range *range, void *context, size_t n)
{
    uint32_t call = halves_begin(h, range, context, n);
    range(context, 0, n / 2);
    halves_await(&h->ended, call); /* S2 */
}

static inline void halves_close(halves *h)
{
    halves_begin(h, NULL, NULL, 0);
    pthread_join(h->helper, NULL);
}

#endif
