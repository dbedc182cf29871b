/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rule of elastic pools, with times that are made up: how far the width moves, and when. */
#include <runtime/pool/elastic.h>
#include <tests/support/test.h>

enum { MS = 1000000 };

/* Between 2 and 20, from 1 ms of waiting on, after 100 ms of idleness, every 10 ms; at time 0. */
static fl_elastic rule(size_t depth)
{
    fl_elastic it;
    filch_pool_config config = {.width = 2,
                                .width_max = 20,
                                .grow_depth = depth,
                                .shrink_after = 100 * MS};
    fl_elastic_complete(&config);
    fl_elastic_init(&it, &config, 0);
    return it;
}

static unsigned with_waiting(fl_elastic *it, unsigned width, uint64_t waiting, int64_t for_ns,
                             int64_t now)
{
    fl_elastic_note(it, width);
    return fl_elastic_width(it, width, &(fl_load){waiting, now - for_ns, width, -1}, now);
}

static unsigned idle(fl_elastic *it, unsigned width, unsigned active, int64_t now)
{
    return fl_elastic_width(it, width, &(fl_load){0, 0, active, -1}, now);
}

Test(elastic, unset_options_get_defaults)
{
    filch_pool_config config = {.width_max = 5};
    fl_elastic_complete(&config);
    cr_assert_eq(config.width, 1);
    cr_assert_eq(config.grow_after, MS);
    cr_assert_eq(config.interval, 10 * MS);
    cr_assert_eq(config.shrink_after, FILCH_SECOND);
    config = (filch_pool_config){0};
    fl_elastic_complete(&config);
    cr_assert_eq(config.width, 0, "not elastic");
}

Test(elastic, grows_by_half_up_to_maximum)
{
    static const unsigned widths[] = {1, 2, 3, 4, 6, 9, 13, 19, 20, 20};
    fl_elastic it = rule(0);
    for (unsigned i = 0; i + 1 < sizeof widths / sizeof *widths; i++)
        cr_assert_eq(with_waiting(&it, widths[i], 1000, 0, i), widths[i + 1], "from %u", widths[i]);
}

Test(elastic, grows_when_waiting_reaches_width)
{
    fl_elastic it = rule(0);
    cr_assert_eq(with_waiting(&it, 6, 5, 0, MS), 6);
    cr_assert_eq(with_waiting(&it, 6, 6, 0, MS), 9);
}

Test(elastic, grows_when_waiting_reaches_grow_depth)
{
    fl_elastic it = rule(50);
    cr_assert_eq(with_waiting(&it, 6, 49, 0, MS), 6);
    cr_assert_eq(with_waiting(&it, 6, 50, 0, MS), 9);
}

Test(elastic, grows_when_job_waited_long_enough)
{
    fl_elastic it = rule(50);
    cr_assert_eq(with_waiting(&it, 6, 1, MS - 1, 5 * MS), 6);
    cr_assert_eq(with_waiting(&it, 6, 1, MS, 5 * MS), 9);
    cr_assert_eq(with_waiting(&it, 6, 1, -1, 5 * MS), 6, "it came after the look had begun");
    it.grow_after = FILCH_FOREVER;
    cr_assert_eq(with_waiting(&it, 6, 49, 5 * MS, 5 * MS), 6);
}

Test(elastic, shrinks_by_half_down_to_minimum)
{
    static const unsigned widths[] = {20, 10, 5, 3, 2, 2};
    fl_elastic it = rule(0);
    for (unsigned i = 0; i + 1 < sizeof widths / sizeof *widths; i++)
        cr_assert_eq(idle(&it, widths[i], 0, (i + 1) * 100 * MS), widths[i + 1], "from %u",
                     widths[i]);
}

Test(elastic, shrinks_only_after_whole_span)
{
    fl_elastic it = rule(0);
    cr_assert_eq(idle(&it, 20, 0, 100 * MS - 1), 20);
    cr_assert_eq(idle(&it, 20, 0, 100 * MS), 10);
    cr_assert_eq(idle(&it, 10, 0, 200 * MS - 1), 10);
    cr_assert_eq(idle(&it, 10, 0, 200 * MS), 5);
}

