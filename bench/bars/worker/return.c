/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bar: the first job after the broker is back. A worker serves, the server is killed by SIGKILL and
 * started again. The time counts from the server's first accepted connection until the job has run;
 * where queues come back later than that, from its first confirmed publication. The longest round is
 * judged. */
#include "../measure.h"
#include "queue.h"

#include <tests/support/fleet.h>

#include "servers.h"

static const double MOST_MS = 2000;

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

static bool judge(const worker_server *server, int repeat)
{
    char row[96];
    double ms[MEASURE_ROUNDS];
    lab l = {.server = server};
    fleet_prepare(&(fleet_plan){.jobs = (2 * (unsigned)repeat + 1) * FLEET_RETRIED});
    pid_t worker = fleet_start(fleet_serve, server->url(), 0);
    for (int round = 0; round < repeat; round++) {
        run_job(&l); /* the worker is connected */
        server->restart();
        ms[round] = run_job(&l);
    }
    kill(worker, SIGTERM);
    cr_assert(fleet_end_of(worker) == 0);
    measure_spread spread = measure_spread_of(ms, repeat);
    printf("    %s: %.1f ms is the median of %d rounds\n", server->name, spread.median, repeat);
    spread.median = spread.most;
    snprintf(row, sizeof row, "%s: first job after the server is back, ms, most", server->name);
    return measure_judge(row, spread, MEASURE_AT_MOST, MOST_MS);
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "0");
    bool reached = true;
    for (const worker_server *s = worker_servers; s->name; s++)
        if (s->restart && measure_wanted(&options, s->name))
            reached &= judge(s, options.repeat);
    return !reached;
}
