/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Checks exercise 10. */
#include "exercise.h"

#include "../check.h"

#include <errno.h>

enum { ORDERS = 25, WIDTH = 2 };

static char published[65536] = "\n";

static int items_of(int order)
{
    return order % 6 == 4 ? -ENOENT : 1 + order % 3;
}

int pack(int order)
{
    work_begins("order", order);
    dawdle();
    work_ends();
    return items_of(order);
}

int publish(const char *text, size_t size, void *unused)
{
    (void)unused;
    CHECK_THAT(work.ended == ORDERS, "it is published when %d of %d orders are done", work.ended,
               ORDERS);
    size_t used = strlen(published);
    CHECK_THAT(used + size < sizeof published, "more is published than anybody can read");
    memcpy(published + used, text, size);
    return 0;
}

/* `name` is with its labels. */
static void shows(const char *name, int value, const char *what)
{
    char line[256];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(published, line);
    CHECK_THAT(at, "%s (%s) is not published", name, what);
    CHECK_THAT(atoi(at + strlen(line)) == value, "%s (%s) is %d; it should be %d", name, what,
               atoi(at + strlen(line)), value);
}

int main(void)
{
    int items = 0, failed = 0;
    check_begin();
    returned("pack_all", pack_all(ORDERS));
    check_work("order", ORDERS, WIDTH);
    for (int i = 0; i < ORDERS; i++) {
        failed += items_of(i) < 0;
        items += items_of(i) < 0 ? 0 : items_of(i);
    }
    CHECK_THAT(published[1], "nothing is published");
    CHECK_THAT(strstr(published, "pool=\"packing\""), "no pool of the name \"packing\" is shown");
    shows("filch_pool_accepted_total{pool=\"packing\"}", ORDERS, "the accepted jobs");
    shows("filch_pool_outcomes_total{outcome=\"failed\",pool=\"packing\"}", failed,
          "orders that could not be packed");
    shows("filch_pool_run_seconds_count{pool=\"packing\"}", ORDERS,
          "how often the pool has taken the time");
    shows("shop_items_total", items, "all items of all orders");
    return check_end();
}
