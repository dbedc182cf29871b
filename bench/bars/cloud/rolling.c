/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Bars: rolling updates of three processes filch-worker under load, one after another: a new one is
 * started, and when it is ready an old one is told to end. First alone, then with the broker's
 * server killed and started again in the middle. In each second, a window, one of them has to be ready,
 * without the seconds in which the server was down. --size is the least number of windows, both parts
 * together. Jobs that ran are known by the workers' logs. */
#include "../worker/process.h"
#include "../worker/servers.h"
#include "ask.h"

#include <filch/atomic.h>
#include <tests/support/port.h>

enum {
    PODS = 3,
    SLOTS = PODS + 1, /* one more during an update */
    JOBS_MOST = 1000000,
    WINDOWS_MOST = 36000
};
static const double LEAST_READY = 0.999;
static const double PACE = 0.01; /* seconds between jobs */
static const double LOOK = 0.02; /* between requests for /ready */
static const double APART = 1.5; /* between replacements */
static const double STALL = 60;  /* for any step */

typedef struct pod {
    worker_process process;
    pthread_t reader; /* of its log */
    filch_u32 port;   /* 0: there is none to be asked */
} pod;

typedef struct window {
    bool seen, ready, down; /* looked at; a worker was ready at some look; the server was down */
} window;

typedef struct lab {
    const worker_server *server;
    const char *url;
    pod pods[SLOTS];
    unsigned spare; /* the slot without a process */
    unsigned published, looks, ready_looks;
    double began, down; /* of the windows; seconds of the server's downtime */
    filch_u32 is_down, is_over;
    filch_u32 counted; /* windows that are over, without those of the downtime alone */
    window windows[WINDOWS_MOST];
    filch_u32 ran[JOBS_MOST];
} lab;

static void expect_in_time(double until, const char *what)
{
    if (measure_now() > until)
        worker_process_die(what);
}

/* ---- Workers ---- */

typedef struct reading {
    lab *lab;
    FILE *log;
} reading;

static void *read_log(void *arg)
{
    reading *r = arg;
    char line[4096];
    while (fgets(line, sizeof line, r->log)) {
        const char *id = strstr(line, "\"task_id\":\"");
        if (id && strstr(line, "\"task completed\""))
            filch_u32_add(&r->lab->ran[atoi(id + sizeof "\"task_id\":\"" - 1)], 1, FILCH_RELAXED);
    }
    fclose(r->log);
    free(r);
    return NULL;
}

static void start_pod(lab *l, pod *p)
{
    char text[16];
    int port = port_free();
    reading *r = malloc(sizeof *r);
    snprintf(text, sizeof text, "%d", port);
    const char *const args[] = {FILCH_WORKER, "--broker",      l->url, "--queues",
                                BAR_QUEUE,    "--lease",       "5s",   "--deliveries",
                                "1000000",    "--health-port", text,   NULL};
    worker_process_run(&p->process, args);
    if (!r)
        worker_process_die("no memory for its log");
    *r = (reading){l, p->process.log};
    if (pthread_create(&p->reader, NULL, read_log, r))
        worker_process_die("no thread for its log");
    for (double until = measure_now() + STALL; !cloud_is_ready(port); measure_sleep(LOOK))
        expect_in_time(until, "is not ready");
    filch_u32_store(&p->port, (uint32_t)port, FILCH_RELEASE);
}

/* Its end: it is asked for /ready until it no longer answers. */
static void end_pod(pod *p)
{
    int status;
    kill(p->process.pid, SIGTERM);
    if (waitpid(p->process.pid, &status, 0) != p->process.pid || status)
        worker_process_die("ended with another status than 0");
    filch_u32_store(&p->port, 0, FILCH_RELEASE);
    pthread_join(p->reader, NULL);
}

static void update(lab *l, bool restarts)
{
    for (unsigned i = 0; i < PODS; i++) {
        unsigned old = (l->spare + 1) % SLOTS; /* the oldest */
        start_pod(l, &l->pods[l->spare]);
        measure_sleep(APART);
        end_pod(&l->pods[old]);
        l->spare = old;
        if (restarts && i == PODS / 2) {
            double from = measure_now();
            filch_u32_store(&l->is_down, 1, FILCH_RELEASE);
            l->server->restart();
            filch_u32_store(&l->is_down, 0, FILCH_RELEASE);
            l->down += measure_now() - from;
        }
    }
}

/* ---- Load, and looks ---- */

static void *publish(void *arg)
{
    lab *l = arg;
    while (!filch_u32_load(&l->is_over, FILCH_ACQUIRE) && l->published < JOBS_MOST) {
        char id[16];
        double connected = 0, until = measure_now() + STALL;
        snprintf(id, sizeof id, "%u", l->published);
        const filch_message job = {
            .id = id, .type = "sleep", .queue = BAR_QUEUE, .body = "20ms", .body_size = 4};
        for (; !bar_queue_try(l->url, job, &connected); measure_sleep(PACE))
            expect_in_time(until, "has no broker that takes jobs");
        l->published++;
        measure_sleep(PACE);
    }
    return NULL;
}

