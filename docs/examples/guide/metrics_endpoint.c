/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A pool that shows Prometheus what it does: http://127.0.0.1:PORT/metrics, served by libmicrohttpd.
 * The program looks at the page once itself, and ends. For service authors.
 *
 *   cc metrics_endpoint.c $(pkg-config --cflags --libs filch libmicrohttpd libcurl) -o metrics_endpoint */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <err.h>
#include <errno.h>
#include <filch/filch.h>
#include <filch/metrics.h>
#include <filch/pools.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 40, WIDTH = 4 };

static filch_counter *pixels; /* unknown to the pool */

static int shrink(filch_self self, filch_job *job, void *data)
{
    (void)self, (void)job;
    long image = (long)(intptr_t)data;
    if (image % 10 == 9)
        return -EBADMSG;
    filch_counter_add(pixels, 1000);
    return 0;
}

static int print(const char *text, size_t size, void *page)
{
    return fwrite(text, 1, size, page) == size ? 0 : -ENOMEM;
}

/* On a thread of libmicrohttpd. */
static enum MHD_Result answer(void *metrics, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    (void)method, (void)version, (void)upload, (void)upload_size, (void)request;
    char *text = NULL;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    if (!page)
        return MHD_NO; /* the connection is closed */
    unsigned status = MHD_HTTP_NOT_FOUND;
    if (strcmp(url, "/metrics") == 0)
        status = filch_metrics_write(metrics, print, page) ? MHD_HTTP_INTERNAL_SERVER_ERROR
                                                           : MHD_HTTP_OK;
    struct MHD_Response *response =
        fclose(page) ? NULL : MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(text);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, FILCH_METRICS_TYPE);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* At this computer only, at a port that is free. */
static struct MHD_Daemon *serve(filch_metrics *metrics, unsigned *port)
{
    const struct sockaddr_in here = {.sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *server =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, metrics,
                         MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_END);
    if (!server)
        err(1, "no server");
    *port = MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port;
    return server;
}

static size_t keep(char *text, size_t one, size_t size, void *page)
{
    return fwrite(text, one, size, page);
}

/* Prometheus does this every few seconds. */
static void look(unsigned port)
{
    char url[64], *text = NULL, *rest;
    size_t size = 0;
    FILE *page = open_memstream(&text, &size);
    CURL *client = curl_easy_init();
    if (!page || !client)
        errx(1, "no memory");
    snprintf(url, sizeof url, "http://127.0.0.1:%u/metrics", port);
    curl_easy_setopt(client, CURLOPT_URL, url);
    curl_easy_setopt(client, CURLOPT_PROXY, "");
    curl_easy_setopt(client, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(client, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(client, CURLOPT_WRITEDATA, page);
    CURLcode rc = curl_easy_perform(client);
    if (rc)
        errx(1, "%s: %s", url, curl_easy_strerror(rc));
    curl_easy_cleanup(client);
    if (fclose(page))
        err(1, "%s", url);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (line[0] != '#' && (strstr(line, "_total") || strstr(line, "run_seconds_count")))
            puts(line);
    free(text);
}

int main(void)
{
    filch_pool *pool;
    filch_metrics *metrics;
    unsigned port;
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        errx(1, "no client");
    const filch_pool_config config = {.name = "thumbnails", .width = WIDTH, .timed = true};
    if (filch_pool_create(&pool, &config) || filch_counter_create(&pixels) ||
        filch_metrics_create(&metrics))
        errx(1, "%s", filch_error());
    const filch_metric ours = {.name = "thumbnails_pixels_total",
                               .help = "Pixels of the images that were shrunk.",
                               .kind = FILCH_METRIC_COUNTER,
                               .counter = pixels};
    if (filch_metrics_add_pool(metrics, pool) || filch_metrics_add(metrics, &ours))
        errx(1, "%s", filch_error());
    struct MHD_Daemon *server = serve(metrics, &port);

    for (long i = 0; i < IMAGES; i++)
        if (FILCH_SUBMIT(pool, shrink, (void *)(intptr_t)i))
            errx(1, "%s", filch_error());
    if (filch_pool_wait(pool, FILCH_FOREVER)) /* so that it is the same page each time */
        errx(1, "%s", filch_error());
    look(port);

    MHD_stop_daemon(server); /* nobody reads any more */
    filch_metrics_destroy(metrics);
    filch_counter_destroy(pixels);
    curl_global_cleanup();
    return filch_pool_destroy(pool) ? 1 : 0;
}
