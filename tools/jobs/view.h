/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Jobs as people and programs read them: a table, a page each, or JSON. */
#ifndef JOBS_VIEW_H
#define JOBS_VIEW_H

#include "options.h"

#include <filch/service.h>
#include <jansson.h>
#include <runtime/service/broker.h>

/* The header of a dead letter that holds the reason. */
#define VIEW_REASON "x-dlq-reason"

/* A text as JSON; NULL is null. */
json_t *view_text(const char *text);
/* null: FL_BROKER_UNKNOWN. */
json_t *view_number(uint64_t count);
/* The job with all its keys; body: also its headers and body. */
json_t *view_json(const jobs_options *o, const filch_message *message, bool body);
/* {"queue", "count", "jobs": [...]} */
json_t *view_list(const jobs_options *o, const char *queue, fl_delivery *const *all, unsigned count,
                  bool body);
/* The job with its headers and body, for people. */
void view_page(const jobs_options *o, const filch_message *message, FILE *out);
/* A table of jobs. dead: with the reasons of dead letters. */
void view_table(fl_delivery *const *all, unsigned count, bool dead, FILE *out);

/* The record of the job with this id: as JSON, and for people. */
json_t *view_record_json(const char *id, const filch_service_record *record);
void view_record_page(const char *id, const filch_service_record *record, FILE *out);

/* Writes the object as one line to stdout, and releases it. Returns 0, or JOBS_REFUSED after a
 * message: no memory, or stdout cannot be written. */
int view_print(const jobs_options *o, json_t *object);

#endif
