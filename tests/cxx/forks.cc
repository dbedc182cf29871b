// SPDX-License-Identifier: MIT OR Apache-2.0
//
// invoke and fork: results of all kinds, captures of all kinds, forks of the C macros beside them.
#include "check.hpp"

#include <memory>
#include <string>
#include <vector>

namespace
{

inline long fib(filch_self self, int n) noexcept
{
    if (n < 2)
        return n;
    auto [left, right] = filch::invoke(
        self, [=](filch_self here) noexcept { return fib(here, n - 1); },
        [=](filch_self here) noexcept { return fib(here, n - 2); });
    return left + right;
}

long fib_may_throw(filch_self self, int n)
{
    if (n < 2)
        return n;
    auto [left, right] = filch::invoke(
        self, [=](filch_self here) { return fib_may_throw(here, n - 1); },
        [=](filch_self here) { return fib_may_throw(here, n - 2); });
    return left + right;
}

long fib_forked(filch_self self, int n)
{
    if (n < 2)
        return n;
    auto left = filch::fork(self, [=](filch_self here) { return fib_forked(here, n - 1); });
    long right = fib_forked(self, n - 2);
    return left.join() + right;
}

FILCH_TASK(long, fib_of_macros, (int, n))
{
    if (n < 2)
        return n;
    FILCH_FORK(fib_of_macros, n - 1);
    auto [right, three] = filch::invoke(
        self, [=](filch_self here) { return fib_of_macros(here, n - 2); }, [] { return 3; });
    FILCH_JOIN(long left, fib_of_macros);
    return left + right + three - 3;
}

// Results that own memory, in a tree.
std::string digits(filch_self self, int from, int to)
{
    if (to - from == 1)
        return std::to_string(from);
    int middle = from + (to - from) / 2;
    auto [left, right] = filch::invoke(
        self, [=](filch_self here) { return digits(here, from, middle); },
        [=](filch_self here) { return digits(here, middle, to); });
    return left + right;
}

// Results and captures that can only be moved.
std::unique_ptr<int> sum_of(filch_self self, std::unique_ptr<int> value, int depth)
{
    if (depth == 0)
        return value;
    auto [left, right] = filch::invoke(
        self,
        [value = std::move(value), depth](filch_self here) mutable {
            return sum_of(here, std::move(value), depth - 1);
        },
        [depth](filch_self here) { return sum_of(here, std::make_unique<int>(1), depth - 1); });
    *left += *right;
    return std::move(left);
}

struct large {
    long words[12];
};

void results(filch_self self)
{
    int value = 1;
    auto [one, two, three] = filch::invoke(
        self, [] { return 1; }, [&]() -> int & { return value; },
        [](filch_self) { return std::string("three"); });
    CHECK(one == 1 && two == &value && three == "three");
    int sum = 0;
    filch::invoke(
        self, [] {}, [&] { sum += 1; });
    auto idle = [] {};
    static_assert(std::is_void_v<decltype(filch::invoke(self, idle, idle, idle))>);
    filch::invoke(
        self, [] {}, [] {}, [&](filch_self) { sum += 2; });
    CHECK(sum == 3);
    auto [nothing, number] = filch::invoke(
        self, [] {}, [] { return 4; });
    static_assert(std::is_same_v<decltype(nothing), std::monostate>);
    CHECK(number == 4);
    auto [big, small] = filch::invoke(
        self,
        [] {
            return large{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
        },
        [seven = large{{7}}] { return seven.words[0]; });
    CHECK(big.words[11] == 12 && small == 7);
}

// Forks that a block leaves without a join are joined at its end, newest first.
void ends_of_blocks(filch_self self)
{
    filch_self before = self;
    for (int i = 0; i < 100; i++) {
        auto first = filch::fork(self, [=] { return i; });
        auto second = filch::fork(self, [=] { return std::to_string(i); });
        if (i % 3 == 0)
            continue;
        CHECK(second.join() == std::to_string(i));
        if (i % 3 == 1)
            CHECK(first.join() == i);
    }
    CHECK(self == before);
}

} // namespace

void test_forks(filch::runtime &rt)
{
    CHECK(rt.run([](filch_self self) { return fib(self, 20); }) == 6765);
    CHECK(rt.run([](filch_self self) { return fib_may_throw(self, 20); }) == 6765);
    CHECK(rt.run([](filch_self self) { return fib_forked(self, 16); }) == 987);
    CHECK(rt.run([](filch_self self) { return fib_of_macros(self, 16); }) == 987);
    CHECK(rt.run([](filch_self self) { return digits(self, 0, 200); }).size() == 490);
    CHECK(*rt.run([](filch_self self) { return sum_of(self, std::make_unique<int>(1), 8); }) ==
          256);
    rt.run(results);
    rt.run(ends_of_blocks);
}
