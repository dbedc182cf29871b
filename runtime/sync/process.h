/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A child process, internal part. The timer thread watches `report`, on which the spawner
 * (runtime/platform/spawner.h) tells of the child's end: so a wait is a wait for a context, and
 * needs no pidfd.
 *
 * Life: two hold it, its user and the watch; `holders` and the files are guarded by its lock. The
 * watch ends when it is told of an event, or that filch_process_destroy has closed `report`: once
 * in any case. */
#ifndef FL_PROCESS_H
#define FL_PROCESS_H

#include <filch/process.h>
#include <runtime/platform/spawner.h>
#include <runtime/sync/wait.h>

struct filch_process {
    fl_waiter waiter; /* first: it is found by that */
    fl_node node;
    pid_t owner; /* the process that has started it */
    pid_t pid;
    int ours[3];   /* ends of pipes; -1: none */
    uint32_t life; /* runtime/platform/given.h */
    filch_context *ended;
    filch_u32 lock; /* guards what follows */
    int report;     /* -1: it is being destroyed */
    unsigned holders;
    bool over;
    int status; /* as waitpid has it; shown by `ended` */
};

/* Files on their way to a child, and the ends that stay here. */
typedef struct fl_process_files {
    int child[FL_SPAWN_FILES]; /* -1: none yet */
    bool borrowed[FL_SPAWN_FILES];
    int ours[FL_SPAWN_FILES]; /* -1: none */
} fl_process_files;

/* Opens all files that config asks for. Negative errno through fl_fail; close them in any case. */
int fl_process_files_open(fl_process_files *files, const filch_process_config *config);
/* Closes the child's, where they are not the caller's own. */
void fl_process_files_close_child(fl_process_files *files);
/* Closes all. */
void fl_process_files_close(fl_process_files *files);

/* Makes the request that the child reads: `size` bytes, to be freed. Negative errno through fl_fail.
 */
int fl_process_request(void **out, size_t *size, const filch_process_config *config);

/* The name of the program, for messages. */
static inline const char *fl_process_name(const filch_process_config *config)
{
    return config->program ? config->program : config->argv[0];
}

#endif
