/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Texts of strangers for terminals and JSON. A job's id, headers and body come from any publisher:
 * bytes that a terminal would obey are written as \xNN. Pure functions; any thread. */
#ifndef JOBS_TEXT_H
#define JOBS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the valid UTF-8 character at the start of a text; 0: none is there. */
size_t text_character(const char *text, size_t size);
/* A copy for a terminal: control characters, backslashes and invalid bytes are \xNN; line feeds and
 * tabs too, unless `lines`. The caller frees it. NULL: no memory. */
char *text_visible(const char *text, size_t size, bool lines);
/* The same of a job's reason, whose backslashes stay: the service has escaped the output of programs
 * in it. The caller frees it. NULL: no memory. */
char *text_reason(const char *text);
/* A copy that is valid UTF-8: each invalid byte is U+FFFD. The caller frees it. NULL: no memory. */
char *text_utf8(const char *text);
/* Is all of it valid UTF-8? */
bool text_is_utf8(const char *text, size_t size);
/* Base64 (RFC 4648) with padding. The caller frees it. NULL: no memory. */
char *text_base64(const void *bytes, size_t size);
/* The ending of a noun after a number: "", or "s". */
static inline const char *text_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}
/* A span of time in two units at most: "350 ms", "12 s", "5 m 3 s", "3 d 4 h". Returns `text`. */
const char *text_span(int64_t ns, char *text, size_t size);

#endif
