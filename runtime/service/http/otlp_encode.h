/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Spans as an ExportTraceServiceRequest, in the JSON mapping of OTLP: ids in hexadecimal digits,
 * 64-bit integers as texts, enumerations as numbers. */
#ifndef FL_OTLP_ENCODE_H
#define FL_OTLP_ENCODE_H

#include <filch/span.h>

/* The text; free it. NULL: no memory. */
char *fl_otlp_encode(const char *service_name, const filch_span_record *const *spans, size_t count);

#endif
