/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/openmp/parse.h>

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *skip(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

bool fl_omp_parse_end(const char *at)
{
    return !*skip(at);
}

bool fl_omp_parse_mark(const char **at, char mark)
{
    const char *here = skip(*at);
    if (*here != mark)
        return false;
    *at = here + 1;
    return true;
}

bool fl_omp_parse_word(const char **at, const fl_omp_word *words, int *value)
{
    const char *here = skip(*at);
    size_t length = 0;
    while (isalnum((unsigned char)here[length]) || here[length] == '_')
        length++;
    for (; words->text; words++)
        if (strlen(words->text) == length && strncasecmp(words->text, here, length) == 0) {
            *at = here + length;
            *value = words->value;
            return true;
        }
    return false;
}

bool fl_omp_parse_natural(const char **at, unsigned long *value)
{
    const char *here = skip(*at);
    char *end;
    if (!isdigit((unsigned char)*here))
        return false;
    errno = 0;
    unsigned long number = strtoul(here, &end, 10);
    if (errno)
        return false;
    *at = end;
    *value = number;
    return true;
}

bool fl_omp_parse_integer(const char **at, long *value)
{
    char *end;
    errno = 0;
    long number = strtol(*at, &end, 10);
    if (errno || end == *at)
        return false;
    *at = end;
    *value = number;
    return true;
}

void fl_omp_complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    flockfile(stderr);
    fputs("\nlibgomp: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(list);
}
