/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers' memory for models that have fibers of their own and no more. */
#include <runtime/core/fiber.h>

void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber)
{
    (void)fibers, (void)fiber;
}

void fl_fibers_trim(fl_fibers *fibers, unsigned keep)
{
    (void)fibers, (void)keep;
}

void fl_fibers_clear(fl_fibers *fibers)
{
    (void)fibers;
}
