/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The offset that a Kafka consumer may commit: that of the lowest unfinished job. */
#include <runtime/service/brokers/kafka/partitions.h>
#include <tests/support/test.h>

Test(kafka_window, unfinished_job_blocks_later_commits)
{
    fl_kafka_window window = {0};
    for (int64_t offset = 5; offset < 8; offset++)
        cr_assert_eq(fl_kafka_window_add(&window, offset), 0);
    cr_assert(fl_kafka_window_finish(&window, 7) && fl_kafka_window_finish(&window, 6));
    cr_assert_eq(fl_kafka_window_low(&window), 5);
    cr_assert_eq(fl_kafka_window_size(&window), 3);
    cr_assert(fl_kafka_window_finish(&window, 5));
    cr_assert_eq(fl_kafka_window_low(&window), 8);
    cr_assert_eq(fl_kafka_window_size(&window), 0);
    fl_kafka_window_end(&window);
}

Test(kafka_window, offsets_may_skip_but_not_repeat)
{
    fl_kafka_window window = {0};
    cr_assert_eq(fl_kafka_window_add(&window, 0), 0);
    cr_assert_eq(fl_kafka_window_add(&window, 10), 0);
    cr_assert_eq(fl_kafka_window_add(&window, 10), -EEXIST);
    cr_assert_eq(fl_kafka_window_add(&window, 4), -EEXIST);
    cr_assert_not(fl_kafka_window_finish(&window, 4));
    cr_assert(fl_kafka_window_finish(&window, 0));
    cr_assert_not(fl_kafka_window_finish(&window, 0), "once");
    cr_assert_eq(fl_kafka_window_low(&window), 10);
    fl_kafka_window_end(&window);
}

Test(kafka_window, low_end_holds_in_any_order)
{
    enum { ALL = 3000, AT_ONCE = 200 };
    static bool done[ALL];
    unsigned seed = 7, added = 0, low = 0;
    fl_kafka_window window = {0};
    while (low < ALL) {
        for (; added < ALL && added < low + AT_ONCE; added++)
            cr_assert_eq(fl_kafka_window_add(&window, added), 0);
        unsigned one = low + (unsigned)rand_r(&seed) % (added - low);
        cr_assert_eq(fl_kafka_window_finish(&window, one), !done[one]);
        done[one] = true;
        while (low < added && done[low])
            low++;
        cr_assert_eq(fl_kafka_window_low(&window), low);
        cr_assert_eq(fl_kafka_window_size(&window), added - low);
    }
    fl_kafka_window_end(&window);
}
