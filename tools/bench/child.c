/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "child.h"
#include "interrupt.h"

#include <bench/kernels/place.h>
#include <bench/peers/handpool.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <tools/shared/clock.h>
#include <tools/shared/openmp_library.h>
#include <unistd.h>

enum { REST_NAPS = 500 }; /* of a millisecond */

static void count_nothing(const kernel_place *p, sample *s)
{
    (void)p;
    (void)s;
}

static void count_runtime(const kernel_place *p, sample *s)
{
    filch_runtime_stats n;
    filch_runtime_stats_read(p->it, FILCH_ALL_WORKERS, &n, sizeof n);
    s->gifts = (double)n.gifts;
    s->gift_tasks = (double)n.gift_tasks;
    s->robs = (double)n.robs;
    s->deque_steals = (double)n.deque_steals;
    s->queue_takes = (double)n.queue_takes;
    s->asks = (double)n.asks;
    s->heavy_fences = (double)n.heavy_fences;
    s->wakes = (double)n.wakes;
    s->parks = (double)n.parks;
    s->switches = (double)n.switches;
    s->migrations = (double)n.migrations;
    s->steals = s->gift_tasks + s->robs + s->deque_steals + s->queue_takes;
}

static void count_handpool(const kernel_place *p, sample *s)
{
    s->queue_takes = (double)handpool_counts_of(p->it).takes;
    s->steals = s->queue_takes;
}

/* Counters of a place since it was opened. */
static void (*const counts[])(const kernel_place *p, sample *s) = {
    [KERNEL_SERIAL] = count_nothing,    [KERNEL_FILCH] = count_runtime,
    [KERNEL_HANDPOOL] = count_handpool, [KERNEL_FILCH_CLANG] = count_runtime,
    [KERNEL_PEER] = count_nothing,
};

/* Adds what the runtime has counted, `times` times: -1 before a run, 1 after it. */
static void count_stats(const kernel_place *p, filch_runtime_stats *sum, int64_t times)
{
    filch_runtime_stats now;
    const filch_runtime_stat *row;
    if (counts[p->as] != count_runtime ||
        filch_runtime_stats_read(p->it, FILCH_ALL_WORKERS, &now, sizeof now))
        return;
    for (unsigned i = 0; (row = filch_runtime_stats_row(i)); i++) {
        uint64_t *to = (uint64_t *)(void *)((char *)sum + row->offset);
        uint64_t value = *(uint64_t *)(void *)((char *)&now + row->offset);
        *to = row->now ? value : *to + (uint64_t)times * value;
    }
}

typedef struct job {
    const cell *cell;
    kernel kernel;
    kernel_place place;
    kernel_run run;
    double slow_down; /* options */
    filch_runtime_stats counted;
} job;

/* Computes for so much longer that the run, which took so much processor time, is slower by the
 * share asked for: as slower code would be, on a busy machine, too. */
static void slow_down(const job *j, double cpu_seconds)
{
    double end =
        seconds_of(CLOCK_THREAD_CPUTIME_ID) + j->slow_down * cpu_seconds / (double)j->place.workers;
    while (seconds_of(CLOCK_THREAD_CPUTIME_ID) < end)
        ;
}

/* Everything that is counted, as it stands now. */
static sample count_all(const job *j)
{
    sample s = {0};
    struct rusage usage;
    counts[j->place.as](&j->place, &s);
    getrusage(RUSAGE_SELF, &usage);
    s.voluntary_switches = (double)usage.ru_nvcsw;
    s.involuntary_switches = (double)usage.ru_nivcsw;
    s.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    s.seconds = seconds_of(CLOCK_MONOTONIC);
    return s;
}

static double *field(sample *s, size_t i)
{
    return (double *)(void *)((char *)s + sample_fields[i].at);
}

/* One run, added to sum. Returns false when the answer is wrong. */
static bool run_once(job *j, sample *sum)
{
    const kernel *k = &j->kernel;
    j->run.tasks = j->run.size->tasks;
    if (k->prepare)
        k->prepare(&j->run);
    count_stats(&j->place, &j->counted, -1);
    sample before = count_all(j);
    k->run(j->place.it, &j->run);
    if (j->slow_down > 0 && column_has_runtime(j->cell->column))
        slow_down(j, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before.cpu_seconds);
    double end = seconds_of(CLOCK_MONOTONIC);
    sample after = count_all(j);
    after.seconds = k->latency ? before.seconds + j->run.seconds : end;
    count_stats(&j->place, &j->counted, 1);
    after.runs = 1;
    after.tasks = (double)j->run.tasks;
    for (size_t i = 0; i < sample_field_count; i++)
        *field(sum, i) += *field(&after, i) - *field(&before, i);
    if (k->finish)
        k->finish(&j->run);
    return kernel_answer_is_right(&j->run);
}

