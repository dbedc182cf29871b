/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: a million image transformations through a broker, with metrics, logs and traces on. One
 * process publishes PNG files, takes spans and log lines, and reads metrics; another one is the
 * service. Each job is counted by its id. */
#include "brokers.h"
#include "collector.h"
#include "picture.h"
#include "process.h"

#include <filch/service_main.h>
#include <tests/support/http.h>
#include <tests/support/system.h>

#include <sys/mman.h>

enum {
    JOBS = 1000000,
    BATCH = 100,
    AHEAD = 20000, /* jobs that are published and not done, at most */
    ALONE = 2000   /* transformations without a service */
};
static const double MOST_SECONDS = 600; /* for JOBS */
static const double MOST_GROWTH = 1.1, MOST_SLOPE = 1 /* byte a job */;
static const double SAMPLE = 0.25, STALL = 60; /* seconds */

/* ---- Growth of memory ----
 *
 * The run is cut into ten equal parts by jobs. The first part warms up: each thread gets its arena,
 * its buffers and its stacks. A steady state has the same mean in all others. */

enum { GROWTH_PARTS = 10 };

typedef struct growth {
    double sum[GROWTH_PARTS]; /* bytes */
    unsigned count[GROWTH_PARTS];
} growth;

/* Adds a sample, taken when `share` (0..1) of the jobs were done. */
static void growth_add(growth *g, double share, double bytes)
{
    unsigned part = (unsigned)(share * GROWTH_PARTS);
    if (part >= GROWTH_PARTS)
        part = GROWTH_PARTS - 1;
    g->sum[part] += bytes;
    g->count[part]++;
}

/* The mean of a part. NAN: it has no samples. */
static double growth_mean(const growth *g, unsigned part)
{
    return g->count[part] ? g->sum[part] / g->count[part] : NAN;
}

/* The last part's mean over the second's. */
static double growth_ratio(const growth *g)
{
    return growth_mean(g, GROWTH_PARTS - 1) / growth_mean(g, 1);
}

/* The slope of the line through all parts but the first, by least squares, in bytes a job. */
static double growth_slope(const growth *g, double jobs)
{
    enum { FIRST = 1, COUNT = GROWTH_PARTS - FIRST };
    double up = 0, across = 0, middle = FIRST + (COUNT - 1) / 2.0;
    for (unsigned part = FIRST; part < GROWTH_PARTS; part++) {
        up += (part - middle) * growth_mean(g, part);
        across += (part - middle) * (part - middle);
    }
    return up / across / (jobs / GROWTH_PARTS);
}

static void growth_print(const growth *g)
{
    printf("    MiB of the service in each tenth of the jobs:");
    for (unsigned part = 0; part < GROWTH_PARTS; part++)
        printf(" %.2f", growth_mean(g, part) / (1 << 20));
    printf("\n");
}

/* ---- The run ---- */

typedef struct lab {
    const char *broker;
    unsigned jobs;
    unsigned char file[PICTURE_MOST];
    size_t size;
    int port; /* of the service's metrics */
    worker_process service;
    collector told;
    bar_queue queue;
    growth memory;  /* of the service alone: neither `shared` nor pages of libraries */
    double sampled; /* the time of the last sample */
    unsigned scrapes;
} lab;

/* In shared memory. */
typedef struct counts {
    filch_u32 done; /* jobs of which a run has ended */
    filch_u32 runs[];
} counts;

static counts *shared;

/* ---- The service ---- */

static int transform(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    unsigned char turned[PICTURE_MOST];
    size_t size = picture_turn(message->body, message->body_size, turned);
    if (!size)
        return filch_service_job_fail(job, "no picture of %d x %d pixels", PICTURE_SIDE,
                                      PICTURE_SIDE);
    if (filch_u32_add(&shared->runs[atoi(message->id)], 1, FILCH_ACQ_REL) == 0)
        filch_u32_add(&shared->done, 1, FILCH_ACQ_REL);
    return 0;
}

