/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A handler module: counts the jobs of its type, and refuses empty ones.
 *
 *   cc -shared -fPIC -fvisibility=hidden greet.c -o greet.so $(pkg-config --cflags filch-service) */
#include <errno.h>
#include <filch/service_main.h>
#include <stdlib.h>

typedef struct greeter {
    const char *type;
    filch_u64 jobs;
} greeter;

static int open_greeter(const char *type, void **arg)
{
    greeter *one = calloc(1, sizeof *one);
    if (!one)
        return filch_error_set(-ENOMEM, "greet: no memory");
    one->type = type;
    *arg = one;
    return 0;
}

static void close_greeter(void *arg)
{
    free(arg);
}

static int greet(filch_self self, filch_service_job *job, void *arg)
{
    (void)self;
    greeter *one = arg;
    uint64_t number = filch_u64_add(&one->jobs, 1, FILCH_RELAXED) + 1;
    if (!filch_service_job_message(job)->body_size)
        return filch_service_job_fail(job, "%s job %u: nobody to greet", one->type,
                                      (unsigned)number);
    return 0;
}

FILCH_HANDLER_MODULE(filch_module, .fn = greet, .open = open_greeter, .close = close_greeter);
