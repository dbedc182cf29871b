/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letter queues: they keep jobs that have failed for good, with the reason, until a person or
 * a program requeues or removes them. For service authors.
 *
 *   filch_dead_letter_queue_config config = {.max = 10000, .ttl = week};
 *   filch_dead_letter_queue_create(&letters, &config);
 *
 *   filch_dead_letter_draft draft = {.name = "mail", .failure = &why, .attempts = 5,
 *                                    .data = mail, .drop = free};
 *   filch_dead_letter_queue_put(letters, &draft, NULL);
 *
 *   filch_dead_letter *one;                                a listing, the oldest first
 *   for (uint64_t at = 0; !filch_dead_letter_queue_next(letters, at, &one);
 *        filch_dead_letter_release(one))
 *       printf("%s: %s\n", one->name, one->failure.message), at = one->id;
 *
 *   filch_dead_letter_queue_requeue_all(letters, submit_again, pool, &count);
 *
 * Payload: bytes, which the letter copies, or a pointer with a destructor, which it takes over.
 * When a call fails, the payload keeps its owner.
 * Order: letters have ascending ids, which are never reused; a listing follows them. So it is
 * stable: changes during a listing never make it skip or repeat a letter that stays.
 * Time to live and length: an expired letter is no longer visible; the next put or listing removes
 * it. At the maximum the oldest letters are dropped. Each removal is counted by its reason.
 * Requeueing: a letter is taken while its job is submitted again; no other call can take, list or
 * remove it. If the submission fails, the letter returns to its old place.
 * Store: the storage of letters. By default they are in memory, protected by one lock that is held
 * for only a few instructions: then no call of this header waits, and a put needs one block of
 * memory. A custom store is a table of functions: docs/pools/resilience.md, with SQLite.
 * Life: a queue is created, used and destroyed. A held letter outlives its queue.
 * Threads: any task or thread, concurrently. Suspends: only where a callback or a store's function
 * does.
 * Errors: 0 or a negative errno, the store's among them; an out-pointer is untouched then.
 * Since 0.1.0. */
#ifndef FILCH_DEAD_LETTERS_H
#define FILCH_DEAD_LETTERS_H
#include <filch/detail/hide_words.h>

#include <filch/base.h>
#include <filch/wait.h>
#include <stdbool.h>

struct filch_metrics;

/* ---- Letters ---- */

typedef struct filch_dead_letter_queue filch_dead_letter_queue;

/* A dead letter. Read it only while it is held: from filch_dead_letter_queue_next or _list to
 * filch_dead_letter_release. Times are in nanoseconds since 1970 (CLOCK_REALTIME), since letters
 * may outlive the system's uptime. */
typedef struct filch_dead_letter {
    uint64_t id;           /* 1 or more */
    const char *name;      /* the job's; the letter's own copy */
    filch_failure failure; /* its task is the name; a store may forget file and line */
    unsigned attempts;     /* number of attempts */
    int64_t first, last;   /* times of the first attempt and of the last failure */
    int64_t expires;       /* not visible from then on; FILCH_FOREVER: never */
    void *data;  /* bytes: valid while the letter is held. A pointer: may be followed only where
                    no other task requeues the letter at the same time */
    size_t size; /* of bytes; 0: data is a pointer */
    void (*drop)(void *data); /* releases a pointer's data when the letter is removed; or NULL */
} filch_dead_letter;

/* A letter to put. */
typedef struct filch_dead_letter_draft {
    const char *name;             /* copied; NULL: "(a job)" */
    const filch_failure *failure; /* the reason; copied; NULL: unknown */
    unsigned attempts;
    int64_t first, last; /* ns of filch_now(); 0: now */
    void *data;
    size_t size;              /* this many bytes are copied; 0: data is a pointer, or NULL */
    void (*drop)(void *data); /* releases a pointer's data, on any thread; or NULL */
} filch_dead_letter_draft;

/* ---- Stores ---- */

typedef struct filch_dead_letter_count {
    uint64_t kept;   /* letters that are not taken */
    uint64_t taken;  /* letters that are taken */
    uint64_t newest; /* the highest id ever given; 0: none */
} filch_dead_letter_count;

/* The storage of letters. Any task or thread may call each function, several at a time. Each
 * takes effect as a whole or not at all; it may wait, but not panic. Returns 0 or a negative
 * errno. "Hands out": *out is a letter that the caller releases: the store's own with one more
 * hold, or one made by filch_dead_letter_create. */
