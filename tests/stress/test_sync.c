/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Locks, permits, signals and rounds under deadlines that are missed now and then: nothing is lost,
 * nothing is acquired twice. */
#include <tests/support/tasks.h>
#include <tests/support/test.h>

enum { TASKS = 24, THREADS = 3, PARTIES = TASKS + THREADS };

static filch_u32 wrong; /* parties do not assert: a failed assertion must not unwind a fiber */

static void expect(bool condition)
{
    if (!condition)
        filch_u32_add(&wrong, 1, FILCH_RELAXED);
}

static uint32_t wrongs(void)
{
    return filch_u32_exchange(&wrong, 0, FILCH_ACQ_REL);
}

/* Inside: a step aside now and then, so that others come meanwhile. */
static void linger(filch_self self, uint64_t random)
{
    if (random % 4 == 0)
        party_gives_way(self);
    stress_dawdle(random / 4);
}

/* ---- Mutex ---- */

typedef struct exclusive {
    filch_mutex mutex;
    uint64_t seed;
    unsigned rounds;
    bool inside;    /* plain: under the mutex */
    uint32_t taken; /* the same */
    filch_u32 succeeded;
} exclusive;

static void lock_and_leave(filch_self self, void *arg, unsigned index)
{
    exclusive *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned i = 0; i < one->rounds; i++) {
        random = stress_mix(random + i);
        int rc = filch_mutex_lock_until(&one->mutex, party_deadline(random));
        expect(rc == 0 || rc == -ETIMEDOUT);
        if (rc)
            continue;
        expect(!one->inside);
        one->inside = true;
        one->taken++;
        linger(self, random / 1024);
        one->inside = false;
        filch_mutex_unlock(&one->mutex);
        filch_u32_add(&one->succeeded, 1, FILCH_RELAXED);
    }
}

Test(sync, timed_mutex_is_exclusive_and_freed)
{
    exclusive one = {.seed = stress_seed(), .rounds = stress_times(200)};
    parties_meet_everywhere(TASKS, THREADS, lock_and_leave, &one);
    cr_assert_eq(wrongs(), 0);
    cr_assert_eq(one.taken, filch_u32_load(&one.succeeded, FILCH_ACQUIRE));
    cr_assert_eq(filch_mutex_try_lock(&one.mutex), 0, "a time-out took it along");
}

/* ---- Semaphore ---- */

enum { PERMITS = 5 };

typedef struct shared {
    filch_semaphore semaphore;
    filch_rwlock rwlock;
    uint64_t seed;
    unsigned rounds;
    filch_u32 used;
    filch_u32 readers, writers;
    uint32_t written; /* plain: under the rwlock */
    filch_u32 writes;
} shared;

static void acquire_and_release(filch_self self, void *arg, unsigned index)
{
    shared *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned i = 0; i < one->rounds; i++) {
        random = stress_mix(random + i);
        unsigned want = 1 + (unsigned)(random / 8192 % PERMITS);
        int rc = filch_semaphore_acquire_until(&one->semaphore, want, party_deadline(random));
        expect(rc == 0 || rc == -ETIMEDOUT);
        if (rc)
            continue;
        expect(filch_u32_add(&one->used, want, FILCH_ACQ_REL) + want <= PERMITS);
        linger(self, random / 1024);
        filch_u32_add(&one->used, -want, FILCH_ACQ_REL);
        expect(filch_semaphore_give_back(&one->semaphore, want) == 0);
    }
}

Test(sync, deadlines_neither_lose_nor_double_permits)
{
    shared one = {.seed = stress_seed(), .rounds = stress_times(200)};
    OK(filch_semaphore_init(&one.semaphore, PERMITS));
    parties_meet_everywhere(TASKS, THREADS, acquire_and_release, &one);
    cr_assert_eq(wrongs(), 0);
    cr_assert_eq(filch_semaphore_available(&one.semaphore), PERMITS);
    OK(filch_semaphore_try_acquire(&one.semaphore, PERMITS));
}

/* ---- Reader-writer lock ---- */

static void write_once(filch_self self, shared *one, uint64_t random)
{
    if (filch_rwlock_write_lock_until(&one->rwlock, party_deadline(random)))
        return;
    expect(filch_u32_add(&one->writers, 1, FILCH_ACQ_REL) == 0);
    expect(filch_u32_load(&one->readers, FILCH_ACQUIRE) == 0);
    one->written++;
    linger(self, random / 1024);
    filch_u32_add(&one->writers, (uint32_t)-1, FILCH_ACQ_REL);
    filch_rwlock_write_unlock(&one->rwlock);
    filch_u32_add(&one->writes, 1, FILCH_RELAXED);
}