static void fill_reply(job *j, child_order order, child_reply *reply)
{
    sample *s = &reply->sample;
    double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    bool right;
    j->run.quiet = order.quiet;
    j->counted = (filch_runtime_stats){0};
    do {
        right = run_once(j, s);
        j->run.quiet = true;
    } while (right && !j->kernel.latency &&
             (order.runs ? s->runs < order.runs : s->seconds < CHILD_SAMPLE_SECONDS));
    for (size_t i = 0; i < sample_field_count; i++)
        if (field(s, i) != &s->runs)
            *field(s, i) /= s->runs;
    s->unpinned = j->place.unpinned;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    reply->cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
    reply->peak_mib = (double)usage.ru_maxrss / 1024;
    reply->answer = j->run.answer;
    reply->counted = j->counted;
    reply->files = j->run.files;
    reply->bytes = j->run.bytes;
    reply->unreadable = j->run.unreadable;
    memcpy(reply->text, j->run.text, sizeof reply->text);
    if (!right)
        snprintf(reply->error, sizeof reply->error, "wrong answer: %llu instead of %llu",
                 (unsigned long long)j->run.answer, (unsigned long long)j->run.size->answer);
}

bool child_has_library(const peer_row *wanted)
{
    char folder[PATH_MAX + 32];
    return !wanted->on_filch || openmp_library_find(folder, sizeof folder);
}

/* Two columns are the same code with two libraries: whether this process has loaded the right one. */
static bool expect_library(const peer_row *wanted, char *error, size_t size)
{
    const peer_row *on_filch = peer_find("openmp-on-filch");
    char folder[PATH_MAX + 32];
    Dl_info loaded;
    if (!wanted || wanted->peer != on_filch->peer || !openmp_library_find(folder, sizeof folder))
        return true;
    void *entry = dlsym(RTLD_DEFAULT, "GOMP_parallel");
    if (!entry || !dladdr(entry, &loaded))
        return true;
    if ((strncmp(loaded.dli_fname, folder, strlen(folder)) == 0) == wanted->on_filch)
        return true;
    snprintf(error, size, "it got %.150s; unset LD_LIBRARY_PATH and LD_PRELOAD", loaded.dli_fname);
    return false;
}

static void open_job(job *j, char *error, size_t size)
{
    if (!expect_library(j->place.peer, error, size))
        return;
    int rc = kernel_place_open(&j->place, &j->kernel);
    if (rc)
        snprintf(error, size, "%s", *filch_error() ? filch_error() : strerror(-rc));
    else if (j->kernel.setup && (rc = j->kernel.setup(&j->run)) != 0)
        snprintf(error, size, "no input for this kernel: %s", strerror(-rc));
}

/* Ends by _exit: only the parent writes the parent's buffers. */
static FILCH_NORETURN void serve(job *j, int orders, int replies)
{
    child_order order;
    child_reply reply = {.error = ""};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    interrupt_ignore();
    open_job(j, reply.error, sizeof reply.error);
    while (read(orders, &order, sizeof order) == (ssize_t)sizeof order) {
        if (!*reply.error)
            fill_reply(j, order, &reply);
        if (write(replies, &reply, sizeof reply) != (ssize_t)sizeof reply)
            break;
        reply.sample = (sample){0};
    }
    _exit(0);
}

static void prepare_job(job *j, const options *o, const block *b, const column *c)
{
    kernel_in(b->row, c->as, c->peer, &j->kernel);
    j->place = (kernel_place){.as = c->as,
                              .peer = c->peer,
                              .queue = c->as == KERNEL_FILCH_CLANG ? "chase-lev" : c->queue,
                              .policy = c->policy,
                              .idle = c->idle,
                              .take = c->take,
                              .wait = c->wait,
                              .workers = j->cell->workers};
    j->slow_down = o->slow_down;
    j->run = (kernel_run){.size = &j->kernel.sizes[b->size], .dir = o->dir, .grain = b->grain};
}

