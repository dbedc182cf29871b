/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: no job is lost, and no more jobs run twice than were held at each kill. A fleet of processes
 * serves paced jobs while its workers and the server are killed by SIGKILL in turn. With --kills 0
 * nothing is killed, publishers have no pace, and rate and latency are judged. */
#include "brokers.h"

#include <tests/service/fleet.h>

static const double LEAST_RATE = 10000 / 60.0, MOST_P99 = 5; /* without kills: jobs a second; s */

typedef struct chaos {
    const char *only;
    unsigned jobs, kills, publishers;
    double apart; /* seconds */
} chaos;

static void usage(const char *program)
{
    fprintf(stderr,
            "usage: %s [--jobs 1..10000000] [--kills 0..1000] [--apart SECONDS] "
            "[--publishers 1..%d] [--only NAME]\n",
            program, FLEET_PUBLISHERS);
    exit(2);
}

static chaos read_options(int argc, char **argv)
{
    static const struct option known[] = {{"jobs", required_argument, NULL, 'j'},
                                          {"kills", required_argument, NULL, 'k'},
                                          {"apart", required_argument, NULL, 'a'},
                                          {"publishers", required_argument, NULL, 'p'},
                                          {"only", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    chaos c = {.jobs = 200000, .kills = 10, .publishers = 8, .apart = 20};
    int letter;
    while ((letter = getopt_long(argc, argv, "j:k:a:p:o:", known, NULL)) != -1)
        switch (letter) {
        case 'j':
            c.jobs = (unsigned)atoi(optarg);
            break;
        case 'k':
            c.kills = (unsigned)atoi(optarg);
            break;
        case 'a':
            c.apart = atof(optarg);
            break;
        case 'p':
            c.publishers = (unsigned)atoi(optarg);
            break;
        case 'o':
            c.only = optarg;
            break;
        default:
            usage(argv[0]);
        }
    if (c.jobs < 1 || c.jobs > 10000000 || c.kills > 1000 || c.apart < 0 || c.publishers < 1 ||
        c.publishers > FLEET_PUBLISHERS)
        usage(argv[0]);
    return c;
}

static bool judge(const chaos *c, const worker_server *server)
{
    const char *name = server->name;
    fleet_report report;
    const fleet_plan plan = {.url = server->url(),
                             .kills = c->kills,
                             .disturb = server->restart,
                             .disturbances = server->restart ? c->kills : 0,
                             .jobs = c->jobs,
                             .publishers = c->publishers,
                             .apart = c->kills ? (int64_t)(c->apart * FILCH_SECOND) : 0,
                             .never_stopped = true};
    fleet_run(&plan, &report);
    printf("    %s: %u jobs, %u runs, %u twice (at most %u), %u lost, kills: %u of workers, %u of "
           "the server or its connections; %.1f s\n",
           name, c->jobs, report.runs, report.doubled, report.allowed, report.lost, plan.kills,
           plan.disturbances, report.seconds);
    bool reached = measure_judge_one(measure_text("%s: %u jobs, %u publishers: lost", name, c->jobs,
                                                  c->publishers),
                                     report.lost, MEASURE_AT_MOST, 0);
    reached &= measure_judge_one(measure_text("%s: runs twice, %u + %u kills", name, plan.kills,
                                              plan.disturbances),
                                 report.doubled, MEASURE_AT_MOST, report.allowed);
    reached &=
        measure_judge_one(measure_text("%s: jobs a second%s", name, c->kills ? ", paced" : ""),
                          c->jobs / report.seconds, c->kills ? MEASURE_REPORTED : MEASURE_AT_LEAST,
                          LEAST_RATE);
    return measure_judge_one(measure_text("%s: publication to the end of the job, p99, s", name),
                             report.p99, c->kills ? MEASURE_REPORTED : MEASURE_AT_MOST, MOST_P99) &&
           reached;
}

int main(int argc, char **argv)
{
    const chaos c = read_options(argc, argv);
    bool reached = true, found = false;
    for (const worker_broker *const *b = worker_brokers; *b; b++)
        if (!c.only || strcmp((*b)->server.name, c.only) == 0) {
            reached &= judge(&c, &(*b)->server);
            found = true;
        }
    if (!found)
        usage(argv[0]);
    return !reached;
}
