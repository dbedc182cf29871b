/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Edges: H1 post -> H2 partner, H3 answer -> H4 poster. Each word goes 0 -> 1 by its setter and
 * back to 0 by its waiter. */
#include "handoff.h"

#include "../bars/measure.h"
#include <errno.h>
#include <filch/atomic.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

struct handoff {
    FILCH_ALIGNED(FILCH_APART) filch_u32 post; /* 1: to do */
    FILCH_ALIGNED(FILCH_APART) filch_u32 answer;
    double started;
    bool stop; /* plain: written before H1 */
    int cpu;
    pthread_t thread;
};

static void raise_word(filch_u32 *word)
{
    filch_u32_store(word, 1, FILCH_RELEASE); /* H1, H3 */
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_word(filch_u32 *word)
{
    while (!filch_u32_load(word, FILCH_ACQUIRE)) /* H2, H4 */
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    filch_u32_store(word, 0,
                    FILCH_RELAXED); /* the other side writes again only after our next word to it */
}

static void *partner(void *arg)
{
    handoff *h = arg;
    measure_pin(h->cpu);
    for (;;) {
        await_word(&h->post);
        h->started = measure_now();
        bool stop = h->stop;
        raise_word(&h->answer);
        if (stop)
            return NULL;
    }
}

int handoff_create(handoff **out, int cpu)
{
    handoff *h = aligned_alloc(FILCH_APART, sizeof *h);
    if (!h)
        return -ENOMEM;
    memset(h, 0, sizeof *h);
    h->cpu = cpu;
    int rc = pthread_create(&h->thread, NULL, partner, h);
    if (rc) {
        free(h);
        return -rc;
    }
    *out = h;
    return 0;
}

void handoff_destroy(handoff *h)
{
    h->stop = true;
    handoff_post(h);
    pthread_join(h->thread, NULL);
    free(h);
}

void handoff_post(handoff *h)
{
    raise_word(&h->post);
}

void handoff_wait(handoff *h)
{
    await_word(&h->answer);
}

double handoff_started(const handoff *h)
{
    return h->started;
}
