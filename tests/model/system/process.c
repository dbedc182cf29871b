/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/model/system/process.h>

#include <runtime/core/atfork.h>
#include <runtime/core/error.h>
#include <runtime/core/overflow.h>
#include <runtime/queue/queue.h>
#include <tests/model/checker/check.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNCHECKED __attribute__((no_sanitize_thread))
enum { FIBERS = 8, STACK = 64 * 1024 };

static struct {
    void *(*run)(void *);
    void *arg;
} thread[MC_THREADS];

/* ---- The system: threads ---- */

int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg)
{
    (void)attributes;
    const fl_worker *worker = arg;
    *out = worker->index + 1;
    thread[*out].run = run;
    thread[*out].arg = arg;
    return 0;
}

int pthread_join(pthread_t joined, void **result)
{
    (void)result;
    mc_join((unsigned)joined, MC_HERE);
    return 0;
}

UNCHECKED fl_worker *fl_worker_here(void)
{
    return mc_self() ? thread[mc_self()].arg : NULL;
}

/* ---- The system: what a process has once ---- */

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

size_t fl_overflow_stack_size(void)
{
    return 16;
}

void fl_overflow_enter(void *room)
{
    (void)room;
}

void fl_overflow_exit(void)
{
}

int fl_topology_place(const fl_topology *topology, enum fl_bind bind, unsigned index,
                      fl_place *place)
{
    (void)topology, (void)bind, (void)index;
    place->cpu = -1;
    return 0;
}

bool fl_topology_real(const fl_topology *topology)
{
    (void)topology;
    return false;
}

void fl_central_destroy(filch_runtime *of)
{
    (void)of;
}

const char *filch_error(void)
{
    return "";
}

int fl_fail(int code, const char *format, ...)
{
    (void)format;
    return -code;
}

/* ---- The system: fibers' memory ---- */

static union region {
    fl_fiber fiber;
    char bytes[FILCH_REGION_SIZE];
} region[FIBERS] __attribute__((aligned(FILCH_REGION_SIZE)));
static char stacks[FIBERS][STACK] __attribute__((aligned(64)));
static unsigned issued;

UNCHECKED static fl_fiber *never_issued(unsigned most)
{
    return issued < most ? &region[issued++].fiber : NULL;
}

fl_fiber *fl_fibers_get(fl_fibers *fibers, void (*entry)(void *))
{
    mc_lock(&fibers->lock, MC_HERE);
    fl_fiber *fiber = fibers->free;
    if (fiber) {
        fibers->free = fiber->next;
    } else {
        fiber = never_issued(fibers->max);
        if (fiber)
            fl_context_make(&fiber->context, (char *)fiber->shadow.low + STACK, entry, fiber);
        else
            filch_u32_store(&fibers->capped, 1, FILCH_RELAXED);
    }
    mc_unlock(&fibers->lock, MC_HERE);
    return fiber;
}

void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber)
{
    mc_lock(&fibers->lock, MC_HERE);
    fiber->next = fibers->free;
    fibers->free = fiber;
    mc_unlock(&fibers->lock, MC_HERE);
}

void fl_fibers_trim(fl_fibers *fibers, unsigned keep)
{
    (void)fibers, (void)keep;
}

void fl_fibers_clear(fl_fibers *fibers)
{
    (void)fibers;
}

fl_job *fl_job_take(void)
{
    return malloc(sizeof(fl_job));
}

void fl_job_give(fl_job *job)
{
    free(job);
}

static void lay_fibers(filch_runtime *rt)
{
    issued = 0;
    memset(&rt->fibers, 0, sizeof rt->fibers);
    rt->fibers.max = FIBERS;
    filch_u32_store(&rt->fibers.capped, FIBERS / 16 < rt->workers, FILCH_RELAXED);
    for (unsigned i = 0; i < FIBERS; i++) {
        fl_fiber *fiber = &region[i].fiber;
        memset(fiber, 0, FL_SLOTS_OFFSET + 4 * sizeof(filch_slot));
        fl_forkstack_init(&fiber->stack);
        fl_forkstack_issue(&fiber->stack, !rt->asymmetric);
        fiber->wake.kind = FL_JOB_FIBER;
        fiber->wake.as.fiber = fiber;
        fiber->shadow.low = stacks[i];
    }
}

static void name_fibers(void)
{
    char name[40];
    for (unsigned i = 0; i < FIBERS; i++) {
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

void process_setup(filch_runtime *rt)
{
    memset(thread, 0, sizeof thread);
    lay_fibers(rt);
    name_fibers();
}

void process_run(unsigned self)
{
    thread[self].run(thread[self].arg);
}
