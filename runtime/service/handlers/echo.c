/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `echo`: every job is done at once. For trials and benchmarks. */
#include <runtime/service/handlers/handlers.h>

static int echo(filch_self self, filch_service_job *job, void *arg)
{
    (void)self, (void)job, (void)arg;
    return 0;
}

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    (void)spec;
    handler->fn = echo;
    return 0;
}

const fl_handler_kind fl_handler_echo = {.name = "echo", .words = "", .make = make};
