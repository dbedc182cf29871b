/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records: the progress and the result of a job, kept by the broker for a while, so that the
 * publisher of the job can read them. For service authors (docs/service/README.md, "Results and
 * progress").
 *
 *   filch_service_progress(job, "page 3 of 10", 12);       a handler, as often as it likes
 *   filch_service_result(job, total, strlen(total));       before it returns 0
 *
 *   filch_service_record *record;
 *   if (filch_service_record_read(service, id, &record, filch_in(FILCH_SECOND)) == 0) {
 *       ... record->state, record->result ...
 *       filch_service_record_destroy(record);
 *   }
 *
 * A record begins with the first progress that is sent, or with the result; a job that reports
 * neither has none. It is forgotten filch_service_config.result_ttl after its last change. The
 * brokers memory, sqlite, postgres and redis keep records.
 * Threads: any task or thread may call every function unless its comment says otherwise.
 * Errors: 0 or a negative errno; filch_error() says what was wrong and what to do.
 * Since 0.1.0. */
#ifndef FILCH_SERVICE_RECORDS_H
#define FILCH_SERVICE_RECORDS_H
#include <filch/detail/hide_words.h>

#include <filch/service.h>

/* ---- Types ---- */

typedef enum filch_record_state {
    FILCH_RECORD_RUNNING, /* not finished: it runs, or waits for another attempt */
    FILCH_RECORD_DONE,
    FILCH_RECORD_DEAD,      /* a dead letter */
    FILCH_RECORD_CANCELLED, /* by request: it did not begin, or its handler gave up */
    FILCH_RECORD_STATES
} filch_record_state;

/* Bytes may hold anything; one byte 0 follows them. */
typedef struct filch_service_record {
    filch_record_state state;
    int64_t updated;      /* ns of Unix time, by the broker's clock: the last change */
    const void *progress; /* the last one that was sent; NULL: none */
    size_t progress_size;
    const void *result; /* of a job that is done; NULL: none */
    size_t result_size;
    const char *reason; /* of a dead letter; else NULL */
} filch_service_record;

enum {
    FILCH_SERVICE_RECORD_MOST = 64 << 10,  /* bytes of a progress, and of a result */
    FILCH_SERVICE_RECORD_ID_MOST = 1 << 10 /* bytes of the id of a job with a record */
};

FILCH_BEGIN_DECLS

/* ---- For handlers: until the handler returns ---- */

/* Reports progress; replaces the progress before. The bytes are copied. They are sent at
 * most once in 100 ms, together with those of other jobs, and with the job's answer at the latest.
 * Does not wait. Errors: -EMSGSIZE (over FILCH_SERVICE_RECORD_MOST, or the job's id is over
 * FILCH_SERVICE_RECORD_ID_MOST); -ENOTSUP (the broker keeps no records, or another program
 * published the job without an id); -EINVAL (no bytes, but a size); -ENOMEM. A handler may ignore them. */
FILCH_API int filch_service_progress(filch_service_job *job, const void *bytes, size_t size);
/* Sets the result, or replaces it. The bytes are copied. It is kept together with the answer of a
 * handler that returns 0, in one step: there is no result of a job that comes again. Does not wait.
 * Errors: as filch_service_progress. */
FILCH_API int filch_service_result(filch_service_job *job, const void *bytes, size_t size);

/* ---- For publishers ---- */

/* Reads the record of the job with this id, through the connection that publishes, and waits until
 * `until` for it. Release *out by filch_service_record_destroy. Suspends. Errors: -ENOENT (no
 * record: the job has reported nothing yet, or its record is forgotten); -ENOTSUP (the broker keeps
 * no records); -ETIMEDOUT (no answer: read again). -EINVAL (no id; or the broker refuses the configuration);
 * -EPIPE (the service is being destroyed); -ENOMEM; -EAGAIN (no thread). */
FILCH_API int filch_service_record_read(filch_service *service, const char *id,
                                        filch_service_record **out, int64_t until);
/* Frees a record. NULL is allowed. */
FILCH_API void filch_service_record_destroy(filch_service_record *record);

FILCH_END_DECLS
#include <filch/detail/show_words.h>
#endif
