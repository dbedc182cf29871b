/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FL_RCU_THREAD_H
#define FL_RCU_THREAD_H

/* Makes sure that liburcu has its thread for callbacks; -EAGAIN or -ENOMEM through fl_fail. The
 * thread stays as long as the process. Any thread. */
int fl_callbacks_prepare(void);

#endif