/* The command anew, with Filch's library. Returns if that is not possible. */
static void start_anew(const options *o, const block *b, const cell *c, int orders, int replies)
{
    char folder[PATH_MAX + 32], number[256];
    char **words = calloc((size_t)o->argc + 3, sizeof *words);
    if (!words || !openmp_library_find(folder, sizeof folder) || !openmp_library_put_first(folder))
        return;
    snprintf(number, sizeof number, "--cell=%d,%d,%d,%ld,%td,%s", orders, replies, b->size,
             b->grain, c - b->cells, block_kernel(b)->name);
    words[0] = (char[]){"filch"};
    words[1] = (char[]){"bench"};
    words[2] = number;
    memcpy(words + 3, o->argv + 1, (size_t)(o->argc - 1) * sizeof *words);
    execv("/proc/self/exe", words);
}

void child_serve_cell(report *r)
{
    int orders, replies, size, name;
    long grain;
    size_t number;
    if (sscanf(r->options->cell, "%d,%d,%d,%ld,%zu,%n", &orders, &replies, &size, &grain, &number,
               &name) < 5)
        _exit(1);
    for (size_t i = 0; i < r->block_count; i++) {
        const block *b = &r->blocks[i];
        if (b->size != size || b->grain != grain || number >= b->cell_count ||
            strcmp(block_kernel(b)->name, r->options->cell + name) != 0)
            continue;
        job j = {.cell = &b->cells[number]};
        prepare_job(&j, r->options, b, j.cell->column);
        serve(&j, orders, replies);
    }
    _exit(1);
}

int child_start(child *out, const options *o, const block *b, const cell *c)
{
    int orders[2], replies[2];
    if (pipe(orders))
        return -errno;
    if (pipe(replies)) {
        int rc = -errno;
        close(orders[0]);
        close(orders[1]);
        return rc;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(orders[1]);
        close(replies[0]);
        if (c->column->peer && c->column->peer->on_filch) {
            start_anew(o, b, c, orders[0], replies[1]);
            _exit(1);
        }
        job j = {.cell = c};
        prepare_job(&j, o, b, c->column);
        serve(&j, orders[0], replies[1]);
    }
    int rc = pid < 0 ? -errno : 0;
    close(orders[0]);
    close(replies[1]);
    *out = (child){pid, orders[1], replies[0]};
    if (rc) {
        close(orders[1]);
        close(replies[0]);
    }
    return rc;
}

static void tell_death(child *c, char *error, size_t size)
{
    int status = 0;
    waitpid(c->pid, &status, 0);
    c->pid = 0;
    if (WIFSIGNALED(status))
        snprintf(error, size, "its process was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(error, size, "its process ended with status %d", WEXITSTATUS(status));
}

void child_send(child *c, child_order order)
{
    /* When the child has died there is no reply either, and that is where it is told. */
    ssize_t written = write(c->orders, &order, sizeof order);
    (void)written;
}

bool child_receive(child *c, child_reply *reply)
{
    size_t got = 0;
    while (got < sizeof *reply) {
        ssize_t part = read(c->replies, (char *)reply + got, sizeof *reply - got);
        if (part < 0 && errno == EINTR && interrupt_came())
            return false;
        if (part == 0 || (part < 0 && errno != EINTR))
            break;
        got += part > 0 ? (size_t)part : 0;
    }
    if (got < sizeof *reply) {
        *reply = (child_reply){.error = ""};
        tell_death(c, reply->error, sizeof reply->error);
    }
    return true;
}

void child_rest(const child *c)
{
    clockid_t clock;
    if (c->pid <= 0 || clock_getcpuclockid(c->pid, &clock))
        return;
    const struct timespec nap = {0, 1000000};
    double before, after = seconds_of(clock);
    int naps = 0;
    do {
        before = after;
        nanosleep(&nap, NULL);
        after = seconds_of(clock);
    } while (after - before > 0.0001 && ++naps < REST_NAPS);
}

void child_stop(child *c)
{
    close(c->orders);
    close(c->replies);
    if (c->pid > 0) {
        kill(c->pid, SIGKILL); /* it has nothing to save */
        waitpid(c->pid, NULL, 0);
    }
}
