/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions that the engine calls in the layer above it: runtime/platform/upcalls.h says when. */
#include <runtime/engine/runtime.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/upcalls.h>
#include <runtime/sync/blocking.h>
#include <runtime/sync/deadlock.h>

static void forked(void)
{
    fl_worker_forget();
    fl_detector_forget();
}

static void ended(fl_runtime *rt)
{
    fl_blocking_stop(rt);
    fl_detector_strike_off(rt);
}

const fl_hooks_table fl_hooks = {
    .forked = forked,
    .created = fl_detector_enlist,
    .ended = ended,
    .suspect = fl_detector_suspect,
    .starves = fl_standstill_look,
    .panics = fl_blocking_abandon,
};
