/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Views of a service for its HTTP endpoints. Any thread; each takes the service's lock for a
 * moment. */
#ifndef FL_SERVICE_VIEW_H
#define FL_SERVICE_VIEW_H

#include <filch/service.h>

#include <stdbool.h>

/* Is the process alive, is it of use. */
typedef struct fl_service_health {
    bool turns;    /* the owner's loop has turned within the last 30 s */
    bool is_ready; /* connected within the last 30 s, not refused for so long, and not draining */
} fl_service_health;

/* A job whose handler runs. Texts are cut. */
typedef struct fl_running {
    char id[64], type[64]; /* an empty id: none */
    const char *queue;     /* lives as long as the service */
    unsigned attempt;
    int64_t age;   /* ns since the message was published */
    int64_t since; /* ns since the run began */
} fl_running;

fl_service_health fl_service_health_read(filch_service *service);
/* The running jobs that began first. Returns how many. */
size_t fl_service_running_read(filch_service *service, fl_running *out, size_t room);

#endif
