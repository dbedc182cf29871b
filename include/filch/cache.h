/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Object caches: keep interchangeable objects that are made often, used briefly, and cost more
 * to make than to clean: buffers, parsers, requests. For service authors. J. Bonwick, J. Adams,
 * Magazines and Vmem, USENIX 2001, section 3.
 *
 *   filch_cache_create(&buffers, rt,
 *                      &(filch_cache_config){.size = sizeof(buffer), .reset = empty});
 *
 *   void *one;
 *   int rc = filch_cache_acquire(buffers, &one);                  a buffer, used before or new
 *   ...
 *   filch_cache_give_back(buffers, one);
 *
 * Each worker has a shelf of two magazines, small stacks of objects; other threads share some
 * shelves. Acquire and give back use the shelf of the calling worker, so no other worker waits.
 * Full magazines are exchanged for empty ones in a depot shared by all, so objects move from worker
 * to worker a magazine at a time. All this is bounded: objects that find no room are freed. An
 * object in the cache is always ready for use: it was constructed when it was made, and reset when
 * it was given back.
 * Callbacks run in the caller, with no lock held; they may wait or panic.
 * Life: a cache is created, used and destroyed. It may outlive its runtime.
 * Threads: tasks of any runtime and any thread. Suspends: only where callbacks do.
 * Errors: 0 or a negative errno; an out-pointer is untouched then.
 * Since 0.1.0. */
#ifndef FILCH_CACHE_H
#define FILCH_CACHE_H
#include <filch/detail/hide_words.h>

#include <filch/runtime.h>

typedef struct filch_cache filch_cache;

/* A zero or NULL field means the default. */
typedef struct filch_cache_config {
    size_t size;       /* of an object, in bytes */
    size_t alignment;  /* a power of two; default: as malloc's */
    unsigned magazine; /* objects in a magazine, 1..1024; default 16 */
    unsigned depot;    /* capacity of the depot in full magazines, at most 65536; default: one
                          for each shelf */
    /* Makes an object of size bytes of unknown contents ready for use. Returns 0, or a negative
     * errno, with which the acquire fails. Default: zero bytes */
    int (*construct)(void *object, void *arg);
    /* Makes a returned object ready again. Returns 0; otherwise it is not kept. Default: it is
     * left unchanged */
    int (*reset)(void *object, void *arg);
    /* Releases an object's resources before its memory is freed. Default: nothing */
    void (*destruct)(void *object, void *arg);
    void *arg; /* of all three */
    void *reserved[4];
} filch_cache_config;

/* made - freed == kept + objects in use; acquired - given_back == objects in use. Approximate
 * while objects are acquired and given back. */
typedef struct filch_cache_stats {
    uint64_t acquired; /* objects */
    uint64_t given_back;
    uint64_t made; /* objects constructed because the cache was empty */
    uint64_t freed;
    uint64_t exchanged; /* magazines, with the depot */
    uint64_t kept;      /* a current value, not a sum */
} filch_cache_stats;

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a cache with a shelf for each worker of rt (NULL: the calling task's runtime); rt need
 * not outlive it. Errors: -EINVAL (config has no size, or a number that is out of range); -ENOMEM;
 * -ECHILD. */
FILCH_API int filch_cache_create(filch_cache **out, filch_runtime *rt,
                                 const filch_cache_config *config);
/* Frees it with all its objects; do not use it afterwards. NULL is allowed. Error: -EBUSY
 * (some objects have not been given back; nothing is done). */
FILCH_API int filch_cache_destroy(filch_cache *cache);

/* ---- Operations ---- */

/* Acquires an object, which is the caller's until it is given back. Errors: -ENOMEM; the error of
 * its construction; -EINVAL (NULL). */
FILCH_API int filch_cache_acquire(filch_cache *cache, void **out);
/* Gives an object back; any caller; NULL is allowed. If its reset panics, the object is freed. */
FILCH_API void filch_cache_give_back(filch_cache *cache, void *object);
/* Frees all objects in the cache now: for when memory is short, or the work is done. If `destruct`
 * panics, that object is freed; call this function again for the others. */
FILCH_API void filch_cache_drain(filch_cache *cache);

/* ---- Queries ---- */

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. */
FILCH_API void filch_cache_stats_read(filch_cache *cache, filch_cache_stats *out, size_t size);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