typedef struct filch_dead_letter_store {
    /* Stores it, or its contents, under a new id, higher than all before, set in letter->id
     * before any other caller sees it. A store that keeps the letter itself retains it:
     * filch_dead_letter_retain. Error: -ENOTSUP (a letter that cannot be stored). */
    int (*put)(void *store, filch_dead_letter *letter);
    /* Hands out the untaken letter with the lowest id above `after`. Error: -ENOENT. */
    int (*next)(void *store, uint64_t after, filch_dead_letter **out);
    /* Marks it as taken, and hands it out. Errors: -ENOENT; -EBUSY (already taken). */
    int (*take)(void *store, uint64_t id, filch_dead_letter **out);
    /* Settles a taken letter: removes it if `gone`, else marks it as not taken, in its old
     * place. */
    int (*settle)(void *store, uint64_t id, bool gone);
    /* Removes it; may hand it out (with the store's own reference), or leave *out unchanged.
     * Errors: -ENOENT; -EBUSY (it is taken). */
    int (*remove)(void *store, uint64_t id, filch_dead_letter **out);
    /* If more than `most` are untaken: removes the oldest of these, as above, and returns 1. */
    int (*trim)(void *store, uint64_t most, filch_dead_letter **out);
    int (*count)(void *store, filch_dead_letter_count *out);
    /* Closes the store; no calls are running or will be made. May be NULL. */
    void (*close)(void *store);
} filch_dead_letter_store;

/* Turns a pointer's data into bytes, for stores that keep no pointers: writes at most `room`
 * bytes, and returns the full number, as snprintf. Called twice per letter. May wait, and panic. */
typedef size_t filch_dead_letter_pack_fn(const void *data, void *bytes, size_t room, void *arg);

/* ---- Queues ---- */

/* A zero field means the default. */
typedef struct filch_dead_letter_queue_config {
    const char *name; /* for its metrics; not copied; default "letters" */
    uint64_t max;     /* the most letters, taken ones not counted; default: no limit */
    int64_t ttl;      /* ns from the put until a letter expires; default: never */
    const filch_dead_letter_store *store; /* copied; NULL: in memory */
    void *store_arg;                      /* the first argument of its functions */
    filch_dead_letter_pack_fn *pack; /* NULL: pointers stay pointers. If set, letters have bytes, */
    void *pack_arg;                  /* and the pointer's drop is called after the put */
    void *reserved[4];               /* NULL */
} filch_dead_letter_queue_config;

/* found + put == kept + taken + requeued + purged + expired + dropped, when no call is running. */
typedef struct filch_dead_letter_queue_stats {
    uint64_t found;       /* were in the store at creation */
    uint64_t put;         /* letters accepted */
    uint64_t refused;     /* letters refused: no memory, or an error of the store */
    uint64_t kept, taken; /* now */
    uint64_t requeued;
    uint64_t returned; /* failed resubmissions: the letter is back in its old place */
    uint64_t purged;   /* removed by a call */
    uint64_t expired;  /* removed because of their age */
    uint64_t dropped;  /* removed as the oldest at the maximum */
    uint64_t stuck;    /* taken letters that the store failed to settle */
} filch_dead_letter_queue_stats;

/* Submits the job of a letter again. Returns 0 on success; a pointer's target then belongs to the
 * job (bytes do not: copy them). Any other result is a failure (a negative errno; other numbers
 * count as -EINVAL), after which no data of the letter may be in use. May wait, and panic: a panic
 * is a failure, and propagates. */
typedef int filch_requeue_fn(const filch_dead_letter *letter, void *arg);

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* Creates a queue. config may be NULL. Errors: -EINVAL (a negative time, a store that lacks a
 * function); -ENOMEM; the store's error when it counts its letters (the store stays open then). */
FILCH_API int filch_dead_letter_queue_create(filch_dead_letter_queue **out,
                                             const filch_dead_letter_queue_config *config);
/* Frees the queue; it must no longer be in use. Closes its store; letters in memory are freed, with
 * their data. NULL is allowed. Error: -EBUSY (a pool still uses it, which filch_error() names:
 * destroy that first; nothing has happened). */
FILCH_API int filch_dead_letter_queue_destroy(filch_dead_letter_queue *letters);

