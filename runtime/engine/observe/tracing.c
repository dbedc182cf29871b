/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/observe/tracing.h>

#include <filch/trace.h>
#include <runtime/engine/events.h>
#include <runtime/engine/external.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/observe/handover.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/settings.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/error.h>
#include <runtime/trace/file.h>
#include <runtime/trace/format.h>
#include <runtime/trace/names.h>
#include <runtime/trace/ring.h>
#include <sched/forkstack.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- Life ---- */

/* Blocks that each writer overwrites in turn; 0: none is overwritten. */
static unsigned kept_by_each(const fl_trace_options *options, unsigned writers)
{
    uint64_t blocks = options->limit / FL_TRACE_BLOCK, names = 2;
    uint64_t each = blocks > names ? (blocks - names) / writers : 0;
    return !options->overwrites ? 0 : each < 2 ? 2 : (unsigned)each;
}

/* Room for all blocks that are overwritten, also if the limit is less. */
static uint64_t most_of(const fl_trace_options *options, unsigned kept, unsigned writers)
{
    uint64_t least = (uint64_t)(kept * writers + 2) * FL_TRACE_BLOCK;
    return options->limit > least ? options->limit : least;
}

static void end(fl_tracing *tracing, unsigned rings)
{
    for (unsigned i = 0; i < rings; i++)
        fl_trace_ring_clear(&tracing->worker[i].ring);
    fl_trace_ring_clear(&tracing->outside);
    fl_trace_names_clear(&tracing->names);
    fl_trace_file_end(&tracing->file);
    free(tracing);
}

static int no_memory(void)
{
    return fl_fail(ENOMEM, "no memory to begin a trace; free some");
}

static int create_rings(fl_tracing *tracing, unsigned workers, unsigned kept)
{
    unsigned made = 0;
    int rc = fl_trace_ring_init(&tracing->outside, &tracing->file, FL_TRACE_OUTSIDE, kept);
    for (; !rc && made < workers; made++) {
        tracing->worker[made].of = tracing;
        rc = fl_trace_ring_init(&tracing->worker[made].ring, &tracing->file, made, kept);
    }
    return rc;
}

static int create(fl_tracing **out, const fl_runtime *rt, const fl_trace_options *options)
{
    unsigned workers = rt->worker_set.most, kept = kept_by_each(options, workers + 1);
    fl_tracing *tracing = calloc(1, sizeof *tracing + workers * sizeof *tracing->worker);
    if (!tracing)
        return no_memory();
    tracing->level = options->level;
    int rc = fl_trace_file_create(&tracing->file, options->file,
                                  most_of(options, kept, workers + 1), workers, options->level);
    if (rc) {
        free(tracing);
        return rc;
    }
    fl_trace_names_init(&tracing->names, &tracing->file);
    if (create_rings(tracing, workers, kept)) {
        end(tracing, workers);
        return no_memory();
    }
    *out = tracing;
    return 0;
}

/* ---- Start and stop ---- */

static void count_traced(const fl_tracing *tracing, int by)
{
    fl_tax_watch(by);
    if (tracing->level == FL_TRACE_TASKS)
        filch_u32_add(&fl_handovers_traced, (uint32_t)by,
                      FILCH_RELAXED); /* a few events more or less */
}

int fl_tracing_start(fl_runtime *rt, const fl_trace_options *options)
{
    fl_tracing *tracing = NULL;
    if (filch_ptr_load(&rt->tracing, FILCH_RELAXED)) /* changed by callers of this and _stop only */
        return fl_fail(EBUSY, "the runtime already has a trace; stop it first");
    if (options->level == FL_TRACE_TASKS && rt->fibers.side == FL_SIDE_INLINE)
        return fl_fail(EINVAL, "the runtime's forks are inline, so a trace cannot have the level "
                               "'tasks'; set FILCH_TRACE=FILE,tasks, or .trace in filch_config, "
                               "when it is created");
    int rc = create(&tracing, rt, options);
    if (rc)
        return rc;
    fl_event_publish(rt, tracing);
    count_traced(tracing, 1);
    return 0;
}

int fl_tracing_stop(fl_runtime *rt)
{
    fl_tracing *tracing = filch_ptr_load(&rt->tracing, FILCH_RELAXED); /* as above */
    if (!tracing)
        return fl_fail(EINVAL, "the runtime has no trace; start one");
    fl_event_withdraw(rt);
    count_traced(tracing, -1);
    end(tracing, rt->worker_set.most);
    return 0;
}

void fl_tracing_end(fl_runtime *rt)
{
    fl_tracing *tracing = filch_ptr_load(&rt->tracing, FILCH_RELAXED); /* no other thread is left */
    if (tracing) {
        count_traced(tracing, -1);
        end(tracing, rt->worker_set.most);
    }
    free(rt->settings.trace.file);
}

/* ---- Public calls ---- */

/* The public calls of <filch/trace.h>. */

static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER; /* while a trace begins or ends */

int filch_trace_start(filch_runtime *rt, const char *file, const char *options)
{
    fl_trace_options read;
    int rc = fl_runtime_meant(&rt, "filch_trace_start");
    if (!rc)
        rc = fl_trace_options_read(&read, file, options);
    if (rc)
        return rc;
    pthread_mutex_lock(&changing);
    rc = fl_tracing_start(rt, &read);
    pthread_mutex_unlock(&changing);
    free(read.file);
    return rc;
}

int filch_trace_stop(filch_runtime *rt)
{
    int rc = fl_runtime_meant(&rt, "filch_trace_stop");
    if (rc)
        return rc;
    pthread_mutex_lock(&changing);
    rc = fl_tracing_stop(rt);
    pthread_mutex_unlock(&changing);
    return rc;
}

void filch_trace_mark(const char *name, uint32_t value)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_event_text(here, FL_TRACE_MARK, name, NULL, value);
}

void filch_trace_span_begin(const char *name)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_event_text(here, FL_TRACE_SPAN, name, NULL, here->running->number);
}

void filch_trace_span_end(void)
{
    fl_worker *here = fl_worker_here();
    if (here)
        fl_event(here, FL_TRACE_SPAN_END, here->running->number, 0);
}
