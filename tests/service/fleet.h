/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A fleet: processes that serve the jobs of one broker and are killed or stopped meanwhile, and
 * processes that publish. No job may be lost, none may be answered early, and only jobs that a
 * killed process held may run twice. Counts are in shared memory, so they survive each process.
 * Events are driven by progress; where a plan sets a time between them, jobs are released for
 * publication at an even pace, so that some are under way at each event. Include from one test of
 * a file; the test's process must have no threads. */
#ifndef SERVICE_FLEET_H
#define SERVICE_FLEET_H

#include <filch/atomic.h>
#include <filch/service.h>
#include <filch/timer.h>
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
    FLEET_JOBS = 2000,
    FLEET_WORKERS = 3,
    FLEET_PUBLISHERS = 128, /* at most */
    FLEET_WIDTH = 8,
    FLEET_HELD = 2 * FLEET_WIDTH + FL_SETTLE_BATCH, /* the most that one kill may double */
    FLEET_RETRIED = 10                              /* each tenth job fails at first */
};

#define FLEET_LEASE (5 * FILCH_SECOND)
#define FLEET_STALL (180 * FILCH_SECOND) /* without a job that ends: the rest is lost */

typedef struct fleet_plan {
    const char *url;
    unsigned kills;        /* of workers, by SIGKILL */
    void (*disturb)(void); /* the broker or its connections, between them; NULL: nothing */
    unsigned disturbances;
    unsigned jobs;       /* 0: FLEET_JOBS */
    unsigned publishers; /* processes; 0: 1 */
    int64_t apart;       /* ns between events; 0: even steps of progress */
    bool never_stopped;  /* no worker is stopped by SIGSTOP in the end */
} fleet_plan;

typedef struct fleet_report {
    uint32_t runs;    /* of handlers, retries not counted */
    uint32_t doubled; /* runs of jobs beyond the first */
    uint32_t allowed; /* the most of them: messages held at each kill */
    uint32_t lost;    /* jobs of which no run has ended */
    double seconds;   /* until each job had been run */
    double p99;       /* seconds from the begin of a job's publication until its run ended */
} fleet_report;

typedef struct fleet_job {
    filch_u32 runs, ended; /* runs that have ended; runs also counts those that a kill ended */
    int64_t begun;         /* when its publication began */
    int64_t took;          /* ns from then until a run of it had ended for the first time */
} fleet_job;

/* In shared memory. */
typedef struct fleet_counts {
    filch_u32 released;            /* jobs that may be published */
    filch_u32 repeated;            /* publications that were not confirmed, and tried again */
    filch_u32 done;                /* jobs of which a run has ended */
    filch_u32 lost[FLEET_WORKERS]; /* leases lost, by the present process of each worker */
    fleet_job jobs[];
} fleet_counts;

static fleet_counts *fleet;
static fleet_plan fleet_planned; /* the present one, without zeros that stand for defaults */

/* ---- A worker ---- */

static unsigned fleet_number; /* of a worker or a publisher, in its process */

static void fleet_note_lost(filch_service *service)
{
    filch_service_stats stats;
    filch_service_stats_read(service, &stats, sizeof stats);
    filch_u32_store(&fleet->lost[fleet_number], (uint32_t)stats.lost, FILCH_RELAXED);
}

static int fleet_handle(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    unsigned id = (unsigned)atoi(message->id);
    if (id % FLEET_RETRIED == 0 && message->attempt == 1)
        return filch_service_job_retry(job, 10 * FILCH_MILLISECOND, "as planned");
    filch_u32_add(&fleet->jobs[id].runs, 1, FILCH_ACQ_REL);
    filch_sleep(FILCH_MILLISECOND);
    if (filch_u32_add(&fleet->jobs[id].ended, 1, FILCH_ACQ_REL) == 0) {
        fleet->jobs[id].took = filch_now() - fleet->jobs[id].begun;
        filch_u32_add(&fleet->done, 1, FILCH_ACQ_REL);
    }
    fleet_note_lost(filch_service_job_service(job));
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
    fleet_note_lost(service); /* also those that it lost since its last job */
    if (rc) {
        fprintf(stderr, "fleet: %s\n", filch_error());
        pthread_kill(thread, SIGTERM);
    }
    pthread_join(thread, NULL);
    _exit(rc ? 7 : 0);
}

