/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Resource pools: a limited number of resources that are costly to make and used by one task at a
 * time, such as connections to a database, sessions and licences. For service authors.
 *
 *   filch_resource_pool_create(&connections, rt, &(filch_resource_pool_config){
 *       .min = 2, .max = 10, .create = dial, .check = ping, .destroy = hang_up,
 *       .idle_time = 60 * FILCH_SECOND, .check_after = FILCH_SECOND});
 *
 *   filch_resource *one;
 *   int rc = filch_resource_pool_acquire(connections, &one, filch_in(FILCH_SECOND));
 *   if (rc)
 *       return rc;
 *   ...  query(filch_resource_value(one), ...)
 *   filch_resource_give_back(one, true);                        false: it is broken
 *
 * Order: first come, first served. A resource given back goes directly to the longest waiter. Of
 * the idle ones, the most recently used is taken first, so that unneeded ones reach their idle
 * time. Callbacks run as tasks of the runtime, never under a lock and never on the timer thread;
 * they may wait, fail and panic. An acquire's deadline also applies while its resource is being
 * made: one made too late goes to the next waiter, or becomes idle. If a creation fails, the
 * longest waiter gets its error; each of the others gets its own attempt.
 * Life: a pool is created, used, closed and destroyed. The runtime must exist until then. A child
 * of fork() cannot use its copy.
 * Threads: tasks and any thread may call every function; the pool's own callbacks may call none.
 * Suspends: _acquire, _wait and _destroy, as <filch/wait.h> says.
 * Errors: 0 or a negative errno; an out-pointer is untouched then.
 * Since 0.1.0. */
#ifndef FILCH_RESOURCES_H
#define FILCH_RESOURCES_H
#include <filch/detail/hide_words.h>

#include <filch/runtime.h>
#include <filch/wait.h>
#include <stdbool.h>

/* The largest size of a pool. */
#define FILCH_RESOURCES_MAX 65536

typedef struct filch_resource_pool filch_resource_pool;
/* One resource, held by the caller that acquired it. */
typedef struct filch_resource filch_resource;

/* Makes a resource, and stores it in *value. Returns 0 or a negative errno (any other number counts
 * as -EINVAL); filch_error() may say more. A panic counts as a failed creation: release partial
 * work with FILCH_DEFER. */
typedef int filch_resource_create_fn(filch_self self, void **value, void *arg);
/* Checks that a resource is usable: returns 0 or a negative errno. A panic means that it is not. */
typedef int filch_resource_check_fn(filch_self self, void *value, void *arg);
/* Destroys a resource. If this panics, the resource counts as destroyed nevertheless. */
typedef void filch_resource_destroy_fn(filch_self self, void *value, void *arg);

/* The pool to create. Times are in nanoseconds. */
typedef struct filch_resource_pool_config {
    unsigned min;         /* resources that are kept even if unused */
    unsigned max;         /* 1 .. FILCH_RESOURCES_MAX: the most at a time, including those being
                             made or destroyed */
    int64_t idle_time;    /* idle resources are destroyed after this time, down to min; 0: never */
    int64_t max_lifetime; /* older resources are destroyed as soon as they are idle; 0: never */
    int64_t check_after;  /* resources idle for this long are checked before use; 0: always */
    int64_t retry;        /* delay after a failed creation of one of min; 0: a second */
    filch_resource_create_fn *create;
    filch_resource_check_fn *check;     /* may be NULL: none is checked */
    filch_resource_destroy_fn *destroy; /* may be NULL: nothing to do */
    void *arg;                          /* of all three */
    void *reserved[4];                  /* NULL */
} filch_resource_pool_config;

/* A consistent snapshot. created - destroyed == in_use + idle + checking + destroying; acquired
 * - released == in_use. */
