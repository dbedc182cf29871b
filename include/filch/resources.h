/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool of resources: things that are costly to make, of which there may be so many at a time, and
 * which one task has at a time: connections to a database, sessions, licences. For service authors.
 *
 *   filch_resources_create(&connections, rt, &(filch_resources_config){
 *       .min = 2, .max = 10, .create = dial, .check = ping, .destroy = hang_up,
 *       .idle_time = 60 * FILCH_SECOND, .check_after = FILCH_SECOND});
 *
 *   filch_resource *one;
 *   int rc = filch_resources_acquire(connections, &one, filch_in(FILCH_SECOND));
 *   if (rc)
 *       return rc;
 *   ...  query(filch_resource_value(one), ...)
 *   filch_resource_release(one, true);                        false: it is broken
 *
 * Order: first come, first served. A resource that becomes free goes to who has waited longest;
 * nobody takes it away on the way. Of idle ones the last used is taken first, so that those which
 * are not needed grow old.
 * Callbacks run as tasks of the runtime, never under a lock and never on the thread that keeps the
 * timers; they may wait, fail and panic. A deadline of an acquire holds while its resource is being
 * made: what is made too late goes to the next, or lies idle. If a creation fails, who has waited
 * longest is told why; each of the others gets an attempt of its own.
 * Life: created; used; closed; destroyed. The runtime has to be there until then. A child of fork()
 * has no use of its copy.
 * Threads: all may be called by tasks and by any thread, but not by the pool's own callbacks; where
 * a call waits, see <filch/wait.h>.
 * Errors: 0 or a negative errno; an out-pointer is untouched then. */
#ifndef FILCH_RESOURCES_H
#define FILCH_RESOURCES_H

#include <filch/runtime.h>
#include <filch/wait.h>
#include <stdbool.h>

/* The most that a pool may have. */
#define FILCH_RESOURCES_MAX 65536

typedef struct filch_resources filch_resources;
/* One of them, in the hands of who has acquired it. */
typedef struct filch_resource filch_resource;

/* Makes one, and leaves it in *value. Returns 0 or a negative errno (any other number counts as
 * -EINVAL), of which filch_error() may say more. If it panics, it has made none: what it has begun it
 * gives back by FILCH_DEFER. */
typedef int filch_resource_create_fn(filch_self self, void **value, void *arg);
/* Is it still good? 0, or a negative errno. If it panics, it is not. */
typedef int filch_resource_check_fn(filch_self self, void *value, void *arg);
/* Gives one back to where it came from. If it panics, it is gone nevertheless. */
typedef void filch_resource_destroy_fn(filch_self self, void *value, void *arg);

/* What to create. Times are in nanoseconds. */
typedef struct filch_resources_config {
    unsigned min;         /* so many are kept, also if nobody needs them */
    unsigned max;         /* 1 .. FILCH_RESOURCES_MAX: more there never are, those being made or
                              destroyed included */
    int64_t idle_time;    /* who lies idle for so long is destroyed, down to min; 0: never */
    int64_t max_lifetime; /* who is so old is destroyed as soon as it is idle; 0: never */
    int64_t check_after;  /* who has been idle for so long is checked before it is handed out; 0:
                              always */
    int64_t retry;        /* how long after a creation has failed min is tried again; 0: a second */
    filch_resource_create_fn *create;
    filch_resource_check_fn *check;     /* may be NULL: none is checked */
    filch_resource_destroy_fn *destroy; /* may be NULL: nothing is to be done */
    void *arg;                          /* of all three */
    void *reserved[4];                  /* NULL */
} filch_resources_config;

/* Numbers, all of one moment. created - destroyed == in_use + idle + checking + destroying;
 * acquired - released == in_use. */
typedef struct filch_resources_stats {
    unsigned in_use, idle, creating, checking, destroying; /* resources */
    unsigned waiting;                                      /* callers of acquire */
    uint64_t acquired, released;
    uint64_t broken;    /* of those released */
    uint64_t created;   /* successfully */
    uint64_t failed;    /* creations that were in vain */
    uint64_t unhealthy; /* checks that said no */
    uint64_t destroyed;
    uint64_t waits;   /* acquires that had to wait */
    uint64_t refused; /* acquires that got none: closed, too late, or the creation failed */
} filch_resources_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* A pool whose callbacks run on rt, or with NULL on the calling task's runtime. Does not wait: the
 * first `min` are being made when it returns. -EINVAL; -ENOMEM; -EAGAIN, -EMFILE no timer; -ECHILD. */
FILCH_API int filch_resources_create(filch_resources **out, filch_runtime *rt,
                                     const filch_resources_config *config);
/* No resource is handed out any more: who waits gets -EPIPE, as does who comes. Idle ones are
 * destroyed now, others when they are released. Waits until none is left: 0; or until then:
 * -ETIMEDOUT, and it is closed nevertheless. Any number of times. -EINVAL a NULL, or a negative time;
 * -ENOMEM, -EAGAIN no timer. */
FILCH_API int filch_resources_close(filch_resources *pool, int64_t until);
/* Closes it, waits for its callbacks, and frees it; nobody may call it any more. NULL is allowed.
 * -EBUSY somebody has not released what he has: nothing is done, and filch_error() says who. */
FILCH_API int filch_resources_destroy(filch_resources *pool);

/* ---- Operations ---- */

/* Takes one; waits until then for it. With a time of 0, or one that is past, only what is idle and
 * needs no check is taken. -ETIMEDOUT; -EPIPE the pool is closed; what a creation failed with, and
 * filch_error() says so; -EINVAL a NULL, or a negative time; -ENOMEM, -EAGAIN no timer. A macro, so
 * that reports know the place; (filch_resources_acquire)(...) calls the function itself. */
FILCH_API int filch_resources_acquire(filch_resources *pool, filch_resource **out, int64_t until);
FILCH_API int filch_resources_acquire_from(filch_resources *pool, filch_resource **out,
                                           int64_t until, const filch_place *place);
/* Gives it back, by anybody; then it may not be used. healthy: it can be used again; else it is
 * destroyed, and another one made when somebody needs it. Does not wait. -EALREADY it was released
 * before; -EINVAL NULL. */
FILCH_API int filch_resource_release(filch_resource *resource, bool healthy);
/* The same, as broken, for FILCH_DEFER: what a panic leaves is not to be trusted. NULL is allowed. */
FILCH_API void filch_resource_discard(void *resource);

/* ---- Queries ---- */

/* What its creation left in *value. */
FILCH_API void *filch_resource_value(const filch_resource *resource);
/* Fills *out. */
FILCH_API void filch_resources_stats_read(filch_resources *pool, filch_resources_stats *out);
/* Who holds what since when: a line for each resource that somebody has had for `held` nanoseconds or
 * more, with the place of the acquire and the name of its task. Writes at most size bytes with the
 * closing NUL into text, returns the length of the whole (as snprintf); 0: there is none. */
FILCH_API size_t filch_resources_report(filch_resources *pool, int64_t held, char *text,
                                        size_t size);

FILCH_END_DECLS

#define filch_resources_acquire(pool, out, until)                                                  \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #pool}, __FILE__, __LINE__};                  \
        filch_resources_acquire_from(pool, out, until, &fl_place_);                                \
    }))
#endif
