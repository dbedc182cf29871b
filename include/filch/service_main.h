/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The main function of a service: configuration, signals, logs, exit status; and handlers as shared
 * objects. For service authors whose handlers need a program around them, not a library
 * (docs/service/worker.md).
 *
 *   static const filch_handler handlers[] = {{.type = "image_processing", .fn = resize}};
 *
 *   int main(int argc, char **argv)
 *   {
 *       return filch_service_main(argc, argv, handlers, 1);
 *   }
 *
 * filch_service_main_with also takes the program's own defaults for the broker, queues, envelope
 * and port.
 *
 * The program is configured by options, environment variables and a JSON file, in this order;
 * `program --help` lists the keys. It logs one JSON object per line to standard error. The first
 * SIGTERM or SIGINT begins to drain, the second cancels running handlers, and SIGHUP reads the
 * configuration again.
 * Threads: the main thread, before any other. Suspends: no; the calls block until the service ends.
 * Errors: a status; the reason is printed to standard error.
 * Since 0.1.0. */
#ifndef FILCH_SERVICE_MAIN_H
#define FILCH_SERVICE_MAIN_H
#include <filch/detail/hide_words.h>

#include <filch/service.h>

/* Defaults of a program, in the form of the options of the same names. NULL: the default that
 * `program --help` prints. */
typedef struct filch_service_defaults {
    const char *broker;      /* URL: "amqp://localhost/" */
    const char *queues;      /* "mail", or "mail=3,reports" with weights */
    const char *envelope;    /* "json" */
    const char *health_port; /* "8080"; "0": any free one */
    const void *reserved[4]; /* NULL */
} filch_service_defaults;

FILCH_BEGIN_DECLS

/* Runs a service from its start to its end, and returns the exit status of the process:
 *   0   it ended by a signal, or --once found no more messages, and nothing was cancelled
 *   1   handlers were cancelled, or answers not accepted: those messages are delivered again; or
 *       the process ran out of memory, files or threads
 *   2   a wrong option, a wrong configuration, or one that the broker refuses
 *   69  the broker was unreachable, with --exit-on-disconnect or --once
 * Call it first in main, before the first thread: it starts the spawner of <filch/process.h>, and
 * forbids core dumps and debuggers, which would see secrets. argv is main's: at least the program's
 * name. handlers: `count` of them, not copied; the configuration may change their limits, and add
 * ready-made ones. With none, in the table and in the configuration, the types echo, fail, hash and
 * sleep are served.
 * A process makes one such call. */
FILCH_API int filch_service_main(int argc, char **argv, const filch_handler *handlers,
                                 size_t count);

/* The same with the program's own defaults, which the configuration file, the environment and the
 * command line override. `--help` shows them, and `--check-config` marks them with "program". An
 * invalid default is refused with status 2. defaults: not copied; NULL: none. */
FILCH_API int filch_service_main_with(int argc, char **argv, const filch_service_defaults *defaults,
                                      const filch_handler *handlers, size_t count);

FILCH_END_DECLS

/* ---- Handler modules ---- */

/* Shared objects with a handler, for services whose program you do not build. For authors of
 * handlers (docs/service/worker.md).
 *
 *   FILCH_HANDLER_MODULE(filch_module, .fn = greet);
 *
 *   cc -shared -fPIC -fvisibility=hidden greet.c -o greet.so $(pkg-config --cflags filch-service)
 *
 * A service finds the struct by its symbol, "filch_module" unless the configuration names another
 * one, and refuses it if the version is not its own. The object calls the functions of
 * <filch/service.h> that the program contains. It is never unloaded.
 * Life: `open` is called once for each handler of a configuration, before its first job; `close`
 * after its last one. Threads: open and close on a plain thread, fn as filch_service_fn says.
 * Suspends: open and close do not. Errors: open returns a negative errno, and explains it by
 * filch_error_set; the service then does not start. */

/* The version of this interface. It changes when an older object can no longer be called. */
enum { FILCH_HANDLER_MODULE_ABI = 1 };

typedef struct filch_handler_module {
    uint32_t abi;         /* FILCH_HANDLER_MODULE_ABI */
    uint32_t size;        /* of this struct; fields beyond it count as zero */
    filch_service_fn *fn; /* the handler; its arg is what open has set, or NULL */
    int (*open)(const char *type, void **arg); /* NULL: nothing to open */
    void (*close)(void *arg);                  /* NULL: nothing to close */
    bool thread;                               /* as filch_handler.thread */
} filch_handler_module;

/* Defines and exports the struct; the other arguments are its fields from fn on. */
#define FILCH_HANDLER_MODULE(symbol, ...)                                                          \
    FILCH_API const filch_handler_module symbol = {.abi = FILCH_HANDLER_MODULE_ABI,                \
                                                   .size = sizeof(filch_handler_module),           \
                                                   __VA_ARGS__}

#include <filch/detail/show_words.h>
#endif
