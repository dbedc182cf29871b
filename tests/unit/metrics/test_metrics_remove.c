/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Metrics that come and go while somebody writes, and callbacks that wait or panic: a removed
 * metric is never read again. */
#include <filch/metrics.h>
#include <runtime/metrics/metrics.h>
#include <runtime/platform/lock.h>
#include <tests/support/reading.h>
#include <tests/support/tasks.h>
#include <tests/support/test.h>

static filch_metrics *metrics;
static filch_gauge gauges[4];
static exposition all;

static void create(void)
{
    cr_assert_eq(filch_metrics_create(&metrics), 0, "%s", filch_error());
}

static void destroy(void)
{
    filch_metrics_destroy(metrics);
}

TestSuite(metrics_remove, .init = create, .fini = destroy);

static int add_gauge(unsigned index, const char *name, const char *label)
{
    return filch_metrics_add(metrics, &(filch_metric){.name = name,
                                                      .help = "A.",
                                                      .kind = FILCH_METRIC_GAUGE,
                                                      .labels = {{label ? "x" : NULL, label}},
                                                      .gauge = &gauges[index]});
}

Test(metrics_remove, what_was_removed_is_not_written)
{
    cr_assert_eq(add_gauge(0, "a", NULL), 0);
    cr_assert_eq(add_gauge(1, "b", NULL), 0);
    cr_assert_eq(add_gauge(1, "c", NULL), 0);
    cr_assert_eq(filch_metrics_remove(metrics, &gauges[1]), 2);
    OK(filch_metrics_remove(metrics, &gauges[1]));
    cr_assert_not_null(exposition_find(exposition_written(metrics, &all), "a"));
    cr_assert_null(exposition_find(all.text, "b"));
    cr_assert_eq(add_gauge(2, "b", NULL), 0);
    cr_assert_not_null(exposition_find(exposition_written(metrics, &all), "b"));
}

Test(metrics_remove, owner_removes_all_own_metrics)
{
    filch_metric one = {
        .name = "a", .help = "A.", .kind = FILCH_METRIC_GAUGE, .gauge = &gauges[0], .owner = &all};
    OK(filch_metrics_add(metrics, &one));
    one.name = "b";
    one.gauge = &gauges[1];
    OK(filch_metrics_add(metrics, &one));
    OK(filch_metrics_remove(metrics, &gauges[0]));
    cr_assert_eq(filch_metrics_remove(metrics, &all), 2);
}

/* ---- From within the writer ---- */

typedef struct change {
    void (*make)(void);
    bool made;
} change;

/* When the text is so long that it comes in pieces: at the first. */
static int change_at_first(const char *text, size_t size, void *arg)
{
    change *one = arg;
    if (!one->made)
        one->make();
    one->made = true;
    return exposition_take(text, size, &all);
}

/* a{x="0"}, a{x="1"}, ...: all of gauges[0]; then b of gauges[1], c of gauges[2]. */
static const char *write_and_change(void (*make)(void))
{
    enum { MANY = 200 };
    const char *at = "", *wrong;
    change one = {.make = make};
    char label[16];
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(label, sizeof label, "%u", i);
        cr_assert_eq(add_gauge(0, "a", label), 0);
    }
    cr_assert_eq(add_gauge(1, "b", NULL), 0);
    cr_assert_eq(add_gauge(2, "c", NULL), 0);
    all.length = 0;
    OK(filch_metrics_write(metrics, change_at_first, &one));
    wrong = exposition_wrong(all.text, &at);
    cr_assert_null(wrong, "%s is expected in %.80s", wrong, at);
    return all.text;
}

static void remove_where_it_stands(void)
{
    cr_assert_eq(filch_metrics_remove(metrics, &gauges[0]), 200);
    cr_assert_eq(filch_metrics_remove(metrics, &gauges[1]), 1);
}

Test(metrics_remove, writer_continues_past_removed_metrics)
{
    write_and_change(remove_where_it_stands);
    cr_assert_null(exposition_find(all.text, "a{x=\"199\"}"));
    cr_assert_null(exposition_find(all.text, "b"));
    cr_assert_not_null(exposition_find(all.text, "c"));
    cr_assert_not_null(exposition_find(exposition_written(metrics, &all), "c"));
    cr_assert_null(exposition_find(all.text, "a{x=\"0\"}"));
}

static void remove_all(void)
{
    remove_where_it_stands();
    cr_assert_eq(filch_metrics_remove(metrics, &gauges[2]), 1);
}

Test(metrics_remove, writer_survives_removal_of_everything)
{
    write_and_change(remove_all);
    cr_assert_null(metrics->first, "the last who left it has freed it");
    cr_assert_str_eq(exposition_written(metrics, &all), "");
}

static void remove_and_add_again(void)
{
    remove_where_it_stands();
    cr_assert_eq(add_gauge(3, "a", "again"), 0);
    cr_assert_eq(add_gauge(3, "b", NULL), 0);
}

Test(metrics_remove, readded_family_is_written_next_time)
{
    write_and_change(remove_and_add_again);
    cr_assert_null(exposition_find(all.text, "a{x=\"again\"}"));
    cr_assert_null(exposition_find(all.text, "b"));
    cr_assert_not_null(exposition_find(exposition_written(metrics, &all), "a{x=\"again\"}"));
    cr_assert_not_null(exposition_find(all.text, "b"));
}

/* ---- Readers ---- */

