/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/ready.h>

#include <runtime/platform/container.h>
#include <runtime/service/job.h>
#include <runtime/service/run_job.h>

#include <filch/wait.h>

enum { LEARN = 16, SUBMIT_BATCH = 128 };

static filch_service_job *job_of(fl_list *link)
{
    return FL_CONTAINER_OF(link, filch_service_job, over);
}

/* ---- The owner ---- */

static void append(filch_service *service, fl_list *jobs, int64_t now)
{
    for (fl_list *link = fl_list_take(jobs); link; link = fl_list_take(jobs)) {
        filch_service_job *job = job_of(link);
        job->state = FL_SERVICE_QUEUED;
        job->ready_since = now;
        job->expected = job->type->expected < FL_RUNNER_TIME ? job->type->expected : FL_RUNNER_TIME;
        service->ready_time += job->expected;
        service->ready_count++;
        fl_list_append(&service->ready, link);
    }
}

/* Runners that no job occupies. */
static uint64_t idle_runners(const filch_service *service)
{
    return service->runners - service->running;
}

/* Without a connection the owner may soon wait for the server, and not look again for seconds. */
static bool is_impatient(const filch_service *service, int64_t now)
{
    return !service->link.broker ||
           now - job_of(service->ready.next)->ready_since >= FL_READY_PATIENCE;
}

static bool is_full(const filch_service *service)
{
    return service->runners >= service->config.width;
}

/* How many more there have to be. */
static unsigned missing_runners(const filch_service *service, int64_t now)
{
    if (fl_list_is_empty(&service->ready) || is_full(service))
        return 0;
    uint64_t wanted = service->ready_count;
    if (!is_impatient(service, now)) /* as many at most, since no job counts more than that time */
        wanted = (uint64_t)((service->ready_time + FL_RUNNER_TIME - 1) / FL_RUNNER_TIME);
    wanted += !wanted; /* a run may have taken no time at all */
    uint64_t idle = idle_runners(service), room = service->config.width - service->runners;
    uint64_t missing = wanted > idle ? wanted - idle : 0;
    return (unsigned)(missing < room ? missing : room);
}

/* Returns how many the pool has taken. */
static unsigned submit(filch_service *service, unsigned count)
{
    void *batch[SUBMIT_BATCH];
    unsigned done = 0;
    size_t accepted;
    do {
        unsigned some = count - done < SUBMIT_BATCH ? count - done : SUBMIT_BATCH;
        for (unsigned i = 0; i < some; i++)
            batch[i] = service;
        filch_pool_submit_all(service->pool, fl_service_perform, batch, some, NULL, FILCH_FOREVER,
                              &accepted);
        done += (unsigned)accepted;
    } while (done < count && accepted);
    return done;
}

void fl_ready_add(filch_service *service, fl_list *jobs)
{
    if (fl_list_is_empty(jobs) && !service->in_pool)
        return;
    int64_t now = filch_now();
    pthread_mutex_lock(&service->lock);
    append(service, jobs, now);
    unsigned count = missing_runners(service, now);
    service->runners += count;
    bool is_short = idle_runners(service) < service->ready_count && !is_full(service);
    pthread_mutex_unlock(&service->lock);
    unsigned refused = count ? count - submit(service, count) : 0;
    if (refused) {
        pthread_mutex_lock(&service->lock);
        service->runners -= refused;
        pthread_mutex_unlock(&service->lock);
    }
    service->ready_due = is_short || refused ? now + FL_READY_PATIENCE : FILCH_FOREVER;
}

int64_t fl_ready_due(const filch_service *service)
{
    bool has_some = service->in_pool && !service->stats.is_draining; /* a drain takes ready jobs */
    return has_some ? service->ready_due : FILCH_FOREVER;
}

/* ---- Under the lock ---- */

void fl_ready_remove(filch_service_job *job)
{
    job->service->ready_time -= job->expected;
    job->service->ready_count--;
    fl_list_remove(&job->over);
}

filch_service_job *fl_ready_take(filch_service *service, int64_t now)
{
    if (fl_list_is_empty(&service->ready)) {
        service->runners--;
        return NULL;
    }
    filch_service_job *job = job_of(service->ready.next);
    fl_ready_remove(job);
    job->state = FL_SERVICE_RUNNING;
    job->began = now;
    service->begun++;
    service->running++;
    fl_list_append(&service->active, &job->over);
    return job;
}

void fl_ready_learn(fl_service_type *type, int64_t duration)
{
    int64_t less = type->expected - duration;
    type->expected -= less > 0 ? less / LEARN : less;
}
