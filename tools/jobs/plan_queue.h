/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Waiting times of a queue with several servers, for `filch-jobs plan`. Two models:
 *  - M/M/c: Poisson arrivals and exponential service times; exact.
 *  - G/G/c: Allen and Cunneen's approximation scales the waiting time of M/M/c by half the sum of
 *    the squared coefficients of variation; service times are lognormal.
 * Jobs are taken first come, first served. Pure functions; any thread. */
#ifndef JOBS_PLAN_QUEUE_H
#define JOBS_PLAN_QUEUE_H

#include <stdbool.h>

enum { PLAN_SERVERS_MOST = 1000000 };

/* A coefficient of variation (cv) is the standard deviation divided by the mean. */
typedef struct plan_load {
    double rate;    /* arrivals a second, > 0 */
    double service; /* mean service time in seconds, > 0 */
    double arrival_cv, service_cv;
} plan_load;

/* Servers that are busy on average: rate * service, in Erlang. */
double plan_offered(const plan_load *load);
/* The least number of servers with a utilisation below 1. */
unsigned long plan_least_servers(const plan_load *load);
/* The exact model: both cv are 1. */
bool plan_is_markov(const plan_load *load);

/* Erlang C: the probability that a job of M/M/c waits. offered < servers. */
double plan_wait_probability(unsigned long servers, double offered);

/* The rest needs servers >= plan_least_servers. Times in seconds. */
double plan_mean_wait(const plan_load *load, unsigned long servers);
/* The time that the share `tail` (0 < tail < 1) of the jobs exceeds: waiting, and waiting and being
 * served. */
double plan_wait_quantile(const plan_load *load, unsigned long servers, double tail);
double plan_response_quantile(const plan_load *load, unsigned long servers, double tail);
/* The same of the service time alone: a response time has no lower quantile. */
double plan_service_quantile(const plan_load *load, double tail);

/* The least multiple of `step` servers, up to PLAN_SERVERS_MOST, whose response quantile is at most
 * `target`. 0: none. */
unsigned long plan_servers_for(const plan_load *load, unsigned long step, double tail,
                               double target);

#endif
