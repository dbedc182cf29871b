/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Submission of many: a batch at a time, with one taking of the lock for those of a batch for which
 * there is room; in direct pools with one count and one hand-over (runtime/pool/direct.h). Batches
 * are small enough that who runs jobs is not kept waiting for the lock, and that all fits on a
 * stack. */
#include <runtime/pool/results.h>

#include <runtime/pool/pool.h>

typedef struct work {
    filch_job_fn *fn;
    void *const *data; /* or NULL */
    const filch_job_options *options;
} work;

/* Returns how many were made; fewer than count: *rc says why the next was not. */
static unsigned make(filch_job **jobs, filch_pool *pool, const work *what, unsigned count, int *rc)
{
    unsigned made = 0;
    *rc = 0;
    while (made < count && !*rc) {
        void *data = what->data ? what->data[made] : NULL;
        *rc = fl_job_make(&jobs[made], pool, what->fn, data, what->options, false);
        made += !*rc;
    }
    return made;
}

/* At most FL_BATCH. Those for which there is memory; whether there is some for the next is asked
 * when these are submitted. */
static int submit_some(filch_pool *pool, const work *what, unsigned count, int64_t until,
                       unsigned *accepted)
{
    filch_job *jobs[FL_BATCH];
    int rc;
    unsigned made = make(jobs, pool, what, count, &rc);
    if (!made)
        return rc;
    filch_results *results = fl_more(jobs[0]) ? jobs[0]->more->options.results : NULL;
    rc = fl_results_expect(results, made);
    if (!rc) {
        rc = fl_jobs_submit(pool, jobs, made, until, accepted);
        fl_results_refused(results, made - *accepted);
    }
    for (unsigned i = *accepted; i < made; i++)
        fl_job_give_up(jobs[i]);
    return rc;
}

int filch_pool_submit_all(filch_pool *pool, filch_job_fn *fn, void *const data[], size_t count,
                          const filch_job_options *options, int64_t until, size_t *accepted)
{
    static const filch_job_options plain;
    work what = {fn, data, options ? options : &plain};
    size_t done = 0;
    int rc = fl_jobs_check(pool, fn, what.options, until);
    bool direct = !rc && pool->direct.tallies && fl_job_is_plain(pool, what.options, false);
    while (!rc && done < count) {
        unsigned some = count - done < FL_BATCH ? (unsigned)(count - done) : FL_BATCH, taken = 0;
        what.data = data ? data + done : NULL;
        rc = direct ? fl_direct_submit_all(pool, fn, what.data, some, what.options, &taken)
                    : submit_some(pool, &what, some, until, &taken);
        done += taken;
    }
    if (accepted)
        *accepted = done;
    return rc;
}
