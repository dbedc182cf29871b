/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <filch/trace.h>
#include <runtime/engine/fiber.h>
#include <runtime/engine/worker.h>
#include <runtime/platform/virtual/virtual.h>
#include <sched/forkstack.h>

/* Slots of the running fiber belong to the library. For guests and seats they are not excluded: such
 * points cost little, and OpenMP teams find more races with them. */
static bool is_slot(const void *address)
{
    const fl_fiber *fiber = fl_fiber_here();
    return fiber && !fl_fiber_guest(fiber) &&
           (uintptr_t)address - (uintptr_t)fiber < FL_FORKSTACK_SIZE;
}

void fl_explore_access(const void *address, size_t size, unsigned kind, const void *place)
{
    if (fl_virtual() && !is_slot(address))
        fl_virtual_access(address, size, kind, place);
}
