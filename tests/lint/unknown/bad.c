/* SPDX-License-Identifier: MIT OR Apache-2.0 */
static void hint(fl_runtime *rt, unsigned i)
{
    filch_u32_store(&rt->worker[i]->fibers.newest, 1, FILCH_RELAXED); /* a hint */
    filch_u64_load(&rt->top, FILCH_RELAXED); /* top only belongs to fork stack and deque */
}