/* ---- Putting ---- */

/* Puts a letter; *id, unless id is NULL, receives its id. In memory it takes a few hundred
 * nanoseconds, and does not wait. Errors, with the data still the caller's: -ENOMEM; -EINVAL
 * (NULL, or a size without data); the store's errors. */
FILCH_API int filch_dead_letter_queue_put(filch_dead_letter_queue *letters,
                                          const filch_dead_letter_draft *draft, uint64_t *id);

/* ---- Listing ---- */

/* Returns the letter with the lowest id above `after`, held. Errors: -ENOENT (none: the listing is
 * complete); -EINVAL (NULL). */
FILCH_API int filch_dead_letter_queue_next(filch_dead_letter_queue *letters, uint64_t after,
                                           filch_dead_letter **out);
/* Returns a page: up to `most` letters with the lowest ids above `after`, each held, in page;
 * *count is their number. The next page begins after the last one's id. Errors, with no letter
 * held: those of filch_dead_letter_queue_next, but an empty page is not an error. */
FILCH_API int filch_dead_letter_queue_list(filch_dead_letter_queue *letters, uint64_t after,
                                           filch_dead_letter **page, size_t most, size_t *count);
/* Releases a letter of filch_dead_letter_queue_next or _list. NULL is allowed. */
FILCH_API void filch_dead_letter_release(filch_dead_letter *letter);

/* ---- Requeueing ---- */

/* Requeues one letter: calls fn(letter, arg) and returns its result. Errors: -ENOENT (no such
 * letter: it was requeued or removed, or has expired); -EBUSY (it is being requeued); -EINVAL
 * (NULL). -ESTALE (the job was submitted, but the store failed to remove the letter, which stays
 * taken; filch_error() has the reason). Suspends where fn does. */
FILCH_API int filch_dead_letter_queue_requeue(filch_dead_letter_queue *letters, uint64_t id,
                                              filch_requeue_fn *fn, void *arg);
/* Requeues all letters present now, the oldest first, as filch_dead_letter_queue_requeue does with
 * fn and arg. Later ones are not included, so that a job which fails again at once is not retried
 * forever. Continues after a failure; returns the first error. *count, unless NULL, always receives
 * the number requeued. */
FILCH_API int filch_dead_letter_queue_requeue_all(filch_dead_letter_queue *letters,
                                                  filch_requeue_fn *fn, void *arg, size_t *count);

/* ---- Purging ---- */

/* Removes one letter. Errors: -ENOENT (no such letter: it was requeued or removed, or has expired);
 * -EBUSY (it is being requeued); -EINVAL (NULL). */
FILCH_API int filch_dead_letter_queue_remove(filch_dead_letter_queue *letters, uint64_t id);
/* Removes all letters present now whose last failure is at least `age` nanoseconds ago; 0: all.
 * Letters that are being requeued stay. *count, unless NULL, always receives the number removed.
 * Error: -EINVAL (a negative age). */
FILCH_API int filch_dead_letter_queue_purge(filch_dead_letter_queue *letters, int64_t age,
                                            size_t *count);

/* ---- Queries ---- */

/* Fills the first `size` bytes of *out; size is the caller's sizeof *out. Removes expired letters.
 * Errors: -EINVAL (NULL); an error of the store. */
FILCH_API int filch_dead_letter_queue_stats_read(filch_dead_letter_queue *letters,
                                                 filch_dead_letter_queue_stats *out, size_t size);
/* Publishes the numbers of filch_dead_letter_queue_stats_read as filch_dead_letters_..., labelled
 * with the queue's name. The queue is the owner: call filch_metrics_remove(metrics, letters)
 * before destroying it. Errors: as filch_metrics_add; nothing is added then. */
FILCH_API int filch_metrics_add_dead_letters(struct filch_metrics *metrics,
                                             filch_dead_letter_queue *letters);

/* ---- For stores ---- */

/* Creates a letter with the contents of `from`, held once: name and bytes are copied; the letter
 * becomes the owner of a pointer. Error: -ENOMEM. */
FILCH_API int filch_dead_letter_create(filch_dead_letter **out, const filch_dead_letter *from);
/* Adds a hold, which filch_dead_letter_release drops. */
FILCH_API void filch_dead_letter_retain(filch_dead_letter *letter);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
