/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The report on the resources of a pool that are in use. */
#ifndef FL_RESOURCES_REPORT_H
#define FL_RESOURCES_REPORT_H

#include <runtime/patterns/resources.h>

/* filch_resources_report, with the time given. */
size_t fl_resources_report(filch_resources *pool, int64_t held, int64_t now, char *text,
                           size_t size);

#endif
