/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests to a shared runtime (runtime/engine/observe/page_requests.h). */
#ifndef TOP_CONTROL_H
#define TOP_CONTROL_H

#include "page.h"

/* Sends "workers 4" or "policy nearest" and waits for the answer. false: the reason is in error. */
bool control_send(const page_reading *reading, const char *request, char error[PAGE_ERROR]);

#endif
