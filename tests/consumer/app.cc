// SPDX-License-Identifier: MIT OR Apache-2.0
// A C++ user's program; cxx.sh builds and runs it.
#include <filch/filch.h>
#include <filch/pools.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

FILCH_VOID_TASK(fill, (long *, from), (long *, to), (long, first))
{
    if (to - from <= 1000) {
        std::iota(from, to, first);
        return;
    }
    long *middle = from + (to - from) / 2;
    FILCH_FORK(fill, from, middle, first);
    fill(self, middle, to, first + (middle - from));
    FILCH_JOIN_VOID(fill);
}

FILCH_TASK(long, sum, (const std::vector<long> *, numbers), (std::size_t, from), (std::size_t, to))
{
    if (to - from <= 1000)
        return std::accumulate(numbers->begin() + from, numbers->begin() + to, 0L);
    std::size_t middle = from + (to - from) / 2;
    FILCH_FORK(sum, numbers, from, middle);
    long right = sum(self, numbers, middle, to);
    FILCH_JOIN(long left, sum);
    return left + right;
}

FILCH_TASK(int, longest, (const std::string *, words), (int, count))
{
    if (count == 1)
        return static_cast<int>(words->size());
    FILCH_FORK(longest, words, count / 2);
    FILCH_FORK(longest, words + count / 2, count - count / 2);
    FILCH_JOIN(const int right, longest);
    FILCH_JOIN(const int left, longest);
    return std::max(left, right);
}

FILCH_TASK(long, thrice, (long, n))
{
    return 3 * n;
}

/* More forks than a fork stack has slots, in a body and in a function that was given `self`. */
long unbounded_part(filch_self self, long forks)
{
    long sum = 0;
    for (long i = 0; i < forks; i++)
        FILCH_FORK(thrice, i);
    for (long i = 0; i < forks; i++) {
        FILCH_JOIN(long one, thrice);
        sum += one;
    }
    return sum;
}

FILCH_TASK(long, unbounded, (long, forks))
{
    long sum = 0;
    for (long i = 0; i < forks; i++)
        FILCH_FORK(thrice, i);
    sum += unbounded_part(self, forks);
    for (long i = forks; i--;) {
        FILCH_JOIN(long one, thrice);
        sum += one == 3 * i ? one : -1;
    }
    return sum;
}

int cleaned;

void clean(void *block)
{
    std::free(block);
    cleaned++;
}

void throws(filch_self self)
{
    FILCH_DEFER(clean, std::malloc(1));
    throw std::runtime_error("thrown");
}

void panics(filch_self self, void *)
{
    FILCH_DEFER(clean, std::malloc(1));
    try {
        throws(self);
    } catch (const std::exception &) {
        cleaned += 10;
    }
    FILCH_PANIC(-EIO, "after %d", cleaned);
}

FILCH_TASK(int, cleans_up)
{
    return filch_try(self, panics, nullptr, nullptr) == -EIO ? cleaned : -1;
}

int halve(filch_self, filch_job *, void *number)
{
    *static_cast<int *>(number) /= 2;
    return 0;
}

int half_of(filch_runtime *rt, int number)
{
    filch_pool *pool = nullptr;
    filch_pool_config config{};
    config.runtime = rt;
    if (filch_pool_create(&pool, &config) ||
        FILCH_SUBMIT_AS(pool, halve, &number, .timeout = 1000 * FILCH_SECOND) ||
        filch_pool_destroy(pool))
        return -1;
    return number;
}

} // namespace

int main()
{
    filch_config config{};
    config.workers = 2;
    filch_runtime *rt = nullptr;
    if (int rc = filch_runtime_create(&rt, &config)) {
        std::fprintf(stderr, "app: %s (%s)\n", std::strerror(-rc), filch_error());
        return 1;
    }
    std::vector<long> numbers(1000000);
    FILCH_RUN(rt, fill, numbers.data(), numbers.data() + numbers.size(), 1);
    const std::string words[] = {"to", "filch", "a", "trifle", "or", "two"};
    std::printf("sum %ld, longest %d\n", FILCH_RUN(rt, sum, &numbers, 0, numbers.size()),
                FILCH_RUN(rt, longest, words, 6));
    if (FILCH_RUN(rt, cleans_up) != 12)
        return 2;
    if (half_of(rt, 84) != 42)
        return 3;
    const long forks = 20000;
    if (FILCH_RUN(rt, unbounded, forks) != 6 * (forks * (forks - 1) / 2))
        return 4;
    return filch_runtime_destroy(rt);
}
