/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A claim about brokers: of several processes with the same periodic job, one publishes each slot,
 * also while a process is stopped, goes on, and is killed. Their clocks are one number in shared
 * memory, so a slot takes no time; the broker's clock is its own. Include from one test of a file;
 * the test's process must have no threads. */
#ifndef SERVICE_PERIODIC_H
#define SERVICE_PERIODIC_H

#include <filch/atomic.h>
#include <filch/service.h>
#include <filch/timer.h>
#include <pthread.h>
#include <runtime/service/service.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>
#include <unistd.h>

enum {
    PERIODIC_WORKERS = 3,
    PERIODIC_SLOTS = 12,
    PERIODIC_STOP = 3,
    PERIODIC_GO_ON = 6,
    PERIODIC_KILL = 9
};

/* 2026-11-22T00:00:10Z; the slots are at full hours, and the first one is still published. */
#define PERIODIC_BEGIN (INT64_C(1795305610) * FILCH_SECOND)
#define PERIODIC_STEP (3600 * FILCH_SECOND)

/* In shared memory. */
typedef struct periodic_state {
    filch_u64 time;
    filch_u32 runs[PERIODIC_SLOTS];        /* by the hour of the slot */
    filch_u32 others;                      /* runs with another slot */
    filch_u32 settled;                     /* runs, by all */
    filch_u32 published[PERIODIC_WORKERS]; /* slots */
    filch_u32 judged[PERIODIC_WORKERS];    /* slots published, here or elsewhere, or missed */
    filch_u32 missed[PERIODIC_WORKERS];
} periodic_state;

static periodic_state *periodic;

static int64_t periodic_clock(void *arg)
{
    return (int64_t)filch_u64_load(&periodic->time, FILCH_ACQUIRE);
}

/* ---- A worker ---- */

static int periodic_handle(filch_self self, filch_service_job *job, void *arg)
{
    unsigned hour = 0;
    const filch_message *message = filch_service_job_message(job);
    const char *slot = filch_message_header(message, "x-filch-slot");
    bool is_one = slot && sscanf(slot, "2026-11-22T%2u:00:00Z", &hour) == 1 &&
                  hour < PERIODIC_SLOTS && strncmp(message->id, "beat@", 5) == 0 &&
                  strcmp(message->id + 5, slot) == 0;
    filch_u32_add(is_one ? &periodic->runs[hour] : &periodic->others, 1, FILCH_ACQ_REL);
    return 0;
}

static void *periodic_run(void *service)
{
    if (filch_service_run(service))
        fprintf(stderr, "periodic: %s\n", filch_error());
    _exit(7);
}

/* In a child, until it is killed. */
static void periodic_serve(const char *url, unsigned worker)
{
    static const filch_handler handler = {.type = "beat", .fn = periodic_handle};
    static const filch_periodic beat = {.name = "beat", .cron = "@every 1h", .type = "beat"};
    filch_service *service;
    pthread_t thread;
    const filch_service_config config = {.size = sizeof config,
                                         .broker = url,
                                         .workers = 1,
                                         .lease =
                                             10 * 86400 * FILCH_SECOND, /* longer than all steps */
                                         .clock = periodic_clock,
                                         .periodics = &beat,
                                         .periodic_count = 1};
    if (filch_service_create(&service, &config, &handler, 1) ||
        pthread_create(&thread, NULL, periodic_run, service)) {
        fprintf(stderr, "periodic: %s\n", filch_error());
        _exit(9);
    }
    for (uint64_t settled = 0;; filch_sleep(FILCH_MILLISECOND)) {
        filch_service_stats stats;
        fl_waker_write(&service->waker); /* with a clock of tests it sleeps until an event */
        filch_service_stats_read(service, &stats, sizeof stats);
        filch_u32_add(&periodic->settled, (uint32_t)(stats.settled - settled), FILCH_ACQ_REL);
        settled = stats.settled;
        filch_u32_store(&periodic->published[worker], (uint32_t)stats.slots_published,
                        FILCH_RELEASE);
        filch_u32_store(&periodic->missed[worker], (uint32_t)stats.slots_missed, FILCH_RELEASE);
        filch_u32_store(&periodic->judged[worker],
                        (uint32_t)(stats.slots_published + stats.slots_elsewhere +
                                   stats.slots_missed),
                        FILCH_RELEASE);
    }
}

