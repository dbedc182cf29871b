/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Frames between a service and a co-process: four bytes with the length, the highest first, and a
 * JSON object of that length (docs/service/worker.md). */
#ifndef FL_COPROCESS_FRAME_H
#define FL_COPROCESS_FRAME_H

#include <filch/service.h>

enum { FL_FRAME_HEAD = 4, FL_FRAME_TEXT = 1024 };

/* A frame from a co-process. */
typedef enum fl_frame_kind {
    FL_FRAME_BAD, /* no frame of the protocol; text says why */
    FL_FRAME_DONE,
    FL_FRAME_RETRY,
    FL_FRAME_FAIL,
    FL_FRAME_LOG,
    FL_FRAME_PROGRESS
} fl_frame_kind;

typedef struct fl_frame {
    fl_frame_kind kind;
    int64_t after;            /* ns, of a retry */
    char text[FL_FRAME_TEXT]; /* of a log: UTF-8; a reason: printable ASCII */
    char *told;               /* progress, or the result of a DONE: a text as it is, other values as
                                 JSON; NULL: none; for free() */
    size_t told_size;
} fl_frame;

/* The request for a job, head included, for free(). NULL: no memory, or its texts are not UTF-8. */
char *fl_frame_request(filch_service_job *job, size_t *size);
/* Looks at bytes that have come. Returns 1: a whole frame, with *length bytes behind its head; 0:
 * part of one, *length bytes long if its head is there, else 0; -EMSGSIZE: it is empty or has more
 * than `most` bytes. */
int fl_frame_find(const char *data, size_t size, size_t most, size_t *length);
/* Reads the JSON text of a frame about the job `id`, NULL: it has none. The caller frees out->told. */
void fl_frame_read(fl_frame *out, const char *json, size_t size, const char *id);

#endif
