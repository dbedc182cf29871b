/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Shared by the fuzz targets: bytes to decide by, and a check that ends the run. A target is one
 * function, called by libFuzzer, or by replay.c with the files of a corpus. It must do the same for
 * the same bytes, regardless of earlier runs. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition, ...)                                                                 \
    ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))

__attribute__((noreturn, format(printf, 4, 5))) static inline void
fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
{
    __builtin_va_list list;
    __builtin_va_start(list, format);
    fprintf(stderr, "%s:%d: failed: %s: ", file, line, condition);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    __builtin_va_end(list);
    abort();
}

/* The input, read from its start; zeros when it is used up. */
struct bytes {
    const uint8_t *at, *end;
};

static inline uint8_t byte(struct bytes *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static inline unsigned below(struct bytes *in, unsigned n)
{
    return byte(in) % n;
}

static inline uint64_t number(struct bytes *in)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)byte(in) << 8 * i;
    return value;
}

/* A text of the input's: one byte of length, then as many bytes, up to the first NUL. The caller
 * frees it. */
static inline char *text(struct bytes *in)
{
    size_t length = byte(in), left = (size_t)(in->end - in->at);
    if (length > left)
        length = left;
    char *copy = calloc(1, length + 1);
    FUZZ_CHECK(copy, "no memory");
    memcpy(copy, in->at, length);
    in->at += length;
    return copy;
}

#endif
