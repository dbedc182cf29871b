/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A job of a service: the lists in which it stands, records of it, and its life. */
#ifndef FL_JOB_H
#define FL_JOB_H

#include <filch/metrics.h>
#include <filch/service.h>
#include <sched/assert.h>

#include <stdbool.h>
#include <stddef.h>

/* ---- Lists ---- */

/* Circular doubly linked lists of things that contain a link. The owner of a list guards it. */

/* A list's head, and a link in each item. */
typedef struct fl_list {
    struct fl_list *next, *previous;
} fl_list;

static inline void fl_list_init(fl_list *list)
{
    list->next = list->previous = list;
}

static inline bool fl_list_is_empty(const fl_list *list)
{
    return list->next == list;
}

/* Do its neighbours, which are the link itself in an empty list, name it? */
static inline bool fl_list_is_linked(const fl_list *link)
{
    return link->previous->next == link && link->next->previous == link;
}

/* Also of a link that is in no list, if fl_list_init was called for it. */
static inline void fl_list_remove(fl_list *link)
{
    FL_ASSERT(fl_list_is_linked(link));
    link->previous->next = link->next;
    link->next->previous = link->previous;
    fl_list_init(link);
}

/* Inserts it in front of an item; in front of the head is the end. */
static inline void fl_list_insert(fl_list *before, fl_list *link)
{
    FL_ASSERT(fl_list_is_linked(before));
    link->next = before;
    link->previous = before->previous;
    link->previous->next = link;
    before->previous = link;
}

static inline void fl_list_append(fl_list *list, fl_list *link)
{
    fl_list_insert(list, link);
}

/* The first, removed; NULL: the list is empty. */
static inline fl_list *fl_list_take(fl_list *list)
{
    fl_list *first = list->next;
    if (first == list)
        return NULL;
    fl_list_remove(first);
    return first;
}

/* Appends all of `from`, which is empty afterwards. */
static inline void fl_list_append_all(fl_list *list, fl_list *from)
{
    if (fl_list_is_empty(from))
        return;
    from->next->previous = list->previous;
    from->previous->next = list;
    list->previous->next = from->next;
    list->previous = from->previous;
    fl_list_init(from);
}

/* ---- Records ---- */

/* Records: the counts and durations of a type's runs, for /metrics and the page. The owner counts,
 * once for each run, so handlers do not pay for it; any thread may read. */

typedef enum fl_record_status {
    FL_RECORD_SUCCESS,
    FL_RECORD_FAILURE,   /* of a run: it is repeated, or has become a dead letter */
    FL_RECORD_ERROR,     /* a dead letter that has not run: malformed, unknown, expired, poison */
    FL_RECORD_CANCELLED, /* by request, in its run or before */
    FL_RECORD_STATUSES
} fl_record_status;

typedef struct fl_record {
    filch_counter *counts[FL_RECORD_STATUSES];
    filch_distribution *durations; /* ns of runs */
} fl_record;

/* The names as the values of the label `status`. */
extern const char *const fl_record_names[FL_RECORD_STATUSES];

/* 0, or -ENOMEM; fl_record_end undoes also a part of it. */
int fl_record_init(fl_record *record);
void fl_record_end(fl_record *record);
/* A run is over. Runs that do not count (the breaker refused, or the service ended them) are left
 * out. Owner only. */
void fl_record_run(const filch_service_job *job);
/* A message is cancelled before it has begun. Owner only. */
void fl_record_cancel(const filch_service_job *job);
/* A message is buried without having run. Owner only. */
void fl_record_refusal(const filch_service_job *job);

/* ---- Jobs ---- */

/* Jobs of a service: their memory, and the moves that the owner makes with them. */

/* With a copy of the message; NULL: no memory. The owner, while the broker receives. */
filch_service_job *fl_service_job_make(filch_service *service, const filch_message *message);
/* The last touch. The owner. */
void fl_service_job_free(filch_service_job *job);
/* At the end of the service. */
void fl_service_free_spare(filch_service *service);
/* The owner wants it back before it begins: true, it will not begin, and is in no list. */
bool fl_service_job_claim(filch_service_job *job);
/* Stops counting it as held: its handler has returned, or will not run. Owner only. */
void fl_service_unhold(filch_service_job *job);
/* The owner is through with it: takes it out of its lists, and frees it. */
void fl_service_job_forget(filch_service_job *job);
/* Somebody wants it to be cancelled: it does not begin, or its context is done. Its message is
 * forgotten then, unless its answer was due before. */
void fl_service_job_stop(filch_service_job *job);
/* Its lease is lost: it is forgotten if it has not begun; else its context is done, and nobody
 * answers it. */
void fl_service_job_lose(filch_service_job *job);

#endif
