/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * load: publishes jobs at a rate from several threads, and measures until they are processed, by a
 * service in this process or by others. */
#include "calls.h"
#include "command.h"
#include "figures.h"
#include "progress.h"
#include "record.h"
#include "text.h"

#include <filch/wait.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 10000, THREADS_MOST = 1000, FIRST_ERROR = 256 };
static const char QUEUE[] = "filch-load", TYPE[] = "echo";
static const int64_t LOOK = 20 * FILCH_MILLISECOND, COUNT_EACH = 200 * FILCH_MILLISECOND;

typedef struct load {
    const jobs_options *options;
    load_record record;
    filch_service *service;
    filch_service_queue queue;
    filch_log log;
    char *body;
    int64_t start, until;
    bool counted;          /* the broker counts, and no service of ours runs */
    uint64_t before, left; /* jobs in the queue, at the start and at the end */
    uint64_t dead_before, dead;
    int64_t drained_at;      /* ns; when `left` was last seen to fall */
    int serve_rc;            /* of the service */
    char error[FIRST_ERROR]; /* of the first publication that failed; under the record's lock */
    jobs_progress progress;
} load;

/* ---- Threads ---- */

static void sleep_until(int64_t due)
{
    const struct timespec at = {due / FILCH_SECOND, due % FILCH_SECOND};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static void note_error(load *l)
{
    pthread_mutex_lock(&l->record.lock);
    if (!*l->error)
        snprintf(l->error, sizeof l->error, "%s", filch_error());
    pthread_mutex_unlock(&l->record.lock);
}

/* One publisher. */
static void *publish(void *arg)
{
    load *l = arg;
    const jobs_options *o = l->options;
    char id[LOAD_ID];
    filch_message message = {.id = id, .type = o->type, .body = l->body, .body_size = o->size};
    int64_t number, due;
    while ((number = load_record_next(&l->record, l->start, o->rate, l->until, &due)) >= 0) {
        load_record_id(&l->record, number, id);
        if (o->rate > 0)
            sleep_until(due);
        int rc = filch_service_publish(l->service, &message, filch_in(o->patience));
        if (rc)
            note_error(l);
        load_record_published(&l->record, number, rc == 0, filch_now());
    }
    return NULL;
}

static void *serve(void *arg)
{
    load *l = arg;
    l->serve_rc = filch_service_run(l->service);
    return NULL;
}

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    (void)self;
    load *l = arg;
    if (load_record_ran(&l->record, filch_service_job_message(job)->id, filch_now()))
        return 0;
    return filch_service_job_fail(job, "it is not a job of this load");
}

/* ---- Before and after ---- */

/* Is the broker there, and the queue fit for a load? An exit status. */
static int check_queue(load *l, jobs_connection *admin)
{
    const jobs_options *o = l->options;
    fl_broker_count count = {0};
    int status = jobs_connect(admin, o, FL_BROKER_ADMINISTERS, o->queue, 1);
    bool counts = !status && jobs_has_count(admin);
    if (counts)
        status = jobs_count(admin, &count);
    if (status)
        return status;
    l->before = l->left = fl_broker_count_unfinished(&count);
    l->dead_before = l->dead = count.dead;
    l->counted = counts && !o->consume;
    if (!o->consume || !l->before)
        return 0;
    fprintf(stderr,
            "%s: queue '%s' holds %" PRIu64 " job%s, which --consume would take (purge it, or give "
            "another --queue)\n",
            o->command, o->queue, l->before, text_plural(l->before));
    return JOBS_REFUSED;
}

/* Waits until all jobs ran here, or none has for the patience. */
static void wait_for_runs(load *l)
{
    load_record seen = load_record_read(&l->record);
    int64_t last = filch_now();
    uint64_t processed = seen.processed;
    while (seen.open && filch_now() - last < l->options->patience) {
        sleep_until(filch_in(LOOK));
        seen = load_record_read(&l->record);
        if (seen.processed != processed)
            last = filch_now();
        processed = seen.processed;
        jobs_progress_show(&l->progress, processed, seen.published);
    }
}

