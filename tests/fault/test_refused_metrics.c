/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: needs refusals
 *
 * Metrics and spans to which memory, or a thread's key, is refused: an error says so, or a part is
 * lost and counted; nothing is held, and later it works again. */
#include <filch/metrics.h>
#include <filch/span.h>
#include <runtime/metrics/counter.h>
#include <tests/support/reading.h>
#include <tests/support/refused_objects.h>
#include <tests/support/test.h>

static exposition all;

OBJECT(filch_counter, counter, filch_counter_create(&counter), filch_counter_destroy(counter),
       .requests = 1)
OBJECT(filch_distribution, distribution, filch_distribution_create(&distribution),
       filch_distribution_destroy(distribution), .requests = 2, .asks_on = true)
OBJECT(filch_snapshot, snapshot, filch_snapshot_create(&snapshot), filch_snapshot_destroy(snapshot),
       .requests = 1)
OBJECT(filch_metrics, metrics, filch_metrics_create(&metrics), filch_metrics_destroy(metrics),
       .requests = 1)

/* All of it is shown, or nothing. */
static int show_runtime(filch_metrics **out)
{
    filch_metrics *one = NULL;
    int rc = filch_metrics_create(&one);
    if (rc)
        return rc;
    rc = filch_metrics_add_runtime(one, objects_rt, "one");
    refuse_no_more(MEMORY);
    all.length = 0;
    OK(filch_metrics_write(one, exposition_take, &all));
    cr_assert_eq(all.length == 0, rc != 0);
    if (rc)
        filch_metrics_destroy(one);
    else
        *out = one;
    return rc;
}

OBJECT(filch_metrics, shown_runtime, show_runtime(&shown_runtime),
       filch_metrics_destroy(shown_runtime), .requests = 40)

static filch_metrics *registry(void)
{
    static filch_metrics *one;
    if (!one)
        OK(filch_metrics_create(&one));
    return one;
}

static const filch_family_config by_x = {.name = "a_total",
                                         .help = "A.",
                                         .kind = FILCH_METRIC_COUNTER,
                                         .labels = {"x"}};

OBJECT(filch_family, family, filch_family_create(&family, registry(), &by_x),
       filch_family_destroy(family), .requests = 7, .asks_on = true)

/* A member needs memory for itself, its counter, and its place in the registry. */
Test(refused_memory, label_sets_get_the_overflow_metric)
{
    int64_t before = blocks;
    filch_metrics *of;
    filch_family_stats stats;
    OK(filch_metrics_create(&of));
    OK(filch_family_create(&family, of, &by_x));
    filch_counter *other = filch_family_counter(family, FILCH_VALUES("(other)"));
    for (unsigned at = 0; at < 3; at++) {
        int64_t held = blocks;
        refuse(MEMORY, at, false);
        cr_assert_eq(filch_family_counter(family, FILCH_VALUES("1")), other, "%u", at);
        cr_assert(refuse_no_more(MEMORY));
        cr_assert_eq(blocks, held);
    }
    cr_assert_neq(filch_family_counter(family, FILCH_VALUES("1")), other);
    filch_family_stats_read(family, &stats, sizeof stats);
    cr_assert_eq(stats.refused, 3);
    cr_assert_eq(stats.sets, 1);
    filch_family_destroy(family);
    filch_metrics_destroy(of);
    cr_assert_eq(blocks, before);
}

static filch_gauge gauge;

static int add(const char *name, filch_metric_kind kind)
{
    bool is_gauge = kind == FILCH_METRIC_GAUGE;
    return filch_metrics_add(metrics,
                             &(filch_metric){.name = name,
                                             .help = "A.",
                                             .kind = kind,
                                             .gauge = is_gauge ? &gauge : NULL,
                                             .distribution = is_gauge ? NULL : distribution});
}

Test(refused_memory, metrics_are_not_shown_or_written)
{
    int64_t before = blocks;
    OK(filch_metrics_create(&metrics));
    OK(filch_distribution_create(&distribution));
    cr_assert_eq(add("a", FILCH_METRIC_GAUGE), 0);
    refuse(MEMORY, 0, false);
    cr_assert_eq(add("b", FILCH_METRIC_GAUGE), -ENOMEM);
    cr_assert_eq(add("b", FILCH_METRIC_SUMMARY), 0, "of any kind, then");
    refuse(MEMORY, 0, false);
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), -ENOMEM);
    cr_assert_neq(*filch_error(), '\0');
    all.length = 0;
    OK(filch_metrics_write(metrics, exposition_take, &all));
    cr_assert_not_null(exposition_find(all.text, "b_count"));
    cr_assert_eq(filch_metrics_remove(metrics, &gauge), 1);
    cr_assert_eq(filch_metrics_remove(metrics, distribution), 1);
    filch_metrics_destroy(metrics);
    filch_distribution_destroy(distribution);
    cr_assert_eq(blocks, before);
}

