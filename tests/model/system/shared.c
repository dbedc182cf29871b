/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The statistics page: no runtime of a model has one, so pools enter none. */
#include <runtime/engine/observe/page_writer.h>

int fl_share_start(fl_runtime *rt)
{
    (void)rt;
    return 0;
}

void fl_share_allow(fl_runtime *rt, bool may_change)
{
    (void)rt, (void)may_change;
}

void fl_share_stop(fl_runtime *rt)
{
    (void)rt;
}

void fl_share_enter(fl_runtime *rt, fl_share_pool *pool)
{
    (void)rt, (void)pool;
}

void fl_share_leave(fl_runtime *rt, fl_share_pool *pool)
{
    (void)rt, (void)pool;
}