static void read_once(filch_self self, shared *one, uint64_t random)
{
    if (filch_rwlock_read_lock_until(&one->rwlock, party_deadline(random)))
        return;
    filch_u32_add(&one->readers, 1, FILCH_ACQ_REL);
    expect(filch_u32_load(&one->writers, FILCH_ACQUIRE) == 0);
    uint32_t before = one->written;
    linger(self, random / 1024);
    expect(one->written == before);
    filch_u32_add(&one->readers, (uint32_t)-1, FILCH_ACQ_REL);
    filch_rwlock_read_unlock(&one->rwlock);
}

static void read_and_write(filch_self self, void *arg, unsigned index)
{
    shared *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned i = 0; i < one->rounds; i++) {
        random = stress_mix(random + i);
        (random / 8192 % 4 ? read_once : write_once)(self, one, random);
    }
}

Test(sync, writers_exclude_readers_and_writers)
{
    shared one = {.seed = stress_seed(), .rounds = stress_times(200)};
    parties_meet_everywhere(TASKS, THREADS, read_and_write, &one);
    cr_assert_eq(wrongs(), 0);
    cr_assert_eq(one.written, filch_u32_load(&one.writes, FILCH_ACQUIRE));
    cr_assert_eq(filch_rwlock_try_write_lock(&one.rwlock), 0, "a time-out took it along");
}

/* ---- Condition: a place for one item, so that each signal counts ---- */

typedef struct hatch {
    filch_mutex mutex;
    filch_condition filled, emptied;
    uint64_t seed;
    unsigned rounds;
    bool full;
    uint32_t item;
    uint64_t sum;   /* of what was taken */
    unsigned taken; /* under the mutex */
} hatch;

static void wait_for(hatch *one, filch_condition *condition, uint64_t random)
{
    int64_t until = party_deadline(random);
    int rc = filch_condition_wait_until(condition, &one->mutex, until ? until : FILCH_FOREVER);
    expect(rc == 0 || rc == -ETIMEDOUT);
}

static void give(hatch *one, uint32_t item, uint64_t random)
{
    filch_mutex_lock(&one->mutex);
    while (one->full)
        wait_for(one, &one->emptied, random++);
    one->full = true;
    one->item = item;
    filch_mutex_unlock(&one->mutex);
    filch_condition_signal(&one->filled);
}

static void fetch(hatch *one, uint64_t random)
{
    filch_mutex_lock(&one->mutex);
    while (!one->full)
        wait_for(one, &one->filled, random++);
    one->full = false;
    one->sum += one->item;
    one->taken++;
    filch_condition_signal(&one->emptied);
    filch_mutex_unlock(&one->mutex);
}

/* As many give as fetch. */
static void give_or_fetch(filch_self self, void *arg, unsigned index)
{
    hatch *one = arg;
    for (unsigned i = 0; i < one->rounds; i++)
        if (index % 2)
            give(one, i, stress_mix(one->seed + i));
        else
            fetch(one, stress_mix(one->seed - i));
}

Test(sync, no_signal_is_lost_beside_deadlines)
{
    hatch one = {.seed = stress_seed(), .rounds = stress_times(60)};
    enum { EACH = 8 };
    parties_meet_everywhere(2 * EACH - 4, 4, give_or_fetch, &one);
    cr_assert_eq(wrongs(), 0);
    cr_assert_eq(one.taken, CONFIGS * EACH * one.rounds);
    cr_assert_eq(one.sum, (uint64_t)CONFIGS * EACH * one.rounds * (one.rounds - 1) / 2);
}

/* ---- Barrier ---- */

enum { ROUNDS = 400 };

typedef struct march {
    filch_barrier barrier;
    uint64_t seed;
    unsigned rounds;
    filch_u32 here[ROUNDS], firsts[ROUNDS];
} march;

static void march_on(filch_self self, void *arg, unsigned index)
{
    march *one = arg;
    uint64_t random = one->seed + index;
    for (unsigned round = 0; round < one->rounds; round++) {
        filch_u32_add(&one->here[round], 1, FILCH_ACQ_REL);
        int rc;
        do {
            random = stress_mix(random + round);
            rc = filch_barrier_wait(&one->barrier, party_deadline(random));
            if (rc < 0)
                linger(self, random / 1024);
        } while (rc == -ETIMEDOUT);
        expect(rc == 0 || rc == 1);
        expect(filch_u32_load(&one->here[round], FILCH_ACQUIRE) == PARTIES);
        if (rc == 1)
            filch_u32_add(&one->firsts[round], 1, FILCH_ACQ_REL);
    }
}

