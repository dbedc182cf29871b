/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The start of child processes: the spawner, and a start. */
#ifndef FL_SYNC_PROCESS_START_H
#define FL_SYNC_PROCESS_START_H

#include <runtime/sync/process.h>

#include <stdint.h>

/* ---- The spawner ---- */

/* The spawner, as its parent sees it: a socket to which packets are sent, in turns. At most
 * FL_SPAWNER_TURNS children are being started at a time: the kernel limits the files on their way
 * between processes, and the socket's buffer must never be full.
 *
 * fork(): the child has no spawner; it may start one. */

enum { FL_SPAWNER_TURNS = 32 };

/* Waits for a turn. -ENOTCONN, -EPERM: there is no spawner, or not one for this user; -ETIMEDOUT,
 * -EINVAL and others as filch_semaphore_acquire_until. Through fl_fail. */
int fl_spawner_begin(int64_t until);
void fl_spawner_end(void);
/* Sends FL_SPAWN_FILES files (runtime/platform/spawner.h). -EPIPE: it has died; others as
 * sendmsg(2). Through fl_fail. Does not wait. */
int fl_spawner_send(const int *files);
/* It closed such a file without a word: why, through fl_fail; -EPIPE or -EMFILE. */
int fl_spawner_closed(void);

/* ---- The start ---- */

/* Has a child started that gets these files, and waits until its program runs. The caller has a turn
 * of the spawner. It closes the files; on an error, `report` too, by which the child is killed if
 * there is one. May suspend. Negative errno through fl_fail. */
int fl_process_start(fl_process_files *files, const filch_process_config *config, int64_t until,
                     pid_t *pid);

#endif
