/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Lines of a log are matched with a regular expression. To compile one costs more than to use it, and
 * one cannot well be used by two tasks at a time; so the compiled ones are kept, and used again. For
 * service authors.
 *
 *   cc -O2 object_reuse.c $(pkg-config --cflags --libs filch) -o object_reuse */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 20000, PART = 20, WIDTH = 4 };

/* An object worth keeping. */
typedef struct matcher {
    regex_t pattern;
    regmatch_t found[3]; /* the whole, the path, the status */
} matcher;

static filch_cache *matchers;
static filch_u32 failures; /* requests that the log says have failed */
static filch_u64 statuses; /* the sum of their statuses */

static int compile(void *object, void *unused)
{
    (void)unused;
    matcher *one = object;
    const char *pattern = "\"GET ([^ ]+) HTTP/1\\.[01]\" (5[0-9][0-9])";
    return regcomp(&one->pattern, pattern, REG_EXTENDED) ? -ENOMEM : 0;
}

static void discard(void *object, void *unused)
{
    (void)unused;
    regfree(&((matcher *)object)->pattern);
}

static void put_back(void *object)
{
    filch_cache_give_back(matchers, object);
}

/* Twenty lines of a log. */
static int scan(filch_self self, filch_job *job, void *data)
{
    (void)job;
    int first = (int)(intptr_t)data;
    void *object;
    int rc = filch_cache_acquire(matchers, &object);
    if (rc)
        return rc;
    matcher *mine = object;
    FILCH_DEFER(put_back, object); /* however this job ends */
    for (int i = first; i < first + PART; i++) {
        char line[100];
        snprintf(line, sizeof line, "10.0.0.%d - \"GET /page/%d HTTP/1.1\" %d 512", i % 250, i,
                 i % 7 ? 200 : 500 + i % 4);
        if (regexec(&mine->pattern, line, 3, mine->found, 0))
            continue;
        filch_u32_add(&failures, 1, FILCH_RELAXED);
        filch_u64_add(&statuses, strtoul(line + mine->found[2].rm_so, NULL, 10), FILCH_RELAXED);
    }
    return 0;
}

static int scan_all(filch_runtime *rt)
{
    filch_pool *pool;
    int rc = filch_pool_create(&pool, &(filch_pool_config){.runtime = rt, .width = WIDTH});
    for (int first = 0; first < LINES && !rc; first += PART)
        rc = FILCH_SUBMIT(pool, scan, (void *)(intptr_t)first);
    return rc ? rc : filch_pool_destroy(pool);
}

int main(void)
{
    filch_runtime *rt;
    filch_cache_config config = {.size = sizeof(matcher),
                                 .construct = compile,
                                 .destruct = discard};
    if (filch_runtime_create(&rt, NULL) || filch_cache_create(&matchers, rt, &config) ||
        scan_all(rt))
        return fprintf(stderr, "object_reuse: %s\n", filch_error()), 1;

    filch_cache_stats stats;
    filch_cache_stats_read(matchers, &stats, sizeof stats);
    printf("%d lines, %u failures, sum of statuses %llu\n", LINES,
           filch_u32_load(&failures, FILCH_RELAXED),
           (unsigned long long)filch_u64_load(&statuses, FILCH_RELAXED));
    printf("%llu uses, compiled at most once a worker: %s\n", (unsigned long long)stats.acquired,
           stats.made <= filch_runtime_workers(rt) ? "yes" : "no");
    int rc = filch_cache_destroy(matchers); /* -EBUSY: one was not put back */
    return filch_runtime_destroy(rt) || rc ? 1 : 0;
}
