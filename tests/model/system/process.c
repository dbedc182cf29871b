/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/process.h>

#include <runtime/engine/fiber.h>
#include <runtime/engine/guest.h>
#include <runtime/engine/runtime.h>
#include <runtime/platform/atfork.h>
#include <runtime/platform/error.h>
#include <runtime/platform/foreign.h>
#include <runtime/platform/machine/affinity.h>
#include <runtime/platform/machine/quota.h>
#include <runtime/platform/memory/locked_memory.h>
#include <runtime/platform/rcu_thread.h>
#include <runtime/queue/queues.h>
#include <runtime/sync/wait_fd.h>
#include <tests/model/checker/check.h>
#include <tests/model/system/reaches.h>
#include <tests/model/system/system.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIBERS = 8, STACK = 64 * 1024 };

static struct {
    void *(*run)(void *);
    void *arg;
    fl_worker *here;
    unsigned turns; /* as a guest */
} thread[MC_THREADS];

/* ---- The system: threads ---- */

int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg)
{
    (void)attributes;
    const fl_worker *worker = arg;
    *out = worker->index + 1;
    thread[*out].run = run;
    thread[*out].arg = thread[*out].here = arg;
    return 0;
}

int pthread_join(pthread_t joined, void **result)
{
    (void)result;
    mc_join((unsigned)joined, MC_HERE);
    return 0;
}

MC_UNCHECKED fl_worker *fl_worker_here(void)
{
    return thread[mc_self()].here;
}

MC_UNCHECKED void fl_worker_set_here(fl_worker *worker)
{
    thread[mc_self()].here = worker;
    if (worker)
        reaches_note(thread[mc_self()].turns++ ? "another turn" : "a guest");
}

/* Each stack is large, and has most of its room left. */
MC_UNCHECKED const fl_foreign *fl_foreign_here(void)
{
    static fl_foreign large = {.low = NULL + 1};
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    large.size = here / 8 * 9;
    return &large;
}

/* ---- The system: the per-process objects ---- */

unsigned fl_fork_generation(void)
{
    return 0;
}

void fl_fork_hold(void)
{
}

void fl_fork_release(void)
{
}

void fl_overflow_enter(void *room)
{
    (void)room;
}

void fl_overflow_exit(void)
{
}

const char *fl_bind_name(enum fl_bind bind)
{
    (void)bind;
    return "";
}

bool fl_topology_real(const fl_topology *topology)
{
    (void)topology;
    return false;
}

const char *filch_error(void)
{
    return "";
}

const char *filch_error_about(int code)
{
    (void)code;
    return "";
}

void fl_error_note(int code)
{
    (void)code;
}

int fl_explained_by(int code, const char *says)
{
    (void)says;
    return code;
}

int fl_if_closed(int rc, const char *says)
{
    (void)says;
    return rc;
}

int fl_late(const char *call)
{
    (void)call;
    return -ETIMEDOUT;
}

void fl_error_note_cause(int code)
{
    (void)code;
}

/* The timer thread's constructor brings all of timer_thread.c into every model. */
void fl_watch_forget(void)
{
}

/* ---- The system: the calls that creation makes ---- */

int fl_fork_prepare(void)
{
    return 0;
}

int fl_overflow_install(void)
{
    return 0;
}

int fl_callbacks_prepare(void)
{
    return 0;
}

int fl_topology_load(const fl_topology **out)
{
    *out = NULL;
    return 0;
}

int fl_topology_flat(const fl_topology **out)
{
    return fl_topology_load(out);
}

unsigned fl_topology_cpus(const fl_topology *topology)
{
    (void)topology;
    return 1; /* fewer than workers: a short wait does not spin */
}

unsigned fl_topology_default_workers(const fl_topology *topology, enum fl_bind bind,
                                     enum fl_cores_mode cores, struct fl_sizing *why)
{
    (void)topology, (void)bind, (void)cores, (void)why;
    return 1;
}

struct fl_affinity fl_topology_only(const fl_topology *topology, const struct fl_affinity *mask,
                                    enum fl_cores_mode cores)
{
    (void)topology, (void)mask, (void)cores;
    return (struct fl_affinity){0};
}

unsigned fl_bind_units(const fl_topology *topology, const struct fl_affinity *mask,
                       enum fl_bind bind)
{
    (void)topology, (void)mask, (void)bind;
    return 1;
}

int fl_locked_explain(int rc)
{
    return rc;
}

int fl_quota_read(const char *root, double *cpus)
{
    (void)root, (void)cpus;
    return 0;
}

void fl_describe_print(const filch_runtime *of)
{
    (void)of;
}

static process_wants wants;

int fl_settings_resolve(fl_settings *out, const filch_config *config, bool seats)
{
    (void)config, (void)seats;
    *out = (fl_settings){.workers = wants.workers,
                         .queue = wants.queue ? wants.queue : &fl_queue_chase_lev,
                         .policy = &fl_policy_random,
                         .full_fence = wants.full_fence,
                         .max_fibers = wants.fibers ? wants.fibers : FIBERS,
                         .seed = 1,
                         .idle = wants.idle,
                         .take = wants.take,
                         .wait = wants.wait,
                         .guest = wants.guest};
    return 0;
}

