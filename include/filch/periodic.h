/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Periodic jobs: messages that services publish by a timetable, once for each slot among any number of
 * services. For service authors (<filch/service.h>).
 *
 *   static const filch_periodic periodics[] = {
 *       {.name = "report", .cron = "30 2 * * mon-fri", .zone = "Europe/Berlin", .type = "report"},
 *       {.name = "beat", .cron = "@every 30s", .type = "beat"}};
 *   ... (filch_service_config){.broker = "sqlite:", .periodics = periodics, .periodic_count = 2}
 *
 * The times of a cron line are its slots. At each slot every service with the entry publishes a
 * message whose id and dedup key are NAME@SLOT, such as "report@2026-11-23T01:30:00Z". The broker
 * keeps the key for two days (filch_message.dedup_for), so one of them succeeds. This holds while
 * the clocks of the services differ from the broker's by less than 23 hours. Brokers without
 * dedup_for are refused at the service's creation, and so is a type without a handler. The header x-filch-slot is the slot's time.
 * If the broker is away, the service tries to publish for half of the time to the next slot, at
 * most 5 minutes; then the slot is missed, and logged. Slots at which no service runs are not made
 * up.
 * Lines and summer time: docs/service/README.md, "Periodic jobs".
 * Threads: plain values. Suspends: no. Errors: those of filch_service_create.
 * Since 0.1.0. */
#ifndef FILCH_PERIODIC_H
#define FILCH_PERIODIC_H
#include <filch/detail/hide_words.h>

#include <stddef.h>

/* An entry of the timetable. Texts and bytes are not copied, and must outlive the service. */
typedef struct filch_periodic {
    const char *name;  /* 1..64 letters, digits, '-', '_' and '.'; the same in all services */
    const char *cron;  /* five fields, @hourly, @daily, @weekly, @monthly, @yearly, @every 30s */
    const char *zone;  /* "Europe/Berlin" or "+02:00"; default: "UTC" */
    const char *type;  /* of the message, as the rest */
    const char *queue; /* default: the service's first queue */
    const char *content_type; /* default: none */
    const void *body;
    size_t body_size;
    unsigned priority;
} filch_periodic;

enum { FILCH_PERIODICS = 1000 /* at most, of a service */ };

#include <filch/detail/show_words.h>
#endif
