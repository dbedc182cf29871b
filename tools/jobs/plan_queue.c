/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Sources: L. Kleinrock, Queueing Systems I (1975), section 3.5 (M/M/c, Erlang C); A. O. Allen,
 * Probability, Statistics, and Queueing Theory (2nd edition, 1990) (G/G/c after Allen
 * and Cunneen). The tail of the waiting time of G/G/c is exponential like that of M/M/c, with the
 * mean of those that wait scaled in the same way. */
#include "plan_queue.h"

#include <math.h>

/* A standard normal distribution, cut into slices: beyond 8 there is less than 1e-15. */
#define NORMAL_END 8.0
enum { NORMAL_SLICES = 400, HALVINGS = 60 };

double plan_offered(const plan_load *load)
{
    return load->rate * load->service;
}

unsigned long plan_least_servers(const plan_load *load)
{
    return (unsigned long)floor(plan_offered(load)) + 1;
}

bool plan_is_markov(const plan_load *load)
{
    return load->arrival_cv == 1 && load->service_cv == 1;
}

/* By the recursion of Erlang B, which neither overflows nor cancels. */
double plan_wait_probability(unsigned long servers, double offered)
{
    double blocked = 1;
    for (unsigned long k = 1; k <= servers; k++)
        blocked = offered * blocked / ((double)k + offered * blocked);
    double busy = offered / (double)servers;
    return blocked / (1 - busy * (1 - blocked));
}

/* The mean wait of the jobs that wait. */
static double waiters_mean(const plan_load *load, unsigned long servers)
{
    double variation = load->arrival_cv * load->arrival_cv + load->service_cv * load->service_cv;
    return load->service / ((double)servers - plan_offered(load)) * variation / 2;
}

double plan_mean_wait(const plan_load *load, unsigned long servers)
{
    return plan_wait_probability(servers, plan_offered(load)) * waiters_mean(load, servers);
}

/* ---- Tails: the share of jobs that a time t exceeds ---- */

typedef struct shape {
    bool markov;
    double service;         /* mean */
    double location, scale; /* of the logarithm of the service time, if it is lognormal */
    double waits;           /* probability */
    double wait;            /* mean of those that wait; 0: none does */
} shape;

typedef double tail_of(const shape *s, double t);

static shape shape_of(const plan_load *load, unsigned long servers)
{
    double spread = log1p(load->service_cv * load->service_cv);
    return (shape){.markov = plan_is_markov(load),
                   .service = load->service,
                   .location = log(load->service) - spread / 2,
                   .scale = sqrt(spread),
                   .waits = servers ? plan_wait_probability(servers, plan_offered(load)) : 0,
                   .wait = servers ? waiters_mean(load, servers) : 0};
}

static double wait_tail(const shape *s, double t)
{
    if (t < 0)
        return 1;
    return s->wait > 0 ? s->waits * exp(-t / s->wait) : 0;
}

/* An exponential wait and an exponential service one after the other. */
static double both_tail(double wait, double service, double t)
{
    if (fabs(wait - service) < 1e-6 * service)
        return (1 + t / service) * exp(-t / service);
    return (wait * exp(-t / wait) - service * exp(-t / service)) / (wait - service);
}

static double markov_tail(const shape *s, double t)
{
    double served = exp(-t / s->service);
    return s->wait > 0 ? (1 - s->waits) * served + s->waits * both_tail(s->wait, s->service, t)
                       : served;
}

/* Sums the tail of the wait over the service times. */
static double general_tail(const shape *s, double t)
{
    double sum = 0, total = 0, width = 2 * NORMAL_END / NORMAL_SLICES;
    for (int i = 0; i < NORMAL_SLICES; i++) {
        double z = -NORMAL_END + ((double)i + 0.5) * width;
        double weight = exp(-z * z / 2);
        sum += weight * wait_tail(s, t - exp(s->location + s->scale * z));
        total += weight;
    }
    return sum / total;
}

static double response_tail(const shape *s, double t)
{
    return s->markov ? markov_tail(s, t) : general_tail(s, t);
}

static double quantile(const shape *s, tail_of *tail, double share)
{
    double low = 0, high = s->service;
    if (tail(s, 0) <= share)
        return 0;
    while (tail(s, high) > share)
        high *= 2;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (tail(s, middle) > share)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double plan_wait_quantile(const plan_load *load, unsigned long servers, double tail)
{
    shape s = shape_of(load, servers);
    return quantile(&s, wait_tail, tail);
}

double plan_response_quantile(const plan_load *load, unsigned long servers, double tail)
{
    shape s = shape_of(load, servers);
    return quantile(&s, response_tail, tail);
}

double plan_service_quantile(const plan_load *load, double tail)
{
    shape s = shape_of(load, 0);
    return quantile(&s, response_tail, tail);
}

/* More servers never make it slower: doubles the steps until they suffice, then halves the gap. */
unsigned long plan_servers_for(const plan_load *load, unsigned long step, double tail,
                               double target)
{
    if (plan_offered(load) >= PLAN_SERVERS_MOST)
        return 0;
    unsigned long below = (plan_least_servers(load) - 1) / step, above = below + 1;
    for (unsigned long gap = 1; plan_response_quantile(load, above * step, tail) > target;
         gap *= 2) {
        below = above;
        if (above * step >= PLAN_SERVERS_MOST)
            return 0;
        above += gap;
    }
    while (above - below > 1) {
        unsigned long middle = below + (above - below) / 2;
        if (plan_response_quantile(load, middle * step, tail) > target)
            below = middle;
        else
            above = middle;
    }
    return above * step;
}