Test(refused_memory, a_scrape_lacks_statistics_of_runtimes)
{
    OK(filch_metrics_create(&metrics));
    OK(filch_metrics_add_runtime(metrics, objects_rt, "one"));
    refuse(MEMORY, 0, false);
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), -ENOMEM);
    cr_assert(refuse_no_more(MEMORY));
    cr_assert_neq(*filch_error(), '\0');
    filch_metrics_destroy(metrics);
}

/* ---- Keys of threads ---- */

/* Only what the library asks for: sanitizers set keys when a thread begins. */
static void *count(void *shard)
{
    refuse(KEYS, 0, true);
    *(unsigned *)shard = fl_shard();
    refuse_no_more(KEYS);
    for (unsigned i = 0; i < 100; i++)
        filch_counter_add(counter, 1);
    return NULL;
}

static void count_in_threads(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        pthread_t thread;
        unsigned shard = FL_SHARDS_SHARED;
        cr_assert_eq(pthread_create(&thread, NULL, count, &shard), 0);
        pthread_join(thread, NULL);
        cr_assert_lt(shard, FL_SHARDS_SHARED, "nothing is taken that cannot be given back");
    }
    cr_assert_eq(filch_counter_read(counter), 100 * times);
    filch_counter_destroy(counter);
}

Test(refused_keys, without_a_key_threads_share_shards)
{
    refuse(KEYS, 0, true);
    OK(filch_counter_create(&counter));
    cr_assert_eq(refuse_no_more(KEYS), 1);
    count_in_threads(10);
}

Test(refused_keys, a_thread_without_room_shares_one)
{
    OK(filch_counter_create(&counter));
    count_in_threads(10);
    cr_assert_geq(fl_shard(), FL_SHARDS_SHARED, "none was kept");
}

/* ---- Spans ---- */

static unsigned calls;

static void take(filch_span *of, void *arg)
{
    cr_assert_not_null(filch_span_read(of));
    calls++;
}

static const filch_tracer tracer = {.sink = take};

static int begin_span(filch_span **out)
{
    filch_span *one = NULL;
    int rc = filch_span_begin(&one, &tracer, "work", NULL);
    cr_assert_eq(!one, rc != 0);
    *out = rc ? *out : one;
    return rc;
}

OBJECT(filch_span, span, begin_span(&span), filch_span_release(span), .requests = 1)

/* A refused context holds no reference, and has dropped none. */
static int create_context(filch_context **out)
{
    filch_span *of = NULL;
    calls = 0;
    int rc = begin_span(&of);
    if (rc)
        return rc;
    rc = filch_context_create_span(out, NULL, of);
    cr_assert_eq(calls, 0);
    filch_span_release(of);
    cr_assert_eq(calls, rc != 0);
    return rc;
}

static void release_context(filch_context *context)
{
    filch_context_release(context);
    cr_assert_eq(calls, 1);
}

OBJECT(filch_context, context_of_span, create_context(&context_of_span),
       release_context(context_of_span), .requests = 2)

/* Refuses the n-th request, for each n until none is refused. */
Test(refused_memory, lost_content_is_counted)
{
    int64_t held = blocks;
    const filch_log_field field = filch_log_text("key", "text");
    for (unsigned at = 0, refused = 1; refused; at++) {
        OK(filch_span_begin(&span, &tracer, "work", NULL));
        refuse(MEMORY, at, false);
        int set = filch_span_set(span, &field, 1);
        int replaced = filch_span_set(span, &field, 1);
        int event = filch_span_record_error(span, "type", "message");
        int status = filch_span_set_status(span, FILCH_SPAN_ERROR, "message");
        int again = filch_span_set_status(span, FILCH_SPAN_ERROR, "message");
        refused = (unsigned)refuse_no_more(MEMORY);
        const int rcs[] = {set, replaced, event, status, again};
        for (unsigned i = 0; i < 5; i++)
            cr_assert_eq(rcs[i], i == at ? -ENOMEM : 0, "%u, %u", at, i);
        filch_span_retain(span);
        OK(filch_span_end(span));
        const filch_span_record *record = filch_span_read(span);
        cr_assert_eq(record->count, 1);
        cr_assert_str_eq(record->attributes[0].as.text, "text");
        cr_assert_eq(record->dropped_attributes, set || replaced);
        cr_assert_eq(record->event_count, !event);
        cr_assert_eq(record->dropped_events, (size_t)(event != 0));
        cr_assert_eq(record->status, FILCH_SPAN_ERROR);
        cr_assert_str_eq(record->message, again ? "" : "message");
        filch_span_release(span);
        filch_span_release(span);
        cr_assert_eq(blocks, held);
        cr_assert_leq(at, 5);
    }
    cr_assert_eq(calls, 6);
}
