/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/events.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/observe/tracing.h>
#include <runtime/engine/observe/work_span.h>
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/lock.h>
#include <runtime/platform/memory/sanitizer.h>
#include <runtime/platform/virtual/virtual.h>
#include <runtime/trace/format.h>
#include <runtime/trace/names.h>
#include <runtime/trace/ring.h>
#include <sched/times.h>

#include <sched.h>
#include <sys/resource.h>
#include <urcu-bp.h>

/* The involuntary switches of this thread since the last call; 0 if that was another thread's, as a
 * guest may have worked in the worker's place. Asked before a sleep, which is a system call anyway.
 * Those of virtual workers are the schedule's, which does not count them. */
static uint32_t preempted(struct fl_traced_ring *ring)
{
    static __thread char thread;
    struct rusage usage;
    if (fl_virtual() || getrusage(RUSAGE_THREAD, &usage))
        return 0;
    long since = ring->thread == &thread ? usage.ru_nivcsw - ring->preempted : 0;
    ring->thread = &thread;
    ring->preempted = usage.ru_nivcsw;
    return (uint32_t)since;
}

/* A trace may begin later than its worker: the first event shows which fiber it runs, and earlier
 * switches of its thread do not count. */
static void put_first(const fl_worker *worker, struct fl_traced_ring *ring)
{
    if (FILCH_LIKELY(ring->has_begun))
        return;
    ring->has_begun = true;
    preempted(ring);
    if (worker->running && worker->running->number)
        fl_trace_put(&ring->ring, FL_TRACE_SWITCH, worker->running->number, 0);
}

static void put(const fl_worker *worker, struct fl_traced_ring *ring, enum fl_trace_kind kind,
                uint32_t a, uint32_t b, const char *name)
{
    put_first(worker, ring);
    if (name && name != ring->last_name) {
        ring->last_name = name;
        ring->last_number = fl_trace_name(&ring->of->names, name);
    }
    if (name)
        b = ring->last_number;
    if (kind == FL_TRACE_DOES) {
        uint32_t times = a == FL_SLEEPING ? preempted(ring) : 0;
        if (times) {
            fl_probe(FL_TRACE_PREEMPTED, times, 0, (int)ring->ring.writer);
            fl_trace_put(&ring->ring, FL_TRACE_PREEMPTED, times, 0);
        }
        b = fl_virtual() ? 0 : (uint32_t)sched_getcpu();
    }
    fl_trace_put(&ring->ring, kind, a, b);
}

/* NULL: there is none. In a read-side section of the caller. */
static struct fl_traced_ring *ring_of(const fl_worker *worker, enum fl_trace_kind kind)
{
    uintptr_t trace = (uintptr_t)filch_ptr_load(&worker->trace, FILCH_ACQUIRE); /* ReadRing */
    bool has_it = kind < FL_TRACE_FORK || kind > FL_TRACE_GIVEN || (trace & FL_TRACED_TASKS);
    return has_it ? (struct fl_traced_ring *)(trace & ~(FL_TRACED_TASKS | FL_TRACED_SPAN)) : NULL;
}

void fl_event_put(fl_worker *worker, enum fl_trace_kind kind, uint32_t a, uint32_t b,
                  const char *name)
{
    uintptr_t trace = (uintptr_t)filch_ptr_load(&worker->trace, FILCH_RELAXED); /* a look */
    if (trace & FL_TRACED_SPAN && kind < FL_TRACE_FORK)
        fl_work_span_event(worker, kind, a, b);
    if (trace == FL_TRACED_SPAN)
        return;
    fl_look_begin();
    struct fl_traced_ring *ring = ring_of(worker, kind);
    if (ring)
        put(worker, ring, kind, a, b, name);
    fl_look_end();
}

void fl_event_put_text(fl_worker *worker, enum fl_trace_kind kind, const char *first,
                       const char *second, uint32_t b)
{
    fl_look_begin();
    struct fl_traced_ring *ring = ring_of(worker, kind);
    if (ring) {
        fl_trace_names *names = &ring->of->names;
        uint32_t a = fl_trace_name_copied(names, first);
        put(worker, ring, kind, a, second ? fl_trace_name_copied(names, second) : b, NULL);
    }
    fl_look_end();
}

void fl_event_put_outside(fl_runtime *rt, enum fl_trace_kind kind, uint32_t a, uint32_t b)
{
    fl_lock_by(&rt->trace_lock, fl_lock_slow);
    fl_tracing *tracing = filch_ptr_load(&rt->tracing, FILCH_RELAXED); /* the lock's */
    if (tracing)
        fl_trace_put(&tracing->outside, kind, a, b);
    fl_unlock(&rt->trace_lock);
}

/* ---- Start and stop ---- */

static void *pointer_to(const fl_runtime *rt, fl_tracing *tracing, unsigned worker)
{
    uintptr_t pointer = rt->work_span ? FL_TRACED_SPAN : 0;
    if (tracing)
        pointer |= (uintptr_t)&tracing->worker[worker];
    if (tracing && tracing->level == FL_TRACE_TASKS)
        pointer |= FL_TRACED_TASKS;
    return (void *)pointer;
}

static void set(fl_runtime *rt, fl_tracing *tracing)
{
    fl_lock_by(&rt->trace_lock, fl_lock_slow);
    filch_ptr_store(&rt->tracing, tracing, FILCH_RELAXED); /* the lock's */
    for (unsigned i = 0; i < rt->worker_set.most; i++)
        filch_ptr_store(&rt->worker[i]->trace, pointer_to(rt, tracing, i),
                        FILCH_RELEASE); /* ShowRing */
    fl_unlock(&rt->trace_lock);
}

void fl_event_publish(fl_runtime *rt, fl_tracing *tracing)
{
    set(rt, tracing);
}

void fl_event_withdraw(fl_runtime *rt)
{
    set(rt, NULL);
    urcu_bp_synchronize_rcu();
    fl_tsan_acquire(&fl_readers);
}