/* Waits until other services have processed as many jobs, by the broker's count. An exit status. */
static int wait_for_others(load *l, jobs_connection *admin)
{
    fl_broker_count count;
    uint64_t published = load_record_read(&l->record).published;
    int64_t last = filch_now();
    l->left = l->before + published;
    do {
        int status = jobs_count(admin, &count);
        if (status)
            return status;
        uint64_t left = fl_broker_count_unfinished(&count);
        if (left < l->left) {
            last = l->drained_at = filch_now();
            l->left = left;
        }
        l->dead = count.dead;
        uint64_t done = l->left > l->before + published ? 0 : l->before + published - l->left;
        jobs_progress_show(&l->progress, done, published);
        if (l->left > l->before)
            sleep_until(filch_in(COUNT_EACH));
    } while (l->left > l->before && filch_now() - last < l->options->patience);
    return 0;
}

/* ---- The run ---- */

static void show_publishing(load *l)
{
    load_record seen = load_record_read(&l->record);
    while (l->progress.terminal && seen.published + seen.failed < seen.room &&
           filch_now() < l->until) {
        jobs_progress_show(&l->progress, seen.published, l->options->count);
        sleep_until(filch_in(LOOK));
        seen = load_record_read(&l->record);
    }
}

static void publish_all(load *l)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = 0;
    int64_t now = filch_now();
    l->start = now;
    l->until = l->options->duration ? now + l->options->duration : FILCH_FOREVER;
    while (count < l->options->concurrency &&
           pthread_create(&threads[count], NULL, publish, l) == 0)
        count++;
    if (count < l->options->concurrency)
        fprintf(stderr, "%s: only %u of %lu publishers could be started\n", l->options->command,
                count, l->options->concurrency);
    if (count)
        show_publishing(l);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* Publishes and waits, with a service of ours if that is asked for. An exit status. */
static int run(load *l, jobs_connection *admin)
{
    pthread_t server;
    int status = 0;
    bool consumes = l->options->consume;
    if (consumes && pthread_create(&server, NULL, serve, l)) {
        fprintf(stderr, "%s: no thread for the service\n", l->options->command);
        return JOBS_REFUSED;
    }
    publish_all(l);
    if (consumes)
        wait_for_runs(l);
    else if (l->counted)
        status = wait_for_others(l, admin);
    if (consumes) {
        filch_service_stop(l->service, filch_in(10 * FILCH_SECOND));
        pthread_join(server, NULL);
    }
    jobs_progress_end(&l->progress);
    return status;
}

/* ---- The result ---- */

static double rate_of(double count, int64_t from, int64_t to)
{
    return to > from ? count / ((double)(to - from) / FILCH_SECOND) : 0;
}

static load_figures judge(load *l)
{
    load_record seen = load_record_read(&l->record);
    load_figures r = {.published = (double)seen.published,
                      .failed = (double)seen.failed,
                      .publish_rate = rate_of((double)seen.published, l->start, seen.published_at),
                      .processed = -1,
                      .rate = -1,
                      .duplicates = -1,
                      .lost = -1,
                      .left = -1,
                      .dead = -1,
                      .latency = {-1, -1, -1}};
    int64_t end = seen.published_at;
    if (l->options->consume) {
        end = seen.processed_at > end ? seen.processed_at : end;
        r.processed = (double)seen.processed;
        r.rate = rate_of(r.processed, l->start, seen.processed_at);
        r.duplicates = (double)seen.duplicates;
        r.lost = (double)seen.open;
        load_record_latency(&l->record, &r.latency);
    } else if (l->counted) {
        end = l->drained_at > end ? l->drained_at : end;
        r.left = l->left > l->before ? (double)(l->left - l->before) : 0;
        r.dead = l->dead > l->dead_before ? (double)(l->dead - l->dead_before) : 0;
        r.processed = r.published - r.left;
        r.rate = rate_of(r.processed, l->start, l->drained_at);
    }
    r.seconds = end > l->start ? (double)(end - l->start) / FILCH_SECOND : 0;
    return r;
}

