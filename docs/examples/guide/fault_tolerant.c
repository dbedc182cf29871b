/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Payments to a bank whose line is bad, which is closed for some customers, and whose replies get
 * lost; and a mistake in the program itself. The pool tries again what may be over soon, keeps the
 * rest as dead letters, and pays these when all is well. For service authors.
 *
 *   cc -O2 fault_tolerant.c $(pkg-config --cflags --libs filch) -o fault_tolerant */
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/pools.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAYMENTS = 200, WIDTH = 16, ATTEMPTS = 3 };

typedef struct payment {
    int number, cents;
    unsigned asked; /* so often the bank got it */
} payment;

/* ---- The bank ---- */

static bool branch_open, program_fixed; /* change only while nothing is in progress */
static filch_u32 booked[PAYMENTS];      /* cents, by the payment's number: a second booking has
                                            no effect */
static filch_u32 twice;                 /* that it was asked for what it had booked */

static int book(payment *p)
{
    p->asked++;
    if (p->number % 20 == 3 && !branch_open)
        return -EHOSTUNREACH;
    if (p->number % 5 == 1 && p->asked == 1)
        return -ECONNRESET; /* the line is bad */
    if (filch_u32_exchange(&booked[p->number], (uint32_t)p->cents, FILCH_RELAXED))
        filch_u32_add(&twice, 1, FILCH_RELAXED);
    return p->number % 25 == 9 && p->asked == 1 ? -ETIMEDOUT : 0; /* the reply is lost */
}

/* ---- The service ---- */

static const filch_retry_policy patience = {.attempts = ATTEMPTS, .base = FILCH_MILLISECOND};
static filch_dead_letter_queue *letters;
static filch_u32 paid[ATTEMPTS + 1]; /* by attempts */
static filch_u32 kept;

static int pay(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    payment *p = data;
    if (p->number % 50 == 7 && !program_fixed)
        FILCH_PANIC(-ERANGE, "no rate for this currency");
    return book(p);
}

static void note(filch_job *job, filch_outcome outcome, const filch_failure *why, void *data)
{
    (void)why, (void)data;
    if (outcome == FILCH_SUCCEEDED)
        filch_u32_add(&paid[filch_job_attempts(job)], 1, FILCH_RELAXED);
    else if (outcome == FILCH_DEAD_LETTERED)
        filch_u32_add(&kept, 1, FILCH_RELAXED);
}

static int submit(filch_pool *pool, payment *p)
{
    return FILCH_SUBMIT_AS(pool, pay, p, .done = note, .drop = free);
}

static int submit_again(const filch_dead_letter *letter, void *pool)
{
    return submit(pool, letter->data);
}

static void print(void)
{
    for (int n = 1; n <= ATTEMPTS; n++) {
        printf("%s%u", n == 1 ? "  paid at attempt 1, 2, 3: " : ", ",
               filch_u32_load(&paid[n], FILCH_RELAXED));
        filch_u32_store(&paid[n], 0, FILCH_RELAXED);
    }
    printf("; dead letters: %u\n", filch_u32_load(&kept, FILCH_RELAXED));
    filch_u32_store(&kept, 0, FILCH_RELAXED);
}

/* How many letters there are for each reason. */
static void print_reasons(void)
{
    unsigned unreachable = 0, panicked = 0;
    filch_dead_letter *one;
    for (uint64_t at = 0; !filch_dead_letter_queue_next(letters, at, &one);
         filch_dead_letter_release(one)) {
        at = one->id;
        unreachable += one->failure.code == -EHOSTUNREACH && one->attempts == ATTEMPTS;
        panicked += one->failure.code == -ERANGE && one->attempts == 1;
    }
    printf(
        "  %u: the branch is closed, in %d attempts; %u: \"no rate for this currency\", in one\n",
        unreachable, ATTEMPTS, panicked);
}

int main(void)
{
    filch_pool *pool;
    filch_dead_letter_queue_config week = {.max = 10000, .ttl = 7 * 24 * 3600 * FILCH_SECOND};
    if (filch_dead_letter_queue_create(&letters, &week) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH,
                                                      .retry = &patience,
                                                      .dead_letters = letters}))
        errx(1, "%s", filch_error());
    printf("%d payments\n", PAYMENTS);
    for (int i = 0; i < PAYMENTS; i++) {
        payment *p = malloc(sizeof *p);
        if (!p)
            err(1, NULL);
        *p = (payment){.number = i, .cents = 100 + i};
        if (submit(pool, p))
            errx(1, "%s", filch_error());
    }
    if (filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    print();
    print_reasons();

    branch_open = program_fixed = true;
    size_t again;
    if (filch_dead_letter_queue_requeue_all(letters, submit_again, pool, &again) ||
        filch_pool_wait(pool, FILCH_FOREVER))
        errx(1, "%s", filch_error());
    printf("the branch opens, the program is fixed: %zu letters requeued\n", again);
    print();
    filch_pool_stats stats;
    filch_pool_stats_read(pool, &stats, sizeof stats);
    unsigned cents = 0;
    for (int i = 0; i < PAYMENTS; i++)
        cents += filch_u32_load(&booked[i], FILCH_RELAXED);
    printf("%u jobs, %u retries; %u cents booked, %u requests were for what was booked already\n",
           (unsigned)stats.accepted, (unsigned)stats.retries, cents,
           filch_u32_load(&twice, FILCH_RELAXED));
    filch_pool_destroy(pool);
    filch_dead_letter_queue_destroy(letters);
    return 0;
}
