/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * SIGHUP: all sources are read again. A key that has changed and cannot be changed is named in the
 * log; a configuration with an error changes nothing. */
#include <filch/process.h>
#include <runtime/service/program/arena.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/notify.h>
#include <runtime/service/program/serve.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void apply(fl_program *program, const fl_configuration *read)
{
    fl_configuration *own = &program->configuration;
    own->drain = read->drain;
    own->exit_on_disconnect = read->exit_on_disconnect;
    own->log_level = read->log_level;
    filch_log_set_level(&program->log, own->log_level);
}

/* The text of a key that was changed becomes the one to compare with. */
static void take(fl_program *program, unsigned at, const char *text)
{
    fl_configuration *own = &program->configuration;
    char *copy = text ? fl_keep_text(&own->keep, text, strlen(text)) : NULL;
    if (copy || !text)
        own->texts[at] = copy;
}

static void compare(fl_program *program, const fl_configuration *read)
{
    unsigned changed = 0, refused = 0;
    for (unsigned i = 0; fl_keys[i].name; i++) {
        if (is_same(program->configuration.texts[i], read->texts[i]))
            continue;
        changed += fl_keys[i].reloadable;
        refused += !fl_keys[i].reloadable;
        if (fl_keys[i].reloadable)
            take(program, i, read->texts[i]);
        else
            FILCH_LOG(&program->log, FILCH_LOG_WARN, "key changes only at a restart",
                      filch_log_text("key", fl_keys[i].name));
    }
    FILCH_LOG(&program->log, FILCH_LOG_INFO, "configuration reloaded",
              filch_log_int("changed", changed), filch_log_int("unchangeable", refused));
}

void fl_reload(fl_program *program)
{
    fl_configuration read;
    fl_command_line request;
    if (fl_configuration_load(&read, &request, program->argc, program->argv,
                              program->environment)) {
        FILCH_LOG(&program->log, FILCH_LOG_ERROR, "configuration not reloaded",
                  filch_log_text("reason", filch_error()));
    } else {
        apply(program, &read);
        compare(program, &read);
    }
    fl_configuration_end(&read);
}

/* ---- Signals ---- */

/* The watcher: signals, and the connection to the broker. */

#define LOOK (100 * FILCH_MILLISECOND) /* from one look at the connection to the next */

static void stop(fl_program *program, const char *message, const char *cause)
{
    filch_service_stop(program->service, filch_in(program->configuration.drain));
    fl_notify_stopping(&program->notify);
    FILCH_LOG(&program->log, FILCH_LOG_INFO, message, filch_log_text("cause", cause),
              filch_log_float("drain_seconds", (double)program->configuration.drain / 1e9));
}

static void take_signal(fl_program *program, int number)
{
    static const char *const messages[] = {"draining", "cancelling running handlers"};
    if (number == SIGHUP)
        fl_reload(program);
    else if (program->stops < 2)
        stop(program, messages[program->stops++], number == SIGINT ? "SIGINT" : "SIGTERM");
}

static void look_at_connection(fl_program *program)
{
    filch_service_stats stats;
    filch_service_stats_read(program->service, &stats, sizeof stats);
    if (program->stops || !stats.broken)
        return;
    program->disconnected = true;
    program->stops = 1;
    stop(program, "draining", "the broker is away");
}

static void *watch(void *arg)
{
    fl_program *program = arg;
    int number, rc;
    do {
        bool looks = program->configuration.exit_on_disconnect;
        rc = filch_channel_receive_until(program->signals, &number,
                                         looks ? filch_in(LOOK) : FILCH_FOREVER);
        if (!rc)
            take_signal(program, number);
        else if (looks)
            look_at_connection(program);
    } while (rc != -EPIPE);
    return NULL;
}

int fl_watch_begin(fl_program *program)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    int rc =
        filch_signal_channel_start(&program->signals, signals, sizeof signals / sizeof *signals);
    if (rc)
        return rc;
    int error = pthread_create(&program->watcher, NULL, watch, program);
    if (!error)
        return 0;
    filch_signal_channel_stop(program->signals);
    filch_channel_destroy(program->signals);
    return filch_error_set(-error, "no thread for signals: %s; raise the limit of threads",
                           strerror(error));
}

void fl_watch_end(fl_program *program)
{
    filch_signal_channel_stop(program->signals);
    pthread_join(program->watcher, NULL);
    filch_channel_destroy(program->signals);
}
