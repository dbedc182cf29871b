/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Rules of a time zone for the years that its file does not list, "CET-1CEST,M3.5.0,M10.5.0/3", as
 * POSIX has them for TZ, with the times that RFC 8536 adds. */
#ifndef FL_ZONE_RULES_H
#define FL_ZONE_RULES_H

#include <runtime/service/zone.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills in the tail of *out; an empty text has none. false: the text is malformed. */
bool fl_zone_rules_read(const char *text, size_t size, fl_zone *out);
/* As fl_zone_offset, by the tail. */
int32_t fl_zone_rules_offset(const fl_zone *zone, int64_t time, int64_t *until);

#endif
