/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fleet: processes that serve the jobs of one broker and are killed or stopped meanwhile, and a
 * process that publishes. No job may be lost, none may be answered early, and only jobs that a
 * killed process held may run twice. Counts are in shared memory, so they survive each process.
 * Events are driven by progress, not by time. Include from one test of a file; the test's process
 * must have no threads. */
#ifndef SUPPORT_FLEET_H
#define SUPPORT_FLEET_H

#include <criterion/criterion.h>
#include <filch/atomic.h>
#include <filch/service.h>
#include <filch/timer.h>
#include <runtime/service/service.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tests/support/patience.h>
#include <unistd.h>

enum {
    FLEET_JOBS = 2000,
    FLEET_WORKERS = 3,
    FLEET_WIDTH = 8,
    FLEET_HELD = 2 * FLEET_WIDTH + FL_SETTLE_BATCH, /* the most that one kill may double */
    FLEET_RETRIED = 10                              /* each tenth job fails at first */
};

#define FLEET_LEASE (5 * FILCH_SECOND)

typedef struct fleet_plan {
    const char *url;
    unsigned kills;        /* of workers, by SIGKILL */
    void (*disturb)(void); /* the broker or its connections, between them; NULL: nothing */
    unsigned disturbances;
} fleet_plan;

/* In shared memory. */
typedef struct fleet_counts {
    filch_u32 confirmed;        /* publications */
    filch_u32 repeated;         /* publications that were not confirmed, and tried again */
    filch_u32 done;             /* jobs of which a run has ended */
    filch_u32 runs[FLEET_JOBS]; /* that have ended, or failed by a kill */
    filch_u32 ended[FLEET_JOBS];
    filch_u32 lost[FLEET_WORKERS]; /* leases lost, by the present process of each worker */
} fleet_counts;

static fleet_counts *fleet;

/* ---- A worker ---- */

static unsigned fleet_worker; /* its number, in its process */

static int fleet_handle(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    unsigned id = (unsigned)atoi(message->id);
    filch_service_stats stats;
    (void)self, (void)arg;
    if (id % FLEET_RETRIED == 0 && message->attempt == 1)
        return filch_service_retry(job, 10 * FILCH_MILLISECOND, "as planned");
    filch_u32_add(&fleet->runs[id], 1, FILCH_ACQ_REL);
    filch_sleep(FILCH_MILLISECOND);
    if (filch_u32_add(&fleet->ended[id], 1, FILCH_ACQ_REL) == 0)
        filch_u32_add(&fleet->done, 1, FILCH_ACQ_REL);
    filch_service_stats_read(filch_service_job_service(job), &stats, sizeof stats);
    filch_u32_store(&fleet->lost[fleet_worker], (uint32_t)stats.lost, FILCH_RELAXED);
    return 0;
}

static filch_service *fleet_service(const char *url)
{
    static const filch_handler handlers[] = {{.type = "fleet", .fn = fleet_handle}};
    filch_service *service;
    const filch_service_config config = {.size = sizeof config,
                                         .broker = url,
                                         .workers = 2,
                                         .width = FLEET_WIDTH,
                                         .lease = FLEET_LEASE,
                                         .deliveries = 1000};
    if (filch_service_create(&service, &config, handlers, 1)) {
        fprintf(stderr, "fleet: %s\n", filch_error());
        _exit(9);
    }
    return service;
}

static void *fleet_stop_at_signal(void *arg)
{
    int signal;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &signal);
    filch_service_stop(arg, FILCH_FOREVER);
    return NULL;
}

/* In a child. Serves until SIGTERM. */
static void fleet_serve(const char *url)
{
    pthread_t thread;
    filch_service *service = fleet_service(url);
    if (pthread_create(&thread, NULL, fleet_stop_at_signal, service))
        _exit(8);
    int rc = filch_service_run(service);
    if (rc) {
        fprintf(stderr, "fleet: %s\n", filch_error());
        pthread_kill(thread, SIGTERM);
    }
    pthread_join(thread, NULL);
    _exit(rc ? 7 : 0);
}

/* In a child. Publishes all jobs, each until it is confirmed. */
static void fleet_publish(const char *url)
{
    filch_service *service = fleet_service(url);
    for (unsigned i = 0; i < FLEET_JOBS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%u", i);
        const filch_message message = {.id = id, .type = "fleet"};
        while (filch_service_publish(service, &message, filch_in(20 * FILCH_SECOND)))
            filch_u32_add(&fleet->repeated, 1, FILCH_RELAXED);
        filch_u32_add(&fleet->confirmed, 1, FILCH_RELAXED);
    }
    filch_service_destroy(service);
    _exit(0);
}