/* ---- The command ---- */

static int create(load *l)
{
    const jobs_options *o = l->options;
    const filch_handler handler = {.type = o->type, .fn = handle, .arg = l};
    l->queue = (filch_service_queue){o->queue, 1};
    filch_log_init(&l->log, FILCH_LOG_WARN, filch_log_to_fd, (void *)(intptr_t)STDERR_FILENO);
    const filch_service_config config = {.size = sizeof config,
                                         .broker = o->broker,
                                         .queues = &l->queue,
                                         .queue_count = 1,
                                         .width = (unsigned)o->width,
                                         .log = &l->log};
    l->body = calloc(1, o->size + 1);
    if (l->body && filch_service_create(&l->service, &config, &handler, 1) == 0)
        return 0;
    fprintf(stderr, "%s: %s\n", o->command, l->body ? filch_error() : "no memory for a body");
    return JOBS_REFUSED;
}

static int load_main(jobs_options *o)
{
    static load l;
    jobs_connection admin;
    o->queue = o->queue_named ? o->queue : QUEUE;
    o->type = o->type ? o->type : TYPE;
    o->count = o->count || o->duration ? o->count : COUNT;
    l.options = o;
    jobs_progress_begin(&l.progress, stderr, o->consume ? "processed" : "published");
    if (load_record_begin(&l.record, o->count ? o->count : LOAD_MOST)) {
        fprintf(stderr, "%s: no memory for %lu jobs (give a lower --count)\n", o->command,
                o->count ? o->count : LOAD_MOST);
        return JOBS_REFUSED;
    }
    int status = check_queue(&l, &admin);
    status = status ? status : create(&l);
    status = status ? status : run(&l, &admin);
    if (!status) {
        load_figures r = judge(&l);
        status = load_figures_print(o, &r);
        if (*l.error)
            fprintf(stderr, "%s: the first publication that failed: %s\n", o->command, l.error);
        if (!status && (r.failed > 0 || r.lost > 0 || r.left > 0))
            status = JOBS_REFUSED;
    }
    filch_service_destroy(l.service);
    jobs_disconnect(&admin);
    load_record_end(&l.record);
    free(l.body);
    return status;
}

const jobs_command jobs_load_commands[] = {
    {"load", "", "publishes many jobs, and measures",
     "Publishes jobs with the type `echo`, or --type, to the queue filch-load, or "
     "--queue. With --consume, a service in this process takes all jobs of the queue, which must "
     "be "
     "empty before; its handler returns at once. Otherwise other services are measured by the "
     "broker's counts.\n\n"
     "  time          from the start until the last job was published or processed\n"
     "  published     jobs that the broker has confirmed, and how many a second\n"
     "  failed        jobs that it has not; one of them may be in the queue nevertheless\n"
     "  processed     different jobs that ran, and how many a second; without --consume: published "
     "less left\n"
     "  p50 ...       quantiles, by nearest rank, of the time to the first run of a job. It begins "
     "when the rate demands the job's publication, so a publisher that falls behind makes it "
     "longer. Without --rate it begins with the publication.\n"
     "  duplicates    runs of a job beyond its first\n"
     "  lost          published jobs that have not run\n"
     "  left          jobs that are still in the queue, besides those before\n"
     "  dead          jobs that became dead letters meanwhile\n\n"
     "Figures that cannot be measured are left out; in JSON they are null. The status is 1 if jobs "
     "failed, were lost, or are left.\n\n"
     "Examples:\n"
     "  filch-jobs load --consume --count 100000 --concurrency 64\n"
     "  filch-jobs load --queue tasks --rate 500 --duration 1m    # a service of yours runs\n",
     JOBS_TYPE | JOBS_RATE | JOBS_SIZE | JOBS_CONCURRENCY | JOBS_COUNT | JOBS_DURATION |
         JOBS_CONSUME | JOBS_WIDTH | JOBS_PATIENCE,
     0, 0, load_main},
    {0},
};