static void serve(const lab *l, const char *url)
{
    static const filch_handler handlers[] = {{.type = "image", .fn = transform}};
    char port[16], endpoint[64];
    snprintf(port, sizeof port, "%d", l->port);
    snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", l->told.port);
    const char *args[] = {"images",  "--broker",    url,    "--queues",
                          BAR_QUEUE, "--width",     "32",   "--health-port",
                          port,      "--log-level", "info", "--otlp-endpoint",
                          endpoint,  NULL};
    _exit(filch_service_main(sizeof args / sizeof *args - 1, (char **)args, handlers, 1));
}

/* The answer to GET; its status is 0 if none came. Free it. */
static http_answer *ask(int port, const char *path)
{
    char text[128];
    struct sockaddr_in to = http_place((unsigned)port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        send(fd, text, (size_t)size, MSG_NOSIGNAL);
    return http_read(fd);
}

static bool answers(int port, const char *path)
{
    http_answer *answer = ask(port, path);
    bool good = answer->status == 200;
    free(answer);
    return good;
}

static void start(lab *l, const char *url)
{
    int log = collector_open(&l->told);
    l->port = port_free();
    fflush(stdout);
    l->service.pid = fork();
    if (l->service.pid < 0)
        worker_process_die("no process");
    if (l->service.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log, STDERR_FILENO);
        serve(l, url);
    }
    close(log);
    collector_start(&l->told);
    for (double until = measure_now() + STALL; !answers(l->port, "/ready"); measure_sleep(0.01))
        if (measure_now() > until)
            worker_process_die("is not ready");
}

/* ---- The other process ---- */

static void sample(lab *l)
{
    if (measure_now() < l->sampled + SAMPLE)
        return;
    l->sampled = measure_now();
    growth_add(&l->memory, (double)filch_u32_load(&shared->done, FILCH_ACQUIRE) / l->jobs,
               worker_process_memory(&l->service, "RssAnon:") * 1024);
    l->scrapes += answers(l->port, "/metrics");
}

/* Waits until so many jobs are done. false: none has been for long. */
static bool wait_for(lab *l, uint32_t done)
{
    uint32_t seen = 0, now;
    double until = measure_now() + STALL;
    while ((now = filch_u32_load(&shared->done, FILCH_ACQUIRE)) < done) {
        if (now != seen)
            until = measure_now() + STALL;
        else if (measure_now() > until)
            return false;
        seen = now;
        sample(l);
        measure_sleep(0.001);
    }
    return true;
}

static void publish(lab *l, unsigned from, unsigned count)
{
    char ids[BATCH][16];
    filch_message batch[BATCH];
    for (unsigned i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", from + i);
        batch[i] =
            (filch_message){.id = ids[i], .type = "image", .body = l->file, .body_size = l->size};
    }
    bar_queue_publish(&l->queue, batch, count);
}

/* Returns seconds. */
static double run_all(lab *l)
{
    bool goes_on = true;
    double from = measure_now();
    for (unsigned next = 0; goes_on && next < l->jobs; next += BATCH) {
        publish(l, next, l->jobs - next < BATCH ? l->jobs - next : BATCH);
        sample(l);
        goes_on = next < AHEAD || wait_for(l, next - AHEAD);
    }
    wait_for(l, goes_on ? l->jobs : 0);
    return measure_now() - from;
}