static bool one_is_ready(lab *l)
{
    bool ready = false;
    for (unsigned i = 0; i < SLOTS; i++) {
        uint32_t port = filch_u32_load(&l->pods[i].port, FILCH_ACQUIRE);
        ready |= port && cloud_is_ready((int)port);
    }
    return ready;
}

/* Was only the server missing? */
static bool counts(const window *w)
{
    return w->seen && (w->ready || !w->down);
}

static void *look(void *arg)
{
    lab *l = arg;
    for (unsigned last = 0; !filch_u32_load(&l->is_over, FILCH_ACQUIRE); measure_sleep(LOOK)) {
        bool down = filch_u32_load(&l->is_down, FILCH_ACQUIRE), ready = one_is_ready(l);
        unsigned at = (unsigned)(measure_now() - l->began);
        down |= filch_u32_load(&l->is_down, FILCH_ACQUIRE) != 0;
        if (at >= WINDOWS_MOST)
            worker_process_die("takes too long for an update");
        window *w = &l->windows[at];
        if (at != last)
            filch_u32_add(&l->counted, counts(&l->windows[last]), FILCH_RELAXED);
        last = at;
        w->seen = true;
        w->ready |= ready;
        w->down |= down;
        l->looks += !down;
        l->ready_looks += !down && ready;
    }
    return NULL;
}

/* ---- Figures ---- */

static void wait_until_empty(const char *url)
{
    bar_queue queue;
    bar_queue_open(&queue, url);
    for (double until = measure_now() + STALL; bar_queue_left(&queue); measure_sleep(LOOK))
        expect_in_time(until, "leaves jobs in the queue");
    bar_queue_close(&queue);
}

/* Windows of both parts. */
static unsigned all_windows, ready_windows;

static bool judge_ready(const lab *l, const char *what, unsigned ready, unsigned all)
{
    char row[96];
    snprintf(row, sizeof row, "%s: %s: seconds with a worker ready", l->server->name, what);
    return measure_judge_one(row, all ? (double)ready / all : NAN, MEASURE_AT_LEAST, LEAST_READY);
}

static bool report(const lab *l, const char *what)
{
    char row[96];
    unsigned lost = 0, ready = 0, all = 0, excluded = 0;
    for (unsigned i = 0; i < l->published; i++)
        lost += filch_u32_load(&l->ran[i], FILCH_RELAXED) == 0;
    for (const window *w = l->windows; w < l->windows + WINDOWS_MOST; w++) {
        all += counts(w);
        ready += counts(w) && w->ready;
        excluded += w->seen && !counts(w);
    }
    all_windows += all;
    ready_windows += ready;
    printf("    %s, %s: %u jobs; %u windows, %u more excluded; a worker was ready at %u of %u "
           "looks\n",
           l->server->name, what, l->published, all, excluded, l->ready_looks, l->looks);
    bool reached = judge_ready(l, what, ready, all);
    if (l->down > 0) {
        snprintf(row, sizeof row, "%s: %s: server down, s", l->server->name, what);
        measure_judge_one(row, l->down, MEASURE_REPORTED, 0);
    }
    snprintf(row, sizeof row, "%s: %s: jobs lost", l->server->name, what);
    return measure_judge_one(row, lost, MEASURE_AT_MOST, 0) && reached;
}

/* Goes on for so many updates, and until so many windows count. */
static bool judge(const worker_server *server, int updates, unsigned windows, bool restarts)
{
    static lab l;
    char url[512];
    pthread_t publisher, looker;
    snprintf(url, sizeof url, "%s", server->url());
    memset(&l, 0, sizeof l);
    l.server = server;
    l.url = url;
    l.spare = PODS;
    for (unsigned i = 0; i < PODS; i++)
        start_pod(&l, &l.pods[i]);
    l.began = measure_now();
    if (pthread_create(&publisher, NULL, publish, &l) || pthread_create(&looker, NULL, look, &l))
        worker_process_die("no threads beside it");
    for (int i = 0; i < updates || filch_u32_load(&l.counted, FILCH_RELAXED) < windows; i++)
        update(&l, restarts);
    filch_u32_store(&l.is_over, 1, FILCH_RELEASE);
    pthread_join(publisher, NULL);
    pthread_join(looker, NULL);
    wait_until_empty(url);
    for (unsigned i = 0; i < SLOTS; i++)
        if (i != l.spare)
            end_pod(&l.pods[i]);
    bool reached = report(&l, restarts ? "update and restarts" : "update");
    if (restarts)
        printf("    %s: both together: a worker was ready in %u of %u windows\n", server->name,
               ready_windows, all_windows);
    return reached && (!restarts || judge_ready(&l, "both", ready_windows, all_windows));
}

int main(int argc, char **argv)
{
    measure_options options = measure_read_options(argc, argv, 0, "WINDOWS");
    unsigned half = (unsigned)(options.size + 1) / 2; /* of the windows */
    const worker_server *server = worker_server_of(options.only ? options.only : "redis");
    bool reached = judge(server, options.repeat, half, false);
    return !(judge(server, options.repeat, half, true) && reached);
}
