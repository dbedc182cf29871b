/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Stands in for liburcu's wait-free queue (Desnoyers, Jiangshan: wfcqueue) under the model checker,
 * as far as runtime/engine/inbox.c uses it: the same steps, and no more order than liburcu
 * promises. Enqueuing is an exchange of the tail, then a store that links the node; between the two
 * the queue is neither empty nor can anything be taken out. liburcu promises a full fence before
 * the exchange and none after it, so here the exchange is acq_rel: a caller that needs a fence
 * afterwards has to issue one. Threads: any number enqueue; one at a time dequeues. */
#ifndef SHIM_URCU_WFCQUEUE_H
#define SHIM_URCU_WFCQUEUE_H

#include <tests/model/checker/check.h>

#include <stdbool.h>
#include <stddef.h>

#define CDS_WFCQ_WOULDBLOCK ((struct cds_wfcq_node *)(uintptr_t)-1)

struct cds_wfcq_node {
    struct cds_wfcq_node *next;
};

/* The dummy that the tail points to when the queue is empty. */
struct __cds_wfcq_head {
    struct cds_wfcq_node node;
};

struct cds_wfcq_tail {
    struct cds_wfcq_node *p;
};

static inline struct cds_wfcq_node *shim_wfcq_load(struct cds_wfcq_node *const *from,
                                                   mc_order order)
{
    return (struct cds_wfcq_node *)(uintptr_t)mc_load(from, sizeof *from, order, MC_HERE);
}

static inline void shim_wfcq_store(struct cds_wfcq_node **to, struct cds_wfcq_node *value,
                                   mc_order order)
{
    mc_store(to, sizeof *to, (uintptr_t)value, order, MC_HERE);
}

static inline void cds_wfcq_node_init(struct cds_wfcq_node *node)
{
    shim_wfcq_store(&node->next, NULL, MC_RELAXED);
}

static inline void __cds_wfcq_init(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail)
{
    cds_wfcq_node_init(&head->node);
    shim_wfcq_store(&tail->p, &head->node, MC_RELAXED);
}

static inline bool cds_wfcq_empty(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail)
{
    return !shim_wfcq_load(&head->node.next, MC_RELAXED) &&
           shim_wfcq_load(&tail->p, MC_RELAXED) == &head->node;
}

static inline bool cds_wfcq_enqueue(struct __cds_wfcq_head *head, struct cds_wfcq_tail *tail,
                                    struct cds_wfcq_node *node)
{
    struct cds_wfcq_node *before =
        (struct cds_wfcq_node *)(uintptr_t)mc_change(&tail->p, sizeof tail->p, MC_EXCHANGE,
                                                     (uintptr_t)node, MC_ACQ_REL, MC_HERE);
    shim_wfcq_store(&before->next, node, MC_RELEASE);
    return before != &head->node;
}

/* Moves what is in the caller's own queue, which is not empty and whose nodes are linked, to the
 * end. */
static inline void __cds_wfcq_splice_nonblocking(struct __cds_wfcq_head *head,
                                                 struct cds_wfcq_tail *tail,
                                                 struct __cds_wfcq_head *own_head,
                                                 struct cds_wfcq_tail *own_tail)
{
    struct cds_wfcq_node *before =
        (struct cds_wfcq_node *)(uintptr_t)mc_change(&tail->p, sizeof tail->p, MC_EXCHANGE,
                                                     (uintptr_t)own_tail->p, MC_ACQ_REL, MC_HERE);
    shim_wfcq_store(&before->next, own_head->node.next, MC_RELEASE);
    (void)head;
}

/* A look by the one that dequeues, at the oldest node, and at the one behind a node; NULL: there is
 * none. */
static inline struct cds_wfcq_node *__cds_wfcq_first_nonblocking(struct __cds_wfcq_head *head,
                                                                 struct cds_wfcq_tail *tail)
{
    if (cds_wfcq_empty(head, tail))
        return NULL;
    struct cds_wfcq_node *oldest = shim_wfcq_load(&head->node.next, MC_ACQUIRE);
    return oldest ? oldest : CDS_WFCQ_WOULDBLOCK;
}

static inline struct cds_wfcq_node *__cds_wfcq_next_nonblocking(struct __cds_wfcq_head *head,
                                                                struct cds_wfcq_tail *tail,
                                                                struct cds_wfcq_node *node)
{
    (void)head;
    struct cds_wfcq_node *next = shim_wfcq_load(&node->next, MC_ACQUIRE);
    if (next || shim_wfcq_load(&tail->p, MC_RELAXED) == node)
        return next;
    next = shim_wfcq_load(&node->next, MC_ACQUIRE);
    return next ? next : CDS_WFCQ_WOULDBLOCK;
}

/* The oldest node; NULL: the queue is empty; WOULDBLOCK: an enqueuer is between its two steps. */
static inline struct cds_wfcq_node *__cds_wfcq_dequeue_nonblocking(struct __cds_wfcq_head *head,
                                                                   struct cds_wfcq_tail *tail)
{
    if (cds_wfcq_empty(head, tail))
        return NULL;
    struct cds_wfcq_node *oldest = shim_wfcq_load(&head->node.next, MC_ACQUIRE);
    if (!oldest)
        return CDS_WFCQ_WOULDBLOCK;
    struct cds_wfcq_node *next = shim_wfcq_load(&oldest->next, MC_ACQUIRE);
    if (!next) { /* perhaps the only one: the tail goes back to the dummy */
        shim_wfcq_store(&head->node.next, NULL, MC_RELAXED);
        uint64_t last = (uintptr_t)oldest;
        if (mc_cas(&tail->p, sizeof tail->p, &last, (uintptr_t)&head->node, MC_ACQ_REL, MC_HERE))
            return oldest;
        next = shim_wfcq_load(&oldest->next, MC_ACQUIRE);
        if (!next) {
            shim_wfcq_store(&head->node.next, oldest, MC_RELAXED);
            return CDS_WFCQ_WOULDBLOCK;
        }
    }
    shim_wfcq_store(&head->node.next, next, MC_RELAXED);
    return oldest;
}

#endif
