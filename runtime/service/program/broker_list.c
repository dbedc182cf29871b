/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * --brokers: the brokers at hand, as lines or as the tables of docs/brokers.md. */
#include <runtime/service/broker.h>
#include <runtime/service/brokers.h>
#include <runtime/service/modules.h>
#include <runtime/service/program/actions.h>
#include <runtime/service/program/values.h>
#include <runtime/service/url.h>

#include <filch/wait.h>

#include <stdio.h>
#include <string.h>

static bool is_built_in(const char *name)
{
    unsigned i = 0;
    while (fl_brokers_built_in[i] && strcmp(fl_brokers_built_in[i]->name, name) != 0)
        i++;
    return fl_brokers_built_in[i];
}

/* Writes the brokers in the program and in modules to out[]; modules that cannot be loaded are reported.
 * Returns how many. */
static unsigned collect(const fl_broker_kind **out, unsigned most)
{
    static fl_module_name names[FL_MODULES_MOST];
    unsigned count = fl_module_names(names, FL_MODULES_MOST), used = 0;
    while (fl_brokers_built_in[used] && used < most) {
        out[used] = fl_brokers_built_in[used];
        used++;
    }
    for (unsigned i = 0; i < count && used < most; i++) {
        if (is_built_in(names[i]))
            continue;
        out[used] = fl_broker_load(names[i]);
        if (out[used])
            used++;
        else
            fprintf(stderr, "%s\n", filch_error());
    }
    return used;
}

static const char *tested(const fl_broker_kind *kind)
{
    return kind->tested ? kind->tested : "unknown";
}

static void list(const fl_broker_kind *const *kinds, unsigned count)
{
    char text[512];
    for (unsigned i = 0; i < count; i++) {
        fl_broker_describe(kinds[i], &kinds[i]->caps, text, sizeof text);
        printf("%s\n    schemes of URLs: %s\n    tested against: %s\n", text, kinds[i]->schemes,
               tested(kinds[i]));
    }
}

/* ---- Tables ---- */

static void print_capabilities(const fl_broker_kind *const *kinds, unsigned count)
{
    fputs("| capability |", stdout);
    for (unsigned i = 0; i < count; i++)
        printf(" %s |", kinds[i]->name);
    fputs("\n|---|", stdout);
    for (unsigned i = 0; i < count; i++)
        fputs("---|", stdout);
    for (unsigned row = 0; fl_broker_feature(row); row++) {
        printf("\n| %s |", fl_broker_feature(row));
        for (unsigned i = 0; i < count; i++)
            printf(" %s |", fl_broker_has(&kinds[i]->caps, row) ? "yes" : "");
    }
    fputs("\n| leases |", stdout);
    for (unsigned i = 0; i < count; i++) {
        char text[40];
        fl_broker_leases(&kinds[i]->caps, text, sizeof text);
        printf(" %s |", text);
    }
    fputs("\n| **tested against** |", stdout);
    for (unsigned i = 0; i < count; i++)
        printf(" %s |", tested(kinds[i]));
    putchar('\n');
}

static void print_options(const fl_broker_kind *kind)
{
    const fl_url_kind *url = kind->url;
    for (unsigned i = 0; url && i < url->count; i++) {
        const fl_url_option *option = &url->options[i];
        printf("| %s | `%s` | ", kind->name, option->name);
        if (option->type == FL_URL_NUMBER)
            printf("%u..%u", option->least, option->most);
        else
            fputs(option->value, stdout);
        printf(" | %s |\n", option->help);
    }
    if (url && *url->others)
        printf("| %s | | | %s |\n", kind->name, url->others + strspn(url->others, "; "));
}

int fl_broker_list_run(const char *program, const char *argument)
{
    const fl_broker_kind *kinds[FL_MODULES_MOST];
    if (argument && strcmp(argument, "markdown") != 0) {
        fprintf(stderr, "%s: invalid value of --brokers: '%s' (valid: markdown, or none)\n",
                program, fl_show(argument).text);
        return 2;
    }
    unsigned count = collect(kinds, FL_MODULES_MOST);
    if (!argument) {
        list(kinds, count);
        return 0;
    }
    print_capabilities(kinds, count);
    puts("\n| broker | option | valid | meaning |\n|---|---|---|---|");
    for (unsigned i = 0; i < count; i++)
        print_options(kinds[i]);
    return 0;
}
