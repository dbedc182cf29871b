/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The entry points of loops, for one type of loop variable. Included once for each type, with
 *   NUMBER       the type
 *   LOOP(name)   an entry point's name
 *   DIRECTION    its first parameter, with a comma, if the step's sign does not show the direction
 *   DIRECTED     the argument for it, with a comma
 *   UP           whether the loop counts up
 *
 * `from` gets the value of a chunk's first iteration, and `to` that of the one after its last. For the last
 * chunk, `to` is the end of the loop, so that no value overflows. */

static fl_omp_plan plan_loop(DIRECTION NUMBER start, NUMBER end, NUMBER step, unsigned sched,
                             NUMBER chunk, bool ordered)
{
    const bool up = UP;
    fl_omp_plan plan = {.ordered = ordered,
                        .start = (uint64_t)start,
                        .end = (uint64_t)end,
                        .step = (uint64_t)step,
                        .stride = up ? (uint64_t)step : -(uint64_t)step};
    if (up ? start < end : start > end)
        plan.distance = up ? (uint64_t)end - (uint64_t)start : (uint64_t)start - (uint64_t)end;
    fl_omp_plan_schedule(&plan, sched, chunk > 0 ? (uint64_t)chunk : 0);
    return plan;
}

/* counts: iterations in each dimension. */
static fl_omp_plan plan_across(unsigned dims, NUMBER *counts, unsigned sched, NUMBER chunk)
{
    fl_omp_plan plan = {.start = 0,
                        .end = (uint64_t)counts[0],
                        .step = 1,
                        .stride = 1,
                        .distance = (uint64_t)counts[0],
                        .dims = dims,
                        .counts = counts};
    fl_omp_plan_schedule(&plan, sched, chunk > 0 ? (uint64_t)chunk : 0);
    return plan;
}

static inline bool next(fl_omp_thread *thread, NUMBER *from, NUMBER *to)
{
    const fl_omp_share *share = thread->sharing.share;
    uint64_t first, count;
    if (!fl_omp_next(thread, &first, &count))
        return false;
    *from = (NUMBER)(share->start + first * share->step);
    *to = (NUMBER)(share->count - first == count ? share->end
                                                 : share->start + (first + count) * share->step);
    return true;
}

static bool start_loop(const fl_omp_plan *plan, NUMBER *from, NUMBER *to)
{
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_share_enter(thread, fl_omp_open_plan, plan);
    return next(thread, from, to);
}

/* from: NULL, if the compiled code shares out the iterations itself. */
static bool start_extra(fl_omp_plan *plan, NUMBER *from, NUMBER *to, uintptr_t *reductions,
                        void **mem)
{
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_plan_extras(plan, reductions, mem);
    fl_omp_share_enter(thread, fl_omp_open_plan, plan);
    fl_omp_share_extras(thread, reductions, mem);
    return !from || next(thread, from, to);
}

/* ---- Families of entry points ---- */

#define NEXT(name)                                                                                 \
    FL_OMP_ENTRY(bool, LOOP(name##_next), NUMBER *from, NUMBER *to)                                \
    {                                                                                              \
        return next(&fl_omp_this, from, to);                                                       \
    }

#define START(name, sched, ordered)                                                                \
    FL_OMP_ENTRY(bool, LOOP(name##_start), DIRECTION NUMBER start, NUMBER end, NUMBER step,        \
                 NUMBER chunk, NUMBER *from, NUMBER *to)                                           \
    {                                                                                              \
        const fl_omp_plan plan = plan_loop(DIRECTED start, end, step, sched, chunk, ordered);      \
        return start_loop(&plan, from, to);                                                        \
    }                                                                                              \
    NEXT(name)

#define START_RUNTIME(name, sched, ordered)                                                        \
    FL_OMP_ENTRY(bool, LOOP(name##_start), DIRECTION NUMBER start, NUMBER end, NUMBER step,        \
                 NUMBER *from, NUMBER *to)                                                         \
    {                                                                                              \
        const fl_omp_plan plan = plan_loop(DIRECTED start, end, step, sched, 0, ordered);          \
        return start_loop(&plan, from, to);                                                        \
    }                                                                                              \
    NEXT(name)

#define START_ANY(name, ordered)                                                                   \
    FL_OMP_ENTRY(bool, LOOP(name##start), DIRECTION NUMBER start, NUMBER end, NUMBER step,         \
                 long sched, NUMBER chunk, NUMBER *from, NUMBER *to, uintptr_t *reductions,        \
                 void **mem)                                                                       \
    {                                                                                              \
        fl_omp_plan plan = plan_loop(DIRECTED start, end, step, (unsigned)sched, chunk, ordered);  \
        return start_extra(&plan, from, to, reductions, mem);                                      \
    }

#define START_ACROSS(name, sched)                                                                  \
    FL_OMP_ENTRY(bool, LOOP(name##_start), unsigned dims, NUMBER *counts, NUMBER chunk,            \
                 NUMBER *from, NUMBER *to)                                                         \
    {                                                                                              \
        const fl_omp_plan plan = plan_across(dims, counts, sched, chunk);                          \
        return start_loop(&plan, from, to);                                                        \
    }

START(static, FL_OMP_STATIC, false)
START(dynamic, FL_OMP_DYNAMIC | FL_OMP_MONOTONIC, false)
START(guided, FL_OMP_GUIDED, false)
START(nonmonotonic_dynamic, FL_OMP_DYNAMIC, false)
START(nonmonotonic_guided, FL_OMP_GUIDED, false)
START(ordered_static, FL_OMP_STATIC, true)
START(ordered_dynamic, FL_OMP_DYNAMIC | FL_OMP_MONOTONIC, true)
START(ordered_guided, FL_OMP_GUIDED, true)
START_RUNTIME(runtime, FL_OMP_RUNTIME | FL_OMP_MONOTONIC, false)
START_RUNTIME(nonmonotonic_runtime, FL_OMP_RUNTIME, false)
START_RUNTIME(maybe_nonmonotonic_runtime, FL_OMP_RUNTIME, false)
START_RUNTIME(ordered_runtime, FL_OMP_RUNTIME | FL_OMP_MONOTONIC, true)
START_ANY(, false)
START_ANY(ordered_, true)
START_ACROSS(doacross_static, FL_OMP_STATIC)
START_ACROSS(doacross_dynamic, FL_OMP_DYNAMIC | FL_OMP_MONOTONIC)
START_ACROSS(doacross_guided, FL_OMP_GUIDED)

FL_OMP_ENTRY(bool, LOOP(doacross_runtime_start), unsigned dims, NUMBER *counts, NUMBER *from,
             NUMBER *to)
{
    const fl_omp_plan plan = plan_across(dims, counts, FL_OMP_RUNTIME, 0);
    return start_loop(&plan, from, to);
}

FL_OMP_ENTRY(bool, LOOP(doacross_start), unsigned dims, NUMBER *counts, long sched, NUMBER chunk,
             NUMBER *from, NUMBER *to, uintptr_t *reductions, void **mem)
{
    fl_omp_plan plan = plan_across(dims, counts, (unsigned)sched, chunk);
    return start_extra(&plan, from, to, reductions, mem);
}
