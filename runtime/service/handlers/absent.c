/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Handlers whose library this build lacks: a configuration that names one is refused with the name
 * of the package. */
#include <runtime/service/handlers/handlers.h>

#include <errno.h>

/* All settings are taken: the library is the cause to be told. */
#define SETTINGS                                                                                   \
    (const char *const[])                                                                          \
    {                                                                                              \
        "processes", "recycle-jobs", "recycle-bytes", "output-most", "grace", "result", NULL       \
    }

#define ABSENT(kind, takes, library, package)                                                      \
    static int refuse_##kind(filch_handler *handler, const fl_handler_spec *spec)                  \
    {                                                                                              \
        (void)handler, (void)spec;                                                                 \
        return filch_error_set(-ENOTSUP, #kind " needs " library                                   \
                                               ", which this build lacks (Debian: " package ")");  \
    }                                                                                              \
    const fl_handler_kind fl_handler_##kind = {.name = #kind,                                      \
                                               .words = takes,                                     \
                                               .settings = SETTINGS,                               \
                                               .make = refuse_##kind}

#ifndef FILCH_HAVE_JANSSON
ABSENT(coprocess, "PROGRAM [ARGUMENT...]", "jansson", "libjansson-dev");
#endif
#ifndef FILCH_HAVE_CURL
ABSENT(http, "URL", "libcurl", "libcurl4-openssl-dev");
#endif
