/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Records of jobs in the store of the broker `memory:`. Under the store's lock, except those with a
 * broker. */
#ifndef FL_MEMORY_RECORDS_H
#define FL_MEMORY_RECORDS_H

#include <runtime/service/broker.h>
#include <runtime/service/brokers/memory/store.h>

/* Makes a change, and forgets records whose time is over. false: no memory. */
bool fl_memory_keep(fl_memory_store *store, const fl_note *note, int64_t unix_time);
/* Forgets all. */
void fl_memory_forget_records(fl_memory_store *store);

/* As fl_broker_kind says. */
fl_broker_rc fl_memory_note(fl_broker *broker, const fl_note *batch, unsigned count);
fl_broker_rc fl_memory_record(fl_broker *broker, const char *id, filch_service_record **out);

#endif
