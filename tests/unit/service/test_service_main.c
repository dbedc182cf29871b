/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The main function of a service: how it protects its process and its children. */
#include <filch/service_main.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <tests/support/test.h>

static int succeeds(filch_self self, filch_service_job *job, void *arg)
{
    return 0;
}

static filch_service_defaults defaults;

static int serve_once(void)
{
    static const filch_handler handlers[] = {{.type = "succeed", .fn = succeeds}};
    static char name[] = "service", once[] = "--once", level[] = "--log-level=off";
    return filch_service_main_with(3, (char *[]){name, once, level, NULL}, &defaults, handlers, 1);
}

Test(service_main, service_cannot_be_dumped_or_debugged)
{
    struct rlimit core;
    setenv("FILCH_SERVICE_BROKER", "memory:", 1);
    cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
    cr_assert_eq(serve_once(), 0);
    cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
    cr_assert(core.rlim_cur == 0 && core.rlim_max == 0);
}

Test(service_main, children_do_not_inherit_secret_variables)
{
    static const char *const secrets[][2] = {{"RABBITMQ_URL", "amqp://h/"},
                                             {"FILCH_SERVICE_BROKER", "memory:other"},
                                             {"FILCH_SERVICE_HEALTH_TOKEN", "hunter2"}};
    for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++)
        setenv(secrets[i][0], secrets[i][1], 1);
    setenv("FILCH_SERVICE_WIDTH", "3", 1);
    cr_assert_eq(serve_once(), 0);
    for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++)
        cr_assert_null(getenv(secrets[i][0]), "%s", secrets[i][0]);
    cr_assert_not_null(getenv("FILCH_SERVICE_WIDTH"));
}

Test(service_main, own_default_names_the_broker)
{
    setenv("QUEUE_NAME", "mail", 1); /* without a broker it is refused */
    defaults = (filch_service_defaults){.broker = "memory:", .envelope = "json"};
    cr_assert_eq(serve_once(), 0);
}

Test(service_main, wrong_own_default_is_refused)
{
    setenv("FILCH_SERVICE_ENVELOPE", "raw", 1); /* no cure for a wrong program */
    defaults = (filch_service_defaults){.broker = "memory:", .envelope = "jsno"};
    cr_assert_eq(serve_once(), 2);
}

Test(service_main, forgotten_broker_is_refused)
{
    setenv("QUEUE_NAME", "mail", 1);
    cr_assert_eq(serve_once(), 2);
}
