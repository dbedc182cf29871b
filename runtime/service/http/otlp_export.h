/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Requests to a collector. */
#ifndef FL_OTLP_EXPORT_H
#define FL_OTLP_EXPORT_H

#include <runtime/service/net/certificate.h>

#include <stdint.h>

typedef struct fl_post fl_post;

typedef enum fl_post_rc {
    FL_POST_ACCEPTED,
    FL_POST_LATER,  /* a passing reason: repeat it */
    FL_POST_REFUSED /* it will never be accepted */
} fl_post_rc;

typedef struct fl_post_result {
    fl_post_rc rc;
    int64_t after; /* ns that the collector asks to wait; 0: it does not */
    char reason[FL_CERTIFICATE_WHY];
} fl_post_result;

/* Opens a client for one thread. NULL: no memory. */
fl_post *fl_post_open(const char *url, const char *authorization);
void fl_post_close(fl_post *post);
/* Sends a JSON text, for `timeout` ns at most. */
fl_post_result fl_post_send(fl_post *post, const char *text, int64_t timeout);

#endif