/* ---- The system: fibers' memory ---- */

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[FIBERS] __attribute__((aligned(FILCH_REGION_SIZE)));
static char stacks[FIBERS][STACK] __attribute__((aligned(64)));
static unsigned issued;
static fl_fiber *idle_fibers; /* under the lock of the fibers */

MC_UNCHECKED static fl_fiber *never_issued(unsigned most)
{
    return issued < most ? &region[issued++].fiber : NULL;
}

fl_fiber *fl_fibers_get(fl_fibers *fibers, void (*entry)(void *))
{
    mc_lock(&fibers->lock, MC_HERE);
    fl_fiber *fiber = idle_fibers;
    if (fiber) {
        idle_fibers = fiber->next;
    } else {
        fiber = never_issued(fibers->max);
        if (fiber)
            fl_switch_frame_make(&fiber->context, (char *)fiber->shadow.low + STACK, entry, fiber);
        else
            filch_u32_store(&fibers->capped, 1, FILCH_RELAXED);
    }
    if (!fiber)
        reaches_note("no fiber left");
    mc_unlock(&fibers->lock, MC_HERE);
    return fiber;
}

void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber)
{
    mc_lock(&fibers->lock, MC_HERE);
    fiber->next = idle_fibers;
    idle_fibers = fiber;
    mc_unlock(&fibers->lock, MC_HERE);
}

static void change_most(fl_fibers *fibers, unsigned by)
{
    mc_lock(&fibers->lock, MC_HERE);
    fibers->max += by;
    mc_unlock(&fibers->lock, MC_HERE);
}

fl_fiber *fl_fibers_get_more(fl_fibers *fibers, void (*entry)(void *))
{
    change_most(fibers, 1);
    fl_fiber *fiber = fl_fibers_get(fibers, entry);
    if (!fiber)
        change_most(fibers, -1u);
    return fiber;
}

void fl_fibers_put_more(fl_fibers *fibers, fl_fiber *fiber)
{
    fl_fibers_put(fibers, fiber);
    change_most(fibers, -1u);
}

int64_t fl_fibers_decay(fl_fibers *fibers, unsigned keep, int64_t now)
{
    (void)fibers, (void)keep, (void)now;
    return 0;
}

int64_t fl_cells_decay(int64_t now)
{
    (void)now;
    return 0;
}

void fl_fibers_clear(fl_fibers *fibers)
{
    (void)fibers;
}

void *fl_cell_take(enum fl_cells from)
{
    return malloc(from == FL_CELLS_LINES ? FL_CELL_LINE : FL_CELL_FULL_JOB);
}

void fl_cell_give(enum fl_cells to, void *cell)
{
    (void)to;
    free(cell);
}

int fl_fibers_init(fl_fibers *fibers, unsigned first, unsigned max, size_t stack_size,
                   enum fl_forkside side)
{
    (void)stack_size;
    issued = 0;
    idle_fibers = NULL;
    fibers->max = max;
    filch_u32_store(&fibers->capped, max / 16 < first, FILCH_RELAXED);
    for (unsigned i = 0; i < FIBERS; i++) {
        fl_fiber *fiber = &region[i].fiber;
        memset(fiber, 0, FL_SLOTS_OFFSET + 8 * sizeof(filch_slot));
        fl_forkstack_init(&fiber->stack);
        fl_forkstack_issue(&fiber->stack, side);
        fiber->guard = FL_GUARD_MARKED;
        fiber->wake.kind = FL_WORK_ITEM_FIBER;
        fiber->wake.as.fiber = fiber;
        fiber->shadow.low = stacks[i];
        fiber->shadow.size = STACK;
    }
    return 0;
}

static void name_fibers(void)
{
    char name[40];
    for (unsigned i = 0; mc_traces() && i < FIBERS; i++) {
        snprintf(name, sizeof name, "fiber%u", i);
        mc_name(&region[i], name);
        snprintf(name, sizeof name, "limit%u", i);
        mc_name(&region[i].fiber.stack.front.limit, name);
        snprintf(name, sizeof name, "top%u", i);
        mc_name(&region[i].fiber.stack.front.top, name);
        for (unsigned j = 0; j < 3; j++) {
            snprintf(name, sizeof name, "slot%u.%u", i, j);
            mc_name(fl_first_slot(&region[i].fiber.stack) + j, name);
        }
    }
}

filch_runtime *process_create(const process_wants *wanted)
{
    filch_runtime *rt = NULL;
    wants = *wanted;
    membarrier_setup(wanted->no_membarrier);
    memset(thread, 0, sizeof thread);
    if (wanted->seats ? fl_seats_create(&rt, NULL) : filch_runtime_create(&rt, NULL))
        mc_fail("no runtime can be created");
    name_fibers();
    return rt;
}

void process_run(unsigned self)
{
    thread[self].run(thread[self].arg);
}
