/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Select: waits for the first of several events. For engineers and service authors. C. A. R.
 * Hoare's guarded alternatives, 1978, section 2.4.
 *
 *   filch_case cases[] = {FILCH_RECEIVE(jobs, &job), FILCH_SEND(results, &result),
 *                         FILCH_DONE(context), FILCH_UNTIL(filch_in(FILCH_SECOND))};
 *   switch (filch_select(cases, 4)) {
 *   case 0: ... cases[0].code is 0, and job was received, or -EPIPE: closed and empty
 *   case 3: ... a second has passed
 *   }
 *
 * Exactly one case happens; nothing has moved in the others. Of several that can happen at once,
 * one is chosen at random, with equal probability. A case of a NULL channel or context never
 * happens. FILCH_UNTIL(0) is the default case: it happens if no other can at once. A closed channel
 * can always be sent to, and received from once it is empty, with -EPIPE. One channel may appear in
 * several cases.
 *
 * Threads: tasks and any thread. Suspends: filch_select, as <filch/wait.h> says.
 * Errors: a negative errno.
 * Since 0.1.0. */
#ifndef FILCH_SELECT_H
#define FILCH_SELECT_H
#include <filch/detail/hide_words.h>

#include <filch/channel.h>

struct filch_context;

/* The kind of a case. */
typedef enum filch_case_kind {
    FILCH_CASE_SEND,
    FILCH_CASE_RECEIVE,
    FILCH_CASE_DONE,
    FILCH_CASE_UNTIL
} filch_case_kind;

/* A case of a select, made by the macros below. */
typedef struct filch_case {
    filch_case_kind kind;
    void *object;  /* channel or context; NULL: never */
    void *item;    /* sent from here, or received to here */
    int64_t until; /* ns of filch_now() */
    int code; /* out, for the case that happened: 0; -EPIPE: the channel is closed; -EIDRM: it was
                 destroyed; for a context its cause */
    void *reserved[6]; /* opaque */
} filch_case;

/* The case that the item at item_ can be sent to a channel. */
#define FILCH_SEND(channel_, item_)                                                                \
    FILCH_CASE_(FILCH_CASE_SEND, channel_, (void *)(uintptr_t)(item_), 0)
/* The case that an item can be received from a channel, to item_. */
#define FILCH_RECEIVE(channel_, item_) FILCH_CASE_(FILCH_CASE_RECEIVE, channel_, item_, 0)
/* The case that a context is done. */
#define FILCH_DONE(context_) FILCH_CASE_(FILCH_CASE_DONE, context_, 0, 0)
/* The case that the time until_ has come; 0: that no other case can happen at once. */
#define FILCH_UNTIL(until_) FILCH_CASE_(FILCH_CASE_UNTIL, 0, 0, until_)

/* Names each member, in order: compilers warn of missing ones. */
#define FILCH_CASE_(kind_, object_, item_, until_)                                                 \
    {                                                                                              \
        (kind_), (object_), (item_), (until_), 0,                                                  \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

FILCH_BEGIN_DECLS

/* Waits until one of the `count` cases happens, and returns its index. Costs about 15 ns per case:
 * all objects are locked. Errors: -EINVAL (count is 0, an unknown kind, or a negative time);
 * -EDEADLK (all cases are NULL and can never happen: name a channel, a context or a time); -ENOMEM
 * or -EAGAIN (no timer). -ECANCELED: no case has happened, and the context of the caller's job or
 * scope is done; return. */
FILCH_API int filch_select(filch_case *cases, size_t count);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
