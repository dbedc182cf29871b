/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: the first job after the broker is back, or after a worker was killed. A worker serves, the
 * server is killed by SIGKILL and started again. The time counts from the server's first accepted
 * connection until the job has run; where queues come back later than that, from its first confirmed
 * publication. It is also counted from the kill, as it is for a worker that is killed and replaced.
 * The longest round is judged. */
#include "brokers.h"
#include "queue.h"

#include <tests/service/fleet.h>

static const double MOST_MS = 2000, MOST_SECONDS = 30;

typedef struct lab {
    const worker_server *server;
    unsigned published;
} lab;

/* Publishes a job and waits until it has run. Returns ms from the time at which the server was
 * there. */
static double run_job(lab *l)
{
    char id[16];
    double connected = 0;
    snprintf(id, sizeof id, "%u", l->published * FLEET_RETRIED + 1); /* it never fails */
    const filch_message job = {.id = id, .type = "fleet", .queue = "tasks"};
    for (unsigned turn = 0; !bar_queue_try(l->server->url(), job, &connected); turn++)
        be_patient(turn);
    double from = l->server->has_late_queues ? measure_now() : connected;
    fleet_wait(++l->published);
    cr_assert(filch_u32_load(&fleet->done, FILCH_ACQUIRE) == l->published);
    return (measure_now() - from) * 1e3;
}

/* Seconds from a kill until a job has run. */
typedef struct recovery {
    double of_server[MEASURE_ROUNDS], of_worker[MEASURE_ROUNDS];
    double back[MEASURE_ROUNDS]; /* ms from the time at which the server is there */
} recovery;

/* Workers are forked before this process has threads of a client library, and wait for their turn. */
static void serve_in_turn(const char *url)
{
    WAIT_WHILE(filch_u32_load(&fleet->released, FILCH_ACQUIRE) < fleet_number);
    fleet_number = 0;
    fleet_serve(url);
}

static void run_round(lab *l, recovery *r, int round, pid_t worker)
{
    run_job(l); /* the worker is connected */
    double from = measure_now();
    l->server->restart();
    r->back[round] = run_job(l);
    r->of_server[round] = measure_now() - from;
    from = measure_now();
    kill(worker, SIGKILL);
    cr_assert(fleet_end_of(worker) == -SIGKILL);
    filch_u32_store(&fleet->released, (uint32_t)round + 1, FILCH_RELEASE);
    run_job(l);
    r->of_worker[round] = measure_now() - from;
}

static bool judge_longest(const worker_server *server, const char *what, const double *at,
                          int repeat, double most)
{
    measure_spread spread = measure_spread_of(at, repeat);
    printf("    %s: %s: %.3f is the median of %d rounds\n", server->name, what, spread.median,
           repeat);
    spread.median = spread.most;
    return measure_judge(measure_text("%s: %s, most", server->name, what), spread, MEASURE_AT_MOST,
                         most);
}

static bool judge(const worker_server *server, int repeat)
{
    recovery r;
    lab l = {.server = server};
    pid_t workers[MEASURE_ROUNDS + 1];
    fleet_prepare(&(fleet_plan){.jobs = (3 * (unsigned)repeat + 1) * FLEET_RETRIED, .apart = 1});
    for (int i = 0; i <= repeat; i++)
        workers[i] = fleet_start(serve_in_turn, server->url(), (unsigned)i);
    for (int round = 0; round < repeat; round++)
        run_round(&l, &r, round, workers[round]);
    kill(workers[repeat], SIGTERM);
    cr_assert(fleet_end_of(workers[repeat]) == 0);
    bool reached =
        judge_longest(server, "first job after the server is back, ms", r.back, repeat, MOST_MS);
    reached &= judge_longest(server, "killed server to the next job, s", r.of_server, repeat,
                             MOST_SECONDS);
    return judge_longest(server, "killed worker to the next job, s", r.of_worker, repeat,
                         MOST_SECONDS) &&
           reached;
}

bool worker_return(const bar *unused, const measure_options *options)
{
    bool reached = true;
    for (const worker_broker *const *b = worker_brokers; *b; b++) {
        const worker_server *s = &(*b)->server;
        if (s->restart && !s->is_in_memory && measure_wanted(options, s->name))
            reached &= judge(s, options->repeat);
    }
    return reached;
}