/* ---- The fleet ---- */

static pid_t fleet_start(void (*run)(const char *url), const char *url, unsigned worker)
{
    pid_t parent = getpid(), pid = fork();
    cr_assert_geq(pid, 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    fleet_worker = worker;
    run(url);
    _exit(1);
}

static void fleet_wait(uint32_t done)
{
    WAIT_WHILE(filch_u32_load(&fleet->done, FILCH_ACQUIRE) < done);
}

static int fleet_end_of(pid_t pid)
{
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Runs of jobs beyond the first one that ended. */
static uint32_t fleet_doubled(void)
{
    uint32_t doubled = 0;
    for (unsigned i = 0; i < FLEET_JOBS; i++) {
        cr_assert_geq(filch_u32_load(&fleet->ended[i], FILCH_ACQUIRE), 1, "job %u is lost", i);
        doubled += filch_u32_load(&fleet->runs[i], FILCH_ACQUIRE) - 1;
    }
    return doubled;
}

/* Kills and disturbs at even steps of progress. A killed worker is replaced at once. Returns the leases
 * that killed workers had lost before. */
static uint32_t fleet_trouble(const fleet_plan *plan, pid_t *workers)
{
    unsigned events = plan->kills + plan->disturbances, killed = 0, disturbed = 0;
    uint32_t lost = 0;
    for (unsigned i = 0; i < events; i++) {
        fleet_wait((i + 1) * FLEET_JOBS / (events + 2));
        if (disturbed * plan->kills < killed * plan->disturbances || killed == plan->kills) {
            plan->disturb();
            disturbed++;
            continue;
        }
        unsigned which = killed++ % FLEET_WORKERS;
        cr_assert_eq(kill(workers[which], SIGKILL), 0);
        cr_assert_eq(fleet_end_of(workers[which]), -SIGKILL);
        lost += filch_u32_exchange(&fleet->lost[which], 0, FILCH_RELAXED);
        workers[which] = fleet_start(fleet_serve, plan->url, which);
    }
    fleet_wait((events + 1) * FLEET_JOBS / (events + 2));
    return lost;
}

/* A worker that is stopped, as by a suspended machine, loses its leases; the others run its jobs.
 * Not for longer: it may hold the lock of a database, for which the others wait. */
static void fleet_stop_one(const pid_t *workers)
{
    int64_t until = filch_in(FLEET_LEASE + FILCH_SECOND);
    cr_assert_eq(kill(workers[0], SIGSTOP), 0);
    WAIT_WHILE(filch_u32_load(&fleet->done, FILCH_ACQUIRE) < FLEET_JOBS && filch_now() < until);
    cr_assert_eq(kill(workers[0], SIGCONT), 0);
    fleet_wait(FLEET_JOBS);
}

/* Runs what is left: jobs that had been done, but not answered. */
static void fleet_run_rest(const char *url)
{
    pid_t pid = fork();
    if (pid == 0) {
        filch_service *service = fleet_service(url);
        for (uint64_t ran = 1; ran;)
            if (filch_service_run_ready(service, &ran))
                _exit(1);
        _exit(0);
    }
    cr_assert_eq(fleet_end_of(pid), 0);
}

static void fleet_loses_nothing(const fleet_plan *plan)
{
    sigset_t term;
    pid_t workers[FLEET_WORKERS];
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    fleet = mmap(NULL, sizeof *fleet, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)fleet, MAP_FAILED);
    pid_t publisher = fleet_start(fleet_publish, plan->url, 0);
    for (unsigned i = 0; i < FLEET_WORKERS; i++)
        workers[i] = fleet_start(fleet_serve, plan->url, i);
    uint32_t lost = fleet_trouble(plan, workers);
    fleet_stop_one(workers);
    cr_assert_eq(fleet_end_of(publisher), 0);
    for (unsigned i = 0; i < FLEET_WORKERS; i++) {
        cr_assert_eq(kill(workers[i], SIGTERM), 0);
        cr_assert_eq(fleet_end_of(workers[i]), 0);
        lost += filch_u32_load(&fleet->lost[i], FILCH_RELAXED);
    }
    fleet_run_rest(plan->url);
    uint32_t allowed = (plan->kills + plan->disturbances * FLEET_WORKERS + 1) * FLEET_HELD + lost +
                       filch_u32_load(&fleet->repeated, FILCH_RELAXED) + plan->disturbances;
    cr_assert_leq(fleet_doubled(), allowed);
    munmap(fleet, sizeof *fleet);
}

#endif
