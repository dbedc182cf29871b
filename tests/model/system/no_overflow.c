/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * C stacks that never overflow: models run on stacks of the checker's. */
#include <runtime/engine/fiber.h>

#include <stdlib.h>

bool fl_fiber_overflowed(const fl_fiber *fiber)
{
    (void)fiber;
    return false;
}

void fl_overflow_die(const struct fl_worker *worker, const fl_fiber *fiber)
{
    (void)worker, (void)fiber;
    abort();
}