/* In a child. Publishes its share of the jobs, each until it is confirmed. */
static void fleet_publish(const char *url)
{
    filch_service *service = fleet_service(url);
    for (unsigned i = fleet_number; i < fleet_planned.jobs; i += fleet_planned.publishers) {
        char id[16];
        WAIT_WHILE(filch_u32_load(&fleet->released, FILCH_ACQUIRE) <= i);
        snprintf(id, sizeof id, "%u", i);
        const filch_message message = {.id = id, .type = "fleet"};
        fleet->jobs[i].begun = filch_now();
        while (filch_service_publish(service, &message, filch_in(20 * FILCH_SECOND)))
            filch_u32_add(&fleet->repeated, 1, FILCH_RELAXED);
    }
    filch_service_destroy(service);
    _exit(0);
}

/* ---- The fleet ---- */

static pid_t fleet_start(void (*run)(const char *url), const char *url, unsigned number)
{
    pid_t parent = getpid(), pid = fork();
    cr_assert_geq(pid, 0);
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    fleet_number = number;
    run(url);
    _exit(1);
}

/* Waits until so many jobs are done, or none has ended for long. */
static void fleet_wait(uint32_t done)
{
    uint32_t seen = 0, now;
    int64_t until = filch_in(FLEET_STALL);
    for (unsigned turn = 0; (now = filch_u32_load(&fleet->done, FILCH_ACQUIRE)) < done; turn++) {
        if (now != seen)
            until = filch_in(FLEET_STALL);
        else if (filch_now() >= until)
            return;
        seen = now;
        be_patient(turn);
    }
}

