/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/platform/virtual/baton.h>

#include <runtime/platform/futex.h>

void fl_baton_give(fl_baton *to)
{
    filch_u32_store(&to->turn, 1, FILCH_RELEASE); /* GiveBaton */
    fl_futex_system_wake(&to->turn, 1);
}

void fl_baton_await(fl_baton *own)
{
    while (!filch_u32_load(&own->turn, FILCH_ACQUIRE)) /* AwaitBaton */
        fl_futex_system_wait(&own->turn, 0, 0);
    filch_u32_store(&own->turn, 0,
                    FILCH_RELAXED); /* the giver has stored, and gives to no holder */
}
