/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handler modules: shared objects with a handler, for services whose program you do not build. For
 * authors of handlers (docs/service/worker.md).
 *
 *   static int greet(filch_self self, filch_service_job *job, void *arg) { ... return 0; }
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
 * filch_error_set; the service then does not start.
 * Since 0.1.0. */
#ifndef FILCH_HANDLER_MODULE_H
#define FILCH_HANDLER_MODULE_H
#include <filch/detail/hide_words.h>

#include <filch/service.h>

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
