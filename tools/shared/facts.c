/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "facts.h"

#ifdef FILCH_HAVE_JANSSON
#include "machine.h"
#include "settings.h"

#include "build.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

json_t *facts_text(const char *text)
{
    json_t *as_is = json_string(text);
    if (as_is)
        return as_is;
    char *plain = strdup(text);
    for (char *at = plain; at && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    as_is = json_string(plain ? plain : "?");
    free(plain);
    return as_is;
}

/* To be freed; NULL: no memory. */
static char *written(facts_writer *write, const void *what)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    write(what, out);
    fclose(out);
    return text;
}

json_t *facts_written(facts_writer *write, const void *what)
{
    char *text = written(write, what);
    json_t *whole = text ? facts_text(text) : NULL;
    free(text);
    return whole;
}

json_t *facts_lines(facts_writer *write, const void *what)
{
    char *text = written(write, what), *rest = NULL;
    json_t *lines = json_array();
    for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(lines, facts_text(line));
    free(text);
    return lines;
}

static void write_settings(const void *unused, FILE *out)
{
    (void)unused;
    settings_write(out);
}

json_t *facts_machine(const char *runtime)
{
    machine m;
    machine_read(&m);
    return json_pack("{s:s, s:s, s:I, s:I, s:f, s:o, s:o}", "cpu", m.cpu, "kernel", m.kernel,
                     "cpus", (json_int_t)m.cpus, "usable_cpus", (json_int_t)m.usable_cpus,
                     "memory_mib", m.memory_mib, "environment", facts_written(write_settings, NULL),
                     "runtime", facts_text(runtime));
}

json_t *facts_build(void)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "version", BUILD_VERSION, "commit", BUILD_COMMIT,
                     "compiler", COMPILER, "flags", BUILD_FLAGS);
}

json_t *facts_command(int argc, char **argv)
{
    json_t *command = json_array();
    for (int i = 0; i < argc; i++)
        json_array_append_new(command, facts_text(argv[i]));
    return command;
}

int facts_write(json_t *whole, FILE *out)
{
    errno = ENOMEM; /* unless a write fails */
    const bool done = whole && json_dumpf(whole, out, JSON_INDENT(1)) == 0 &&
                      fputc('\n', out) != EOF && fflush(out) == 0;
    const int rc = done ? 0 : -errno;
    json_decref(whole);
    return rc;
}

json_t *facts_now(void)
{
    char now[32];
    time_t seconds = time(NULL);
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
    return json_string(now);
}

#endif