Test(elastic, shrinking_keeps_recent_busy_width)
{
    fl_elastic it = rule(0);
    fl_elastic_note(&it, 15);
    fl_elastic_note(&it, 3);
    cr_assert_eq(idle(&it, 20, 2, 100 * MS), 15);
    fl_elastic_note(&it, 12);
    cr_assert_eq(idle(&it, 15, 1, 199 * MS), 15);
    cr_assert_eq(idle(&it, 15, 1, 200 * MS), 12);
    cr_assert_eq(idle(&it, 12, 11, 300 * MS), 6, "one was busy in that span");
    cr_assert_eq(idle(&it, 12, 0, 400 * MS), 11, "those busy at its beginning count");
}

Test(elastic, freshly_grown_pool_does_not_shrink)
{
    fl_elastic it = rule(0);
    cr_assert_eq(with_waiting(&it, 4, 10, 0, 150 * MS), 6);
    cr_assert_eq(idle(&it, 6, 0, 249 * MS), 6);
    cr_assert_eq(idle(&it, 6, 0, 250 * MS), 4, "4 were busy when it grew");
    cr_assert_eq(idle(&it, 4, 0, 350 * MS), 2);
}

Test(elastic, looks_only_when_change_is_possible)
{
    fl_elastic it = rule(0);
    cr_assert_eq(fl_elastic_next(&it, 2, false, 7 * MS), FILCH_FOREVER, "at its least, idle");
    cr_assert_eq(fl_elastic_next(&it, 2, true, 7 * MS), 17 * MS);
    cr_assert_eq(fl_elastic_next(&it, 20, true, 7 * MS), 100 * MS, "the end of the span");
    cr_assert_eq(fl_elastic_next(&it, 10, false, 7 * MS), 100 * MS);
    cr_assert_eq(fl_elastic_next(&it, 10, true, 7 * MS), 17 * MS);
    cr_assert_eq(fl_elastic_next(&it, 10, true, 99 * MS), 100 * MS);
    it.shrink_after = FILCH_FOREVER;
    cr_assert_eq(fl_elastic_next(&it, 20, false, 7 * MS), FILCH_FOREVER);
}

Test(elastic, whether_it_will_grow_is_known)
{
    fl_elastic it = rule(50), none = {0};
    cr_assert(fl_elastic_will_grow(&it, 2, 1), "some time");
    cr_assert(!fl_elastic_will_grow(&it, 2, 0));
    cr_assert(!fl_elastic_will_grow(&it, 20, 1000));
    cr_assert(!fl_elastic_will_grow(&none, 2, 1000), "not elastic");
    it.grow_after = FILCH_FOREVER;
    cr_assert(!fl_elastic_will_grow(&it, 2, 49));
    cr_assert(fl_elastic_will_grow(&it, 2, 50));
    it.interval = FILCH_FOREVER;
    cr_assert(!fl_elastic_will_grow(&it, 2, 50));
}

Test(elastic, invalid_numbers_are_refused_with_reason)
{
    static const filch_pool_config bad[] = {{.width = 3, .width_max = 2},
                                            {.width_max = FILCH_WIDTH_MAX + 1},
                                            {.width_max = 3, .grow_after = -1},
                                            {.width_max = 3, .shrink_after = -1},
                                            {.width_max = 3, .interval = -1},
                                            {.width = 3, .grow_depth = 1},
                                            {.width = 3, .grow_after = 1},
                                            {.width = 3, .shrink_after = 1},
                                            {.interval = 1}};
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        filch_pool *none = NULL;
        cr_assert_eq(filch_pool_create(&none, &bad[i]), -EINVAL, "%u", i);
        cr_assert(!none && strpbrk(filch_error(), ";("), "%u: %s", i, filch_error());
    }
}
