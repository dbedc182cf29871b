/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The runtime of a service program, and the line about it in the log: the number of workers with its
 * reason, and what a container's CPU quota and filter of system calls changed. */
#include <runtime/service/program/serve.h>

#include <filch/runtime.h>

#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 256 };

/* The text of the line `name` of a runtime's description. */
static void find_line(char out[REASON_BYTES], const char *description, const char *name)
{
    size_t length = strlen(name);
    const char *line = description;
    *out = '\0';
    while (line && (strncmp(line, name, length) != 0 || line[length] != ' ')) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return;
    line += length;
    line += strspn(line, " ");
    snprintf(out, REASON_BYTES, "%.*s", (int)strcspn(line, "\n"), line);
}

void fl_workers_tell(const fl_program *program)
{
    char text[4096], sizing[REASON_BYTES], binding[REASON_BYTES], fence[REASON_BYTES];
    filch_runtime_describe(program->runtime, text, sizeof text);
    find_line(sizing, text, "workers");
    find_line(binding, text, "binding");
    find_line(fence, text, "fence");
    FILCH_LOG(&program->log, FILCH_LOG_INFO, "workers started",
              filch_log_int("workers", filch_runtime_workers(program->runtime)),
              filch_log_text("sizing", sizing), filch_log_text("binding", binding),
              filch_log_text("fence", fence));
}

int fl_workers_begin(fl_program *program)
{
    const filch_config config = {.workers = program->configuration.workers};
    return filch_runtime_create(&program->runtime, &config);
}

void fl_workers_end(fl_program *program)
{
    filch_runtime_destroy(program->runtime);
}
