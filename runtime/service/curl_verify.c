/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/curl_verify.h>

#include <runtime/service/socket.h>

#include <stdlib.h>

static int on_socket(void *unused, curl_socket_t fd, curlsocktype purpose)
{
    (void)unused, (void)purpose;
    fl_socket_keep_alive(fd);
    return CURL_SOCKOPT_OK;
}

void fl_curl_verify(CURL *curl, const char *authorities)
{
    if (!authorities || !*authorities)
        authorities = secure_getenv("SSL_CERT_FILE"); /* libcurl itself does not look */
    if (authorities && *authorities)
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
    curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
}

/* The server of the last request; through a proxy, it is asked directly. */
static bool is_distrusted(CURL *curl, const char *authorities, char why[FL_TLS_WHY])
{
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *parts = curl_url();
    bool is_found = false;
    if (parts && !curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &url) &&
        !curl_url_set(parts, CURLUPART_URL, url, 0) &&
        !curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
        !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT)) {
        const fl_tls_peer peer = {.host = host,
                                  .ca = authorities && *authorities
                                            ? authorities
                                            : secure_getenv("SSL_CERT_FILE"),
                                  .ca_option = "SSL_CERT_FILE"};
        is_found = fl_tls_refusal(&peer, port, &(fl_tls_prologue){0}, why);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(parts);
    return is_found;
}

const char *fl_curl_failure(CURL *curl, CURLcode code, const char *authorities,
                            char room[FL_TLS_WHY])
{
    const bool of_tls = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR;
    if (of_tls && is_distrusted(curl, authorities, room))
        return room;
    return curl_easy_strerror(code);
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
