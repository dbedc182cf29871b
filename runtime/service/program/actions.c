/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/actions.h>

#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <filch/version.h>

#include <errno.h>
#include <stdio.h>
#include <time.h>

const char fl_option_config[] = "config", fl_option_once[] = "once",
           fl_option_check[] = "check-config";

static int version(const char *program, const char *argument)
{
    (void)argument;
    printf("%s (Filch %s)\n", program, filch_version());
    return 0;
}

static int sleep_for(const char *program, const char *argument)
{
    static const fl_key key = {.type = FL_KEY_TIME, .most = 86400 * FILCH_SECOND};
    char allowed[160];
    int64_t ns;
    if (fl_value_read(&key, argument, &ns, NULL)) {
        fl_key_allowed(&key, allowed, sizeof allowed);
        fprintf(stderr, "%s: --sleep '%s' is not allowed (%s)\n", program, fl_show(argument).text,
                allowed);
        return 2;
    }
    struct timespec left = {ns / FILCH_SECOND, ns % FILCH_SECOND};
    while (nanosleep(&left, &left) && errno == EINTR)
        ;
    return 0;
}

const fl_action fl_actions[] = {
    {fl_option_config, "FILE", "read the configuration from this JSON file", NULL},
    {fl_option_check, NULL, "print the configuration, and end: 0 if it is valid, 2 if not", NULL},
    {fl_option_once, NULL, "run the messages that are ready, and end", NULL},
    {"brokers", "[=markdown]", "list the brokers at hand, or the tables of docs/brokers.md",
     fl_broker_list_run},
    {"sleep", "N", "wait for N seconds, and end: a preStop hook without a shell", sleep_for},
    {"probe", "URL", "get an http: URL, and end: 0 if its status is 2xx, else 1", fl_probe_run},
    {"help", "[=markdown]", "print this, or the tables of docs/worker.md", fl_help_run},
    {"version", NULL, "print the version", version},
    {0},
};
