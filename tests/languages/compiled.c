/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The compiled functions of the tests in Python, in a library that knows nothing of Python. */
#include <errno.h>
#include <filch/filch.h>
#include <filch/pool.h>

/* A task: slot->args[0] + 2 * slot->args[1]. */
void combine(filch_self self, filch_slot *slot);
void combine(filch_self self, filch_slot *slot)
{
    (void)self;
    slot->args[0] += 2 * slot->args[1];
}

void panic(filch_self self, filch_slot *slot);
void panic(filch_self self, filch_slot *slot)
{
    (void)self;
    FILCH_PANIC(-EBADMSG, "number %d is wrong", (int)slot->args[0]);
}

/* Sums the items of a channel of int64_t until it is closed. */
void drain(filch_self self, filch_slot *slot);
void drain(filch_self self, filch_slot *slot)
{
    (void)self;
    int64_t sum = 0;
    FILCH_EACH(int64_t, item, (filch_channel *)(uintptr_t)slot->args[0])
    sum += item;
    slot->args[0] = (uint64_t)sum;
}

int increment(filch_self self, filch_job *job, void *number);
int increment(filch_self self, filch_job *job, void *number)
{
    (void)job;
    __atomic_fetch_add((int64_t *)number, 1, __ATOMIC_RELAXED);
    return self ? 0 : filch_worker_index();
}

int fail(filch_self self, filch_job *job, void *unused);
int fail(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)job, (void)unused;
    return filch_error_set(-EBADMSG, "page 7 is torn");
}

int wait_for_cancel(filch_self self, filch_job *job, void *unused);
int wait_for_cancel(filch_self self, filch_job *job, void *unused)
{
    (void)self, (void)unused;
    return filch_context_wait(filch_job_context(job), FILCH_FOREVER);
}

/* ---- Of algorithms ---- */

int twice(filch_self self, size_t begin, size_t end, void *x);
int twice(filch_self self, size_t begin, size_t end, void *x)
{
    (void)self;
    for (; begin < end; begin++)
        ((double *)x)[begin] *= 2;
    return 0;
}

int stop(filch_self self, size_t begin, size_t end, void *unused);
int stop(filch_self self, size_t begin, size_t end, void *unused)
{
    (void)self, (void)begin, (void)end, (void)unused;
    return 7;
}

bool greater(const void *a, const void *b, void *unused);
bool greater(const void *a, const void *b, void *unused)
{
    (void)unused;
    return *(const int *)a > *(const int *)b;
}

bool zero(void *unused, void *sum);
bool zero(void *unused, void *sum)
{
    (void)unused;
    *(int64_t *)sum = 0;
    return true;
}

/* The sum of squares of a range. */
int squares(filch_self self, size_t begin, size_t end, void *unused, void *sum);
int squares(filch_self self, size_t begin, size_t end, void *unused, void *sum)
{
    (void)self, (void)unused;
    for (; begin < end; begin++)
        *(int64_t *)sum += (int64_t)(begin * begin);
    return 0;
}

void join_sums(void *unused, void *left, void *right);
void join_sums(void *unused, void *left, void *right)
{
    (void)unused;
    *(int64_t *)left += *(int64_t *)right;
}

void scan_make(void *unused, void *sum);
void scan_make(void *unused, void *sum)
{
    (void)unused;
    *(int64_t *)sum = 0;
}

void scan_sum(const void *in, size_t n, void *unused, void *sum);
void scan_sum(const void *in, size_t n, void *unused, void *sum)
{
    (void)unused;
    for (size_t i = 0; i < n; i++)
        *(int64_t *)sum += ((const int64_t *)in)[i];
}

void scan_items(const void *in, size_t n, void *out, void *unused, void *sum);
void scan_items(const void *in, size_t n, void *out, void *unused, void *sum)
{
    (void)unused;
    for (size_t i = 0; i < n; i++)
        ((int64_t *)out)[i] = *(int64_t *)sum += ((const int64_t *)in)[i];
}
