/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The functions of a build without the libraries that they need. */
#include <filch/runtime.h>
#include <filch/service_observe.h>

#include <errno.h>
#include <string.h>

#if !defined(FILCH_HAVE_MICROHTTPD) || !defined(FILCH_HAVE_JANSSON)
int filch_service_http_start(filch_service_http **out, filch_service *service,
                             const filch_service_http_config *config)
{
    (void)out, (void)service, (void)config;
    return filch_error_set(-ENOTSUP, "this build has no HTTP endpoints; build it where "
                                     "libmicrohttpd and jansson are installed (Debian: "
                                     "libmicrohttpd-dev libjansson-dev)");
}

void filch_service_http_stop(filch_service_http *http)
{
    (void)http;
}

unsigned filch_service_http_port(const filch_service_http *http)
{
    (void)http;
    return 0;
}
#endif

#if !defined(FILCH_HAVE_CURL) || !defined(FILCH_HAVE_JANSSON)
int filch_service_otlp_start(filch_service_otlp **out, const filch_service_otlp_config *config)
{
    (void)out, (void)config;
    return filch_error_set(-ENOTSUP, "this build exports no spans; build it where libcurl and "
                                     "jansson are installed (Debian: libcurl4-openssl-dev "
                                     "libjansson-dev)");
}

int filch_service_otlp_stop(filch_service_otlp *otlp, int64_t until)
{
    (void)otlp, (void)until;
    return 0;
}

void filch_service_otlp_sink(filch_span *span, void *otlp)
{
    (void)span, (void)otlp;
}

void filch_service_otlp_stats_read(const filch_service_otlp *otlp, filch_service_otlp_stats *out,
                                   size_t size)
{
    (void)otlp;
    memset(out, 0, size);
}
#endif
