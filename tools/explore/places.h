/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Addresses in the explored program as people name them: function, file and line. Lines come from
 * addr2line of binutils; without it, or without debugging information, functions are named. */
#ifndef EXPLORE_PLACES_H
#define EXPLORE_PLACES_H

#include "symbols.h"

#include <stdio.h>

typedef struct places {
    const char *path; /* of the program */
    char *addr2line;  /* its path, or NULL */
    symbols *symbols; /* or NULL */
} places;

typedef struct place {
    char function[256], file[256]; /* "": unknown */
    unsigned line;                 /* 0: unknown */
} place;

void places_open(places *p, const char *program);
void places_close(places *p);

/* The place of the call that returns to `address`, counted as the program's file does. False: nothing
 * is known about it. */
bool places_find(const places *p, uint64_t address, place *out);
/* "bank.c:42 in withdraw()". */
const char *place_text(const place *at, char *text, size_t size);

/* Writes a text of the program, with the names of the places in it: the library writes them as
 * PROGRAM+0x1234. Each line begins with `before`. */
void places_write(const places *p, const char *text, size_t length, const char *before, FILE *out);

#endif
