/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "place.h"

#include "../bind.h"
#include "../peers/handpool.h"
#include "../peers/peer.h"

static int open_nothing(kernel_place *p, const kernel *k)
{
    p->it = NULL;
    return 0;
}

static int open_runtime(kernel_place *p, const kernel *k)
{
    filch_config config = {.size = sizeof config,
                           .workers = p->workers,
                           .bind = bench_bind(),
                           .queue = p->queue,
                           .policy = p->policy,
                           .idle = p->idle,
                           .take = p->take,
                           .wait = p->wait,
                           .stack_size = k->stack_size};
    filch_runtime *rt;
    int rc = filch_runtime_create(&rt, &config);
    p->unpinned = bench_unpinned();
    if (!rc)
        p->it = rt;
    return rc;
}

static int open_handpool(kernel_place *p, const kernel *k)
{
    handpool *pool;
    int rc = handpool_create(&pool, p->workers);
    if (!rc)
        p->it = pool;
    return rc;
}

static int open_peer(kernel_place *p, const kernel *k)
{
    p->it = p->peer->peer->open(p->workers);
    return 0;
}

static void close_nothing(kernel_place *p)
{
}

static void close_runtime(kernel_place *p)
{
    filch_runtime_destroy(p->it);
}

static void close_handpool(kernel_place *p)
{
    handpool_destroy(p->it);
}

static const struct {
    int (*open)(kernel_place *p, const kernel *k);
    void (*close)(kernel_place *p);
} kinds[] = {
    [KERNEL_SERIAL] = {open_nothing, close_nothing},
    [KERNEL_FILCH] = {open_runtime, close_runtime},
    [KERNEL_HANDPOOL] = {open_handpool, close_handpool},
    [KERNEL_FILCH_CLANG] = {open_runtime, close_runtime},
    [KERNEL_PEER] = {open_peer, close_nothing},
};

int kernel_place_open(kernel_place *p, const kernel *k)
{
    return kinds[p->as].open(p, k);
}

void kernel_place_close(kernel_place *p)
{
    kinds[p->as].close(p);
}
