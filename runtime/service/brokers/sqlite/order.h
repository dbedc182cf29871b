/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The order in which the connections of this process write to one database.
 *
 * A service has two connections to its database, and only one can write at a time. SQLite lets the
 * other one sleep and try again, longer and longer; a consumer that begins its next transaction at
 * once is then always first, and a publisher waited for seconds. So connections of one process take
 * turns, first come, first served, and only the one whose turn it is asks SQLite, where it competes
 * with other processes.
 *
 * The order is kept by the path as given. Connections that name one file in two ways still exclude
 * each other by SQLite's lock. */
#ifndef FL_SQLITE_ORDER_H
#define FL_SQLITE_ORDER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fl_sqlite_order fl_sqlite_order;

/* The order of the database with this path. The caller leaves it. NULL: no memory. Any thread, as
 * all of these. */
fl_sqlite_order *fl_sqlite_order_join(const char *path);
void fl_sqlite_order_leave(fl_sqlite_order *order);
/* Waits for its turn, until `until` of filch_now. false: the time is over. */
bool fl_sqlite_order_take(fl_sqlite_order *order, int64_t until);
/* Ends the turn; the next begins. */
void fl_sqlite_order_pass(fl_sqlite_order *order);

#endif