/* Ends the service, and returns its CPU seconds. */
static double end(lab *l)
{
    struct rusage use;
    int status;
    kill(l->service.pid, SIGTERM);
    if (wait4(l->service.pid, &status, 0, &use) != l->service.pid || status)
        worker_process_die("ended with another status than 0");
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

/* ---- Figures ---- */

/* Microseconds of one transformation, without a service. */
static double alone(lab *l)
{
    static unsigned char turned[PICTURE_MOST];
    l->size = picture_make(l->file);
    if (!picture_is_turned(turned, picture_turn(l->file, l->size, turned)))
        worker_process_die("libpng turns no picture");
    double from = measure_cpu();
    for (int i = 0; i < ALONE; i++)
        picture_turn(l->file, l->size, turned);
    return (measure_cpu() - from) * 1e6 / ALONE;
}

/* A short run is over before all is warm, so its growth is reported only. */
static bool judge_memory(const lab *l)
{
    enum measure_bound bound = l->jobs < JOBS ? MEASURE_REPORTED : MEASURE_AT_MOST;
    bool reached =
        measure_judge_one(measure_text("%s: images: memory, last tenth / second", l->broker),
                          growth_ratio(&l->memory), bound, MOST_GROWTH);
    return measure_judge_one(measure_text("%s: images: growth, bytes a job", l->broker),
                             growth_slope(&l->memory, l->jobs), bound, MOST_SLOPE) &&
           reached;
}

static bool report(lab *l, double seconds, double cpu, double own)
{
    unsigned lost = 0, twice = 0;
    for (unsigned i = 0; i < l->jobs; i++) {
        uint32_t runs = filch_u32_load(&shared->runs[i], FILCH_ACQUIRE);
        lost += runs == 0;
        twice += runs > 1;
    }
    printf("    %s: %.0f jobs a second; CPU of a job, us: %.0f service, %.0f publisher and "
           "collector; %u run twice\n",
           l->broker, l->jobs / seconds, cpu * 1e6 / l->jobs, own * 1e6 / l->jobs, twice);
    printf("    %llu spans, %llu log lines, %u scrapes of metrics\n",
           (unsigned long long)filch_u64_load(&l->told.spans, FILCH_RELAXED),
           (unsigned long long)filch_u64_load(&l->told.lines, FILCH_RELAXED), l->scrapes);
    growth_print(&l->memory);
    bool reached = measure_judge_one(measure_text("%s: %u images: lost", l->broker, l->jobs), lost,
                                     MEASURE_AT_MOST, 0);
    reached &= measure_judge_one(measure_text("%s: %u images: seconds", l->broker, l->jobs),
                                 seconds, MEASURE_AT_MOST, MOST_SECONDS * l->jobs / JOBS);
    reached &= judge_memory(l);
    measure_judge_one(measure_text("%s: images: spans a job", l->broker),
                      (double)filch_u64_load(&l->told.spans, FILCH_RELAXED) / l->jobs,
                      MEASURE_REPORTED, 0);
    return reached;
}

static void run(lab *l, const char *url, double *seconds, double *cpu, double *own)
{
    shared = mmap(NULL, sizeof *shared + l->jobs * sizeof *shared->runs, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ((void *)shared == MAP_FAILED)
        worker_process_die("no shared memory");
    start(l, url);
    bar_queue_open(&l->queue, url);
    double before = measure_cpu();
    *seconds = run_all(l);
    *own = measure_cpu() - before;
    *cpu = end(l);
    bar_queue_check_empty(&l->queue);
    bar_queue_close(&l->queue);
}

static void read_options(lab *l, int argc, char **argv)
{
    static const struct option known[] = {{"jobs", required_argument, NULL, 'j'},
                                          {"broker", required_argument, NULL, 'b'},
                                          {NULL, 0, NULL, 0}};
    bool right = true;
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (letter == 'j')
            l->jobs = (unsigned)atoi(optarg);
        else if (letter == 'b')
            l->broker = optarg;
        else
            right = false;
    if (right && l->jobs >= 1 && l->jobs <= 10000000)
        return;
    fprintf(stderr, "usage: %s [--jobs 1..10000000] [--broker NAME]\n", argv[0]);
    exit(2);
}

int main(int argc, char **argv)
{
    static lab l;
    double seconds, cpu, own;
    l.broker = "redis";
    l.jobs = JOBS;
    read_options(&l, argc, argv);
    const worker_server *server = worker_server_of(l.broker);
    printf("    one transformation alone: %.0f us of CPU\n", alone(&l));
    run(&l, server->url(), &seconds, &cpu, &own);
    return !report(&l, seconds, cpu, own);
}
