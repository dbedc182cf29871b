/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/engine/choose_sleeper.h>

#include <runtime/platform/clock.h>
#include <runtime/platform/virtual/virtual.h>

#include <sched.h>

enum { LOOK_AFTER = 4, MOST_FAR = 64 };

/* Of the calling thread. */
static __thread struct {
    int64_t at, used; /* ns: when it looked last, and its CPU time then */
    unsigned wakes;   /* since then */
    unsigned far;     /* in a row, of another worker */
    unsigned may_far; /* after so many it tries its own again */
    bool near;        /* the last one was of its own */
    bool blocks;      /* at the last look it had not computed */
} last __attribute__((tls_model("initial-exec")));

static unsigned cpu_here(void)
{
    return fl_virtual() ? 0 : (unsigned)sched_getcpu();
}

/* CPU time is at most as long as the time that has passed, and reading it is a system call. */
static bool looks(int64_t now)
{
    last.wakes++;
    return (!last.blocks || last.wakes >= LOOK_AFTER) &&
           now - last.at >= (int64_t)last.wakes * FL_NEAR_COMPUTES;
}

static bool has_computed(int64_t now)
{
    int64_t used = fl_thread_cpu(), more = used - last.used;
    bool computed = more >= (int64_t)last.wakes * FL_NEAR_COMPUTES;
    last.at = now;
    last.used = used;
    last.wakes = 0;
    return computed;
}

/* A thread that computes wakes another worker, and now and then its own: ever more rarely while
 * that changes nothing. */
static bool goes_far(void)
{
    if (last.near || !last.may_far) {
        last.may_far = !last.may_far ? 1 : last.may_far < MOST_FAR ? 2 * last.may_far : MOST_FAR;
        last.far = 0;
    }
    last.near = last.far++ == last.may_far;
    return !last.near;
}

static bool computes(void)
{
    int64_t now = fl_now();
    if (!looks(now))
        return false;
    last.blocks = !has_computed(now);
    if (!last.blocks)
        return goes_far();
    last.may_far = 0;
    last.near = false;
    return false;
}

static filch_u32 *entry(fl_near *near, unsigned cpu)
{
    return &near->parked[cpu % FL_NEAR_ENTRIES];
}

void fl_near_park(fl_near *near, unsigned worker)
{
    unsigned cpu = cpu_here();
    uint32_t mine = cpu * FL_NEAR_CPU + worker;
    if (filch_u32_load(entry(near, cpu), FILCH_RELAXED) != mine) /* a hint */
        filch_u32_store(entry(near, cpu), mine, FILCH_RELAXED);  /* a hint */
}

unsigned fl_near_first(fl_near *table, fl_wake_hint hint)
{
    if (hint < FL_WAKE_HERE)
        return hint;
    unsigned cpu = cpu_here();
    uint32_t parked = filch_u32_load(entry(table, cpu), FILCH_RELAXED); /* a hint */
    unsigned worker = parked / FL_NEAR_CPU == cpu ? parked % FL_NEAR_CPU : 0;
    return hint == FL_WAKE_GUESS && computes() ? worker + 1 : worker;
}

bool fl_near_is_of_another(fl_near *table, unsigned worker)
{
    unsigned cpu = cpu_here();
    uint32_t parked = filch_u32_load(entry(table, cpu), FILCH_RELAXED); /* a hint */
    return parked / FL_NEAR_CPU == cpu && parked % FL_NEAR_CPU != worker;
}