static int fleet_end_of(pid_t pid)
{
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int fleet_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double fleet_p99(void)
{
    unsigned jobs = fleet_planned.jobs;
    int64_t *took = malloc(jobs * sizeof *took);
    cr_assert(took);
    for (unsigned i = 0; i < jobs; i++)
        took[i] = fleet->jobs[i].took;
    qsort(took, jobs, sizeof *took, fleet_compare);
    double p99 = (double)took[(size_t)(0.99 * (jobs - 1) + 0.5)] / FILCH_SECOND;
    free(took);
    return p99;
}

static void fleet_count(fleet_report *report)
{
    report->p99 = fleet_p99();
    for (unsigned i = 0; i < fleet_planned.jobs; i++) {
        uint32_t runs = filch_u32_load(&fleet->jobs[i].runs, FILCH_ACQUIRE);
        report->runs += runs;
        report->doubled += runs > 1 ? runs - 1 : 0;
        report->lost += filch_u32_load(&fleet->jobs[i].ended, FILCH_ACQUIRE) == 0;
    }
}

/* Waits for the time of event `step` of `steps`. */
static void fleet_wait_for_step(unsigned step, unsigned steps)
{
    const fleet_plan *plan = &fleet_planned;
    int64_t began = filch_now(), past;
    if (!plan->apart) {
        fleet_wait(step * plan->jobs / steps);
        return;
    }
    for (unsigned turn = 0; (past = filch_now() - began) < plan->apart; turn++) {
        double at = (step - 1 + (double)past / (double)plan->apart) / steps;
        filch_u32_store(&fleet->released, (uint32_t)(at * plan->jobs), FILCH_RELEASE);
        be_patient(turn);
    }
    filch_u32_store(&fleet->released, (uint32_t)((uint64_t)step * plan->jobs / steps),
                    FILCH_RELEASE);
}

/* Kills and disturbs at even steps. A killed worker is replaced at once. Returns the leases
 * that killed workers had lost before. */
static uint32_t fleet_trouble(pid_t *workers)
{
    const fleet_plan *plan = &fleet_planned;
    unsigned events = plan->kills + plan->disturbances, killed = 0, disturbed = 0;
    uint32_t lost = 0;
    for (unsigned i = 0; i < events; i++) {
        fleet_wait_for_step(i + 1, events + 2);
        if (disturbed * plan->kills < killed * plan->disturbances || killed == plan->kills) {
            plan->disturb();
            disturbed++;
            continue;
        }
        unsigned which = killed++ % FLEET_WORKERS;
        cr_assert_eq(kill(workers[which], SIGKILL), 0);
        int end = fleet_end_of(workers[which]);
        cr_assert_eq(end, -SIGKILL, "worker %u: %d", which, end);
        lost += filch_u32_exchange(&fleet->lost[which], 0, FILCH_RELAXED);
        workers[which] = fleet_start(fleet_serve, plan->url, which);
    }
    fleet_wait_for_step(events + 1, events + 2);
    filch_u32_store(&fleet->released, plan->jobs, FILCH_RELEASE);
    return lost;
}

/* A worker that is stopped, as by a suspended machine, loses its leases; the others run its jobs.
 * Not for longer: it may hold the lock of a database, for which the others wait. */
static void fleet_stop_one(const pid_t *workers)
{
    int64_t until = filch_in(FLEET_LEASE + FILCH_SECOND);
    cr_assert_eq(kill(workers[0], SIGSTOP), 0);
    WAIT_WHILE(filch_u32_load(&fleet->done, FILCH_ACQUIRE) < fleet_planned.jobs &&
               filch_now() < until);
    cr_assert_eq(kill(workers[0], SIGCONT), 0);
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

static void fleet_prepare(const fleet_plan *plan)
{
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    fleet_planned = *plan;
    fleet_planned.jobs = plan->jobs ? plan->jobs : FLEET_JOBS;
    fleet_planned.publishers = plan->publishers ? plan->publishers : 1;
    fleet = mmap(NULL, sizeof *fleet + fleet_planned.jobs * sizeof *fleet->jobs,
                 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert((void *)fleet != MAP_FAILED);
    filch_u32_store(&fleet->released, plan->apart ? 0 : fleet_planned.jobs, FILCH_RELEASE);
}

/* Publishers end by themselves, unless jobs have been lost. */
static void fleet_end_publishers(const pid_t *publishers)
{
    bool whole = filch_u32_load(&fleet->done, FILCH_ACQUIRE) == fleet_planned.jobs;
    for (unsigned i = 0; i < fleet_planned.publishers; i++) {
        if (!whole)
            kill(publishers[i], SIGKILL);
        int end = fleet_end_of(publishers[i]);
        cr_assert(end == 0 || !whole);
    }
}

/* Returns the leases that workers had lost. */
static uint32_t fleet_end_workers(const pid_t *workers)
{
    uint32_t lost = 0;
    for (unsigned i = 0; i < FLEET_WORKERS; i++) {
        cr_assert_eq(kill(workers[i], SIGTERM), 0);
        cr_assert_eq(fleet_end_of(workers[i]), 0);
        lost += filch_u32_load(&fleet->lost[i], FILCH_RELAXED);
    }
    return lost;
}

static void fleet_run(const fleet_plan *planned, fleet_report *report)
{
    const fleet_plan *plan = &fleet_planned;
    pid_t workers[FLEET_WORKERS], publishers[FLEET_PUBLISHERS];
    fleet_prepare(planned);
    cr_assert(plan->publishers <= FLEET_PUBLISHERS);
    for (unsigned i = 0; i < FLEET_WORKERS; i++)
        workers[i] = fleet_start(fleet_serve, plan->url, i);
    int64_t began = filch_now();
    for (unsigned i = 0; i < plan->publishers; i++)
        publishers[i] = fleet_start(fleet_publish, plan->url, i);
    uint32_t lost = fleet_trouble(workers);
    if (!plan->never_stopped)
        fleet_stop_one(workers);
    fleet_wait(plan->jobs);
    *report = (fleet_report){.seconds = (double)(filch_now() - began) / FILCH_SECOND};
    fleet_end_publishers(publishers);
    lost += fleet_end_workers(workers);
    fleet_run_rest(plan->url);
    fleet_count(report);
    unsigned stops = !plan->never_stopped;
    report->allowed = (plan->kills + plan->disturbances * FLEET_WORKERS + stops) * FLEET_HELD +
                      lost + filch_u32_load(&fleet->repeated, FILCH_RELAXED) +
                      plan->disturbances * plan->publishers;
    munmap(fleet, sizeof *fleet + plan->jobs * sizeof *fleet->jobs);
}

static inline void fleet_loses_nothing(const fleet_plan *plan)
{
    fleet_report report;
    fleet_run(plan, &report);
    cr_assert_eq(report.lost, 0);
    cr_assert_leq(report.doubled, report.allowed, "%u > %u", report.doubled, report.allowed);
}

#endif
