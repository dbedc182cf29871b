/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FL_PROCESS_START_H
#define FL_PROCESS_START_H

#include <runtime/sync/process.h>

/* Has a child started that gets these files, and waits until its program runs. The caller has a turn
 * of the spawner. It closes the files; on an error, `report` too, by which the child is killed if
 * there is one. May suspend. Negative errno through fl_fail. */
int fl_process_start(fl_process_files *files, const filch_process_config *config, int64_t until,
                     pid_t *pid);

#endif