Test(sync, round_ends_complete_with_one_first)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static march one;
        one = (march){.seed = stress_seed(), .rounds = stress_times(40)};
        one.rounds = one.rounds > ROUNDS ? ROUNDS : one.rounds;
        OK(filch_barrier_init(&one.barrier, PARTIES));
        filch_runtime *rt = config_runtime(i, 1000000);
        parties_meet(rt, TASKS, THREADS, march_on, &one);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
        for (unsigned round = 0; round < one.rounds; round++)
            cr_assert_eq(filch_u32_load(&one.firsts[round], FILCH_ACQUIRE), 1);
    }
}

/* ---- Freed by a waiter that continues ---- */

typedef struct brief {
    filch_mutex mutex;
    filch_semaphore semaphore; /* one permit: a lock, too */
    filch_rwlock rwlock;
    filch_waitgroup group;
    unsigned kind, users; /* users: under its kind of lock */
} brief;

enum { USERS = 4, KINDS = 3 };

static filch_runtime *brief_runtime;

static void lock_brief(brief *one)
{
    if (one->kind == 0)
        filch_mutex_lock(&one->mutex);
    else if (one->kind == 1)
        filch_semaphore_acquire(&one->semaphore, 1);
    else
        filch_rwlock_write_lock(&one->rwlock);
}

static void unlock_brief(brief *one)
{
    if (one->kind == 0)
        filch_mutex_unlock(&one->mutex);
    else if (one->kind == 1)
        filch_semaphore_give_back(&one->semaphore, 1);
    else
        filch_rwlock_write_unlock(&one->rwlock);
}

static void use_and_free(filch_self self, void *arg)
{
    brief *one = arg;
    lock_brief(one);
    bool last = --one->users == 0;
    unlock_brief(one);
    if (last)
        free(one);
}

static void let_others_free(filch_self self, void *arg, unsigned index)
{
    exclusive *many = arg;
    for (unsigned i = 0; i < many->rounds; i++) {
        brief *one = calloc(1, sizeof *one);
        one->kind = (i + index) % KINDS;
        one->users = USERS;
        filch_semaphore_init(&one->semaphore, 1);
        for (unsigned user = 1; user < USERS; user++)
            expect(filch_go(brief_runtime, use_and_free, one) == 0);
        use_and_free(NULL, one);
    }
}

static void be_done(filch_self self, void *arg)
{
    filch_waitgroup_done(&((brief *)arg)->group);
}

static void wait_and_free(filch_self self, void *arg, unsigned index)
{
    exclusive *many = arg;
    uint64_t random = many->seed + index;
    for (unsigned i = 0; i < many->rounds; i++) {
        brief *one = calloc(1, sizeof *one);
        filch_waitgroup_add(&one->group, USERS);
        for (unsigned user = 0; user < USERS; user++)
            expect(filch_go(brief_runtime, be_done, one) == 0);
        int rc;
        do
            rc = filch_waitgroup_wait_until(&one->group,
                                            party_deadline(random = stress_mix(random)));
        while (rc == -ETIMEDOUT);
        expect(rc == 0);
        free(one);
    }
}

static void free_everywhere(party_fn *fn, unsigned rounds)
{
    exclusive many = {.seed = stress_seed(), .rounds = rounds};
    for (unsigned i = 0; i < CONFIGS; i++) {
        brief_runtime = config_runtime(i, 1000000);
        parties_meet(brief_runtime, 4, 2, fn, &many);
        OK(filch_runtime_destroy(brief_runtime));
    }
    cr_assert_eq(wrongs(), 0);
}

Test(sync, last_unlocker_may_free_locks)
{
    free_everywhere(let_others_free, stress_times(100));
}

Test(sync, waiter_may_free_group)
{
    free_everywhere(wait_and_free, stress_times(100));
}

/* ---- Once ---- */

enum { FLAGS = 200 };

typedef struct first {
    filch_once_flag flags[FLAGS];
    unsigned made[FLAGS]; /* plain: once orders them */
} first;

static void make(void *arg)
{
    sched_yield();
    ++*(unsigned *)arg;
}

static void make_all(filch_self self, void *arg, unsigned index)
{
    first *one = arg;
    for (unsigned i = 0; i < FLAGS; i++) {
        filch_once(&one->flags[i], make, &one->made[i]);
        expect(one->made[i] == 1);
        if (i % 16 == 0)
            party_gives_way(self);
    }
}

Test(sync, once_runs_before_any_use)
{
    for (unsigned i = 0; i < CONFIGS; i++) {
        static first one;
        memset(&one, 0, sizeof one);
        filch_runtime *rt = config_runtime(i, 1000000);
        parties_meet(rt, TASKS, THREADS, make_all, &one);
        OK(filch_runtime_destroy(rt));
        cr_assert_eq(wrongs(), 0);
    }
}
