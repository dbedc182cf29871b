/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * --help=json: the command as data, from which tools/manual makes its manual page and its completions. */
#include "command.h"
#include "facts.h"

#ifdef FILCH_HAVE_JANSSON
static json_t *choices_of(const command_option *row)
{
    json_t *list = json_array();
    for (const char *const *one = row->read == command_choice ? row->choices : NULL; one && *one;
         one++)
        json_array_append_new(list, json_string(*one));
    return list;
}

static json_t *option(const command_option *row)
{
    const char letter[] = {row->letter, '\0'};
    return json_pack("{s:s, s:s, s:s?, s:s, s:o}", "name", row->name, "letter", letter, "value",
                     row->value, "help", row->help, "choices", choices_of(row));
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
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "name", c->name, "arguments",
                  c->arguments ? c->arguments : "", "about", c->about, "options", options, "tables",
                  facts_written(write_tables, c), "ending", c->ending ? c->ending : "");
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
