/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The entry points of loops, for one type of loop variable. Included once for each type, with
 *   NUMBER      the type
 *   UNSIGNED    the unsigned type of that size
 *   SIGNED      the signed one, which steps have
 *   NAME(name)  a name for this type */

static uint64_t NAME(trips)(NUMBER lower, NUMBER upper, SIGNED step)
{
    if (step > 0 ? lower > upper : lower < upper)
        return 0;
    if (step > 0)
        return (uint64_t)(UNSIGNED)((UNSIGNED)upper - (UNSIGNED)lower) / (UNSIGNED)step + 1;
    return (uint64_t)(UNSIGNED)((UNSIGNED)lower - (UNSIGNED)upper) / (UNSIGNED) - (UNSIGNED)step +
           1;
}

/* Value i of a loop. */
static NUMBER NAME(value)(NUMBER lower, SIGNED step, uint64_t i)
{
    return (NUMBER)((UNSIGNED)lower + (UNSIGNED)i * (UNSIGNED)step);
}

/* The bounds become those of the part. stride: NULL, or gets the way to the next part. */
static bool NAME(share_out)(party of, int schedule, NUMBER *lower, NUMBER *upper, SIGNED *stride,
                            SIGNED step, SIGNED chunk)
{
    const uint64_t all = NAME(trips)(*lower, *upper, step);
    const part mine = all ? part_of(all, of, schedule, chunk) : (part){.stride = 1};
    if (stride)
        *stride = (SIGNED)NAME(value)(0, step, mine.stride);
    if (!all)
        return false;
    if (mine.count) {
        *lower = NAME(value)(*lower, step, mine.from);
        *upper = NAME(value)(*lower, step, mine.count - 1);
    } else { /* no overflow at the ends of the type's range */
        *lower = step > 0;
        *upper = step <= 0;
    }
    return mine.last;
}

FL_OMP_ENTRY(void, NAME(__kmpc_for_static_init), fl_kmpc_ident *at, int32_t thread,
             int32_t schedule, int32_t *last, NUMBER *lower, NUMBER *upper, SIGNED *stride,
             SIGNED step, SIGNED chunk)
{
    (void)at, (void)thread;
    const int kind = schedule_of(schedule);
    const bool distributes = kind == DISTRIBUTE || kind == DISTRIBUTE_CHUNKED;
    const bool is_last =
        NAME(share_out)(distributes ? teams() : threads(), kind, lower, upper, stride, step, chunk);
    if (last)
        *last = is_last;
}

/* distribute */
FL_OMP_ENTRY(void, NAME(__kmpc_team_static_init), fl_kmpc_ident *at, int32_t thread, int32_t *last,
             NUMBER *lower, NUMBER *upper, SIGNED *stride, SIGNED step, SIGNED chunk)
{
    NAME(__kmpc_for_static_init)
    (at, thread, DISTRIBUTE_CHUNKED, last, lower, upper, stride, step, chunk);
}

/* distribute parallel for: team_upper gets the end of the team's part. */
FL_OMP_ENTRY(void, NAME(__kmpc_dist_for_static_init), fl_kmpc_ident *at, int32_t thread,
             int32_t schedule, int32_t *last, NUMBER *lower, NUMBER *upper, NUMBER *team_upper,
             SIGNED *stride, SIGNED step, SIGNED chunk)
{
    (void)at, (void)thread;
    bool is_last = NAME(share_out)(teams(), DISTRIBUTE, lower, upper, NULL, step, 0);
    *team_upper = *upper;
    is_last &= NAME(share_out)(threads(), schedule_of(schedule), lower, upper, stride, step, chunk);
    if (last)
        *last = is_last;
}

/* ---- Loops that take chunks ---- */

FL_OMP_ENTRY(void, NAME(__kmpc_dispatch_init), fl_kmpc_ident *at, int32_t thread_number,
             int32_t schedule, NUMBER lower, NUMBER upper, SIGNED step, SIGNED chunk)
{
    (void)at, (void)thread_number;
    fl_omp_thread *thread = fl_omp_here();
    fl_omp_plan plan = {.start = (uint64_t)lower,
                        .step = (uint64_t)step,
                        .stride = 1,
                        .distance = NAME(trips)(lower, upper, step)};
    plan_schedule(&plan, schedule, chunk);
    fl_kmpc_leave_loop(thread);
    fl_omp_share_enter(thread, fl_omp_open_plan, &plan);
}

FL_OMP_ENTRY(void, NAME(__kmpc_dist_dispatch_init), fl_kmpc_ident *at, int32_t thread,
             int32_t schedule, int32_t *last, NUMBER lower, NUMBER upper, SIGNED step, SIGNED chunk)
{
    const bool is_last = NAME(share_out)(teams(), DISTRIBUTE, &lower, &upper, NULL, step, 0);
    if (last)
        *last = is_last;
    NAME(__kmpc_dispatch_init)(at, thread, schedule, lower, upper, step, chunk);
}

/* 0: there are no more chunks, and the thread leaves the loop. */
FL_OMP_ENTRY(int32_t, NAME(__kmpc_dispatch_next), fl_kmpc_ident *at, int32_t thread_number,
             int32_t *last, NUMBER *lower, NUMBER *upper, SIGNED *stride)
{
    (void)at, (void)thread_number;
    fl_omp_thread *thread = &fl_omp_this;
    const fl_omp_share *share = thread->sharing.share;
    uint64_t from, count;
    if (!fl_omp_next(thread, &from, &count)) {
        fl_omp_share_leave(thread);
        return 0;
    }
    const SIGNED step = (SIGNED)share->step;
    *lower = NAME(value)((NUMBER)share->start, step, from);
    *upper = NAME(value)(*lower, step, count - 1);
    if (stride)
        *stride = step;
    if (last)
        *last = share->count - from == count;
    return 1;
}

/* After each iteration of an ordered loop: the turn is passed on by the ends of the ordered regions. */
FL_OMP_ENTRY(void, NAME(__kmpc_dispatch_fini), fl_kmpc_ident *at, int32_t thread)
{
    (void)at, (void)thread;
}

#undef NUMBER
#undef UNSIGNED
#undef SIGNED
#undef NAME