typedef struct filch_resource_pool_stats {
    unsigned in_use, idle, creating, checking, destroying; /* resources */
    unsigned waiting;                                      /* callers of acquire */
    uint64_t acquired, released;
    uint64_t broken;    /* of those released */
    uint64_t created;   /* successfully */
    uint64_t failed;    /* failed creations */
    uint64_t unhealthy; /* failed checks */
    uint64_t destroyed;
    uint64_t waits;   /* acquires that had to wait */
    uint64_t refused; /* failed acquires: closed, too late, or the creation failed */
} filch_resource_pool_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a pool whose callbacks run on rt (NULL: the calling task's runtime). Does not wait: the
 * first `min` resources may still be in creation on return. Errors: -EINVAL (config names no
 * create, or a field is out of range); -ENOMEM; -EAGAIN or -EMFILE (no timer); -ECHILD. */
FILCH_API int filch_resource_pool_create(filch_resource_pool **out, filch_runtime *rt,
                                         const filch_resource_pool_config *config);
/* Closes the pool: present and later callers of acquire get -EPIPE. Idle resources are destroyed
 * now, others when they are given back. Does not wait. May be called again. */
FILCH_API void filch_resource_pool_close(filch_resource_pool *pool);
/* Waits until the pool is closed and no resource is left. Errors: -ETIMEDOUT (call again); -EINVAL
 * (NULL, or a negative time); -ENOMEM or -EAGAIN (no timer). */
FILCH_API int filch_resource_pool_wait(filch_resource_pool *pool, int64_t until);
/* Closes it, waits for its callbacks, and frees it; do not use it afterwards. NULL is
 * allowed. Error: -EBUSY (resources are still held; nothing is done, and filch_error() names a
 * holder). */
FILCH_API int filch_resource_pool_destroy(filch_resource_pool *pool);

/* ---- Operations ---- */

/* Acquires a resource; waits until `until`. With a time of 0, or one that has passed, it takes only
 * an idle one that needs no check. Errors: -ETIMEDOUT; -EPIPE (the pool is closed); the error of a
 * failed creation, marked as such by filch_error(). Also -EINVAL (NULL, or a negative time);
 * -ENOMEM or -EAGAIN (no timer). A macro, so that reports know the place;
 * (filch_resource_pool_acquire)(...) calls the function itself. */
FILCH_API int filch_resource_pool_acquire(filch_resource_pool *pool, filch_resource **out,
                                          int64_t until);
/* The same with a given place, for the macro. place must outlive the use. */
FILCH_API int fl_resource_pool_acquire_at(filch_resource_pool *pool, filch_resource **out,
                                          int64_t until, const filch_place *place);
/* Gives a resource back; any caller; it must not be used afterwards. healthy: it can be used
 * again; otherwise it is destroyed, and another one made on demand. Does not wait. Errors:
 * -EALREADY (given back before); -EINVAL (NULL). */
FILCH_API int filch_resource_give_back(filch_resource *resource, bool healthy);
/* Gives a resource back as broken, for FILCH_DEFER: a resource used by a panicked task is not
 * trusted. NULL is allowed. */
FILCH_API void filch_resource_discard(void *resource);

/* ---- Queries ---- */

/* Returns the value that its creation stored in *value. */
FILCH_API void *filch_resource_value(const filch_resource *resource);
/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_resource_pool_stats_read(filch_resource_pool *pool,
                                              filch_resource_pool_stats *out, size_t size);
/* Lists the holders: one line per resource held for `held` nanoseconds or more, with the place
 * of the acquire and the name of its task. Writes at most size bytes to text, the closing NUL
 * included, and returns the full length (as snprintf); 0: none. */
FILCH_API size_t filch_resource_pool_report(filch_resource_pool *pool, int64_t held, char *text,
                                            size_t size);

FILCH_END_DECLS

#define filch_resource_pool_acquire(pool, out, until)                                              \
    (__extension__({                                                                               \
        static const filch_place fl_place_ = {{NULL, #pool}, __FILE__, __LINE__};                  \
        fl_resource_pool_acquire_at(pool, out, until, &fl_place_);                                 \
    }))
#include <filch/detail/show_words.h>
#endif
