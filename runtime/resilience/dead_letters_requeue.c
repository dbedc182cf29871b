/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requeuing and purging of letters. */
#include <runtime/resilience/dead_letters.h>
#include <runtime/resilience/dead_letters_requeue.h>

#include <runtime/engine/panic.h>
#include <runtime/platform/error.h>
#include <runtime/platform/given.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- One letter ---- */

/* A letter that is taken. Lies on the requeuer's stack. */
typedef struct attempt {
    filch_dead_letter_queue *letters;
    filch_dead_letter *letter;
} attempt;

static int settle(filch_dead_letter_queue *letters, uint64_t id, bool gone)
{
    int rc = letters->store.settle(letters->config.store_arg, id, gone);
    if (rc)
        fl_dead_letters_count(letters, &letters->stats.stuck);
    return rc;
}

/* It was not submitted; or its submission has panicked. */
static void put_back(void *arg)
{
    const attempt *it = arg;
    fl_dead_letters_count(it->letters, &it->letters->stats.returned);
    settle(it->letters, it->letter->id, false);
    filch_dead_letter_release(it->letter);
}

static int call(attempt *it, filch_requeue_fn *fn, void *arg)
{
    filch_defer cleanup;
    bool deferred = fl_defer_here(&cleanup, put_back, it);
    int rc = fn(it->letter, arg);
    if (deferred) {
        filch_undefer(&cleanup);
        filch_defer_end(&cleanup);
    }
    return !rc || fl_is_errno(rc) ? rc : -EINVAL;
}

static int let_go(const attempt *it)
{
    uint64_t id = it->letter->id;
    int rc = settle(it->letters, id, true);
    ((fl_dead_letter *)it->letter)->given = true;
    if (!rc)
        fl_dead_letters_count(it->letters, &it->letters->stats.requeued);
    filch_dead_letter_release(it->letter);
    return rc ? fl_fail(ESTALE, "dead letter %llu was requeued, but its store still has it: %s",
                        (unsigned long long)id, strerror(-rc))
              : 0;
}

static int let_expire(const attempt *it)
{
    int rc = settle(it->letters, it->letter->id, true);
    if (!rc)
        fl_dead_letters_count(it->letters, &it->letters->stats.expired);
    filch_dead_letter_release(it->letter);
    return fl_plainly(rc ? rc : -ENOENT);
}

/* The work that a call has done, for any return code. */
typedef enum deed { PASSED_BY, TRIED, DONE } deed;

static int requeue(filch_dead_letter_queue *letters, uint64_t id, filch_requeue_fn *fn, void *arg,
                   int64_t date, deed *did)
{
    attempt it = {.letters = letters};
    *did = PASSED_BY;
    int rc = letters->store.take(letters->config.store_arg, id, &it.letter);
    if (rc)
        return rc;
    if (it.letter->expires <= date)
        return let_expire(&it);
    *did = TRIED;
    rc = call(&it, fn, arg);
    if (rc) {
        put_back(&it);
        return rc;
    }
    *did = DONE;
    return let_go(&it);
}

int fl_dead_letters_requeue(filch_dead_letter_queue *letters, uint64_t id, filch_requeue_fn *fn,
                            void *arg, int64_t date)
{
    deed did;
    return requeue(letters, id, fn, arg, date, &did);
}

int filch_dead_letter_queue_requeue(filch_dead_letter_queue *letters, uint64_t id,
                                    filch_requeue_fn *fn, void *arg)
{
    FL_ALIVE(letters);
    FL_GIVEN(fn);
    return fl_dead_letters_requeue(letters, id, fn, arg, fl_dead_letters_moment().date);
}

int filch_dead_letter_queue_remove(filch_dead_letter_queue *letters, uint64_t id)
{
    FL_ALIVE(letters);
    return fl_dead_letters_discard(letters, id, &letters->stats.purged);
}

/* ---- All that are there now ---- */

typedef struct tour {
    filch_dead_letter_queue *letters;
    int64_t date;
    filch_requeue_fn *fn; /* or NULL: */
    void *arg;
    int64_t failed_before; /* purges those that did so by then */
    size_t *count;
    int rc;        /* the first error, */
    char why[128]; /* and what filch_error() said of it */
} tour;

static void note(tour *all, int rc)
{
    if (!rc || all->rc)
        return;
    all->rc = rc;
    snprintf(all->why, sizeof all->why, "%s", filch_error_about(rc));
}

/* It may have gone meanwhile; that is no error. */
static void visit(tour *all, uint64_t id)
{
    deed did;
    int rc;
    if (all->fn) {
        rc = requeue(all->letters, id, all->fn, all->arg, all->date, &did);
    } else {
        rc = fl_dead_letters_discard(all->letters, id, &all->letters->stats.purged);
        did = rc ? PASSED_BY : DONE;
    }
    *all->count += did == DONE;
    if (did != PASSED_BY || (rc != -ENOENT && rc != -EBUSY))
        note(all, rc);
}

static int make_tour(tour *all)
{
    filch_dead_letter_count here;
    filch_dead_letter *one;
    int rc = all->letters->store.count(all->letters->config.store_arg, &here);
    *all->count = 0;
    for (uint64_t at = 0; !rc;) {
        rc = fl_dead_letters_next(all->letters, at, &one, all->date);
        if (rc)
            break;
        at = one->id;
        bool due = all->fn || one->last <= all->failed_before;
        filch_dead_letter_release(one);
        if (at > here.newest)
            break;
        if (due)
            visit(all, at);
    }
    if (rc != -ENOENT)
        note(all, rc);
    return *all->why ? fl_fail(-all->rc, "%s", all->why) : fl_plainly(all->rc);
}

int fl_dead_letters_requeue_all(filch_dead_letter_queue *letters, filch_requeue_fn *fn, void *arg,
                                size_t *count, int64_t date)
{
    size_t uncounted;
    return make_tour(&(tour){.letters = letters,
                             .date = date,
                             .fn = fn,
                             .arg = arg,
                             .count = count ? count : &uncounted});
}

int filch_dead_letter_queue_requeue_all(filch_dead_letter_queue *letters, filch_requeue_fn *fn,
                                        void *arg, size_t *count)
{
    FL_ALIVE(letters);
    FL_GIVEN(fn);
    return fl_dead_letters_requeue_all(letters, fn, arg, count, fl_dead_letters_moment().date);
}

int fl_dead_letters_purge(filch_dead_letter_queue *letters, int64_t age, size_t *count,
                          int64_t date)
{
    size_t uncounted;
    return make_tour(&(tour){.letters = letters,
                             .date = date,
                             .failed_before = age ? date - age : FILCH_FOREVER,
                             .count = count ? count : &uncounted});
}

int filch_dead_letter_queue_purge(filch_dead_letter_queue *letters, int64_t age, size_t *count)
{
    FL_ALIVE(letters);
    if (age < 0)
        return fl_fail(EINVAL, "filch_dead_letter_queue_purge of a negative age; 0 is all");
    return fl_dead_letters_purge(letters, age, count, fl_dead_letters_moment().date);
}
