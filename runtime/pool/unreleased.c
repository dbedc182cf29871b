/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/pool/unreleased.h>

#ifdef FILCH_DEBUG
#include <runtime/platform/error.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>

#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum { NAME = 40 };

typedef struct handle {
    TAILQ_ENTRY(handle) place_in_list;
    const filch_job *job;
    const filch_place *place;
    const filch_pool *pool; /* its memory is there as long as the handle */
    char pool_name[NAME], name[NAME];
    pid_t process;
} handle;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(handles, handle) handles = TAILQ_HEAD_INITIALIZER(handles); /* the oldest first */
static void *by_job;                                                          /* a tree of libc's */

static int compare(const void *a, const void *b)
{
    const uintptr_t left = (uintptr_t)((const handle *)a)->job;
    const uintptr_t right = (uintptr_t)((const handle *)b)->job;
    return (left > right) - (left < right);
}

void fl_unreleased_add(const filch_job *job, const filch_place *place)
{
    handle *one = calloc(1, sizeof *one);
    if (!one)
        return;
    one->job = job;
    one->place = place;
    one->pool = job->pool;
    one->process = getpid();
    snprintf(one->pool_name, sizeof one->pool_name, "%s", job->pool->config.name);
    snprintf(one->name, sizeof one->name, "%s", job->name);
    pthread_mutex_lock(&lock);
    handle **found = tsearch(one, &by_job, compare);
    const bool entered = found && *found == one;
    if (entered)
        TAILQ_INSERT_TAIL(&handles, one, place_in_list);
    pthread_mutex_unlock(&lock);
    if (!entered)
        free(one);
}

void fl_unreleased_remove(const filch_job *job)
{
    const handle wanted = {.job = job};
    pthread_mutex_lock(&lock);
    handle **found = tfind(&wanted, &by_job, compare);
    handle *one = found ? *found : NULL;
    if (one) {
        tdelete(one, &by_job, compare);
        TAILQ_REMOVE(&handles, one, place_in_list);
    }
    pthread_mutex_unlock(&lock);
    free(one);
}

static void report(const handle *first, unsigned count)
{
    char at[128] = "";
    if (first->place)
        snprintf(at, sizeof at, " at %s:%d", fl_path_end(first->place->file), first->place->line);
    fl_say("%u handle%s of pool %s %s not released, the first submitted%s as %s; call "
           "filch_job_release for each",
           count, count > 1 ? "s" : "", first->pool_name, count > 1 ? "were" : "was", at,
           first->name);
}

/* Those of the oldest handle's pool; the others remain. */
static void report_pool(void)
{
    const handle *first = TAILQ_FIRST(&handles);
    const filch_pool *pool = first->pool;
    unsigned count = 0;
    for (handle *one = TAILQ_FIRST(&handles), *next; one; one = next) {
        next = TAILQ_NEXT(one, place_in_list);
        if (one->pool != pool)
            continue;
        TAILQ_REMOVE(&handles, one, place_in_list);
        count += one->process == getpid();
    }
    if (count)
        report(first, count);
}

/* The tree still reaches all memory. */
__attribute__((destructor)) static void report_all(void)
{
    pthread_mutex_lock(&lock);
    while (TAILQ_FIRST(&handles))
        report_pool();
    pthread_mutex_unlock(&lock);
}
#endif
