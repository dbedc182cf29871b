/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef FAULT_PLUGIN_H
#define FAULT_PLUGIN_H

/* Runtimes from creation to destruction: with forks; with detached tasks. 0: all was right. */
int plugin_live(void);
int plugin_go(void);

typedef int plugin_function(void);

#endif
