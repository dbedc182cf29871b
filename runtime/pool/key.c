/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Keys of jobs: of the jobs with the same key, only one has no outcome yet. A tree of libc's. */
#include <runtime/pool/key.h>

#include <runtime/platform/error.h>
#include <runtime/pool/parts.h>
#include <runtime/pool/pool.h>

#include <errno.h>
#include <search.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const filch_job *left = a, *right = b;
    return strcmp(fl_rare(left)->key, fl_rare(right)->key);
}

int fl_key_take(filch_job *job)
{
    filch_job **holder = tsearch(job, &job->pool->keys, compare);
    if (!holder)
        return fl_fail(ENOMEM, "no memory for a job's key; wait for some to end");
    if (*holder != job)
        return fl_fail(EEXIST, "a job with the key %s is not done; wait for it", fl_rare(job)->key);
    fl_rare(job)->keyed = true;
    return 0;
}

void fl_key_leave(filch_job *job)
{
    fl_job_rare *rare = fl_rare(job);
    if (!rare || !rare->keyed)
        return;
    rare->keyed = false;
    tdelete(job, &job->pool->keys, compare);
}
