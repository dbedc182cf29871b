/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A cache of objects: equal ones that are made often, used briefly, and cost more to make than to
 * clean: buffers, parsers, requests. For service authors. J. Bonwick, J. Adams, Magazines and Vmem,
 * USENIX 2001, section 3.
 *
 *   filch_cache_create(&buffers, rt, &(filch_cache_config){.size = sizeof(buffer), .reset = empty});
 *
 *   void *one;
 *   int rc = filch_cache_get(buffers, &one);                  a buffer, used before or new
 *   ...
 *   filch_cache_put(buffers, one);
 *
 * Each worker has a shelf of two magazines, small stacks of objects; other threads share some. An
 * object is taken from, and put on, the shelf of the worker that calls: no other worker waits for
 * it. Full magazines are exchanged for empty ones in a depot, which all share; so what one worker
 * puts another gets, a magazine at a time. All this is bounded: what finds no room is freed.
 * An object is ready to be used whenever it is in the cache: it was constructed when it was made,
 * and reset when it was put.
 * Callbacks run in the caller, under no lock; they may wait, and panic.
 * Threads: all may be called by tasks of any runtime and by any thread. Suspends: only callbacks do.
 * Errors: 0 or a negative errno; an out-pointer is untouched then. */
#ifndef FILCH_CACHE_H
#define FILCH_CACHE_H

#include <filch/runtime.h>

typedef struct filch_cache filch_cache;

/* Zero or NULL: the default. */
typedef struct filch_cache_config {
    size_t size;       /* of an object, in bytes */
    size_t alignment;  /* a power of two; default: as malloc's */
    unsigned magazine; /* objects in a magazine, 1..1024; default 16 */
    unsigned depot; /* full magazines that the depot has room for, at most 65536; default: one for
                          each shelf */
    /* Makes an object of size bytes of unknown contents ready for use. 0, or a negative errno: then
     * the get fails with it. Default: zero bytes */
    int (*construct)(void *object, void *arg);
    /* Makes one that is put ready again: 0; else it is not kept. Default: it is left as it is */
    int (*reset)(void *object, void *arg);
    /* Gives back what it holds, before its memory is freed. Default: nothing */
    void (*destruct)(void *object, void *arg);
    void *arg; /* of all three */
    void *reserved[4];
} filch_cache_config;

/* made - freed == kept + those outside; gets - puts == those outside. Read while others get and put,
 * these hold approximately. */
typedef struct filch_cache_stats {
    uint64_t gets; /* that got one */
    uint64_t puts;
    uint64_t made; /* constructed, since the cache had none at hand */
    uint64_t freed;
    uint64_t exchanged; /* magazines, with the depot */
    uint64_t kept;      /* not a sum: now */
} filch_cache_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* A cache with a shelf for each worker of rt, or with NULL of the calling task's runtime; rt need not
 * outlive it. -EINVAL no size, or a number out of range; -ENOMEM; -ECHILD. */
FILCH_API int filch_cache_create(filch_cache **out, filch_runtime *rt,
                                 const filch_cache_config *config);
/* Frees it with all that is in it; nobody may call it any more. NULL is allowed. -EBUSY some objects
 * have not been put back: nothing is done. */
FILCH_API int filch_cache_destroy(filch_cache *cache);

/* ---- Operations ---- */

/* An object that is the caller's until it is put back, or -ENOMEM, or what its construction failed
 * with; -EINVAL a NULL. */
FILCH_API int filch_cache_get(filch_cache *cache, void **out);
/* Gives it back, by anybody; NULL is allowed. If its reset panics it is freed. */
FILCH_API void filch_cache_put(filch_cache *cache, void *object);
/* Frees all that is in it now: when memory is short, or the work is done. If a destruction panics,
 * that object is freed; call it again for the others. */
FILCH_API void filch_cache_drain(filch_cache *cache);

/* ---- Queries ---- */

/* Fills *out. */
FILCH_API void filch_cache_stats_read(filch_cache *cache, filch_cache_stats *out);

FILCH_END_DECLS
#endif
