// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Taskflow and Filch side by side: each construct of the table in docs/cxx.md in both, with the same
// results. Compiled and run by tests/cxx where Taskflow is found.
#include <filch/filch.hpp>
#include <taskflow/algorithm/for_each.hpp>
#include <taskflow/algorithm/reduce.hpp>
#include <taskflow/algorithm/sort.hpp>
#include <taskflow/taskflow.hpp>

#include <cstdio>
#include <numeric>
#include <vector>

static long graph_by_taskflow()
{
    long a = 0, b = 0, c = 0;
    tf::Executor executor(2);
    tf::Taskflow taskflow;
    auto A = taskflow.emplace([&] { a = 1; });
    auto B = taskflow.emplace([&] { b = a + 1; });
    auto C = taskflow.emplace([&] { c = a + 2; });
    auto D = taskflow.emplace([&] { a = b * c; });
    A.precede(B, C);
    D.succeed(B, C);
    executor.run(taskflow).wait();
    return a;
}

static long graph_by_filch()
{
    long a = 0, b = 0, c = 0;
    filch::runtime rt(2);
    rt.run([&](filch_self self) {
        a = 1;
        filch::invoke(
            self, [&] { b = a + 1; }, [&] { c = a + 2; });
        a = b * c;
    });
    return a;
}

static long loops_by_taskflow(std::vector<long> v)
{
    long sum = 5;
    tf::Executor executor(2);
    tf::Taskflow taskflow;
    auto each = taskflow.for_each(v.begin(), v.end(), [](long &x) { x *= 3; });
    auto add = taskflow.reduce(v.begin(), v.end(), sum, std::plus<>());
    auto order = taskflow.sort(v.begin(), v.end(), std::greater<>());
    each.precede(add);
    add.precede(order);
    executor.run(taskflow).get();
    return v[0] + sum;
}

static long loops_by_filch(std::vector<long> v)
{
    filch::runtime rt(2);
    filch::for_each(rt, v.begin(), v.end(), [](long &x) { x *= 3; });
    long sum = filch::reduce(rt, v.begin(), v.end(), 5L);
    filch::sort(rt, v.begin(), v.end(), std::greater<>());
    return v[0] + sum;
}

static long async_by_taskflow()
{
    tf::Executor executor(2);
    std::future<long> later = executor.async([] { return 42L; });
    return later.get();
}

static long async_by_filch()
{
    filch::runtime rt(2);
    filch::future<long> later = filch::async(rt, [] { return 42L; });
    return later.get();
}

int main()
{
    std::vector<long> v(5000);
    std::iota(v.begin(), v.end(), 0);
    bool same = graph_by_taskflow() == graph_by_filch() &&
                loops_by_taskflow(v) == loops_by_filch(v) &&
                async_by_taskflow() == async_by_filch();
    std::printf("%s\n", same ? "the same results" : "results differ");
    return !same;
}
