/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * No model makes blocking calls. */
#include <runtime/core/worker.h>

void fl_blocking_stop(fl_runtime *rt)
{
    (void)rt;
}

void fl_blocking_abandon(void)
{
}
