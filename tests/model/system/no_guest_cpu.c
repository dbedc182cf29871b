/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Where a guest runs is no step of any protocol. */
#include <runtime/engine/guest_cpu.h>

void fl_guest_keep_apart(fl_worker *worker)
{
    (void)worker;
}
