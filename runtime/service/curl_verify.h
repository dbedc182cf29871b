/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * HTTPS as each client of this library speaks it. */
#ifndef FL_CURL_VERIFY_H
#define FL_CURL_VERIFY_H

#include <runtime/service/certificate.h>

#include <curl/curl.h>

/* TLS 1.2 or later, to a server whose certificate has its name, and is signed by an authority in the
 * file. NULL or "": in that of $SSL_CERT_FILE, else the system's. libcurl copies the
 * path. */
void fl_curl_verify(CURL *curl, const char *authorities);
/* http and https, and no others. */
void fl_curl_allow_schemes(CURL *curl);

/* Its connections do not outlive a silent network for long (socket.h). */
void fl_curl_keep(CURL *curl);
/* Why a transfer has failed, such as "Timeout was reached"; of a refused certificate, its fault and remedy.
 * authorities: as given to fl_curl_verify; setting: names them; c: room for the text. */
const char *fl_curl_failure(CURL *curl, CURLcode code, const char *authorities, const char *setting,
                            fl_certificate *c);

#endif
