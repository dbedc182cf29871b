// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Exceptions cross all boundaries, and join what they leave.
#include "check.hpp"

#ifdef __cpp_exceptions
#include <algorithm>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct mistake : std::runtime_error {
    using std::runtime_error::runtime_error;
};

filch_u64 alive{}; // objects of this class

struct counted {
    counted()
    {
        filch_u64_add(&alive, 1, FILCH_RELAXED);
    }
    counted(const counted &) : counted()
    {
    }
    ~counted()
    {
        filch_u64_add(&alive, ~uint64_t{0}, FILCH_RELAXED);
    }
};

long deep(filch_self self, int n, int thrower)
{
    counted here, one;
    if (n < 2) {
        if (n == thrower)
            throw mistake("deep");
        return n;
    }
    // The captures outlive the branches, whichever of these throws.
    std::string text(100, 'x');
    auto [left, right] = filch::invoke(
        self,
        [&, one](filch_self next) {
            CHECK(text.size() == 100);
            return deep(next, n - 1, thrower) + (text[99] == 'x' ? 0 : 1);
        },
        [&, one](filch_self next) {
            CHECK(text.size() == 100);
            return deep(next, n - 2, thrower);
        });
    return left + right;
}

// A branch that runs elsewhere has ended when the other one's exception leaves invoke.
void joins_first(filch_self self)
{
    for (int i = 0; i < 200; i++) {
        filch_u32 begun{}, ended{};
        try {
            filch::invoke(
                self,
                [&] {
                    filch_u32_store(&begun, 1, FILCH_RELEASE);
                    for (int j = 0; j < 100; j++)
                        filch_u32_load(&begun, FILCH_RELAXED);
                    filch_u32_store(&ended, 1, FILCH_RELEASE);
                },
                [&](filch_self next) {
                    if (i % 2)
                        filch_yield(next);
                    throw mistake("right");
                });
            CHECK(!"thrown");
        } catch (const mistake &) {
            CHECK(filch_u32_load(&begun, FILCH_ACQUIRE) == filch_u32_load(&ended, FILCH_ACQUIRE));
        }
    }
}

void forks(filch_self self)
{
    filch_self before = self;
    CHECK_THROWS(mistake, {
        auto first = filch::fork(self, [one = counted()] { return 1; });
        auto second = filch::fork(self, []() -> int { throw mistake("second"); });
        second.join();
    });
    CHECK_THROWS(mistake, {
        auto first = filch::fork(self, []() -> int { throw mistake("lost"); });
        filch_yield(self);
        throw mistake("block");
    });
    CHECK(self == before);
    // Small and large branches, thrown here and by a thief; the first of a pair is the forked one.
    for (int i = 0; i < 50; i++) {
        std::string text = "text";
        CHECK_THROWS(mistake, filch::invoke(
                                  self, [i]() -> int { throw mistake(std::to_string(i)); },
                                  [](filch_self next) { filch_yield(next); }));
        CHECK_THROWS(mistake, filch::invoke(
                                  self, [text]() -> std::string { throw mistake(text); },
                                  [](filch_self next) { filch_yield(next); }));
        CHECK_THROWS(mistake, filch::invoke(
                                  self, [text] { return text; }, [] { return 1; },
                                  []() -> std::string { throw mistake("third"); }));
    }
}

void algorithms(filch::runtime &rt)
{
    std::vector<int> items(20000);
    for (size_t i = 0; i < items.size(); i++)
        items[i] = static_cast<int>(i * 7919 % items.size());
    const std::vector<int> before = items;
    auto refuse = [](int one) {
        if (one == 17)
            throw mistake("17");
        return one;
    };
    auto less = [](int a, int b) {
        if (a == 17 || b == 17) // every sort compares it
            throw mistake("compared");
        return a < b;
    };
    std::vector<int> out(items.size());
    CHECK_THROWS(mistake, filch::for_each(rt, items, refuse));
    CHECK_THROWS(mistake, filch::transform(rt, items, out.begin(), refuse));
    CHECK_THROWS(mistake, filch::transform_reduce(rt, items, 0, std::plus<>(), refuse));
    CHECK_THROWS(mistake,
                 filch::transform_reduce(rt, items, std::string(), std::plus<>(), [&](int one) {
                     return std::string(1, static_cast<char>('a' + refuse(one) % 20));
                 }));
    auto add = [&](int a, int b) { return refuse(a % 18) + b; };
    CHECK_THROWS(mistake, filch::inclusive_scan(rt, items.begin(), items.end(), out.begin(), add));
    CHECK_THROWS(mistake, filch::find_if(rt, items, [&](int one) { return refuse(one) < 0; }));
    CHECK_THROWS(mistake, filch::sort(rt, items, less));
    CHECK_THROWS(mistake, filch::stable_sort(rt, items, less));
    // Each item is there once.
    std::sort(items.begin(), items.end());
    for (size_t i = 0; i < items.size(); i++)
        CHECK(items[i] == static_cast<int>(i));
    std::vector<std::string> words(9000);
    for (size_t i = 0; i < words.size(); i++)
        words[i] = std::to_string(i * 7919 % words.size());
    auto by_text = [](const std::string &a, const std::string &b) {
        if (a == "17" && b.size() == 3)
            throw mistake("compared");
        return a < b;
    };
    CHECK_THROWS(mistake, filch::stable_sort(rt, words, by_text));
    CHECK_THROWS(mistake, filch::partition(rt, out, [](int) -> bool { throw mistake("part"); }));
    // The runtime is as before.
    filch::sort(rt, items, std::greater<>());
    CHECK(items[0] == static_cast<int>(items.size()) - 1);
}

