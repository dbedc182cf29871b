/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Watch: a thread that counts the messages of each queue, on a connection of its own, and keeps
 * totals of the last minute for rates. So a slow broker delays no probe. */
#ifndef FL_SERVE_WATCH_H
#define FL_SERVE_WATCH_H

#include <filch/service.h>
#include <runtime/service/broker.h>
#include <runtime/service/connection.h>

#include <pthread.h>

enum {
    FL_SERVE_WATCH_SPAN = 10, /* rates are those of so many seconds */
    FL_SERVE_WATCH_TICKS = FL_SERVE_WATCH_SPAN + 1
};

typedef struct fl_tick {
    int64_t at; /* of filch_now */
    filch_service_stats stats;
} fl_tick;

typedef struct fl_serve_watch {
    filch_service *service;
    fl_link link;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool ending, gave_up; /* the broker will never count */
    fl_tick ticks[FL_SERVE_WATCH_TICKS];
    unsigned tick_count; /* so far */
    bool is_counted;
    int64_t counted; /* ns of Unix time; 0: never */
    fl_broker_count counts[FILCH_SERVICE_QUEUES];
} fl_serve_watch;

/* 0, or -EAGAIN: no thread; then nothing is left to end. */
int fl_serve_watch_start(fl_serve_watch *watch, filch_service *service);
void fl_serve_watch_stop(fl_serve_watch *watch);
/* When the queues were counted: Unix time in seconds, NAN: not known. */
double fl_serve_watch_counted(fl_serve_watch *watch);
/* false: not known. */
bool fl_serve_watch_count(fl_serve_watch *watch, unsigned queue, fl_broker_count *out);
/* The first tick of the last FL_SERVE_WATCH_SPAN seconds. */
fl_tick fl_serve_watch_earlier(fl_serve_watch *watch);

#endif
