// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Coroutines that await futures, of other coroutines too.
#include "check.hpp"

#ifdef __cpp_impl_coroutine
#include <memory>
#include <thread>

namespace
{

filch::future<long> fib(filch::runtime &rt, int n)
{
    if (n < 2)
        co_return n;
    auto left = filch::async(rt, [n] { return static_cast<long>(n); }); // a true wait
    long right = co_await fib(rt, n - 2);
    long other = co_await fib(rt, n - 1);
    CHECK(co_await std::move(left) == n);
    co_return right + other;
}

filch::future<void> nothing(filch::future<std::unique_ptr<int>> given, int &seen)
{
    seen = *co_await std::move(given);
}

} // namespace

void test_coroutines(filch::runtime &rt)
{
    CHECK(fib(rt, 10).get() == 55);
    CHECK(rt.run([&] { return fib(rt, 8).get(); }) == 21);
    int seen = 0;
    filch::promise<std::unique_ptr<int>> promise;
    auto done = nothing(promise.get_future(), seen);
    CHECK(!done.done());
    promise.set_value(std::make_unique<int>(3)); // it goes on here
    CHECK(done.done() && seen == 3);
    done.get();
}
#endif
