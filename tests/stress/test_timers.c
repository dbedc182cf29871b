/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Time against everything else: a timer that is stopped, moved or fires; a file that is ready,
 * closed or waited for no longer; a ticker that is started anew or destroyed. Each has one
 * outcome. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum { TASKS = 24, THREADS = 2, PARTIES = TASKS + THREADS };

/* Body of one task or thread, run so many times; the last one to end raises `done`. */
struct party {
    filch_runtime *rt;
    uint64_t random;
    unsigned rounds;
    void (*work)(struct party *party);
    void *shared;
    uint64_t accepted, outcomes;
    signpost *done;
};

static uint64_t next(struct party *party)
{
    return party->random = stress_mix(party->random + 1);
}

static void as_task(filch_self self, void *arg)
{
    struct party *party = arg;
    for (unsigned i = 0; i < party->rounds; i++)
        party->work(party);
    signpost_raise(party->done);
}

static void *as_thread(void *arg)
{
    as_task(NULL, arg);
    return NULL;
}

static void all_at_once(filch_runtime *rt, struct party *parties, struct party as)
{
    signpost done = {0};
    pthread_t threads[THREADS];
    as.rt = rt;
    as.done = &done;
    for (unsigned i = 0; i < PARTIES; i++) {
        parties[i] = as;
        parties[i].random = stress_mix(as.random + i);
        if (i < TASKS)
            OK(filch_go(rt, as_task, &parties[i]));
        else
            cr_assert_eq(pthread_create(&threads[i - TASKS], NULL, as_thread, &parties[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    signpost_wait(&done, PARTIES);
}

/* On every runtime; `before` and `after` each, if there is such. Every accepted job has an
 * outcome. */
static void everywhere(void (*work)(struct party *), unsigned rounds, void (*before)(void),
                       void (*after)(void))
{
    for (unsigned config = 0; config < STRESS_CONFIGS; config++) {
        struct party parties[PARTIES];
        uint64_t seed = stress_seed();
        filch_runtime *rt = stress_runtime(config, seed);
        if (before)
            before();
        all_at_once(rt, parties,
                    (struct party){.random = seed, .rounds = stress_times(rounds), .work = work});
        OK(filch_runtime_destroy(rt));
        if (after)
            after();
        for (unsigned i = 0; i < PARTIES; i++)
            cr_assert_eq(parties[i].outcomes, parties[i].accepted, "%s", stress_name(config));
    }
}

/* ---- A timer is stopped, or its task runs ---- */

static void count_it(filch_self self, void *fired)
{
    signpost_raise(fired);
}

static void start_and_stop(struct party *party)
{
    signpost fired = {0};
    filch_timer timer = {{0}};
    uint64_t random = next(party);
    if (filch_timer_start(&timer, party->rt, filch_in((int64_t)(random % 60000)), count_it, &fired))
        filch_die("%s", filch_error());
    if (random >> 32 & 1)
        stress_dawdle(random >> 33);
    else
        filch_sleep((int64_t)(random >> 40) % 60000);
    int moved = random >> 34 & 1 ? filch_timer_reset(&timer, filch_in(random >> 50)) : 0;
    if (moved != 0 && moved != -ENOENT)
        filch_die("%s", filch_error());
    bool stopped = (random >> 35 & 3) && filch_timer_stop(&timer);
    if (stopped && moved)
        filch_die("a timer that had fired was stopped");
    while (!stopped && !signpost_count(&fired))
        filch_sleep(1000);
    party->accepted++;
    party->outcomes += stopped + signpost_count(&fired);
}

Test(timers, each_is_stopped_or_fires_once)
{
    everywhere(start_and_stop, 100, NULL, NULL);
}

/* ---- Timers that all start, stop and reset: each start is stopped, or runs its function ---- */

enum { COMMON = 3 };
static filch_timer common[COMMON];
static filch_u32 starts, stops;
static signpost runs;

static void count_run(filch_self self, void *unused)
{
    signpost_raise(&runs);
}

static void stop_common(filch_timer *timer)
{
    if (filch_timer_stop(timer))
        filch_u32_add(&stops, 1, FILCH_RELAXED); /* read when all have ended */
}

static void use_common(struct party *party)
{
    uint64_t random = next(party);
    filch_timer *timer = &common[random % COMMON];
    int64_t when = filch_in((int64_t)((random >> 8) % 50000));
    int rc = 0;
    if (random >> 40 & 1)
        rc = filch_timer_start(timer, party->rt, when, count_run, NULL);
    else if (random >> 41 & 1)
        stop_common(timer);
    else
        filch_timer_reset(timer, when);
    if (rc && rc != -EALREADY)
        filch_die("%s", filch_error());
    if ((random >> 40 & 1) && !rc)
        filch_u32_add(&starts, 1, FILCH_RELAXED); /* as above */
    stress_dawdle(random >> 42);
    party->outcomes = ++party->accepted;
    for (unsigned i = 0; party->accepted == party->rounds && i < COMMON; i++)
        stop_common(&common[i]); /* the runtime goes when all parties have done this */
}

static void nobody_has_started(void)
{
    filch_u32_store(&starts, 0, FILCH_RELAXED); /* nobody runs yet */
    filch_u32_store(&stops, 0, FILCH_RELAXED);  /* the same */
    filch_u32_store(&runs, 0, FILCH_RELAXED);   /* the same */
}

static void each_start_had_one_end(void)
{
    cr_assert_gt(filch_u32_load(&starts, FILCH_RELAXED), 0);
    cr_assert_eq(filch_u32_load(&stops, FILCH_RELAXED) + signpost_count(&runs),
                 filch_u32_load(&starts, FILCH_RELAXED));
}

Test(timers, shared_timers_stop_or_fire_once)
{
    everywhere(use_common, 150, nobody_has_started, each_start_had_one_end);
}

/* ---- Sleeps end, and not before their time ---- */

static void sleep_some(struct party *party)
{
    uint64_t random = next(party);
    int64_t until = filch_in((int64_t)(random % (random & 1 << 20 ? 1000 : 100000)));
    if (filch_sleep_until(until) || filch_now() < until)
        filch_die("a sleep ended early");
}

Test(timers, sleeps_of_any_length_end_punctually)
{
    everywhere(sleep_some, 200, NULL, NULL);
}

/* ---- Tickers are stopped, started anew and destroyed while they tick ---- */

static void tick(struct party *party)
{
    filch_ticker *ticker;
    filch_tick last = {0, 0, 0}, one;
    uint64_t random = next(party);
    int64_t period = 1 + (int64_t)(random % 40000);
    if (filch_ticker_create(&ticker, period))
        filch_die("%s", filch_error());
    filch_channel *ticks = filch_ticker_channel(ticker);
    for (unsigned i = random >> 32 & 7; i; i--) {
        int rc = filch_channel_receive_until(ticks, &one, filch_in((int64_t)(next(party) % 60000)));
        if (rc == -ETIMEDOUT)
            continue;
        if (rc || one.number != last.number + one.missed + 1 ||
            (last.number && one.when != last.when + (int64_t)(one.number - last.number) * period))
            filch_die("a tick is wrong");
        last = one;
        if (next(party) % 4 == 0) {
            period = 1 + (int64_t)(next(party) % 40000);
            if (filch_ticker_reset(ticker, period))
                filch_die("%s", filch_error());
            last.number = 0;
        }
    }
    filch_ticker_destroy(ticker);
}

Test(timers, restarted_tickers_stay_exact)
{
    everywhere(tick, 60, NULL, NULL);
}

/* ---- Files: ready, in time or not, and closed ---- */

enum { PAIRS = 4 };
static int pairs[PAIRS][2];
static filch_u64 written, taken;

/* Everybody writes to any, and reads from any: another may take the bytes that one waits for. */
static void read_or_write(struct party *party)
{
    uint64_t random = next(party);
    int *ends = pairs[random % PAIRS];
    char bytes[3];
    if (random >> 32 & 1) {
        ssize_t n = write(ends[1], "abc", 1 + (random >> 33) % 3);
        if (n < 0 && filch_wait_fd(ends[1], POLLOUT, filch_in(20000)) == 0)
            filch_die("no event, and no error");
        filch_u64_add(&written, n > 0 ? (uint64_t)n : 0, FILCH_RELAXED);
        return;
    }
    int rc = filch_wait_fd(ends[0], POLLIN, filch_in((int64_t)(random >> 40) % 50000));
    if (rc != POLLIN && rc != -ETIMEDOUT)
        filch_die("waiting for a file: %d, %s", rc, filch_error());
    ssize_t n = rc > 0 ? read(ends[0], bytes, sizeof bytes) : 0;
    filch_u64_add(&taken, n > 0 ? (uint64_t)n : 0, FILCH_RELAXED);
}

static void open_pairs(void)
{
    for (unsigned i = 0; i < PAIRS; i++)
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]), 0);
}

static void what_is_left(void)
{
    char bytes[256];
    for (unsigned i = 0; i < PAIRS; i++) {
        for (ssize_t n; (n = read(pairs[i][0], bytes, sizeof bytes)) > 0;)
            filch_u64_add(&taken, (uint64_t)n, FILCH_RELAXED);
        OK(filch_fd_close(pairs[i][0]));
        OK(filch_fd_close(pairs[i][1]));
    }
    cr_assert_eq(filch_u64_load(&taken, FILCH_RELAXED), filch_u64_load(&written, FILCH_RELAXED));
}

Test(timers, file_waits_lose_no_byte)
{
    everywhere(read_or_write, 150, open_pairs, what_is_left);
}

/* One number, opened and closed by a thread, waited for by all others. It is so high that no other
 * file gets it in between: that one's close would tell nobody. */
enum { DOOR = 200 };
static signpost shut;
static pthread_t porter;

static void wait_at_the_door(struct party *party)
{
    int rc = filch_wait_fd(DOOR, next(party) & 1 ? POLLIN : POLLPRI, FILCH_FOREVER);
    if (rc <= 0 && rc != -EBADF && rc != -EPERM)
        filch_die("waiting at the door: %d, %s", rc, filch_error());
}

/* The other end is closed last, so that a late waiter, which finds the next file of the number, is
 * told as well. */
static void *open_and_shut(void *unused)
{
    while (!signpost_count(&shut)) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
            filch_die("no sockets");
        if (dup3(ends[0], DOOR, O_CLOEXEC) != DOOR || close(ends[0]))
            filch_die("no door");
        filch_sleep(30000);
        if (filch_fd_close(DOOR))
            filch_die("%s", filch_error());
        close(ends[1]);
    }
    return NULL;
}

static void porter_comes(void)
{
    timer_thread_start();
    filch_u32_store(&shut, 0, FILCH_RELEASE);
    cr_assert_eq(pthread_create(&porter, NULL, open_and_shut, NULL), 0);
}

static void porter_goes(void)
{
    signpost_raise(&shut);
    cr_assert_eq(pthread_join(porter, NULL), 0);
}

Test(timers, closed_file_leaves_nobody_waiting)
{
    if (BUILD_TSAN)
        cr_skip_test("to thread sanitizer, a number that is used while it is opened is a race");
    everywhere(wait_at_the_door, 60, porter_comes, porter_goes);
}
