// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Runtimes, contexts, scopes, channels and pools as objects.
#include "check.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace
{

void runtimes(filch::runtime &rt)
{
    filch::runtime first(1u), second = std::move(first);
    CHECK(!first.get() && second.workers() == 1);
    int value = 1;
    int &same = second.run([&]() -> int & { return value; });
    CHECK(&same == &value);
    // A task of one runtime in another one.
    CHECK(rt.run([&] { return second.run([](filch_self self) { return self ? 2 : 0; }); }) == 2);
    first = std::move(second);
    CHECK(first.run([] { return 3; }) == 3);
}

void contexts()
{
    filch::context root, child(root, FILCH_FOREVER), copy = child;
    CHECK(root.deadline() == FILCH_FOREVER && root.cause() == 0);
    CHECK(root.cancel(-EIO) && !root.cancel());
    CHECK(child.cause() == -EIO && copy.wait() == -EIO && copy.sleep(FILCH_SECOND) == -EIO);
    filch::context late(filch_now());
    CHECK(late.wait() == -ETIMEDOUT);
    copy = late;
    CHECK(copy.get() == late.get());
    filch::context moved = std::move(copy);
    CHECK(!copy.get() && moved.cause() == -ETIMEDOUT);
}

void scopes(filch::runtime &rt)
{
    // Children spawn children; they may own what they capture.
    filch_u64 count{};
    {
        filch::scope scope(rt);
        for (int i = 0; i < 20; i++)
            scope.spawn([&, one = std::make_unique<int>(1)] {
                scope.spawn([&](filch_self) { filch_u64_add(&count, 1, FILCH_RELAXED); });
                filch_u64_add(&count, static_cast<uint64_t>(*one), FILCH_RELAXED);
            });
        CHECK(scope.wait() == 0);
        scope.join();
    }
    CHECK(filch_u64_load(&count, FILCH_RELAXED) == 40);
    // A block that ends without join() cancels and waits.
    bool ended = false;
    rt.run([&] {
        filch::context parent;
        filch::scope scope(parent);
        scope.spawn([&] {
            CHECK(filch_context_sleep(scope.context().get(), 1000 * FILCH_SECOND) < 0);
            ended = true;
        });
    });
    CHECK(ended);
}

template <class T, class Make> void channels(filch::runtime &rt, size_t capacity, Make make)
{
    filch::channel<T> items(capacity);
    CHECK(items.capacity() == capacity && !items.closed() && items.length() == 0);
    auto sender = filch::async(rt, [&] {
        for (int i = 0; i < 200; i++)
            CHECK(items.send(make(i)) == 0);
        items.close();
    });
    auto other = filch::async(rt, [&] {
        int got = 0;
        for (T &one : items)
            got += make(0) == one ? 1 : 1;
        return got;
    });
    int got = 0;
    T one = make(0);
    while (items.receive(one) == 0)
        got++;
    CHECK(got + other.get() == 200);
    sender.get();
    CHECK(items.closed() && !items.next());
    T kept = make(5);
    CHECK(items.send(std::move(kept)) == -EPIPE && kept == make(5)); // NOLINT: it is as before
    CHECK(items.try_receive(one) == -EPIPE);
}

void more_channels(filch::runtime &)
{
    filch::channel<std::unique_ptr<int>> owners(2); // its destructor frees the items in it
    CHECK(owners.try_send(std::make_unique<int>(1)) == 0);
    CHECK(owners.send_until(std::make_unique<int>(2), FILCH_FOREVER) == 0);
    auto third = std::make_unique<int>(3);
    CHECK(owners.try_send(std::move(third)) == -EAGAIN && *third == 3);
    CHECK(owners.send_until(std::move(third), filch_in(1)) == -ETIMEDOUT && *third == 3);
    std::unique_ptr<int> one;
    CHECK(owners.receive_until(one, FILCH_FOREVER) == 0 && *one == 1);
    filch::channel<int> empty(1);
    int number = 8;
    CHECK(empty.try_receive(number) == -EAGAIN && number == 8);
    CHECK(empty.receive_until(number, filch_in(1)) == -ETIMEDOUT);
}

void pools(filch::runtime &rt)
{
    filch_pool_config config{};
    config.width = 2;
    config.order = FILCH_FIFO;
    filch::future<int> late;
    {
        filch::pool pool(rt, config);
        std::vector<filch::future<std::string>> results;
        for (int i = 0; i < 50; i++)
            results.push_back(pool.submit([=] { return std::to_string(i); }));
        auto owner = pool.submit([one = std::make_unique<int>(4)](filch_self) { return *one; });
        for (int i = 0; i < 50; i++)
            CHECK(results[static_cast<size_t>(i)].get() == std::to_string(i));
        CHECK(owner.get() == 4);
        CHECK(pool.submit([] { return 20; }).then([](int one) { return one + 1; }).get() == 21);
        // A job that is cancelled while it waits.
        filch::promise<void> begun, go;
        auto begins = begun.get_future();
        filch::pool narrow(rt, 1);
        auto first =
            narrow.submit([&, gate = std::make_shared<filch::future<void>>(go.get_future())] {
                begun.set_value();
                gate->get();
            });
        begins.get();
        auto second = narrow.submit([] { return 1; });
        CHECK(filch_pool_cancel_waiting(narrow.get()) == 1);
        CHECK(second.wait() == 0 && second.failure() == -ECANCELED);
        go.set_value();
        first.get();
        CHECK(narrow.wait() == 0);
        narrow.close();
        late = pool.submit([] { return 5; });
    }
    CHECK(late.get() == 5);
    filch::pool own(3); // with a runtime of its own
    filch_pool_stats stats;
    filch_pool_stats_read(own.get(), &stats, sizeof stats);
    CHECK(stats.width == 3);
}

} // namespace

void test_objects(filch::runtime &rt)
{
    runtimes(rt);
    contexts();
    scopes(rt);
    for (size_t capacity : {0, 1, 16}) {
        channels<int>(rt, capacity, [](int i) { return i; });
        channels<std::string>(rt, capacity, [](int i) { return std::to_string(i) + " is text"; });
    }
    more_channels(rt);
    pools(rt);
}
