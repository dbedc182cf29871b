/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void hint(fl_runtime *rt, unsigned i)
{
    filch_u32_store(&rt->worker[i]->fibers.capped, 1, FILCH_RELAXED);  /* a hint */
    filch_ptr_store(place(buffer_of(rt), i), NULL, FILCH_RELAXED);     /* published later */
    filch_u64_store(&worker_of(rt, i)->counters[i], 1, FILCH_RELAXED); /* one writer */
}
