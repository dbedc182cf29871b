// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The peer "tbb": oneTBB. Tasks from outside are enqueued in an arena of worker threads alone.
// Loops, sums and spawned tasks run in an arena that includes the calling thread.
#include "submit.h"
#include "wake.h"

#include <map>
#include <tbb/blocked_range.h>
#include <tbb/concurrent_queue.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/parallel_reduce.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tuple>
#include <vector>

namespace
{
typedef tbb::blocked_range<long> range;

// Arenas are kept, as a program keeps them. `threads` run tasks in it: the calling one is among
// them, or
// (outside) it is not.
tbb::task_arena &arena_of(long threads, bool outside)
{
    static tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 64);
    static std::map<std::pair<long, bool>, tbb::task_arena> arenas;
    auto known = arenas.find({threads, outside});
    if (known == arenas.end())
        known = arenas
                    .emplace(std::piecewise_construct, std::forward_as_tuple(threads, outside),
                             std::forward_as_tuple((int)threads, outside ? 0u : 1u))
                    .first;
    return known->second;
}

template <typename F> void measure_inside(long threads, peer_reply *reply, const F &body)
{
    arena_of(threads, false).execute([&] {
        peer_begin(reply);
        body();
        peer_end(reply);
    });
}

// ---- Wake-ups

void submit_note(void *where, wake_note *note)
{
    static_cast<tbb::task_arena *>(where)->enqueue([note] { wake_start(note); });
}

void wake(const peer_order *order, peer_reply *reply)
{
    wake_measure(order, reply, submit_note, &arena_of(order->workers, true));
}

// ---- Jobs

struct jobs_place {
    tbb::task_arena &arena;
    tbb::task_group group;
    uint64_t count; // all of these have run when the group was waited for
};

void burst(void *where, long count)
{
    jobs_place *place = static_cast<jobs_place *>(where);
    for (long i = 0; i < count; i++)
        place->arena.enqueue(place->group.defer([] {}));
}

uint64_t wait_for_all(void *where)
{
    jobs_place *place = static_cast<jobs_place *>(where);
    place->arena.execute([=] { place->group.wait(); });
    return place->count;
}

void jobs(const peer_order *order, peer_reply *reply)
{
    const submit_side side = {burst, wait_for_all};
    jobs_place place{arena_of(order->workers, true), {}, (uint64_t)order->count};
    submit_measure(order, reply, &side, &place);
}

// ---- Channel: a bounded queue between threads

struct talk_place {
    const peer_order *order;
    tbb::concurrent_bounded_queue<uint64_t> items;
    std::vector<uint64_t> sums; // of each party
};

// Even parties send, odd ones receive.
void talk(void *where, long party)
{
    talk_place *place = static_cast<talk_place *>(where);
    uint64_t sum = 0, item = 0;
    for (long i = 0, share = parties_share(place->order, party / 2); i < share; i++) {
        if (party % 2) {
            place->items.pop(item);
            sum += item;
        } else {
            place->items.push((uint64_t)i);
        }
    }
    place->sums[(size_t)party] = sum;
}

void channel(const peer_order *order, peer_reply *reply)
{
    talk_place place{order, {}, std::vector<uint64_t>((size_t)order->parties * 2)};
    place.items.set_capacity(order->room);
    parties_run(2 * order->parties, talk, &place, reply);
    peer_end(reply);
    for (uint64_t sum : place.sums)
        reply->answer += sum;
}

// ---- Loops, sums, spawned tasks

void reduce(const peer_order *order, peer_reply *reply)
{
    const double *x = peer_numbers(order->room);
    measure_inside(order->workers, reply, [=] {
        for (long i = 0; i < peer_turns(order); i++)
            reply->answer += (uint64_t)tbb::parallel_reduce(
                range(0, order->room), 0.0,
                [=](const range &r, double sum) {
                    for (long k = r.begin(); k < r.end(); k++)
                        sum += x[k];
                    return sum;
                },
                [](double left, double right) { return left + right; });
    });
    free((void *)x);
}

void loop(const peer_order *order, peer_reply *reply)
{
    std::vector<uint64_t> results((size_t)order->count);
    uint64_t *to = results.data();
    const long steps = order->steps;
    measure_inside(order->workers, reply, [=] {
        tbb::parallel_for(range(0, order->count), [=](const range &r) {
            for (long i = r.begin(); i < r.end(); i++)
                to[i] = peer_steps((uint64_t)i, steps);
        });
    });
    reply->answer = peer_total(to, order->count);
}

void spawn(const peer_order *order, peer_reply *reply)
{
    std::vector<uint64_t> results((size_t)order->count);
    uint64_t *to = results.data();
    const long steps = order->steps;
    measure_inside(order->workers, reply, [=] {
        tbb::task_group group;
        for (long i = 0; i < order->count; i++)
            group.run([=] { to[i] = peer_steps((uint64_t)i, steps); });
        group.wait();
    });
    reply->answer = peer_total(to, order->count);
}

long fib_of(long n)
{
    if (n < 2)
        return n;
    long left, right;
    tbb::parallel_invoke([&] { left = fib_of(n - 1); }, [&] { right = fib_of(n - 2); });
    return left + right;
}

void fib(const peer_order *order, peer_reply *reply)
{
    measure_inside(order->workers, reply, [=] { reply->answer = (uint64_t)fib_of(order->count); });
}
} // namespace

int main()
{
    static const peer_kind kinds[] = {
        {"wake-blocks", wake}, {"wake-polls", wake}, {"wake-spins", wake}, {"jobs-direct", jobs},
        {"channel", channel},  {"reduce", reduce},   {"for", loop},        {"spawn", spawn},
        {"fib", fib},          {nullptr, nullptr},
    };
    return peer_serve(kinds);
}
