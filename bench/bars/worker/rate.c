/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: jobs a second of a service with the handler echo, against bare loops on the same queue. The
 * queue is filled before each run, and connections are made, outside the measured time. */
#include "brokers.h"
#include "queue.h"
#include "serve.h"

enum { BARES_MOST = 4, BODY = 256 };

typedef struct arm {
    const worker_setting *setting;
    bar_queue *queue;
    const char *url;
    const worker_bare *bare;
    long jobs;
    double cpu[MEASURE_ROUNDS + 1]; /* seconds of this process, by run */
    int runs;
} arm;

static int echo(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)job, (void)arg;
    return 0;
}

static void fill(const arm *a, long jobs)
{
    static const char body[BODY];
    const filch_message message = {.type = "echo", .body = body, .body_size = sizeof body};
    bar_queue_fill(a->queue, &message, jobs);
}

static double finish(arm *a, double from, double cpu, unsigned times)
{
    double seconds = measure_now() - from;
    a->cpu[a->runs++] = (measure_cpu() - cpu) * times;
    bar_queue_check_empty(a->queue);
    return seconds * times;
}

static double run_service(void *arg)
{
    arm *a = arg;
    const filch_handler handler = {.type = "echo", .fn = echo};
    filch_service *service = serve_create(a->url, &handler);
    uint64_t ran = 0;
    serve_check(filch_service_run_ready(service, &ran)); /* connects; the queue is empty */
    fill(a, a->jobs);
    double cpu = measure_cpu(), from = measure_now();
    serve_check(filch_service_run_ready(service, &ran));
    double seconds = finish(a, from, cpu, 1);
    serve_expect((long)ran == a->jobs, "the service did not run each job once");
    serve_check(filch_service_destroy(service));
    return seconds;
}

/* The time of all jobs; one by one they take so long that a tenth is measured. */
static double run_bare(void *arg)
{
    arm *a = arg;
    unsigned fewer = a->bare->batch > 1 ? 1 : 10;
    void *bare = a->bare->open(a->url);
    fill(a, a->jobs / fewer);
    double cpu = measure_cpu(), from = measure_now();
    a->bare->consume(bare, a->bare, a->jobs / fewer);
    double seconds = finish(a, from, cpu, fewer);
    a->bare->close(bare);
    return seconds;
}

/* CPU seconds of `a` over those of `b`, of the rounds that count. */
static measure_spread cpu_ratio(const arm *a, const arm *b, int repeat)
{
    double at[MEASURE_ROUNDS];
    for (int i = 0; i < repeat; i++)
        at[i] = a->cpu[i + 1] / b->cpu[i + 1];
    return measure_spread_of(at, repeat);
}

static void show(const worker_setting *setting, const measure_arm *one, const arm *a, int repeat)
{
    double cpu = measure_spread_of(a->cpu + 1, repeat).median;
    measure_show(setting->name, one, 1e6 / (double)a->jobs, "us a job", repeat);
    printf("    %-30s %-16s %10.3f us CPU a job, in this process\n", "", one->name,
           cpu * 1e6 / (double)a->jobs);
}

static bool judge(const measure_options *options, const worker_setting *setting)
{
    static arm arms[BARES_MOST];
    static measure_arm measured[BARES_MOST];
    static bar_queue queue;
    int count = 1, repeat = options->repeat;
    bool reached = true;
    char row[96], url[512];
    snprintf(url, sizeof url, "%s", setting->url());
    bar_queue_open(&queue, url);
    arms[0] = (arm){setting, &queue, url, NULL, setting->jobs, {0}, 0};
    if (options->size)
        arms[0].jobs = options->size;
    measured[0] = (measure_arm){.name = "service", .once = run_service, .context = &arms[0]};
    for (const worker_bare *b = setting->bares; b->name; b++, count++) {
        arms[count] = arms[0];
        arms[count].bare = b;
        measured[count] = (measure_arm){b->name, run_bare, &arms[count], {0}};
    }
    measure_interleaved(measured, count, repeat);
    for (int i = 0; i < count; i++)
        show(setting, &measured[i], &arms[i], repeat);
    for (int i = 1; i < count; i++) {
        const worker_bare *b = arms[i].bare;
        snprintf(row, sizeof row, "%s: rate / bare, %s", setting->name, b->name);
        reached &= measure_judge(row, measure_ratio(&measured[i], &measured[0], 1, repeat),
                                 b->bound, b->value);
        snprintf(row, sizeof row, "%s: CPU / bare, %s", setting->name, b->name);
        measure_judge(row, cpu_ratio(&arms[0], &arms[i], repeat), MEASURE_REPORTED, 0);
    }
    bar_queue_close(&queue);
    return reached;
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "JOBS");
    bool reached = true;
    for (const worker_setting *s = worker_settings; s->name; s++)
        if (measure_wanted(&options, s->bar))
            reached &= judge(&options, s);
    return !reached;
}
