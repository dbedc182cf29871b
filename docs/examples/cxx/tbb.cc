// SPDX-License-Identifier: MIT OR Apache-2.0
//
// oneTBB and Filch side by side: each construct of the table in docs/cxx.md in both, with the same
// results. Compiled and run by tests/cxx.
#include <filch/filch.hpp>
#include <tbb/tbb.h>

#include <cstdio>
#include <numeric>
#include <vector>

using std::size_t;

static long sum_by_tbb(const std::vector<long> &v)
{
    tbb::task_arena arena(2);
    return arena.execute([&] {
        return tbb::parallel_reduce(
            tbb::blocked_range<size_t>(0, v.size()), 0L,
            [&](const tbb::blocked_range<size_t> &r, long sum) {
                for (size_t i = r.begin(); i < r.end(); i++)
                    sum += v[i];
                return sum;
            },
            std::plus<>());
    });
}

static long sum_by_filch(const std::vector<long> &v)
{
    filch::runtime rt(2);
    return rt.run([&](filch_self self) { return filch::reduce(self, v.begin(), v.end(), 0L); });
}

static long loops_by_tbb(std::vector<long> v)
{
    const size_t n = v.size();
    tbb::parallel_for(size_t(0), n, [&](size_t i) { v[i] += long(i); });
    tbb::parallel_for_each(v.begin(), v.end(), [](long &x) { x *= 3; });
    tbb::parallel_sort(v.begin(), v.end(), std::greater<>());
    return v[0] + sum_by_tbb(v);
}

static long loops_by_filch(std::vector<long> v)
{
    const size_t n = v.size();
    filch::runtime rt(2);
    filch::for_index(rt, size_t(0), n, [&](size_t i) { v[i] += long(i); });
    filch::for_each(rt, v.begin(), v.end(), [](long &x) { x *= 3; });
    filch::sort(rt, v.begin(), v.end(), std::greater<>());
    return v[0] + sum_by_filch(v);
}

static long tasks_by_tbb(long a, long b)
{
    long left, right, more = 0;
    tbb::parallel_invoke([&] { left = a + 1; }, [&] { right = b * 2; });
    tbb::task_group group;
    group.run([&] { more += left; });
    group.wait();
    return more + right;
}

static long tasks_by_filch(long a, long b)
{
    filch::runtime rt(2);
    return rt.run([&](filch_self self) {
        long left, right, more = 0;
        filch::invoke(
            self, [&] { left = a + 1; }, [&] { right = b * 2; });
        filch::scope group;
        group.spawn([&] { more += left; });
        group.join();
        return more + right;
    });
}

static long last_by_tbb(const std::vector<long> &v)
{
    tbb::concurrent_bounded_queue<long> queue;
    queue.set_capacity(64);
    tbb::task_group group;
    group.run([&] {
        for (long x : v)
            queue.push(x);
        queue.push(-1);
    });
    long x, last = 0;
    for (queue.pop(x); x >= 0; queue.pop(x))
        last = x;
    group.wait();
    return last;
}

static long last_by_filch(const std::vector<long> &v)
{
    filch::runtime rt(2);
    filch::channel<long> queue(64);
    filch::scope group(rt);
    group.spawn([&] {
        for (long x : v)
            if (queue.send(x))
                return;
        queue.close();
    });
    long last = 0;
    for (long x : queue)
        last = x;
    group.join();
    return last;
}

int main()
{
    std::vector<long> v(5000);
    std::iota(v.begin(), v.end(), 0);
    bool same = sum_by_tbb(v) == sum_by_filch(v) && loops_by_tbb(v) == loops_by_filch(v) &&
                tasks_by_tbb(20, 11) == tasks_by_filch(20, 11) &&
                last_by_tbb(v) == last_by_filch(v);
    std::printf("%s\n", same ? "the same results" : "results differ");
    return !same;
}
