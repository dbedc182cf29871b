/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers by the scheme of a URL: those that are compiled in, and those in modules. The text of their
 * capabilities. */
#ifndef FL_MODULES_H
#define FL_MODULES_H

#include <runtime/service/broker.h>

#include <limits.h>

extern const fl_broker_kind fl_broker_memory;
#include <broker_kinds.h> /* the others, made from the files broker.cmake */

/* NULL at the end. libfilch-service.a has all that were built; other programs load modules. */
extern const fl_broker_kind *const fl_brokers_built_in[];

/* The broker for a URL, by its scheme. NULL: -EINVAL, explained. */
const fl_broker_kind *fl_broker_of(const char *url);
/* The broker of a module (modules.h). NULL: -EINVAL, explained. */
const fl_broker_kind *fl_broker_load(const char *name);
/* The capabilities that are yes or no, in the order of lists; NULL at the end. */
const char *fl_broker_feature(unsigned i);
bool fl_broker_has(const fl_broker_caps *caps, unsigned i);
/* Writes the length of leases, "up to 60 s". */
void fl_broker_leases(const fl_broker_caps *caps, char *text, size_t size);
/* Writes "memory: priority, delay, ..." as snprintf does. */
size_t fl_broker_describe(const fl_broker_kind *kind, const fl_broker_caps *caps, char *text,
                          size_t size);

/* ---- Modules ---- */

/* Brokers in modules, shared objects filch-broker-NAME.so. A module is loaded when a URL first names it, so
 * that a program starts without the client libraries of the others; it stays loaded, since threads
 * may run in it until the end.
 *
 * A module is self-contained: it has its own copies of the few functions of Filch that it needs, and
 * reaches the program by fl_broker_host alone. So it fits programs that are linked with the shared
 * libraries, and those that are linked with the static ones. */

enum { FL_MODULE_NAME = 32, FL_MODULES_MOST = 64 };

typedef char fl_module_name[FL_MODULE_NAME]; /* "rabbitmq" */

/* Writes the beginning of URLs of the i-th scheme, as "sqlite:". false: there are fewer. */
bool fl_broker_url_start(unsigned i, fl_module_name start);

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

/* ---- Objects ---- */

/* Shared objects that a program loads: handlers and brokers. An object has all rights of the
 * process, so only root and the process's user may be able to change it. */

/* Checks a file and its folder before it is loaded. 0; or -EINVAL, -ENOENT, -EPERM with *why, a
 * literal that goes behind the path: "is writable by its group or by others". */
int fl_object_check(const char *path, const char **why);

#endif