typedef struct slow {
    signpost reading, go_on, removed;
    filch_u32 read; /* how often it was read */
} slow;

static double read_slowly(void *arg)
{
    slow *one = arg;
    signpost_raise(&one->reading);
    while (!signpost_count(&one->go_on))
        filch_sleep(50000);
    return signpost_count(&one->removed) ? -1 : 1;
}

static void write_all(void *unused)
{
    all.length = 0;
    if (filch_metrics_write(metrics, exposition_take, &all))
        filch_die("%s", filch_error());
}

static void remove_it(void *arg)
{
    slow *one = arg;
    if (filch_metrics_remove(metrics, one) != 1)
        filch_die("it is not there");
    signpost_raise(&one->removed);
}

static bool is_gone(void)
{
    fl_lock(&metrics->lock);
    bool gone = metrics->first->gone;
    fl_unlock(&metrics->lock);
    return gone;
}

static void read_and_remove(crew *members, enum crew_kind kind, const char *name)
{
    slow one = {0};
    OK(filch_metrics_add(metrics, &(filch_metric){.name = "slow",
                                                  .help = "Slow.",
                                                  .kind = FILCH_METRIC_GAUGE,
                                                  .read = read_slowly,
                                                  .arg = &one}));
    crew_start(members, kind, write_all, NULL);
    signpost_wait(&one.reading, 1);
    crew_start(members, kind, remove_it, &one);
    WAIT_WHILE(!is_gone());
    cr_assert_eq(signpost_count(&one.removed), 0, "%s: somebody still reads it", name);
    cr_assert_eq(filch_metrics_write(metrics, exposition_take, &all), 0, "others pass it");
    cr_assert_eq(signpost_count(&one.reading), 1, "%s", name);
    signpost_raise(&one.go_on);
    crew_wait(members);
    cr_assert_eq(exposition_value(all.text, "slow"), 1, "%s", name);
    cr_assert_null(metrics->first);
}

Test(metrics_remove, whoever_removes_waits_for_readers)
{
    crew_everywhere(read_and_remove);
}

typedef struct stuck {
    signpost writing, go_on;
} stuck;

static int write_slowly(const char *text, size_t size, void *arg)
{
    stuck *one = arg;
    signpost_raise(&one->writing);
    while (!signpost_count(&one->go_on))
        filch_sleep(50000);
    return 0;
}

static void write_to_the_slow(void *arg)
{
    if (filch_metrics_write(metrics, write_slowly, arg))
        filch_die("%s", filch_error());
}

static void write_and_remove(crew *members, enum crew_kind kind, const char *name)
{
    stuck one = {0};
    for (unsigned i = 0; i < 200; i++) {
        char label[16];
        snprintf(label, sizeof label, "%u", i);
        cr_assert_eq(add_gauge(0, "a", label), 0);
    }
    crew_start(members, kind, write_to_the_slow, &one);
    signpost_wait(&one.writing, 1);
    cr_assert_eq(filch_metrics_remove(metrics, &gauges[0]), 200, "%s", name);
    signpost_raise(&one.go_on);
    crew_wait(members);
    cr_assert_null(metrics->first, "%s", name);
}

Test(metrics_remove, removal_ignores_slow_writers)
{
    crew_everywhere(write_and_remove);
}

/* ---- Panics ---- */

static bool panicking;

static double read_or_panic(void *arg)
{
    if (panicking)
        filch_panic(__FILE__, __LINE__, -EIO, "cannot read %p", arg);
    return 2;
}

static int write_or_panic(const char *text, size_t size, void *arg)
{
    if (!arg)
        filch_panic(__FILE__, __LINE__, -ENOSPC, "cannot write");
    return exposition_take(text, size, arg);
}

static void write_to(filch_self self, void *arg)
{
    if (filch_metrics_write(metrics, write_or_panic, arg))
        filch_die("%s", filch_error());
}

FILCH_TASK(int, try_to_write, (exposition *, to))
{
    return filch_try(self, write_to, to, NULL);
}

Test(metrics_remove, callback_panic_leaves_nothing_behind)
{
    static filch_distribution *distribution;
    filch_runtime *rt = config_runtime(2, 0);
    OK(filch_distribution_create(&distribution));
    OK(filch_metrics_add(metrics, &(filch_metric){.name = "d",
                                                  .help = "D.",
                                                  .kind = FILCH_METRIC_SUMMARY,
                                                  .distribution = distribution}));
    OK(filch_metrics_add(metrics, &(filch_metric){.name = "a",
                                                  .help = "A.",
                                                  .kind = FILCH_METRIC_GAUGE,
                                                  .read = read_or_panic,
                                                  .arg = &panicking}));
    for (unsigned i = 0; i < 100; i++) {
        panicking = true;
        cr_assert_eq(FILCH_RUN(rt, try_to_write, &all), -EIO);
        panicking = false;
        cr_assert_eq(FILCH_RUN(rt, try_to_write, NULL), -ENOSPC);
    }
    cr_assert_eq(exposition_value(exposition_written(metrics, &all), "a"), 2);
    cr_assert_eq(filch_metrics_remove(metrics, &panicking), 1, "nobody reads it");
    cr_assert_eq(filch_metrics_remove(metrics, distribution), 1);
    cr_assert_null(metrics->first, "nobody stands there");
    filch_distribution_destroy(distribution);
    OK(filch_runtime_destroy(rt));
}
