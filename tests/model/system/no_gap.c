/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * How long a search lasts is no step of any protocol: here it is one round longer after a theft. */
#include <runtime/engine/between_regions.h>
#include <runtime/engine/runtime.h>

fl_gap fl_gap_begin(const fl_worker *worker)
{
    bool longer = worker->stolen_lately && fl_may_spin(worker->rt);
    return (fl_gap){.spin = fl_spin_begin(longer ? 1000 : 0)};
}

bool fl_gap_lasts(const fl_worker *worker, fl_gap *gap)
{
    (void)worker;
    return fl_spin_on(&gap->spin);
}

void fl_gap_ends(fl_worker *worker, const fl_gap *gap)
{
    (void)worker, (void)gap;
}

void fl_gap_sleep(fl_worker *worker, const fl_gap *gap)
{
    (void)worker, (void)gap;
}

void fl_gap_wakes(fl_worker *worker)
{
    (void)worker;
}

void fl_gap_woken(fl_worker *worker)
{
    (void)worker;
}
