/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/curl_verify.h>

#include <runtime/service/socket.h>
#include <runtime/service/url.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *file_of(const char *authorities)
{
    if (!authorities || !*authorities)
        authorities = secure_getenv("SSL_CERT_FILE"); /* libcurl itself does not look */
    return authorities && *authorities ? authorities : NULL;
}

void fl_curl_verify(CURL *curl, const char *authorities)
{
    authorities = file_of(authorities);
    if (authorities)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
}

/* By the name that this version of libcurl has for it. */
void fl_curl_allow_schemes(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static int on_open(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    (void)arg, (void)purpose;
    fl_socket_keep(fd);
    return CURL_SOCKOPT_OK;
}

void fl_curl_keep(CURL *curl)
{
    curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_open);
}

/* ---- Failures ---- */

static bool find_place(CURL *curl, fl_url_place *at)
{
    char where[sizeof *at];
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url);
    bool is_found = parts && url && !curl_url_set(parts, CURLUPART_URL, url, 0) &&
                    !curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
                    !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    if (is_found) {
        snprintf(where, sizeof where, "%s:%s", host, port);
        *at = fl_url_place_of(where, port);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return is_found;
}

/* In OpenSSL's words, if libcurl uses it: behind a proxy we do not look ourselves. */
static const char *verdict_of(CURL *curl, CURLcode code)
{
    enum { UNSPECIFIED = 1, HOSTNAME_MISMATCH = 62 }; /* of X509_V_ERR_ */
    long verdict = 0;
    const char *library = curl_version_info(CURLVERSION_NOW)->ssl_version;
    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (!library || strncmp(library, "OpenSSL", 7) != 0 || code != CURLE_PEER_FAILED_VERIFICATION)
        return curl_easy_strerror(code);
    if (verdict <= UNSPECIFIED) /* the chain is good: libcurl compares names after the handshake */
        verdict = HOSTNAME_MISMATCH;
    return fl_certificate_verdict(verdict);
}

const char *fl_curl_failure(CURL *curl, CURLcode code, const char *authorities, const char *setting,
                            fl_certificate *c)
{
    fl_url_place at;
    long proxied = 0;
    if (code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_SSL_CONNECT_ERROR)
        return curl_easy_strerror(code);
    *c = (fl_certificate){.host = at.host,
                          .port = at.port,
                          .authorities = file_of(authorities),
                          .setting = setting};
    curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &proxied);
    if (!proxied && find_place(curl, &at) && fl_certificate_is_refused(c))
        return c->why;
    return verdict_of(curl, code);
}
