/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests to a server that refuses some of them for now, and some forever: tried again, later and
 * later, and given up when that is of no use. For service authors.
 *
 *   cc -O2 backoff.c $(pkg-config --cflags --libs filch) -o backoff */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { REQUESTS = 120, WIDTH = 40, ATTEMPTS = 4 };

typedef struct request {
    int number, asked; /* asked: times the server received it */
    unsigned attempts; /* that the library made */
    int result;
} request;

/* A server that is busy the first time it sees every third request, twice for every fifth, always
 * for every eighth, and knows nothing of every tenth. */
static int ask(void *arg)
{
    request *r = arg;
    r->asked++;
    if (r->number % 10 == 0)
        return -ENOENT;
    if (r->number % 8 == 0)
        return -EBUSY;
    return r->asked <= (r->number % 5 ? r->number % 3 == 0 : 2) ? -EAGAIN : 0;
}

static const filch_retry_policy patience = {
    .attempts = ATTEMPTS,
    .base = FILCH_MILLISECOND,   /* at most 1, 2, 4 ms: evenly from 0 to that, */
    .jitter = FILCH_JITTER_FULL, /* so that who failed together does not come back together */
};

static int handle(filch_self self, filch_job *job, void *arg)
{
    (void)self;
    request *r = arg;
    r->result = filch_retry_run(&patience, filch_job_context(job), ask, r, &r->attempts);
    return r->result;
}

/* How long it would wait if nobody else were there. */
static void print_schedule(void)
{
    filch_retry_policy alone = {.base = 100 * FILCH_MILLISECOND,
                                .cap = 2 * FILCH_SECOND,
                                .jitter = FILCH_JITTER_NONE};
    filch_retry_state state;
    filch_retry_state_begin(&alone, &state);
    printf("waits:");
    for (unsigned attempt = 1; attempt <= 7; attempt++)
        printf(" %d", (int)(filch_retry_delay(&alone, attempt, &state) / FILCH_MILLISECOND));
    printf(" ms\n");
}

/* So many of each kind, and what that has cost. */
static int print_results(const request *requests)
{
    int by_attempts[ATTEMPTS + 1] = {0}, busy = 0, unknown = 0, other = 0, asked = 0;
    for (int i = 0; i < REQUESTS; i++) {
        const request *r = &requests[i];
        asked += r->asked;
        by_attempts[r->attempts] += r->result == 0;
        busy += r->result == -EBUSY && r->attempts == ATTEMPTS;
        unknown += r->result == -ENOENT && r->attempts == 1;
        other += r->result && r->result != -EBUSY && r->result != -ENOENT;
    }
    for (int n = 1; n <= ATTEMPTS; n++)
        if (by_attempts[n])
            printf("%d answered at attempt %d\n", by_attempts[n], n);
    printf("%d given up after %d attempts, %d at once\n", busy, ATTEMPTS, unknown);
    printf("%d requests, %d calls\n", REQUESTS, asked);
    return other;
}

int main(void)
{
    static request requests[REQUESTS];
    filch_pool *pool;
    if (filch_pool_create(&pool,
                          &(filch_pool_config){.width = WIDTH, .timeout = 60 * FILCH_SECOND}))
        return fprintf(stderr, "backoff: %s\n", filch_error()), 1;
    int rc = 0;
    for (int i = 0; i < REQUESTS && !rc; i++) {
        requests[i].number = i + 1;
        rc = FILCH_SUBMIT(pool, handle, &requests[i]);
    }
    if (rc)
        fprintf(stderr, "backoff: %s\n", filch_error());
    filch_pool_destroy(pool);
    print_schedule();
    return print_results(requests) || rc ? 1 : 0;
}
