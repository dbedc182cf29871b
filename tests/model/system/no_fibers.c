/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Fibers' memory for models that have fibers of their own and no more. */
#include <runtime/engine/fiber.h>
#include <runtime/platform/memory/cells.h>

void fl_fibers_put(fl_fibers *fibers, fl_fiber *fiber)
{
    (void)fibers, (void)fiber;
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
