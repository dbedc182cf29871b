/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * SIGHUP: all sources are read again. A key that has changed and cannot be changed is named in the
 * log; a configuration with an error changes nothing. */
#include <runtime/service/program/serve.h>

#include <runtime/service/program/configuration.h>
#include <runtime/service/program/keep.h>
#include <runtime/service/program/keys.h>

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
