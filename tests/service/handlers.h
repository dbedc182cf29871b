/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A service with one ready-made handler, on the broker `memory:` and the test's
 * clock, and the outcome of its jobs. */
#ifndef SERVICE_HANDLERS_H
#define SERVICE_HANDLERS_H

#include <fcntl.h>
#include <filch/service.h>
#include <pthread.h>
#include <runtime/service/handlers/handlers.h>
#include <tests/service/service.h>
#include <tests/support/system.h>
#include <tests/support/tasks.h>
#include <unistd.h>

typedef struct handled {
    const fl_handler_kind *kind;
    filch_handler handler;
    filch_service *service;
    unsigned workers;     /* 0: 2 */
    const filch_log *log; /* NULL: none */
    signpost outcomes[FILCH_SERVICE_OUTCOMES];
    char reason[256]; /* of the last job */
} handled;

static pthread_mutex_t handled_reason = PTHREAD_MUTEX_INITIALIZER; /* of jobs that end at once */

static inline void handled_after(filch_service_job *job, filch_service_outcome outcome,
                                 const char *reason, void *arg)
{
    handled *one = arg;
    pthread_mutex_lock(&handled_reason);
    snprintf(one->reason, sizeof one->reason, "%s", reason);
    pthread_mutex_unlock(&handled_reason);
    signpost_raise(&one->outcomes[outcome]);
}

/* The handler's fields besides its type may be set before. Its type is "job"; the default width is 1. */
static inline void handled_begin(handled *one, const char *kind, fl_handler_spec spec)
{
    one->kind = fl_handler_kind_of(kind);
    one->handler.type = "job";
    one->handler.width = one->handler.width ? one->handler.width : 1;
    cr_assert(one->kind, "%s", filch_error());
    cr_assert_eq(one->kind->make(&one->handler, &spec), 0, "%s", filch_error());
    const filch_service_config config = {.after = handled_after,
                                         .hook_arg = one,
                                         .clock = test_clock,
                                         .workers = one->workers,
                                         .log = one->log};
    one->service = service_of(config, &one->handler, 1);
}

static inline void handled_end(handled *one)
{
    OK(filch_service_destroy(one->service));
    if (one->kind->unmake)
        one->kind->unmake(&one->handler);
}

/* Runs a message; the type is set here. */
static inline void handled_run(handled *one, filch_message message)
{
    message.type = "job";
    cr_assert_eq(filch_service_publish(one->service, &message, FILCH_FOREVER), 0, "%s",
                 filch_error());
    cr_assert_eq(run_ready(one->service), 1);
}

/* Runs a message that another program published without an id. */
static inline void handled_run_foreign(handled *one, const char *body)
{
    const filch_message message = {.type = "job",
                                   .queue = "tasks",
                                   .body = body,
                                   .body_size = strlen(body)};
    fl_publication item = {.message = &message};
    fl_broker *broker = beside("memory:", FL_BROKER_PUBLISHES);
    cr_assert_eq(fl_broker_memory.publish(broker, &item, 1), FL_BROKER_OK);
    cr_assert_eq(run_ready(one->service), 1);
    fl_broker_memory.close(broker);
}

/* Runs a job with this body, and expects this outcome, with the reason in it ("": any). */
static inline void handled_expect(handled *one, const char *body, filch_service_outcome outcome,
                                  const char *reason)
{
    uint32_t before = signpost_count(&one->outcomes[outcome]);
    handled_run(one, (filch_message){.body = body, .body_size = strlen(body)});
    cr_assert_eq(signpost_count(&one->outcomes[outcome]), before + 1, "%s: '%s'", body,
                 one->reason);
    cr_assert(strstr(one->reason, reason), "'%s' is not in '%s'", reason, one->reason);
}

/* Runs the job "told" with this body, which is done with this result; NULL: with none. */
static inline void handled_results(handled *one, const char *body, const char *result)
{
    filch_service_record *record = NULL;
    handled_run(one, (filch_message){.id = "told", .body = body, .body_size = strlen(body)});
    int rc = filch_service_record_read(one->service, "told", &record, FILCH_FOREVER);
    cr_assert_eq(rc, result ? 0 : -ENOENT, "%d '%s'", rc, one->reason);
    if (record)
        cr_assert_str_eq(record->result ? record->result : "none", result, "'%s'", one->reason);
    filch_service_record_destroy(record);
}

/* A configuration is refused with these words. */
static inline void handled_refuses(const char *kind, const char *const *words, const char *why)
{
    filch_handler handler = {.type = "job"};
    const fl_handler_spec spec = {.words = words};
    int rc = fl_handler_kind_of(kind)->make(&handler, &spec);
    cr_assert_lt(rc, 0);
    cr_assert(strstr(filch_error_about(rc), why), "'%s'", filch_error_about(rc));
}

/* A folder for one test, without a slash behind it. */
static inline void handled_folder(char folder[64])
{
    const char *parent = getenv("TMPDIR");
    snprintf(folder, 64, "%.40s/filch.XXXXXX", parent ? parent : "/tmp");
    cr_assert(mkdtemp(folder));
}

/* A program that is there when the handler is made, and gone when a job is to run, is tried again. */
static inline void handled_vanishes(handled *one, const char *kind)
{
    char folder[64], path[80];
    const char *words[] = {path, NULL};
    handled_folder(folder);
    snprintf(path, sizeof path, "%s/program", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
    cr_assert_geq(fd, 0);
    close(fd);
    handled_begin(one, kind, (fl_handler_spec){.words = words});
    unlink(path);
    rmdir(folder);
    handled_expect(one, "", FILCH_SERVICE_RETRIED, "cannot start");
    cr_assert(strstr(one->reason, "No such file"), "%s", one->reason);
    handled_end(one);
}

/* Stops a service that runs, twice: its handlers are cancelled. */
static inline void handled_cancel(serving *running)
{
    OK(filch_service_stop(running->service, FILCH_FOREVER));
    OK(filch_service_stop(running->service, FILCH_FOREVER));
    cr_assert_eq(serving_end(running), -ECANCELED);
}

#endif
