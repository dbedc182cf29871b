/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The jobs of one call that submits many: each with a function and options of its own, or all with
 * the same. */
#ifndef FL_SUBMISSIONS_H
#define FL_SUBMISSIONS_H

#include <filch/pool.h>

typedef struct fl_submissions {
    const filch_submission *each; /* NULL: all are like `all`, */
    filch_submission all;         /* but for the data, */
    void *const *data;            /* which are these; NULL: NULL */
} fl_submissions;

/* Number i, with options. */
static inline filch_submission fl_submission(const fl_submissions *of, size_t i)
{
    static const filch_job_options plain;
    filch_submission one = of->each ? of->each[i] : of->all;
    if (!of->each)
        one.data = of->data ? of->data[i] : NULL;
    if (!one.options)
        one.options = &plain;
    return one;
}

#endif
