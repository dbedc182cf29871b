/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: jobs a second of a service with the handler echo, against bare loops on the same queue. The
 * queue is filled before each run, and connections are made, outside the measured time. Clients that fetch
 * all messages ahead connect to the full queue, and the time begins with the first message. */
#include "brokers.h"
#include "queue.h"
#include "serve.h"

#include <filch/atomic.h>

enum { ARMS_MOST = 4, BODY = 256 };

typedef struct arm {
    const worker_setting *setting;
    bar_queue *queue;
    const char *url;
    const worker_bare *bare;
    const worker_cpu *judged; /* its processor time; NULL: that is reported */
    long jobs;
    double cpu[MEASURE_ROUNDS + 1]; /* seconds of its process, by run */
    int runs;
    filch_u32 echoed;        /* jobs of the present run */
    double first, first_cpu; /* time of the first of them, and CPU time until then */
} arm;

/* The last job stops the service, which returns when its answers are accepted. A server that sends
 * messages at its own pace may have none at hand for a moment, which is not the end. */
static int echo(filch_self self, filch_service_job *job, void *arg)
{
    arm *a = arg;
    uint32_t before = filch_u32_add(&a->echoed, 1, FILCH_ACQ_REL);
    if (before == 0) {
        a->first = measure_now();
        a->first_cpu = measure_cpu();
    }
    if (before + 1 == (uint32_t)a->jobs)
        measure_check(filch_service_stop(filch_service_job_service(job), FILCH_FOREVER));
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
    const filch_handler handler = {.type = "echo", .fn = echo, .arg = a};
    filch_service *service = serve_create(a->url, &handler);
    filch_u32_store(&a->echoed, 0, FILCH_RELAXED);
    if (!a->setting->fetches_ahead)
        measure_check(filch_service_run_ready(service, NULL)); /* connects; the queue is empty */
    fill(a, a->jobs);
    double cpu = measure_cpu(), from = measure_now();
    measure_check(filch_service_run(service));
    double seconds =
        a->setting->fetches_ahead ? finish(a, a->first, a->first_cpu, 1) : finish(a, from, cpu, 1);
    measure_expect(filch_u32_load(&a->echoed, FILCH_ACQUIRE) == (uint32_t)a->jobs,
                   "the service did not run each job once");
    measure_check(filch_service_destroy(service));
    return seconds;
}

/* The time of all jobs; one by one they take so long that a tenth is measured. */
static double run_bare(void *arg)
{
    arm *a = arg;
    unsigned fewer = a->bare->batch > 1 ? 1 : 10;
    if (a->setting->fetches_ahead)
        fill(a, a->jobs / fewer);
    void *bare = a->bare->open(a->url);
    if (!a->setting->fetches_ahead)
        fill(a, a->jobs / fewer);
    double cpu = measure_cpu(), from = measure_now();
    a->bare->consume(bare, a->bare, a->jobs / fewer);
    double seconds = finish(a, from, cpu, fewer);
    if (a->judged && a->judged->used)
        a->cpu[a->runs - 1] = a->judged->used(bare) * fewer;
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
    printf("    %-30s %-16s %10.3f us CPU a job, of its process\n", "", one->name,
           cpu * 1e6 / (double)a->jobs);
}

/* A peer that was not built counts as missed. Returns false. */
static bool judge_missing(const worker_setting *setting, const worker_bare *bare)
{
    printf("%s: the peer %s was not built (tools/bars.sh --peers installs it): MISSED\n",
           setting->name, bare->name);
    return false;
}

static bool judge_one(const worker_setting *setting, const measure_arm *measured, int repeat)
{
    const arm *service = measured[0].context;
    bool reached = true;
    for (const measure_arm *m = measured + 1; m->once; m++) {
        const arm *a = m->context;
        const worker_bare *b = a->bare;
        reached &= measure_judge_ratio(measure_text("%s: rate / bare, %s", setting->name, b->name),
                                       m, &measured[0], repeat, b->bound, b->value);
        reached &= measure_judge(measure_text("%s: CPU / bare, %s", setting->name, b->name),
                                 cpu_ratio(service, a, repeat),
                                 a->judged ? MEASURE_AT_MOST : MEASURE_REPORTED,
                                 a->judged ? a->judged->most : 0);
    }
    return reached;
}

static const worker_cpu *cpu_of(const worker_setting *setting, const worker_bare *bare)
{
    for (const worker_cpu *one = setting->cpus; one && one->bare; one++)
        if (strcmp(one->bare, bare->name) == 0)
            return one;
    return NULL;
}

static bool judge(const measure_options *options, const worker_setting *setting)
{
    static arm arms[ARMS_MOST];
    static bar_queue queue;
    measure_arm measured[ARMS_MOST + 1] = {{0}};
    int count = 1, repeat = options->repeat;
    bool reached = true;
    char url[512];
    snprintf(url, sizeof url, "%s", setting->url());
    bar_queue_open(&queue, url);
    arms[0] = (arm){.setting = setting, .queue = &queue, .url = url, .jobs = setting->jobs};
    if (options->size)
        arms[0].jobs = options->size;
    measured[0] = (measure_arm){.name = "service", .once = run_service, .context = &arms[0]};
    for (const worker_bare *b = setting->bares; b->name; b++) {
        if (!b->open) {
            reached = judge_missing(setting, b);
            continue;
        }
        arms[count] = arms[0];
        arms[count].bare = b;
        arms[count].judged = cpu_of(setting, b);
        measured[count] = (measure_arm){b->name, run_bare, &arms[count], {0}};
        count++;
    }
    measure_interleaved(measured, count, repeat);
    for (int i = 0; i < count; i++)
        show(setting, &measured[i], &arms[i], repeat);
    bar_queue_close(&queue);
    return judge_one(setting, measured, repeat) && reached;
}

bool worker_rate(const bar *unused, const measure_options *options)
{
    return worker_judge(options, judge);
}
