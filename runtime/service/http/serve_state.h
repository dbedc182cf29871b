/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The state of a service as JSON, for /debug/state. */
#ifndef FL_SERVE_STATE_H
#define FL_SERVE_STATE_H

#include <filch/service.h>
#include <runtime/service/http/serve_watch.h>

/* The text; free it. NULL: no memory. */
char *fl_serve_state_text(filch_service *service, fl_serve_watch *watch);

#endif