void boundaries(filch::runtime &rt)
{
    CHECK_THROWS(mistake, rt.run([] { throw mistake("run"); }));
    CHECK_THROWS(mistake, filch::async(rt, [] { throw mistake("async"); }).get());
    CHECK_THROWS(mistake, filch::async(rt, []() -> int {
                              throw mistake("skipped");
                          }).then([](int) {
                                CHECK(!"called");
                            }).get());
    CHECK_THROWS(mistake,
                 filch::async(rt, [] { return 1; }).then([](int) { throw mistake("then"); }).get());
    filch::promise<int> promise;
    auto future = promise.get_future();
    promise.set_exception(std::make_exception_ptr(mistake("set")));
    CHECK(future.failure() == -ENOTRECOVERABLE);
    CHECK_THROWS(mistake, future.get());
    CHECK_THROWS(filch::error, future.get());

    // The first exception of a scope cancels the others, and is thrown by join().
    CHECK_THROWS(mistake, rt.run([] {
        filch::scope scope;
        scope.spawn([&] { scope.context().sleep(1000 * FILCH_SECOND); });
        scope.spawn([] { throw mistake("child"); });
        scope.join();
    }));
    // So is one that ends the scope before all children were spawned.
    CHECK_THROWS(mistake, rt.run([] {
        filch::scope scope;
        scope.spawn([] { throw mistake("child"); });
        CHECK(scope.wait() == -ECHILD);
        scope.spawn([] { CHECK(!"spawned"); });
    }));
    CHECK_THROWS(mistake, rt.run([] {
        filch::scope scope;
        scope.spawn([&] { scope.context().sleep(1000 * FILCH_SECOND); });
        throw mistake("the owner");
    }));
    CHECK_THROWS(filch::error, rt.run([] {
        filch::scope scope;
        scope.spawn([&] { filch_scope_fail(scope.get(), -EIO, "a code"); });
        scope.join();
    }));

    filch::pool pool(rt);
    CHECK_THROWS(mistake, pool.submit([]() -> int { throw mistake("job"); }).get());
    filch_retry_policy retry{};
    retry.attempts = 3;
    retry.base = 1000;
    filch_job_options options{};
    options.retry = &retry;
    int calls = 0;
    CHECK(pool.submit([&] { return ++calls < 3 ? throw filch::error(-EAGAIN, "again") : calls; },
                      options)
              .get() == 3);
    options.drop = [](void *) {};
    CHECK_THROWS(filch::error, pool.submit([] {}, options));
    pool.close();
    CHECK_THROWS(filch::error, pool.submit([] {}));
}

void errors(filch::runtime &rt)
{
    try {
        filch::runtime none(5000u);
        CHECK(!"created");
    } catch (const filch::error &thrown) {
        CHECK(thrown.code() == std::errc::invalid_argument);
        CHECK(std::string(thrown.what()).find("workers") != std::string::npos);
    }
    std::vector<int> numbers(3);
    for (int algorithm = 0; algorithm < 2; algorithm++)
        try {
            rt.run([&] { algorithm ? filch::sort(rt, numbers) : rt.run([] {}); });
            CHECK(!"run");
        } catch (const filch::error &thrown) {
            CHECK(thrown.code() == std::errc::resource_deadlock_would_occur);
            CHECK(std::string(thrown.what()).find("pass the task's self") != std::string::npos);
        }
    try {
        filch::runtime first(1u), second = std::move(first);
        filch::pool pool(first, 1);
        CHECK(!"created");
    } catch (const filch::error &thrown) {
        CHECK(std::string(thrown.what()).find("moved from") != std::string::npos);
    }
    try {
        rt.run([] { FILCH_PANIC(-EBADMSG, "on purpose"); });
        CHECK(!"run");
    } catch (const filch::error &thrown) {
        CHECK(thrown.code() == std::errc::bad_message);
    }
}

} // namespace

void test_exceptions(filch::runtime &rt)
{
    for (int thrower = 0; thrower < 2; thrower++)
        CHECK_THROWS(mistake, rt.run([=](filch_self self) { return deep(self, 14, thrower); }));
    CHECK(rt.run([](filch_self self) { return deep(self, 12, -1); }) == 144);
    rt.run(joins_first);
    rt.run(forks);
    CHECK(filch_u64_load(&alive, FILCH_RELAXED) == 0);
    algorithms(rt);
    boundaries(rt);
    errors(rt);
}
#endif
