/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The rule of <filch/base.h> for NULL: each object of each function of a service. */
#include <filch/service.h>
#include <filch/service_observe.h>
#include <tests/service/service.h>
#include <tests/support/null/calls.h>
#include <tests/support/test.h>

static char bytes[4096] FILCH_ALIGNED(16);
static void *const room = bytes; /* for arguments that are given */

static int handle(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static const filch_handler handlers[] = {{.type = "any", .fn = handle}};

static filch_service *live_service(void)
{
    return service_of((filch_service_config){.workers = 1}, handlers, 1);
}

static filch_service_otlp *live_otlp(void)
{
    filch_service_otlp *otlp = NULL;
    CHILD_CHECK(!filch_service_otlp_start(&otlp, NULL));
    return otlp;
}

#include <tests/support/null/begin_calls.h>

#include <tests/support/null/service.h>

#include <tests/support/null/begin_rows.h>

static const struct null_row rows[] = {
#include <tests/support/null/service.h>
};

Test(null_service, each_call_keeps_the_rule)
{
    NULL_EXPECT_ALL(rows);
}

static void use_gone(void)
{
    it = live_service();
    CHILD_CHECK(!filch_service_destroy(it));
    null_row->call();
}

Test(null_service, each_call_detects_a_destroyed_service)
{
    for (null_row = rows; null_row < rows + sizeof rows / sizeof *rows; null_row++) {
        if (strcmp(null_row->argument, "service") != 0)
            continue;
        struct child child;
        child_run(&child, use_gone);
        cr_assert(child_died(&child, "was destroyed") ||
                      (BUILD_ASAN && strstr(child.text, "heap-use-after-free")),
                  "%s: status 0x%x: %s", null_row->function, child.status, child.text);
    }
}
