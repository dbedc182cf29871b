/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * --probe URL: is a service healthy? For health checks in images without a shell. */
#include <runtime/service/program/actions.h>

#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <string.h>

#ifdef FILCH_HAVE_CURL
#include <runtime/service/certificate.h>
#include <runtime/service/curl_verify.h>

static size_t discard(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static CURLcode get(CURL *curl, const char *url, long *status)
{
    enum { PATIENCE = 5 }; /* seconds, as Kubernetes' probes */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    fl_curl_verify(curl, NULL);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    return rc;
}

int fl_probe_run(const char *program, const char *url)
{
    const fl_key key = {.secrecy = FL_KEY_URL};
    fl_shown shown = fl_show_value(&key, url);
    fl_certificate certificate;
    long status = 0;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        fprintf(stderr, "%s: --probe '%s' is not allowed (http:// or https://)\n", program,
                shown.text);
        return 2;
    }
    CURL *curl = curl_easy_init();
    CURLcode rc = curl ? get(curl, url, &status) : CURLE_OUT_OF_MEMORY;
    const char *why =
        rc ? fl_curl_failure(curl, rc, NULL, "SSL_CERT_FILE", &certificate) : "no failure";
    curl_easy_cleanup(curl);
    if (rc)
        fprintf(stderr, "%s: probe of %s failed: %s\n", program, shown.text, why);
    else if (status < 200 || status > 299)
        fprintf(stderr, "%s: probe of %s failed: status %ld (2xx)\n", program, shown.text, status);
    return rc || status < 200 || status > 299;
}
#else
int fl_probe_run(const char *program, const char *url)
{
    (void)url;
    fprintf(stderr,
            "%s: this build has no --probe; build it where libcurl is installed (Debian: "
            "libcurl4-openssl-dev)\n",
            program);
    return 2;
}
#endif
