/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The watcher: signals, and the connection to the broker. */
#include <runtime/service/program/notify.h>
#include <runtime/service/program/serve.h>

#include <filch/signals.h>

#include <errno.h>
#include <signal.h>
#include <string.h>

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
        rc = filch_receive_until(program->signals, &number, looks ? filch_in(LOOK) : FILCH_FOREVER);
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
    int rc = filch_signal_channel(&program->signals, signals, sizeof signals / sizeof *signals);
    if (rc)
        return rc;
    int error = pthread_create(&program->watcher, NULL, watch, program);
    if (!error)
        return 0;
    filch_signal_channel_end(program->signals);
    filch_channel_destroy(program->signals);
    return filch_error_set(-error, "no thread for signals: %s; raise the limit of threads",
                           strerror(error));
}

void fl_watch_end(fl_program *program)
{
    filch_signal_channel_end(program->signals);
    pthread_join(program->watcher, NULL);
    filch_channel_destroy(program->signals);
}
