// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A thread per task, as std::async without a policy starts it: how a task of kernels/kernel.h forks
// and
// joins. Where the system has no more threads to give, the task runs where it is joined.
#ifndef PEERS_ASYNC_PLACE_H
#define PEERS_ASYNC_PLACE_H

#include <future>
#include <vector>

// The forks of one task; the last is joined first.
class peer_frame
{
    std::vector<std::future<void>> forks;

  public:
    template <typename F> void fork(const F &task)
    {
        forks.push_back(std::async(task));
    }
    void join()
    {
        forks.back().get();
        forks.pop_back();
    }
};

#endif
