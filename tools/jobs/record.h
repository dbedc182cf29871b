/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The record of a load: which jobs were published and processed, and when. Jobs are numbered from 0.
 * Any thread may call every function. */
#ifndef JOBS_RECORD_H
#define JOBS_RECORD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { LOAD_RUN = 8, LOAD_ID = 64, LOAD_MOST = 10000000 };

/* One job. */
typedef struct load_entry {
    int64_t due;   /* ns; when it was to be published */
    float latency; /* s; from `due` to its first run */
    uint16_t runs; /* of its handler */
    bool is_published;
} load_entry;

typedef struct load_record {
    pthread_mutex_t lock;
    char run[LOAD_RUN + 1]; /* in the ids of this load */
    load_entry *entries;
    uint64_t room;
    uint64_t begun;                     /* numbers given out */
    uint64_t published;                 /* confirmed */
    uint64_t failed;                    /* not confirmed */
    uint64_t processed;                 /* different jobs that ran */
    uint64_t duplicates;                /* runs beyond the first of a job */
    uint64_t open;                      /* published ones that have not run */
    int64_t published_at, processed_at; /* ns; the last of each; 0: none */
} load_record;

/* Quantiles, s; < 0: nothing was processed. */
typedef struct load_latency {
    double p50, p99, p999;
} load_latency;

/* Makes room for jobs. 0, or -ENOMEM. */
int load_record_begin(load_record *r, uint64_t room);
void load_record_end(load_record *r);

/* Gives out the number of the next job, to be published at *due: by the rate from `start` on, or now
 * if it is 0. -1: there are enough, or *due would not be before `until`. */
int64_t load_record_next(load_record *r, int64_t start, double rate, int64_t until, int64_t *due);
/* Writes the id of a job. */
void load_record_id(const load_record *r, int64_t number, char id[LOAD_ID]);
/* The publication of a job was confirmed, or failed. */
void load_record_published(load_record *r, int64_t number, bool confirmed, int64_t now);
/* The job of this id runs. false: it is none of this load. */
bool load_record_ran(load_record *r, const char *id, int64_t now);

/* The numbers so far, without the entries. */
load_record load_record_read(load_record *r);
/* The latencies of the jobs that ran, by nearest rank. -ENOMEM. */
int load_record_latency(load_record *r, load_latency *out);

#endif
