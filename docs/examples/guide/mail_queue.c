/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A mail queue in front of a server that is down at first, then busy now and then, and does not know
 * everybody: a rate limit, a circuit breaker and retries, put together by hand. Undeliverable mails
 * are listed. For service authors.
 *
 *   cc -O2 mail_queue.c $(pkg-config --cflags --libs filch) -o mail_queue */
#include <errno.h>
#include <filch/filch.h>
#include <stdio.h>

enum { MAILS = 200, WIDTH = 50, OUTAGE = 12, IN_A_ROW = 4, ATTEMPTS = 4 };

typedef struct mail {
    int number;
    unsigned asked; /* how often the server got it */
    char to[32];
    int result;
} mail;

static filch_limiter *limiter;
static filch_breaker *breaker;
static filch_u32 calls; /* that the server got */

/* ---- The server, as SMTP answers: 421 refuses all, 450 this one for now, 550 for ever ---- */

static int smtp(mail *m)
{
    if (filch_u32_add(&calls, 1, FILCH_RELAXED) < OUTAGE)
        return 421;
    m->asked++;
    if (m->number % 40 == 7)
        return 550;
    if (m->number % 50 == 9)
        return 450; /* whose mailbox is full, and stays so */
    return m->asked <= (unsigned)m->number % 3 ? 450 : 250;
}

static int deliver(void *arg)
{
    switch (smtp(arg)) {
    case 250:
        return 0;
    case 421:
        return -ECONNREFUSED;
    case 450:
        return -EAGAIN;
    default:
        return -ENOENT;
    }
}

/* The server's health by its answer: one that knows nobody of that name works. */
static filch_breaker_verdict judge(int code, void *unused)
{
    (void)unused;
    return code == -ECONNREFUSED ? FILCH_BREAKER_FAILURE : FILCH_BREAKER_SUCCESS;
}

/* ---- The queue ---- */

static const filch_retry_policy patience = {.attempts = ATTEMPTS, .base = FILCH_MILLISECOND};

/* One attempt: first the turn, then the question whether the server is up, so that the answer is not
 * old when the call is made. */
static int attempt(mail *m, filch_context *context)
{
    int rc = filch_limiter_wait(limiter, 1, context, FILCH_FOREVER);
    return rc ? rc : filch_breaker_call(breaker, deliver, m);
}

/* That the server is down is not the mail's fault: it waits, and no attempt is counted. An answer
 * about this mail is. */
static int send_mail(filch_self self, filch_job *job, void *arg)
{
    (void)self;
    mail *m = arg;
    filch_context *context = filch_job_context(job);
    filch_retry_state state;
    int rc = filch_retry_begin(&patience, &state);
    while (!rc) {
        int64_t delay = 2 * FILCH_MILLISECOND;
        int code = attempt(m, context);
        bool down = code == -ECONNREFUSED || code == -EHOSTDOWN;
        if (!down && filch_retry_next(&patience, &state, code, &delay) != FILCH_RETRY_AGAIN)
            return m->result = code;
        rc = filch_context_sleep(context, delay); /* holds a place in the pool, but no worker */
    }
    return m->result = rc; /* the queue is shut down, or its time is over */
}

static int run(mail *mails)
{
    filch_pool *pool;
    filch_breaker_config config = {.name = "smtp",
                                   .consecutive = IN_A_ROW,
                                   .open_time = 5 * FILCH_MILLISECOND,
                                   .judge = judge};
    filch_pool_config queue = {.name = "mail", .width = WIDTH, .timeout = 60 * FILCH_SECOND};
    int rc = filch_limiter_create(&limiter, (filch_limit){.rate = 10000, .burst = 20});
    rc = rc ? rc : filch_breaker_create(&breaker, &config);
    rc = rc ? rc : filch_pool_create(&pool, &queue);
    for (int i = 0; i < MAILS && !rc; i++) {
        mails[i] = (mail){.number = i, .result = -EINPROGRESS};
        snprintf(mails[i].to, sizeof mails[i].to, "user%d@example.org", i);
        rc = FILCH_SUBMIT(pool, send_mail, &mails[i]);
    }
    return rc ? rc : filch_pool_destroy(pool);
}

static int print(const mail *mails)
{
    int delivered = 0, undeliverable = 0;
    filch_breaker_stats stats;
    filch_breaker_stats_read(breaker, &stats, sizeof stats);
    for (const mail *m = mails; m < mails + MAILS; m++) {
        delivered += m->result == 0;
        if (m->result == 0)
            continue;
        undeliverable++;
        printf("%s: %s, at attempt %u\n", m->to,
               m->result == -ENOENT   ? "nobody of that name"
               : m->result == -EAGAIN ? "mailbox full"
                                      : "given up",
               m->asked);
    }
    printf("%d delivered, %d undeliverable\n", delivered, undeliverable);
    printf("the breaker opened: %s; the server got each call that passed it: %s\n",
           stats.opened ? "yes" : "no",
           stats.passed == filch_u32_load(&calls, FILCH_RELAXED) ? "yes" : "no");
    return delivered + undeliverable != MAILS;
}

int main(void)
{
    static mail mails[MAILS];
    if (run(mails))
        return fprintf(stderr, "mail_queue: %s\n", filch_error()), 1;
    int rc = print(mails);
    filch_breaker_destroy(breaker);
    filch_limiter_destroy(limiter);
    return rc;
}
