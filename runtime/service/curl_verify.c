/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/curl_verify.h>

#include <stdlib.h>

void fl_curl_verify(CURL *curl, const char *authorities)
{
    if (!authorities || !*authorities)
        authorities = secure_getenv("SSL_CERT_FILE"); /* libcurl itself does not look */
    if (authorities && *authorities)
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
