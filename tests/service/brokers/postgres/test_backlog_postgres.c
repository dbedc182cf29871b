/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: long
 *
 * 100,000 messages wait in a PostgreSQL database. */
#include <tests/service/backlog.h>
#include <tests/service/brokers/postgres/postgres.h>

Test(backlog_postgres, delivery_is_ordered_with_bounded_memory)
{
    char url[80];
    snprintf(url, sizeof url, "postgres://filch@127.0.0.1:%u/postgres", pg_shared()->port);
    a_backlog_is_taken_in_order(&fl_broker_postgres, url);
}
