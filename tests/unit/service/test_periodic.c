/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: wraps fl_broker_of
 *
 * Periodic jobs: services with one broker publish each slot once, on a clock that the test moves,
 * forward and backward; while the broker is away slots are missed; wrong entries are refused. The
 * broker is `memory:`, whose publishing can fail; it is linked with --wrap=fl_broker_of. */
#include <runtime/service/service.h>
#include <tests/service/service.h>

enum { SERVICES = 3 };
#define NOON (INT64_C(1795348800) * FILCH_SECOND) /* 2026-11-22T12:00:00Z */
#define HOURS (INT64_C(3600) * FILCH_SECOND)

/* ---- A broker that can be away ---- */

static signpost away, refused_calls;

static fl_broker_rc publish_it(fl_broker *broker, fl_publication *batch, unsigned count)
{
    if (!signpost_count(&away))
        return fl_broker_memory.publish(broker, batch, count);
    signpost_raise(&refused_calls);
    for (unsigned i = 0; i < count; i++)
        batch[i].status = -EAGAIN;
    return FL_BROKER_LOST;
}

const fl_broker_kind *__real_fl_broker_of(const char *url);
const fl_broker_kind *__wrap_fl_broker_of(const char *url);
const fl_broker_kind *__wrap_fl_broker_of(const char *url)
{
    static fl_broker_kind kind;
    if (strncmp(url, "memory:", 7) != 0)
        return __real_fl_broker_of(url);
    if (!kind.abi) { /* before there are threads */
        kind = fl_broker_memory;
        kind.publish = publish_it;
    }
    return &kind;
}

/* ---- Services ---- */

static signpost runs;
static char last_id[80], last_body[16];

static int notes(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    const char *slot = filch_message_header(message, "x-filch-slot");
    snprintf(last_id, sizeof last_id, "%s %s", message->id, slot ? slot : "");
    snprintf(last_body, sizeof last_body, "%.*s", (int)message->body_size,
             (const char *)message->body);
    signpost_raise(&runs);
    return 0;
}

