/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service asks a price list that goes down and comes back. A breaker sees it, spares both of them
 * the calls, and meanwhile customers get yesterday's prices. For service authors.
 *
 *   cc -O2 circuit_breaker.c $(pkg-config --cflags --libs filch) -o circuit_breaker */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>

enum { REQUESTS = 100, WIDTH = 4, IN_A_ROW = 5 };

typedef struct service {
    filch_breaker *breaker;
    filch_u32 down;         /* of the price list */
    filch_u32 asked;        /* calls that it got */
    filch_u32 fresh, stale; /* answers */
} service;

/* The other side; a real one would take its time to fail. */
static int ask_price_list(void *arg)
{
    service *s = arg;
    filch_u32_add(&s->asked, 1, FILCH_RELAXED);
    return filch_u32_load(&s->down, FILCH_RELAXED) ? -ECONNREFUSED : 0;
}

static int answer(filch_self self, filch_job *job, void *arg)
{
    (void)self, (void)job;
    service *s = arg;
    int rc = filch_breaker_call(s->breaker, ask_price_list, s);
    filch_u32_add(rc ? &s->stale : &s->fresh, 1, FILCH_RELAXED); /* yesterday's are at hand */
    return 0;
}

static void tell(filch_breaker *breaker, const filch_breaker_change *change, void *unused)
{
    (void)breaker, (void)unused;
    printf("  %s: %s\n", filch_breaker_state_name(change->to), change->why);
}

/* A hundred requests, several at a time. */
static int serve(filch_pool *pool, service *s, unsigned requests, const char *what)
{
    int rc = 0;
    filch_u32_store(&s->asked, 0, FILCH_RELAXED);
    filch_u32_store(&s->fresh, 0, FILCH_RELAXED);
    filch_u32_store(&s->stale, 0, FILCH_RELAXED);
    for (unsigned i = 0; i < requests && !rc; i++)
        rc = FILCH_SUBMIT(pool, answer, s);
    rc = rc ? rc : filch_pool_wait(pool, FILCH_FOREVER);
    unsigned asked = filch_u32_load(&s->asked, FILCH_RELAXED);
    printf("%s: %u fresh, %u stale, ", what, filch_u32_load(&s->fresh, FILCH_RELAXED),
           filch_u32_load(&s->stale, FILCH_RELAXED));
    if (asked == requests)
        printf("each was asked for\n");
    else /* besides those in a row, calls that were under way when it opened */
        printf("spared nearly all calls: %s\n", asked < IN_A_ROW + WIDTH ? "yes" : "no");
    return rc;
}

int main(void)
{
    static service s;
    filch_pool *pool;
    filch_breaker_config config = {.name = "prices",
                                   .consecutive = IN_A_ROW,
                                   .open_time = 3600 * FILCH_SECOND,
                                   .changed = tell};
    if (filch_breaker_create(&s.breaker, &config) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        return fprintf(stderr, "circuit_breaker: %s\n", filch_error()), 1;

    int rc = serve(pool, &s, REQUESTS, "all is well");
    filch_u32_store(&s.down, 1, FILCH_RELAXED);
    rc = rc ? rc : serve(pool, &s, REQUESTS, "the list is down");
    filch_u32_store(&s.down, 0, FILCH_RELAXED);
    rc = rc ? rc : filch_breaker_trip(s.breaker, filch_now()); /* open until now: no hour's wait */
    rc = rc ? rc : serve(pool, &s, 1, "the next customer");
    rc = rc ? rc : serve(pool, &s, REQUESTS, "it is back");
    if (rc)
        fprintf(stderr, "circuit_breaker: %s\n", filch_error());
    filch_pool_destroy(pool);
    filch_breaker_destroy(s.breaker);
    return rc ? 1 : 0;
}
