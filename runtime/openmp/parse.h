/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Parsing of environment variables. Each function skips spaces, and moves *at past the text that it
 * has accepted; it leaves *at alone where it returns false. Case does not matter. */
#ifndef FL_OPENMP_PARSE_H
#define FL_OPENMP_PARSE_H

#include <stdbool.h>

/* A word and its value. A table of them ends with {NULL, 0}. */
typedef struct fl_omp_word {
    const char *text;
    int value;
} fl_omp_word;

/* Is only white space left? */
bool fl_omp_parse_end(const char *at);
bool fl_omp_parse_mark(const char **at, char mark);
/* A word of the table, the whole of it. */
bool fl_omp_parse_word(const char **at, const fl_omp_word *words, int *value);
/* Decimal numbers, without and with a sign. */
bool fl_omp_parse_natural(const char **at, unsigned long *value);
bool fl_omp_parse_integer(const char **at, long *value);

/* Prints "libgomp: ..." to stderr, as users of libgomp know it. */
__attribute__((format(printf, 1, 2))) void fl_omp_complain(const char *format, ...);

#endif