static int ignores(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static int64_t skewed_clock(void *skew)
{
    return test_clock(NULL) + (skew ? *(const int64_t *)skew : 0);
}

static const filch_handler handlers[] = {{.type = "beat", .fn = notes},
                                         {.type = "other", .fn = ignores}};
static const filch_periodic beat = {
    .name = "beat", .cron = "@every 30s", .type = "beat", .body = "body", .body_size = 4};
static const filch_periodic daily = {.name = "daily", .cron = "0 12 * * *", .type = "beat"};

/* skew: of its clock; NULL: none. */
static void begin(serving *one, const filch_periodic *given, int64_t *skew)
{
    serving_begin(one, service_of((filch_service_config){.broker = "memory:",
                                                         .workers = 1,
                                                         .lease = 400 * 24 * HOURS,
                                                         .clock = skewed_clock,
                                                         .clock_arg = skew,
                                                         .periodics = given,
                                                         .periodic_count = 1},
                                  handlers, 2));
}

static void end(serving *one)
{
    OK(filch_service_stop(one->service, FILCH_FOREVER));
    cr_assert_eq(serving_end(one), 0);
    OK(filch_service_destroy(one->service));
}

static uint64_t judged(const serving *one)
{
    filch_service_stats stats = service_stats(one->service);
    return stats.slots_published + stats.slots_elsewhere + stats.slots_missed;
}

/* So many slots have been published, were published by others, and are missed. */
static void slots_are(const serving *one, uint64_t published, uint64_t elsewhere, uint64_t missed)
{
    WAIT_WHILE(judged(one) < published + elsewhere + missed);
    filch_service_stats stats = service_stats(one->service);
    cr_assert(stats.slots_published == published && stats.slots_elsewhere == elsewhere &&
                  stats.slots_missed == missed,
              "%llu published, %llu elsewhere, %llu missed",
              (unsigned long long)stats.slots_published, (unsigned long long)stats.slots_elsewhere,
              (unsigned long long)stats.slots_missed);
}

/* Its publisher has seen the present time: it looks at slots before each message. */
static void has_looked(const serving *one)
{
    publish(one->service, "other", "");
    publish(one->service, "other", "");
}

static void start_clock(void)
{
    filch_u64_store(&test_time, (uint64_t)NOON, FILCH_RELEASE);
}

/* ---- Slots ---- */

Test(periodic, several_services_publish_each_slot_once)
{
    serving all[SERVICES];
    uint64_t published = 0;
    start_clock();
    for (unsigned i = 0; i < SERVICES; i++)
        begin(&all[i], &beat, NULL);
    for (unsigned slot = 1; slot <= 10; slot++) {
        for (unsigned i = 0; i < SERVICES; i++)
            WAIT_WHILE(judged(&all[i]) < slot);
        signpost_wait(&runs, slot);
        if (slot < 10)
            pass(30 * FILCH_SECOND);
    }
    for (unsigned i = 0; i < SERVICES; i++) {
        filch_service_stats stats = service_stats(all[i].service);
        cr_assert_eq(stats.slots_missed, 0);
        published += stats.slots_published;
    }
    cr_assert_eq(published, 10);
    for (unsigned i = 0; i < SERVICES; i++)
        end(&all[i]);
    cr_assert_eq(signpost_count(&runs), 10);
    cr_assert_str_eq(last_id, "beat@2026-11-22T12:04:30Z 2026-11-22T12:04:30Z");
    cr_assert_str_eq(last_body, "body");
}

Test(periodic, slow_clock_never_repeats_slot)
{
    int64_t skew = -7 * HOURS;
    serving exact, slow;
    start_clock();
    begin(&exact, &daily, NULL);
    begin(&slow, &daily, &skew);
    slots_are(&exact, 1, 0, 0);
    signpost_wait(&runs, 1);
    has_looked(&slow);
    slots_are(&slow, 0, 0, 0);
    pass(7 * HOURS);
    slots_are(&slow, 0, 1, 0);
    end(&slow);
    end(&exact);
    cr_assert_eq(signpost_count(&runs), 1);
}

Test(periodic, only_timely_start_publishes_slot)
{
    serving one, two;
    start_clock();
    pass(299 * FILCH_SECOND);
    begin(&one, &daily, NULL);
    slots_are(&one, 1, 0, 0);
    begin(&two, &daily, NULL);
    slots_are(&two, 0, 1, 0);
    end(&two);
    pass(FILCH_SECOND);
    begin(&two, &daily, NULL);
    has_looked(&two);
    slots_are(&two, 0, 0, 0);
    end(&two);
    end(&one);
}

/* ---- Steps of the clock ---- */

Test(periodic, forward_step_publishes_last_slot_only)
{
    serving one;
    start_clock();
    begin(&one, &beat, NULL);
    slots_are(&one, 1, 0, 0);
    pass(24 * HOURS + 10 * FILCH_SECOND);
    slots_are(&one, 2, 0, 1);
    pass(24 * HOURS + 10 * FILCH_SECOND); /* 20 s after a slot: too late */
    slots_are(&one, 2, 0, 2);
    signpost_wait(&runs, 2);
    end(&one);
    cr_assert_str_eq(last_id, "beat@2026-11-23T12:00:00Z 2026-11-23T12:00:00Z");
}

Test(periodic, a_step_backward_repeats_no_slot)
{
    serving one;
    start_clock();
    begin(&one, &beat, NULL);
    slots_are(&one, 1, 0, 0);
    pass(-HOURS);
    has_looked(&one);
    for (unsigned i = 0; i < 120; i += 40) {
        pass(40 * 30 * FILCH_SECOND);
        has_looked(&one);
    }
    slots_are(&one, 1, 0, 0);
    pass(30 * FILCH_SECOND);
    slots_are(&one, 2, 0, 0);
    end(&one);
}

Test(periodic, slots_continue_after_long_backward_step)
{
    serving one;
    start_clock();
    begin(&one, &beat, NULL);
    slots_are(&one, 1, 0, 0);
    pass(-25 * HOURS);
    slots_are(&one, 2, 0, 0);
    pass(30 * FILCH_SECOND);
    slots_are(&one, 3, 0, 0);
    signpost_wait(&runs, 3);
    end(&one);
    cr_assert_str_eq(last_id, "beat@2026-11-21T11:00:30Z 2026-11-21T11:00:30Z");
}

/* ---- A broker that is away ---- */

Test(periodic, slot_awaits_broker_until_too_late)
{
    serving one;
    start_clock();
    signpost_raise(&away);
    begin(&one, &daily, NULL);
    signpost_wait(&refused_calls, 1);
    filch_u32_store(&away, 0, FILCH_RELEASE);
    while (!judged(&one)) { /* its next try comes within a second */
        pass(10 * FILCH_MILLISECOND);
        be_patient(1000);
    }
    slots_are(&one, 1, 0, 0);
    signpost_wait(&runs, 1);
    signpost_raise(&away);
    start_clock();
    pass(24 * HOURS);
    uint32_t before = signpost_count(&refused_calls);
    signpost_wait(&refused_calls, before + 1);
    pass(301 * FILCH_SECOND);
    slots_are(&one, 1, 0, 1);
    filch_u32_store(&away, 0, FILCH_RELEASE);
    pass(HOURS);
    has_looked(&one);
    slots_are(&one, 1, 0, 1);
    end(&one);
    cr_assert_eq(signpost_count(&runs), 1);
}

/* ---- Refusals ---- */

static void is_refused(filch_service_config config, int rc, const char *why)
{
    filch_service *service = NULL;
    config.size = sizeof config;
    config.broker = config.broker ? config.broker : "memory:";
    config.periodic_count = config.periodic_count ? config.periodic_count : 1;
    cr_assert_eq(filch_service_create(&service, &config, handlers, 1), rc, "%s", why);
    cr_assert(strstr(filch_error(), why), "%s instead of %s", filch_error(), why);
}

/* The service may begin to run between a look at the slots and the sleep behind it. */
Test(periodic, unexamined_job_is_due)
{
    filch_service *service =
        service_of((filch_service_config){.periodics = &beat, .periodic_count = 1}, handlers, 2);
    cr_assert_eq(fl_periodics_rest(&service->periodics), 0);
    OK(filch_service_destroy(service));
}

Test(periodic, wrong_entries_are_refused_by_name)
{
    static const struct {
        filch_periodic given;
        const char *why;
    } wrong[] = {
        {{.cron = "@daily", .type = "t"}, "periodic[0] '': its name is not allowed"},
        {{.name = "a b", .cron = "@daily", .type = "t"}, "periodic[0] 'a b': its name"},
        {{.name = "a", .type = "t"}, "periodic[0] 'a': it has no cron line"},
        {{.name = "a", .cron = "60 * * * *", .type = "t"}, "minute '60' is not allowed (0..59"},
        {{.name = "a", .cron = "@daily", .zone = "Mars", .type = "beat"},
         "unknown time zone 'Mars'"},
        {{.name = "a", .cron = "@daily"}, "without a type"},
        {{.name = "a", .cron = "@daily", .type = "t", .queue = "q"}, "unknown queue 'q'"},
        {{.name = "a", .cron = "@daily", .type = "t", .priority = 10}, "priority 10"},
        {{.name = "a", .cron = "@daily", .type = "t"},
         "periodic[0] 'a': no handler of the type 't'"},
    };
    const filch_periodic twins[] = {{.name = "a", .cron = "@daily", .type = "beat"},
                                    {.name = "a", .cron = "@hourly", .type = "beat"}};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        is_refused((filch_service_config){.periodics = &wrong[i].given}, -EINVAL, wrong[i].why);
    is_refused((filch_service_config){.periodics = twins, .periodic_count = 2}, -EINVAL,
               "periodic[1] 'a': two have this name");
    is_refused((filch_service_config){.periodic_count = 1}, -EINVAL,
               "1 periodic jobs without a table");
    is_refused((filch_service_config){.periodics = twins, .periodic_count = FILCH_PERIODICS + 1},
               -EINVAL, "1001 periodic jobs are out of range (0..1000)");
}

Test(periodic, json_envelope_refuses_non_json_body)
{
    filch_periodic given = {
        .name = "a", .cron = "@daily", .type = "t", .body = "{\"a\":", .body_size = 5};
    if (fl_envelope_is_supported(FILCH_ENVELOPE_JSON))
        is_refused((filch_service_config){.periodics = &given, .envelope = FILCH_ENVELOPE_JSON},
                   -EINVAL, "its body is not JSON");
}

Test(periodic, brokers_forgetting_keys_are_refused)
{
    const fl_broker_kind *kind;
    for (unsigned i = 0; (kind = fl_brokers_built_in[i]); i++) {
        char url[64], why[128];
        snprintf(url, sizeof url, "%.*s://127.0.0.1:1", (int)strcspn(kind->schemes, " "),
                 kind->schemes);
        snprintf(why, sizeof why, "periodic jobs are not supported by %s", kind->name);
        if (!kind->caps.remembers)
            is_refused((filch_service_config){.broker = url, .periodics = &daily}, -ENOTSUP, why);
    }
}

Test(periodic, dedup_for_needs_key_and_range)
{
    filch_service *service = service_of((filch_service_config){.broker = "memory:"}, handlers, 1);
    const filch_message wrong[] = {{.type = "beat", .dedup_for = 1},
                                   {.type = "beat", .dedup = "k", .dedup_for = -1},
                                   {.type = "beat", .dedup = "k", .dedup_for = INT64_MAX}};
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(filch_service_publish(service, &wrong[i], FILCH_FOREVER), -EINVAL);
        cr_assert(strstr(filch_error(), "dedup_for"), "%s", filch_error());
    }
    OK(filch_service_destroy(service));
}
