// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The peer "asio": its thread pool and its timers; that of Boost, where asio alone is missing. The
// pool has no bound and runs what is posted in order of arrival, so "jobs" have no bounded queue.
#include "submit.h"
#include "wake.h"

#if __has_include(<asio.hpp>)
#include <asio.hpp>
namespace net = asio;
#else
#include <boost/asio.hpp>
namespace net = boost::asio;
#endif
#include <chrono>
#include <vector>

namespace
{
// ---- Wake-ups

void submit_note(void *pool, wake_note *note)
{
    net::post(*static_cast<net::thread_pool *>(pool), [note] { wake_start(note); });
}

void wake(const peer_order *order, peer_reply *reply)
{
    net::thread_pool pool((size_t)order->workers);
    wake_measure(order, reply, submit_note, &pool);
    pool.join();
}

// ---- Jobs

struct jobs_place {
    net::thread_pool pool;
    uint64_t count; // all of these have run when the pool is joined
};

void burst(void *where, long count)
{
    jobs_place *place = static_cast<jobs_place *>(where);
    for (long i = 0; i < count; i++)
        net::post(place->pool, [] {});
}

uint64_t wait_for_all(void *where)
{
    jobs_place *place = static_cast<jobs_place *>(where);
    place->pool.join();
    return place->count;
}

void jobs(const peer_order *order, peer_reply *reply)
{
    const submit_side side = {burst, wait_for_all};
    jobs_place place{net::thread_pool((size_t)order->width), (uint64_t)order->count};
    submit_measure(order, reply, &side, &place);
}

// ---- Timers: due tomorrow, at some time of the day

struct timers_place {
    const peer_order *order;
    net::io_context context;
    std::vector<net::steady_timer> timers;
};

void start(net::steady_timer &timer, uint64_t *random)
{
    *random = peer_steps(*random, 1);
    timer.expires_after(std::chrono::seconds(86400 + (*random >> 33) % 86400));
    timer.async_wait([](auto) {});
}

void start_all(void *where, long party)
{
    timers_place *place = static_cast<timers_place *>(where);
    uint64_t random = (uint64_t)party;
    for (long i = party; i < place->order->count; i += place->order->parties)
        start(place->timers[(size_t)i], &random);
}

void start_then_stop_all(void *where, long party)
{
    timers_place *place = static_cast<timers_place *>(where);
    start_all(where, party);
    for (long i = party; i < place->order->count; i += place->order->parties)
        peer_check(place->timers[(size_t)i].cancel() == 1, "a timer");
}

// Timers that the parties have left are stopped with their place.
void run_timers(const peer_order *order, peer_reply *reply, void (*body)(void *, long))
{
    timers_place place{order, net::io_context((int)order->parties), {}};
    for (long i = 0; i < order->count; i++)
        place.timers.emplace_back(place.context);
    parties_run(order->parties, body, &place, reply);
    peer_end(reply);
    reply->answer = (uint64_t)order->count;
}

void timers_start(const peer_order *order, peer_reply *reply)
{
    run_timers(order, reply, start_all);
}

void timers_stop(const peer_order *order, peer_reply *reply)
{
    run_timers(order, reply, start_then_stop_all);
}

void start_and_stop(void *where, long party)
{
    timers_place *place = static_cast<timers_place *>(where);
    uint64_t random = (uint64_t)party;
    net::steady_timer timer(place->context);
    for (long i = parties_share(place->order, party); i > 0; i--) {
        start(timer, &random);
        peer_check(timer.cancel() == 1, "a timer");
    }
}

void timers_pairs(const peer_order *order, peer_reply *reply)
{
    timers_place place{order, net::io_context((int)order->parties), {}};
    parties_run(order->parties, start_and_stop, &place, reply);
    peer_end(reply);
    reply->answer = (uint64_t)order->count;
}
} // namespace

int main()
{
    static const peer_kind kinds[] = {
        {"wake-blocks", wake},          {"wake-polls", wake},
        {"wake-spins", wake},           {"jobs-direct", jobs},
        {"jobs-queued", jobs},          {"jobs-fifo", jobs},
        {"timers-start", timers_start}, {"timers-stop", timers_stop},
        {"timers-pairs", timers_pairs}, {nullptr, nullptr},
    };
    return peer_serve(kinds);
}
