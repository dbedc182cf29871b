// SPDX-License-Identifier: MIT OR Apache-2.0
//
// oneTBB as a place for kernels: its threads, and how a task of kernels/kernel.h forks and joins.
#ifndef PEERS_TBB_PLACE_H
#define PEERS_TBB_PLACE_H

#include <optional>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

struct tbb_place {
    tbb::global_control limit;
    tbb::task_arena arena;
    explicit tbb_place(unsigned workers)
        : limit(tbb::global_control::max_allowed_parallelism, workers), arena((int)workers)
    {
    }
};

// The forks of one task, all waited for at its first join: the usual code with a task_group
// in each function that forks. Tasks that do not fork make none.
class peer_frame
{
    std::optional<tbb::task_group> group;
    bool pending = false;

  public:
    template <typename F> void fork(const F &task)
    {
        if (!group)
            group.emplace();
        group->run(task);
        pending = true;
    }
    void join()
    {
        if (pending)
            group->wait();
        pending = false;
    }
};

#endif
