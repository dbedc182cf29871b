/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/periodic/periodic.h>

#include <runtime/service/broker.h>
#include <runtime/service/message.h>
#include <runtime/service/periodic/cron.h>
#include <runtime/service/periodic/time_zone.h>
#include <runtime/service/publisher.h>
#include <runtime/service/run_job.h>
#include <runtime/service/service.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_MOST = 64,
    WHEN_BYTES = sizeof "2026-11-22T02:00:00Z" + 8, /* and longer years */
    ID_BYTES = NAME_MOST + 1 + WHEN_BYTES,
    WHY_BYTES = 256
};
#define NOT_LOOKED_AT INT64_MIN

/* ---- Slots as texts ---- */

void fl_slot_text(int64_t slot, char *text, size_t size)
{
    int64_t days = fl_floor(slot, FL_CIVIL_DAY), rest = slot - days * FL_CIVIL_DAY;
    fl_civil date = fl_civil_of(days);
    snprintf(text, size, "%04d-%02u-%02uT%02d:%02d:%02dZ", (int)date.year, date.month, date.day,
             (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
}

static void tell(fl_periodics *periodics, const fl_periodic *one, int64_t slot, fl_slot_end end,
                 const char *why)
{
    static const struct {
        filch_log_level level;
        const char *text;
    } ends[] = {[FL_SLOT_PUBLISHED] = {FILCH_LOG_INFO, "periodic job published"},
                [FL_SLOT_ELSEWHERE] = {FILCH_LOG_DEBUG,
                                       "periodic job published by another service"},
                [FL_SLOT_MISSED] = {FILCH_LOG_WARN, "periodic job missed"}};
    char when[WHEN_BYTES];
    filch_service *service = periodics->service;
    fl_publisher_count_slot(&service->publisher, end);
    if (!service->config.log)
        return;
    fl_slot_text(slot, when, sizeof when);
    FILCH_LOG(service->config.log, ends[end].level, ends[end].text,
              filch_log_text("periodic", one->given->name), filch_log_text("slot", when),
              filch_log_text("reason", why));
}

/* ---- Publishing ---- */

/* The message of a slot; its texts are in the parameters. */
static filch_message message_of(const filch_periodic *given, int64_t slot, char id[ID_BYTES],
                                filch_header *header)
{
    snprintf(id, ID_BYTES, "%s@", given->name);
    char *when = id + strlen(id);
    fl_slot_text(slot, when, WHEN_BYTES);
    *header = (filch_header){"x-filch-slot", when};
    return (filch_message){.id = id,
                           .type = given->type,
                           .queue = given->queue,
                           .content_type = given->content_type,
                           .dedup = id,
                           .dedup_for = FL_SLOT_MEMORY,
                           .body = given->body,
                           .body_size = given->body_size,
                           .headers = header,
                           .header_count = 1,
                           .priority = given->priority};
}

static void publish(fl_periodics *periodics, fl_periodic *one, int64_t slot, int64_t give_up_at)
{
    char id[ID_BYTES], *envelope;
    filch_header header;
    filch_service *service = periodics->service;
    filch_message message = message_of(one->given, slot, id, &header);
    if (!fl_service_complete(service, &message, id, &envelope))
        one->request = fl_publisher_begin(&service->publisher, &message);
    free(envelope);
    one->slot = slot;
    one->give_up_at = give_up_at;
    if (!one->request)
        tell(periodics, one, slot, FL_SLOT_MISSED, "no memory for its message");
}

static void judge(fl_periodics *periodics, fl_periodic *one, int64_t now)
{
    int status = 0;
    char why[WHY_BYTES] = "";
    bool is_over = fl_publisher_is_over(one->request, &status);
    if (!is_over && now < one->give_up_at)
        return;
    fl_slot_end end = !is_over            ? FL_SLOT_MISSED
                      : status == 0       ? FL_SLOT_PUBLISHED
                      : status == -EEXIST ? FL_SLOT_ELSEWHERE
                                          : FL_SLOT_MISSED;
    if (end == FL_SLOT_MISSED)
        snprintf(why, sizeof why, "%s",
                 is_over ? strerror(-status) : "the broker was unreachable, or did not answer");
    fl_publisher_drop(&periodics->service->publisher, one->request);
    one->request = NULL;
    tell(periodics, one, one->slot, end, *why ? why : NULL);
}

/* ---- Time ---- */

/* ns after a slot in which it is published. */
static int64_t window_of(int64_t slot, int64_t next)
{
    const int64_t most = FL_SLOT_WINDOW / FILCH_SECOND;
    return next - slot > 2 * most ? FL_SLOT_WINDOW : (next - slot) * (FILCH_SECOND / 2);
}

/* Publishes the last slot that has come, if it is not too old. Those before it, which a step of the
 * clock or a long stop has passed over, are missed. */
static void look(fl_periodics *periodics, fl_periodic *one, int64_t now)
{
    int64_t second = fl_floor(now, FILCH_SECOND), least = second - FL_SLOT_WINDOW / FILCH_SECOND;
    int64_t first = one->next, slot = FL_CRON_NEVER;
    if (first > second)
        return;
    one->next = first < least ? fl_cron_next(&one->cron, &one->zone, least - 1) : first;
    while (one->next <= second) {
        slot = one->next;
        one->next = fl_cron_next(&one->cron, &one->zone, slot);
    }
    int64_t give_up_at =
        slot == FL_CRON_NEVER ? 0 : slot * FILCH_SECOND + window_of(slot, one->next);
    bool is_in_time = slot != FL_CRON_NEVER && now < give_up_at;
    if (first != NOT_LOOKED_AT && (slot != first || !is_in_time))
        tell(periodics, one, first, FL_SLOT_MISSED,
             is_in_time ? "a later one is due" : "its time has passed");
    if (is_in_time)
        publish(periodics, one, slot, give_up_at);
}

/* false: the clock was wrong until now. */
static bool follow_clock(fl_periodics *periodics, int64_t now)
{
    bool is_step = now < periodics->seen - FL_CLOCK_STEP;
    if (is_step || now > periodics->seen)
        periodics->seen = now;
    return !is_step;
}

void fl_periodics_turn(fl_periodics *periodics)
{
    int64_t now = fl_service_unix_time(periodics->service);
    bool follows = follow_clock(periodics, now);
    for (unsigned i = 0; i < periodics->count; i++) {
        fl_periodic *one = &periodics->all[i];
        if (!follows)
            one->next = NOT_LOOKED_AT;
        if (one->request)
            judge(periodics, one, now);
        if (!one->request)
            look(periodics, one, now);
    }
}

/* ns of Unix time; one that has not been looked at is due. */
static int64_t due_at(const fl_periodic *one)
{
    if (one->request)
        return one->give_up_at;
    if (one->next == FL_CRON_NEVER)
        return FILCH_FOREVER;
    return one->next == NOT_LOOKED_AT ? 0 : one->next * FILCH_SECOND;
}

int64_t fl_periodics_rest(const fl_periodics *periodics)
{
    int64_t now = fl_service_unix_time(periodics->service), rest = FILCH_FOREVER;
    for (unsigned i = 0; i < periodics->count; i++) {
        int64_t at = due_at(&periodics->all[i]);
        if (at != FILCH_FOREVER && at - now < rest)
            rest = at > now ? at - now : 0;
    }
    return rest;
}

/* ---- Life ---- */

/* Sets the error again, with the name before it. */
static int name_error(const filch_periodic *given, unsigned i, int rc)
{
    char why[WHY_BYTES];
    snprintf(why, sizeof why, "%s", filch_error());
    return filch_error_set(rc, "periodic[%u] '%.64s': %s", i, given->name ? given->name : "", why);
}

static int check_name(const filch_service_config *config, unsigned i)
{
    static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const char *name = config->periodics[i].name;
    if (!name || !*name || strlen(name) > NAME_MOST || name[strspn(name, valid)])
        return filch_error_set(-EINVAL,
                               "its name is not allowed (1..%d letters, digits, '-', '_' "
                               "and '.')",
                               NAME_MOST);
    for (unsigned k = 0; k < i; k++)
        if (strcmp(config->periodics[k].name, name) == 0)
            return filch_error_set(-EINVAL, "two have this name; rename one");
    return 0;
}

static int check_message(const filch_service *service, const filch_periodic *given)
{
    char id[ID_BYTES], *envelope;
    filch_header header;
    filch_message message = message_of(given, 0, id, &header);
    int rc = fl_service_check_message(service, &message);
    if (rc)
        return rc;
    rc = fl_service_complete(service, &message, id, &envelope);
    free(envelope);
    return rc;
}

/* The service serves all queues of its configuration, so it would bury such a job itself. */
static int check_type(const filch_service *service, const char *type)
{
    if (service->config.envelope == FILCH_ENVELOPE_RAW || fl_service_type_of(service, type))
        return 0;
    return filch_error_set(-EINVAL,
                           "no handler of the type '%.64s', so its jobs would become dead letters "
                           "(valid: the types of the handlers)",
                           type);
}

static int make(fl_periodics *periodics, unsigned i)
{
    const filch_service_config *config = &periodics->service->config;
    const filch_periodic *given = &config->periodics[i];
    fl_periodic *one = &periodics->all[i];
    *one = (fl_periodic){.given = given, .next = NOT_LOOKED_AT};
    int rc = check_name(config, i);
    if (!rc && !given->cron)
        rc = filch_error_set(-EINVAL, "it has no cron line");
    rc = rc ? rc : fl_cron_parse(&one->cron, given->cron);
    rc = rc ? rc : check_message(periodics->service, given);
    rc = rc ? rc : check_type(periodics->service, given->type);
    rc = rc ? rc : fl_zone_open(&one->zone, given->zone);
    return rc ? name_error(given, i, rc) : 0;
}

int fl_periodics_init(fl_periodics *periodics, filch_service *service, const fl_broker_kind *kind)
{
    const filch_service_config *config = &service->config;
    int rc = 0;
    *periodics = (fl_periodics){.service = service, .seen = INT64_MIN / 2};
    if (!config->periodic_count)
        return 0;
    if (!config->periodics)
        return filch_error_set(-EINVAL, "%u periodic jobs without a table; set periodics",
                               config->periodic_count);
    if (config->periodic_count > FILCH_PERIODICS)
        return filch_error_set(-EINVAL, "%u periodic jobs are out of range (0..%d)",
                               config->periodic_count, FILCH_PERIODICS);
    if (!kind->caps.remembers)
        return filch_error_set(-ENOTSUP,
                               "periodic jobs are not supported by %s, which does not remember "
                               "dedup keys (valid: memory, sqlite, postgres, redis)",
                               kind->name);
    periodics->all = calloc(config->periodic_count, sizeof *periodics->all);
    if (!periodics->all)
        return filch_error_set(-ENOMEM, "no memory for periodic jobs; free some");
    for (; periodics->count < config->periodic_count && !rc; periodics->count++)
        rc = make(periodics, periodics->count);
    return rc;
}

void fl_periodics_leave(fl_periodics *periodics)
{
    for (unsigned i = 0; i < periodics->count; i++) {
        fl_periodic *one = &periodics->all[i];
        if (one->request)
            fl_publisher_drop(&periodics->service->publisher, one->request);
        one->request = NULL;
    }
}

void fl_periodics_end(fl_periodics *periodics)
{
    for (unsigned i = 0; i < periodics->count; i++)
        fl_zone_close(&periodics->all[i].zone);
    free(periodics->all);
}
