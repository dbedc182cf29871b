/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Dead letters: jobs that have failed for good, kept with the reason until a person, or a program,
 * has looked at them: put in again, or thrown away. For service authors.
 *
 *   filch_letters_create(&letters, &(filch_letters_config){.max = 10000, .ttl = week});
 *
 *   filch_letters_put(letters, &(filch_letter_draft){.name = "mail", .failure = &why,
 *                                .attempts = 5, .data = mail, .drop = free}, NULL);
 *
 *   filch_letter *one;                                              a listing, the oldest first
 *   for (uint64_t at = 0; !filch_letters_next(letters, at, &one); filch_letter_release(one))
 *       printf("%s: %s\n", one->name, one->failure.message), at = one->id;
 *
 *   filch_letters_requeue_all(letters, submit_again, pool, &count);
 *
 * Payload: bytes, which the letter copies, or a pointer with a destructor, which it takes over. When
 * a call fails, the payload belongs to whom it belonged to before.
 * Order: letters have ids, which ascend and do not come again; a listing goes by them. So it is
 * stable: whatever comes and goes meanwhile, no letter that stays is passed over or seen twice.
 * Time to live and length: a letter that is too old is not seen any more, and goes when one is put,
 * or somebody looks; at the maximum the oldest go. Each way out is counted.
 * Requeueing: a letter is taken while its job is submitted again; nobody else can take it, and it is
 * neither listed nor removed. If that fails, it is where it was.
 * Store: where letters are. Without one they are in memory, behind one lock that is held for some
 * instructions: then no call of this header waits, and putting needs one block of memory. A store of
 * one's own is a table of functions: docs/letters.md, with SQLite.
 * Life: created; used; destroyed. A letter that somebody holds outlives its queue.
 * Threads: all by any task or thread, at the same time. What a store does may wait.
 * Errors: 0 or a negative errno, the store's among them; an out-pointer is untouched then. */
#ifndef FILCH_LETTERS_H
#define FILCH_LETTERS_H

#include <filch/failure.h>
#include <filch/wait.h>
#include <stdbool.h>

struct filch_metrics;

/* ---- Letters ---- */

typedef struct filch_letters filch_letters;

/* A letter; only read by who holds it, from filch_letters_next or filch_letters_list to
 * filch_letter_release. Times are in nanoseconds since 1970 (CLOCK_REALTIME), since letters may
 * outlive the machine's uptime. */
typedef struct filch_letter {
    uint64_t id;           /* 1 or more */
    const char *name;      /* the job's; the letter's own copy */
    filch_failure failure; /* its task is the name; a store may forget file and line */
    unsigned attempts;     /* how often it was tried */
    int64_t first, last;   /* when it was tried first, when it failed last */
    int64_t expires;       /* from then on it is not seen; FILCH_FOREVER: never */
    void *data;  /* bytes: stay while the letter is held. A pointer: may be followed only where
                   nobody requeues the letter at the same time */
    size_t size; /* of bytes; 0: data is a pointer */
    void (*drop)(void *data); /* of a pointer: when the letter goes; or NULL */
} filch_letter;

/* What is put. */
typedef struct filch_letter_draft {
    const char *name;             /* copied; NULL: "(a job)" */
    const filch_failure *failure; /* why; copied; NULL: nothing is known */
    unsigned attempts;
    int64_t first, last; /* as filch_now() says it; 0: now */
    void *data;
    size_t size;              /* so many bytes are copied; 0: data is a pointer, or NULL */
    void (*drop)(void *data); /* gives a pointer's data back; any thread; or NULL */
} filch_letter_draft;

/* ---- Stores ---- */

typedef struct filch_letter_count {
    uint64_t kept;   /* letters that are not taken */
    uint64_t taken;  /* those that are */
    uint64_t newest; /* the highest id that was ever given; 0: none */
} filch_letter_count;

/* Where letters are. Each function is called by any task or thread, several at a time, and is done
 * as a whole or not at all; it may wait, but not panic. 0 or a negative errno. "To hand out": *out is a
 * letter that the caller releases, the store's own one more held, or one made by
 * filch_letter_create. */
typedef struct filch_letter_store {
    /* Keeps it, or what it says, under a new id, higher than all before, left in letter->id before
     * anybody else sees it. Who keeps the letter itself holds it: filch_letter_hold. What cannot be
     * kept: -ENOTSUP. */
    int (*put)(void *store, filch_letter *letter);
    /* Hands out the one with the lowest id above `after` that is not taken. -ENOENT. */
    int (*next)(void *store, uint64_t after, filch_letter **out);
    /* Marks it as taken, and hands it out. -ENOENT; -EBUSY it is. */
    int (*take)(void *store, uint64_t id, filch_letter **out);
    /* Of one that is taken: it is gone, or no longer taken and where it was. */
    int (*settle)(void *store, uint64_t id, bool gone);
    /* Removes it; may hand it out (what the store held itself), or leave *out. -ENOENT; -EBUSY it is
     * taken. */
    int (*remove)(void *store, uint64_t id, filch_letter **out);
    /* If more than `most` are not taken: removes the oldest of these, as above, and returns 1. */
    int (*trim)(void *store, uint64_t most, filch_letter **out);
    int (*count)(void *store, filch_letter_count *out);
    /* Nobody uses it any more. May be NULL. */
    void (*close)(void *store);
} filch_letter_store;

/* A pointer's data as bytes, for stores that keep no pointers: writes at most `room` of them, and
 * returns how many they are in all, as snprintf. Called twice for each. May wait, and panic. */
