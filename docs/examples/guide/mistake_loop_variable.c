/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A classic mistake: the address of the loop's variable is handed to jobs. They look at it when the
 * loop has gone on. For everybody who submits in a loop.
 *
 *   cc mistake_loop_variable.c $(pkg-config --cflags --libs filch) -o mistake_loop_variable */
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { JOBS = 5 };

static filch_waitgroup start; /* jobs begin late, so that it goes wrong every time */
static int seen[JOBS + 1];    /* how often a job got this number */
static filch_mutex mutex;

static void note(int number)
{
    filch_mutex_lock(&mutex);
    seen[number]++;
    filch_mutex_unlock(&mutex);
}

static int by_address(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    filch_waitgroup_wait(&start);
    note(*(const int *)data);
    return 0;
}

static int by_value(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    filch_waitgroup_wait(&start);
    note((int)(intptr_t)data);
    return 0;
}

static int run(const char *name, filch_job_fn *fn, const int *own, bool value)
{
    filch_pool *pool;
    int i, rc = filch_pool_create(&pool, &(filch_pool_config){.width = 2});
    if (rc)
        return rc;
    filch_waitgroup_add(&start, 1);
    for (i = 0; i < JOBS && !rc; i++) {
        const void *data = own ? &own[i] : &i;
        rc = FILCH_SUBMIT(pool, fn, value ? (void *)(intptr_t)i : (void *)data);
    }
    filch_waitgroup_done(&start);
    int ended = filch_pool_destroy(pool);
    printf("%s:", name);
    for (i = 0; i <= JOBS; i++)
        for (; seen[i]; seen[i]--)
            printf(" %d", i);
    printf("\n");
    return rc ? rc : ended;
}

int main(void)
{
    const int numbers[JOBS] = {0, 1, 2, 3, 4};
    if (run("the address of the variable", by_address, NULL, false) ||
        run("its value", by_value, NULL, true) ||
        run("the address of a number of its own", by_address, numbers, false))
        return fprintf(stderr, "mistake_loop_variable: %s\n", filch_error()), 1;
    return 0;
}
