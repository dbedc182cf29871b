/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "source.h"

#include <string.h>

static const char *place_in(const char *name)
{
    const char *plus = strrchr(name, '+');
    return plus && strncmp(plus, "+0x", 3) == 0 ? plus : NULL;
}

bool source_has_place(const char *name)
{
    return place_in(name);
}

#ifdef FILCH_HAVE_DW
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct source {
    Dwfl *session;
    Dwfl_Module *program;
    Dwarf_Addr bias; /* libdw's address, less the one in the file */
};

static bool was_changed_later(const char *program, int64_t before)
{
    struct stat is;
    return stat(program, &is) || (int64_t)is.st_mtim.tv_sec > before / INT64_C(1000000000);
}

static bool begin(source *of, const char *program)
{
    static const Dwfl_Callbacks how = {.find_debuginfo = dwfl_standard_find_debuginfo,
                                       .section_address = dwfl_offline_section_address};
    of->session = dwfl_begin(&how);
    if (!of->session)
        return false;
    dwfl_report_begin(of->session);
    of->program = dwfl_report_offline(of->session, program, program, -1);
    dwfl_report_end(of->session, NULL, NULL);
    return of->program && dwfl_module_getelf(of->program, &of->bias);
}

source *source_open(const char *program, int64_t before)
{
    source *of = was_changed_later(program, before) ? NULL : calloc(1, sizeof *of);
    if (of && !begin(of, program)) {
        source_close(of);
        return NULL;
    }
    return of;
}

void source_close(source *of)
{
    if (of && of->session)
        dwfl_end(of->session);
    free(of);
}

bool source_name(source *of, const char *name, char *text, size_t size)
{
    const char *plus = place_in(name);
    char *end = NULL;
    if (!plus)
        return false;
    const Dwarf_Addr place = strtoull(plus + 1, &end, 16);
    Dwfl_Line *line = *end ? NULL : dwfl_module_getsrc(of->program, place + of->bias);
    int number = 0;
    const char *file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
    if (!file)
        return false;
    const char *slash = strrchr(file, '/');
    snprintf(text, size, "%.*s (%s:%d)", (int)(plus - name), name, slash ? slash + 1 : file,
             number);
    return true;
}

#else

source *source_open(const char *program, int64_t before)
{
    (void)program, (void)before;
    return NULL;
}

void source_close(source *of)
{
    (void)of;
}

bool source_name(source *of, const char *name, char *text, size_t size)
{
    (void)of, (void)name, (void)text, (void)size;
    return false;
}
#endif