static pid_t periodic_start(const char *url, unsigned worker)
{
    pid_t parent = getpid(), pid = fork();
    cr_assert_geq(pid, 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        periodic_serve(url, worker);
    _exit(1);
}

/* ---- The claim ---- */

static void periodic_signal(pid_t pid, int signal)
{
    int status;
    cr_assert_eq(kill(pid, signal), 0);
    if (signal == SIGKILL)
        cr_assert_eq(waitpid(pid, &status, 0), pid);
    else if (signal == SIGSTOP)
        cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
}

/* Time goes by meanwhile, since brokers look again after some; far less than a slot's window. */
static void periodic_wait(const filch_u32 *number, uint32_t count)
{
    for (unsigned turn = 0; filch_u32_load(number, FILCH_ACQUIRE) < count; turn++) {
        if (turn % 5 == 4)
            filch_u64_add(&periodic->time, (uint64_t)(10 * FILCH_MILLISECOND), FILCH_ACQ_REL);
        be_patient(turn);
    }
}

/* Slot i is due, and all workers that are there are through with it. is_short: the last is away. */
static void periodic_pass(unsigned i, bool is_short)
{
    for (unsigned worker = 0; worker < PERIODIC_WORKERS; worker++) {
        bool is_away = worker == 2 && is_short;
        if (!is_away)
            periodic_wait(&periodic->judged[worker], i + 1);
    }
    periodic_wait(&periodic->runs[i], 1);
    periodic_wait(&periodic->settled, i + 1);
}

/* stops: a process is also stopped for some slots. Not with a database that processes share: it may
 * be stopped while it holds the lock, for which the others wait. */
static void processes_publish_each_slot_once(const char *url, bool stops)
{
    pid_t workers[PERIODIC_WORKERS];
    uint32_t published = 0;
    periodic =
        mmap(NULL, sizeof *periodic, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(periodic != MAP_FAILED);
    filch_u64_store(&periodic->time, (uint64_t)PERIODIC_BEGIN, FILCH_RELEASE);
    for (unsigned i = 0; i < PERIODIC_WORKERS; i++)
        workers[i] = periodic_start(url, i);
    for (unsigned i = 0; i < PERIODIC_SLOTS; i++) {
        if (stops && i == PERIODIC_STOP)
            periodic_signal(workers[2], SIGSTOP);
        if (i == PERIODIC_KILL)
            periodic_signal(workers[2], SIGKILL);
        if (i)
            filch_u64_store(&periodic->time, (uint64_t)(PERIODIC_BEGIN + i * PERIODIC_STEP),
                            FILCH_RELEASE);
        periodic_pass(i, i >= (unsigned)(stops ? PERIODIC_STOP : PERIODIC_KILL));
        if (stops &&
            i == PERIODIC_GO_ON) { /* of the slots that it slept through, it tries the last */
            periodic_signal(workers[2], SIGCONT);
            periodic_wait(&periodic->judged[2], PERIODIC_STOP + 2);
            cr_assert_eq(filch_u32_load(&periodic->missed[2], FILCH_ACQUIRE), 1);
        }
    }
    for (unsigned i = 0; i < PERIODIC_SLOTS; i++)
        cr_assert_eq(filch_u32_load(&periodic->runs[i], FILCH_ACQUIRE), 1, "slot %u", i);
    for (unsigned i = 0; i < PERIODIC_WORKERS; i++) {
        published += filch_u32_load(&periodic->published[i], FILCH_ACQUIRE);
        if (i != 2)
            periodic_signal(workers[i], SIGKILL);
    }
    cr_assert_leq(published, PERIODIC_SLOTS);
    cr_assert_eq(filch_u32_load(&periodic->others, FILCH_ACQUIRE), 0);
}

#endif
