/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Models find deadlocks themselves, and no model makes blocking calls. */
#include <runtime/engine/threads.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/upcalls.h>

filch_u32 fl_detector_on;

static void nothing(void)
{
}

static void nothing_of(fl_runtime *rt)
{
    (void)rt;
}

const fl_hooks_table fl_hooks = {
    .forked = nothing,
    .created = nothing_of,
    .ended = nothing_of,
    .suspect = nothing,
    .starves = nothing_of,
    .panics = nothing,
};

void fl_thread_noted(void)
{
}

void fl_thread_waits(void)
{
}

void fl_thread_told(void)
{
}

void fl_thread_names(const char *call, const void *object)
{
    (void)call, (void)object;
}

const char *fl_thread_call(void)
{
    return NULL;
}

void fl_thread_enlist(void)
{
}

void fl_thread_delist(void)
{
}

void fl_outside_expected(int change)
{
    (void)change;
}
