/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqlite/order.h>

#include <runtime/platform/container.h>
#include <runtime/service/job.h>

#include <filch/timer.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct fl_sqlite_order {
    fl_list link; /* among all orders */
    unsigned members;
    bool taken;
    fl_list waiting; /* the first comes next */
    char path[];
};

typedef struct waiter {
    fl_list link;
    pthread_cond_t called;
    bool has_turn;
} waiter;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all orders */
static fl_list orders = {&orders, &orders};

/* ---- Life ---- */

static fl_sqlite_order *find(const char *path)
{
    for (fl_list *at = orders.next; at != &orders; at = at->next) {
        fl_sqlite_order *order = FL_CONTAINER_OF(at, fl_sqlite_order, link);
        if (strcmp(order->path, path) == 0)
            return order;
    }
    return NULL;
}

static fl_sqlite_order *make(const char *path)
{
    size_t size = strlen(path) + 1;
    fl_sqlite_order *order = calloc(1, sizeof *order + size);
    if (!order)
        return NULL;
    memcpy(order->path, path, size);
    fl_list_init(&order->waiting);
    fl_list_append(&orders, &order->link);
    return order;
}

fl_sqlite_order *fl_sqlite_order_join(const char *path)
{
    pthread_mutex_lock(&lock);
    fl_sqlite_order *order = find(path);
    if (!order)
        order = make(path);
    if (order)
        order->members++;
    pthread_mutex_unlock(&lock);
    return order;
}

void fl_sqlite_order_leave(fl_sqlite_order *order)
{
    if (!order)
        return;
    pthread_mutex_lock(&lock);
    bool last = --order->members == 0;
    if (last)
        fl_list_remove(&order->link);
    pthread_mutex_unlock(&lock);
    if (last)
        free(order);
}

/* ---- Turns ---- */

static void init(waiter *one)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&one->called, &monotonic);
    pthread_condattr_destroy(&monotonic);
    one->has_turn = false;
}

/* Under the lock. */
static bool wait_for_turn(fl_sqlite_order *order, int64_t until)
{
    waiter one;
    const struct timespec end = {until / FILCH_SECOND, until % FILCH_SECOND};
    int rc = 0;
    init(&one);
    fl_list_append(&order->waiting, &one.link);
    while (!one.has_turn && !rc)
        rc = pthread_cond_timedwait(&one.called, &lock, &end);
    if (!one.has_turn)
        fl_list_remove(&one.link);
    pthread_cond_destroy(&one.called);
    return one.has_turn;
}

bool fl_sqlite_order_take(fl_sqlite_order *order, int64_t until)
{
    pthread_mutex_lock(&lock);
    bool has_turn = !order->taken;
    if (has_turn)
        order->taken = true;
    else
        has_turn = wait_for_turn(order, until);
    pthread_mutex_unlock(&lock);
    return has_turn;
}

void fl_sqlite_order_pass(fl_sqlite_order *order)
{
    pthread_mutex_lock(&lock);
    if (fl_list_is_empty(&order->waiting)) {
        order->taken = false;
    } else {
        waiter *next = FL_CONTAINER_OF(fl_list_take(&order->waiting), waiter, link);
        next->has_turn = true;
        pthread_cond_signal(&next->called);
    }
    pthread_mutex_unlock(&lock);
}
