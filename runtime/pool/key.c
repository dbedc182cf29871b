/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys of jobs: of those that have the same one, only one has no outcome yet. A tree of libc's. */
#include <runtime/pool/pool.h>

#include <runtime/core/error.h>

#include <errno.h>
#include <search.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const filch_job *left = a, *right = b;
    return strcmp(left->more->key, right->more->key);
}

int fl_key_take(filch_job *job)
{
    filch_job **holder = tsearch(job, &job->pool->keys, compare);
    if (!holder)
        return fl_fail(ENOMEM, "no memory for a job's key; wait for some to end");
    if (*holder != job)
        return fl_fail(EEXIST, "a job with the key %s is not done; wait for it", job->more->key);
    job->more->keyed = true;
    return 0;
}

void fl_key_leave(filch_job *job)
{
    if (!job->more->keyed)
        return;
    job->more->keyed = false;
    tdelete(job, &job->pool->keys, compare);
}
