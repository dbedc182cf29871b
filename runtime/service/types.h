/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The table of handlers, with the defaults of the service filled in. */
#ifndef FL_SERVICE_TYPES_H
#define FL_SERVICE_TYPES_H

#include <filch/service.h>
#include <runtime/service/service.h>

/* 0, or a negative errno; fl_service_types_end undoes also a part of it. */
int fl_service_types_init(filch_service *service, const filch_handler *handlers, size_t count);
void fl_service_types_end(filch_service *service);
/* NULL: there is no handler of this type. */
fl_service_type *fl_service_type_of(const filch_service *service, const char *type);

#endif
