/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers in modules, shared objects filch-broker-NAME.so. A module is loaded when a URL first names it, so
 * that a program starts without the client libraries of the others; it stays loaded, since threads
 * may run in it until the end.
 *
 * A module is self-contained: it has its own copies of the few functions of Filch that it needs, and
 * reaches the program by fl_broker_host alone. So it fits programs that are linked with the shared
 * libraries, and those that are linked with the static ones. */
#ifndef FL_MODULES_H
#define FL_MODULES_H

#include <limits.h>
#include <runtime/service/broker.h>

enum { FL_MODULE_NAME = 32, FL_MODULES_MOST = 64 };

typedef char fl_module_name[FL_MODULE_NAME]; /* "rabbitmq" */

/* The i-th folder where modules are looked for: those of FILCH_BROKER_PATH, unless the program has
 * more rights than its user; the one that belongs to this program or library; the one
 * of the installation. Without links in it, if it exists. false: there are fewer. */
bool fl_module_folder(unsigned i, char folder[PATH_MAX]);
/* Writes the path of a module. false: there is none in these folders. */
bool fl_module_find(const char *name, char path[PATH_MAX]);
/* Writes up to `most` names of the modules in these folders, in the order of the alphabet; returns
 * how many. */
unsigned fl_module_names(fl_module_name *names, unsigned most);

/* The broker of a module, which is loaded at the first call. advice: the remedy if its client library
 * is missing, "; install ..." or "". NULL: -EINVAL, explained. Any thread. */
const fl_broker_kind *fl_module_load(const char *name, const char *path, const char *advice);

#endif
