// SPDX-License-Identifier: MIT OR Apache-2.0
//
// oneTBB, accounted for by a task_group. "enqueue": two worker threads and nobody else in the
// arena;
// the tasks go to it by task_arena::enqueue. "group": the submitter is in the arena, too, as
// task_group::run wants it, and helps while it waits; other threads that submit have arenas of
// their
// own beside it, as they have in oneTBB.
#include "jobs.h"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace
{
struct place {
    tbb::global_control limit;
    tbb::task_arena arena;
    tbb::task_group group;
    explicit place(unsigned workers)
        : limit(tbb::global_control::max_allowed_parallelism, workers + 1), arena((int)workers, 0)
    {
    }
};

void *open_place(unsigned workers, long, bool)
{
    return new place(workers);
}

void enqueue_burst(void *pool, long count)
{
    place *p = static_cast<place *>(pool);
    for (long i = 0; i < count; i++)
        p->arena.enqueue(p->group.defer([] {}));
}

void enqueue_sow(void *pool, long sowers, long each)
{
    place *p = static_cast<place *>(pool);
    for (long i = 0; i < sowers; i++)
        p->arena.enqueue(p->group.defer([=] { enqueue_burst(p, each); }));
}

void enqueue_wait(void *pool, long)
{
    place *p = static_cast<place *>(pool);
    p->arena.execute([=] { p->group.wait(); });
}

void group_burst(void *pool, long count)
{
    place *p = static_cast<place *>(pool);
    for (long i = 0; i < count; i++)
        p->group.run([] {});
}

void group_sow(void *pool, long sowers, long each)
{
    place *p = static_cast<place *>(pool);
    for (long i = 0; i < sowers; i++)
        p->group.run([=] { group_burst(p, each); });
}

void group_wait(void *pool, long)
{
    static_cast<place *>(pool)->group.wait();
}
} // namespace

const jobs_side jobs_tbb_enqueue = {"tbb enqueue", open_place,   enqueue_burst,
                                    enqueue_sow,   enqueue_wait, false};
const jobs_side jobs_tbb_group = {"tbb group", open_place, group_burst,
                                  group_sow,   group_wait, true};
