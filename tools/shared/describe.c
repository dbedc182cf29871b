/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * --help=json: the command as data, from which tools/manual makes its manual page and its completions. */
#include "command.h"
#include "facts.h"

#ifdef FILCH_HAVE_JANSSON
static json_t *values(const char *const *choices, command_registry *registry)
{
    json_t *out = json_array();
    names_list list = {.count = 0};
    command_values(choices, registry, &list);
    for (size_t i = 0; i < list.count; i++)
        json_array_append_new(out, json_string(list.at[i]));
    return out;
}

static json_t *option(const command_option *row)
{
    const char letter[] = {row->letter, '\0'};
    return json_pack("{s:s, s:s, s:s?, s:s, s:o}", "name", row->name, "letter", letter, "value",
                     row->value, "help", row->help, "choices", values(row->choices, row->registry));
}

static void write_tables(const void *what, FILE *out)
{
    const command *c = what;
    if (c->write_tables)
        c->write_tables(out);
}

void command_describe(const command *c, const command_option *const *rows, FILE *out)
{
    json_t *options = json_array();
    for (; *rows; rows++)
        if ((*rows)->help)
            json_array_append_new(options, option(*rows));
    json_t *whole =
        json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:s}", "name", c->name, "arguments",
                  c->arguments ? c->arguments : "", "choices", values(c->choices, c->registry),
                  "about", c->about, "options", options, "tables", facts_written(write_tables, c),
                  "ending", c->ending ? c->ending : "");
    json_dumpf(whole, out, JSON_INDENT(1));
    fputc('\n', out);
    json_decref(whole);
}
#else
void command_describe(const command *c, const command_option *const *rows, FILE *out)
{
    (void)rows;
    (void)out;
    command_refuse(c, "--help=json: this program was built without jansson (Debian: "
                      "libjansson-dev)");
}
#endif
