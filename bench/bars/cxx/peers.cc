// SPDX-License-Identifier: MIT OR Apache-2.0
//
// fib without cutoff by other C++ libraries, on one thread, as their documentation shows recursive
// tasks.
#include "sides.h"

#ifdef CXX_HAVE_TBB
#include <tbb/global_control.h>
#include <tbb/parallel_invoke.h>

namespace
{

long fib_of_invoke(int n)
{
    if (n < 2)
        return n;
    long left = 0, right = 0;
    tbb::parallel_invoke([&] { left = fib_of_invoke(n - 1); },
                         [&] { right = fib_of_invoke(n - 2); });
    return left + right;
}

void run_tbb(cxx_data *data)
{
    tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    data->answer = static_cast<double>(fib_of_invoke(data->n));
}

} // namespace
void (*const cxx_run_tbb)(cxx_data *data) = run_tbb;
#else
void (*const cxx_run_tbb)(cxx_data *data) = nullptr;
#endif

#ifdef CXX_HAVE_TASKFLOW
#include <taskflow/taskflow.hpp>

namespace
{

long fib_of_subflow(int n, tf::Subflow &flow)
{
    if (n < 2)
        return n;
    long left = 0, right = 0;
    flow.emplace([&, n](tf::Subflow &sub) { left = fib_of_subflow(n - 1, sub); });
    flow.emplace([&, n](tf::Subflow &sub) { right = fib_of_subflow(n - 2, sub); });
    flow.join();
    return left + right;
}

void run_taskflow(cxx_data *data)
{
    static tf::Executor executor(1);
    tf::Taskflow graph;
    long answer = 0;
    graph.emplace([&](tf::Subflow &flow) { answer = fib_of_subflow(data->n, flow); });
    executor.run(graph).wait();
    data->answer = static_cast<double>(answer);
}

} // namespace
void (*const cxx_run_taskflow)(cxx_data *data) = run_taskflow;
#else
void (*const cxx_run_taskflow)(cxx_data *data) = nullptr;
#endif
