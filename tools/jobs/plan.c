/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * plan: the number and size of workers for a rate of jobs, their latency, and their price. */
#include "command.h"
#include "plan_queue.h"
#include "view.h"

#include <tools/shared/units.h>

#define TAIL 0.01 /* p99 */

typedef struct plan {
    plan_load load;
    unsigned long least, slots, pods; /* least: slots of the smallest stable system */
    double utilisation, waits, mean_wait, p99_wait, p99, task_price;
    bool priced;
} plan;

static double seconds_of(int64_t ns)
{
    return (double)ns / (double)FILCH_SECOND;
}

static unsigned long pods_of(unsigned long slots, unsigned long size)
{
    return (slots + size - 1) / size;
}

static int check_options(const jobs_options *o)
{
    if (!o->service_time || o->rate == 0)
        return jobs_usage(o, "--service-time and --rate are required");
    if (!o->p99 == !o->pods)
        return jobs_usage(o, "give either --p99, for the pods it needs, or --pods");
    return 0;
}

static int refuse_unstable(const jobs_options *o, const plan *p)
{
    return jobs_usage(o,
                      "the queue would grow without end: %lu slots for %.4g busy ones (needed: at "
                      "least %lu slots, %lu pods of %lu)",
                      o->pods * o->slots, plan_offered(&p->load), p->least,
                      pods_of(p->least, o->slots), o->slots);
}

/* Decides p->slots. Returns 0, or JOBS_USAGE after a message. */
static int size_fleet(const jobs_options *o, plan *p)
{
    if (o->pods) {
        p->slots = o->pods * o->slots;
        return p->slots < p->least ? refuse_unstable(o, p) : 0;
    }
    double target = seconds_of(o->p99), alone = plan_service_quantile(&p->load, TAIL);
    if (alone >= target)
        return jobs_usage(o,
                          "--p99 %.4g s cannot be met: 1 %% of the jobs run for %.4g s or longer "
                          "(allowed: more than that)",
                          target, alone);
    p->slots = plan_servers_for(&p->load, o->slots, TAIL, target);
    return p->slots ? 0
                    : jobs_usage(o, "more than %d slots would be needed (at most %d)",
                                 PLAN_SERVERS_MOST, PLAN_SERVERS_MOST);
}

static void compute(const jobs_options *o, plan *p)
{
    double pod_price = o->pod_cpu * o->price_cpu_hour + o->pod_gib * o->price_gib_hour;
    p->pods = p->slots / o->slots;
    p->utilisation = plan_offered(&p->load) / (double)p->slots;
    p->waits = plan_wait_probability(p->slots, plan_offered(&p->load));
    p->mean_wait = plan_mean_wait(&p->load, p->slots);
    p->p99_wait = plan_wait_quantile(&p->load, p->slots, TAIL);
    p->p99 = plan_response_quantile(&p->load, p->slots, TAIL);
    p->priced = pod_price > 0;
    p->task_price = (double)p->pods * pod_price / (3600 * p->load.rate);
}

static const char *model(const plan *p)
{
    return plan_is_markov(&p->load) ? "M/M/c (Erlang C)" : "G/G/c (Allen-Cunneen)";
}

static int print_json(const jobs_options *o, const plan *p)
{
    json_t *out =
        json_pack("{s:s, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:o}",
                  "model", model(p), "rate", p->load.rate, "service_time", p->load.service,
                  "arrival_cv", p->load.arrival_cv, "service_cv", p->load.service_cv, "least_slots",
                  (json_int_t)p->least, "pods", (json_int_t)p->pods, "slots_per_pod",
                  (json_int_t)o->slots, "slots", (json_int_t)p->slots, "utilisation",
                  p->utilisation, "wait_probability", p->waits, "mean_wait", p->mean_wait,
                  "p99_wait", p->p99_wait, "p99", p->p99, "cost_per_task",
                  p->priced ? json_real(p->task_price) : json_null());
    return view_print(o, out);
}

static void print_time(const char *label, double seconds)
{
    char text[32];
    printf("%-13s %s\n", label, time_text(seconds, text, sizeof text));
}

static void print_text(const jobs_options *o, const plan *p)
{
    printf("%-13s %lu pods of %lu slots (at least %lu slots)\n", "workers", p->pods, o->slots,
           p->least);
    printf("%-13s %.1f %%\n", "utilisation", 100 * p->utilisation);
    printf("%-13s %.2f %% of the jobs\n", "waiting", 100 * p->waits);
    print_time("mean wait", p->mean_wait);
    print_time("p99 wait", p->p99_wait);
    print_time("p99", p->p99);
    if (p->priced)
        printf("%-13s %.3g a task\n", "cost", p->task_price);
    printf("%-13s %s\n", "model", model(p));
}

static int run_plan(jobs_options *o)
{
    plan p = {.load = {.rate = o->rate,
                       .service = seconds_of(o->service_time),
                       .arrival_cv = o->arrival_cv,
                       .service_cv = o->service_cv}};
    int status = check_options(o);
    if (status)
        return status;
    p.least = plan_least_servers(&p.load);
    status = size_fleet(o, &p);
    if (status)
        return status;
    compute(o, &p);
    if (o->json)
        return print_json(o, &p);
    print_text(o, &p);
    return 0;
}

const jobs_command jobs_plan_commands[] = {
    {"plan", "", "workers, latency and price for a rate of jobs",
     "Computes how many pods a service needs for a 99th percentile from publication to the end of "
     "the handler (--p99), or what a number of pods (--pods) reaches. It asks no broker. A slot is "
     "a job at a time (width of filch-worker). The time of the broker itself is not part of it.\n\n"
     "With both coefficients of variation 1 the model is M/M/c, which is exact; else it is the "
     "approximation of Allen and Cunneen for G/G/c with lognormal service times.\n\n"
     "Examples:\n"
     "  filch-jobs plan --service-time 200ms --rate 170 --p99 2s\n"
     "  filch-jobs plan --service-time 200ms --service-cv 2 --rate 170 --pods 5 --json\n",
     JOBS_PLAN, 0, 0, run_plan},
    {0},
};
