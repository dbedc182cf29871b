/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/arena.h>

#include <filch/base.h>

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

typedef struct fl_kept {
    struct fl_kept *before;
    size_t size;
    alignas(max_align_t) char bytes[];
} fl_kept;

void *fl_keep_bytes(fl_keep *keep, size_t size)
{
    fl_kept *one = calloc(1, sizeof *one + size);
    if (!one) {
        filch_error_set(-ENOMEM, "no memory for the configuration (%zu bytes); free some", size);
        return NULL;
    }
    one->before = keep->last;
    one->size = size;
    keep->last = one;
    return one->bytes;
}

char *fl_keep_text(fl_keep *keep, const char *text, size_t length)
{
    char *copy = fl_keep_bytes(keep, length + 1);
    return copy ? memcpy(copy, text, length) : NULL;
}

void fl_keep_end(fl_keep *keep)
{
    while (keep->last) {
        fl_kept *one = keep->last;
        keep->last = one->before;
        explicit_bzero(one->bytes, one->size);
        free(one);
    }
}
