// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Futures, promises and continuations.
#include "check.hpp"

#include <memory>
#include <string>
#include <thread>

void test_futures(filch::runtime &rt)
{
    filch::future<std::unique_ptr<int>> seven =
        filch::async(rt, [] { return std::make_unique<int>(7); });
    CHECK(*seven.get() == 7 && !seven.valid());
    CHECK(filch::async(rt, [](filch_self self) { return self != nullptr; }).get());
    filch::async(rt, [] {}).get();

    // From a task, and a chain of continuations.
    int answer = rt.run([](filch_self self) {
        auto six = filch::async(self, [] { return 6; });
        auto text = std::move(six)
                        .then([](int one) { return std::to_string(one); })
                        .then([](filch_self, std::string one) { return one + "0"; });
        CHECK(text.wait() == 0 && text.done() && text.failure() == 0);
        return std::stoi(text.get());
    });
    CHECK(answer == 60);
    int calls = 0;
    auto last = filch::async(rt, [] {}).then([&] { calls++; }).then([&](filch_self) { calls++; });
    last.get();
    CHECK(calls == 2);

    // A promise, set by a thread while tasks wait.
    filch::promise<std::string> promise;
    auto waiting = filch::async(rt, [later = std::make_shared<filch::future<std::string>>(
                                         promise.get_future())] { return later->get().size(); });
    std::thread([own = std::move(promise)]() mutable { own.set_value("four"); }).join();
    CHECK(waiting.get() == 4);

    // No result will come.
    filch::future<int> broken;
    {
        filch::promise<int> unset;
        broken = unset.get_future();
        CHECK(broken.wait(filch_in(1)) == -ETIMEDOUT);
    }
    CHECK(broken.wait() == 0 && broken.failure() == -EPIPE);

    // A C panic is a failure.
    auto panicked = filch::async(rt, [] { FILCH_PANIC(-EBADMSG, "on purpose"); });
    CHECK(panicked.wait() == 0 && panicked.failure() == -EBADMSG);

    // Futures that nobody reads.
    for (int i = 0; i < 100; i++)
        filch::async(rt, [] { return std::string(100, 'x'); });
}