typedef size_t filch_letter_pack_fn(const void *data, void *bytes, size_t room, void *arg);

/* ---- Queues ---- */

/* Fields that are zero mean the default. */
typedef struct filch_letters_config {
    const char *name;                /* of its metrics; not copied; default "letters" */
    uint64_t max;                    /* letters at most, those taken not counted; default: any */
    int64_t ttl;                     /* ns from when it is put; default: for ever */
    const filch_letter_store *store; /* copied; NULL: in memory */
    void *store_arg;                 /* the first argument of its functions */
    filch_letter_pack_fn *pack;      /* NULL: pointers stay pointers. Else a letter has bytes, */
    void *pack_arg;                  /* and the pointer's drop is called when it has been put */
    void *reserved[4];               /* NULL */
} filch_letters_config;

/* found + put == kept + taken + requeued + purged + expired + dropped, when nobody calls. */
typedef struct filch_letters_stats {
    uint64_t found;       /* were in the store at creation */
    uint64_t put;         /* letters that were taken in */
    uint64_t refused;     /* that could not be: no memory, or the store said no */
    uint64_t kept, taken; /* now */
    uint64_t requeued;
    uint64_t returned; /* submissions that failed: the letter is where it was */
    uint64_t purged;   /* removed by a call */
    uint64_t expired;  /* too old */
    uint64_t dropped;  /* the oldest at the maximum */
    uint64_t stuck;    /* of those taken: the store failed to settle them */
} filch_letters_stats;

/* Submits the job of a letter again. 0: that is done, and what a pointer points at belongs to the
 * job (bytes do not: copy them). Not 0: it is not (a negative errno; any other number counts as
 * -EINVAL), and nothing of it is used any more. May wait, and panic: not done, and the panic goes on. */
typedef int filch_requeue_fn(const filch_letter *letter, void *arg);

FILCH_BEGIN_DECLS

/* ---- Life ---- */

/* config may be NULL. -EINVAL a negative time, a store that lacks a function; -ENOMEM; what the store
 * says of its number of letters: then it is not closed. */
FILCH_API int filch_letters_create(filch_letters **out, const filch_letters_config *config);
/* Nobody uses it any more. Closes its store; letters in memory go, with their data. NULL is
 * allowed. */
FILCH_API void filch_letters_destroy(filch_letters *letters);

/* ---- Putting ---- */

/* Keeps a letter; *id, unless id is NULL, is its id. In memory: some hundred nanoseconds, and does
 * not wait. -ENOMEM; -EINVAL a NULL, bytes from nowhere; what the store says: the data is the
 * caller's as before. */
FILCH_API int filch_letters_put(filch_letters *letters, const filch_letter_draft *draft,
                                uint64_t *id);

/* ---- Listing ---- */

/* The letter with the lowest id above `after`, held. -ENOENT there is none; -EINVAL a NULL. */
FILCH_API int filch_letters_next(filch_letters *letters, uint64_t after, filch_letter **out);
/* A page: up to `most` letters with the lowest ids above `after`, each held, into page; *count is
 * how many. The next page is after the last one's id. Errors: as above; 0 also for an empty page.
 * Then no letter is held. */
FILCH_API int filch_letters_list(filch_letters *letters, uint64_t after, filch_letter **page,
                                 size_t most, size_t *count);
/* Drops what filch_letters_next held. NULL is allowed. */
FILCH_API void filch_letter_release(filch_letter *letter);

/* ---- Requeueing: what fn returned, or an error. -ESTALE it was submitted, and the store failed to
 * let it go: there it stays taken ---- */

/* One letter. -ENOENT; -EBUSY it is being requeued; -EINVAL a NULL. */
FILCH_API int filch_letters_requeue(filch_letters *letters, uint64_t id, filch_requeue_fn *fn,
                                    void *arg);
/* All that are there now, the oldest first: not those that come meanwhile, so that a job which fails
 * again at once is not tried for ever. Goes on after one that fails; the first error is returned.
 * *count, unless count is NULL, is how many were requeued, always. */
FILCH_API int filch_letters_requeue_all(filch_letters *letters, filch_requeue_fn *fn, void *arg,
                                        size_t *count);

/* ---- Purging ---- */

/* One letter. -ENOENT; -EBUSY it is being requeued; -EINVAL NULL. */
FILCH_API int filch_letters_remove(filch_letters *letters, uint64_t id);
/* All that are there now and failed last `age` nanoseconds ago, or earlier; 0: all. Not those being
 * requeued. *count, unless count is NULL, is how many went, always. -EINVAL a negative age. */
FILCH_API int filch_letters_purge(filch_letters *letters, int64_t age, size_t *count);

/* ---- Queries ---- */

/* Fills *out. Removes what is too old. */
FILCH_API int filch_letters_stats_read(filch_letters *letters, filch_letters_stats *out);
/* Shows what filch_letters_stats_read knows, as filch_letters_..., labelled with the queue's name.
 * The queue is the owner: before it is destroyed, filch_metrics_remove(metrics, letters). Errors: as
 * filch_metrics_add; then nothing was added. */
FILCH_API int filch_metrics_add_letters(struct filch_metrics *metrics, filch_letters *letters);

/* ---- For stores ---- */

/* A letter that says what `from` says, held once: name and bytes are copied, a pointer is taken
 * over. -ENOMEM. */
FILCH_API int filch_letter_create(filch_letter **out, const filch_letter *from);
FILCH_API void filch_letter_hold(filch_letter *letter);

FILCH_END_DECLS
#endif
