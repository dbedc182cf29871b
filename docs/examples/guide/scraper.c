/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A crawler and the site that it crawls, over real HTTP on the loopback interface. A few pages at a
 * time, and of each host not more than so many a second; none twice; not deeper than so many links.
 * For service authors.
 *
 *   cc -O2 scraper.c $(pkg-config --cflags --libs filch libcurl libmicrohttpd) -o scraper */
#include <curl/curl.h>
#include <errno.h>
#include <filch/filch.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 4, DEEPEST = 5, PAGES = 200, RATE = 400, BURST = 10, LONGEST = 64, TEXT = 1024 };

typedef struct page {
    char url[LONGEST];
    int depth;
    long status; /* HTTP's; 0: no answer */
    char text[TEXT];
    size_t length;
} page;

static page pages[PAGES]; /* all that are known: also the set of those that were visited */
static int known;
static filch_limiters *politeness; /* by host */

/* The site, two hosts: page n of either leads to page 3n + 1 of one, 3n + 2 of the other, and back to
 * n / 2. There are 60 pages. */
static enum MHD_Result serve(void *unused, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    (void)unused, (void)method, (void)version, (void)upload, (void)upload_size, (void)state;
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    const char *port = host ? strchr(host, ':') : NULL;
    int n = atoi(url + 1);
    char text[TEXT] = "no such page";
    if (port && n < 60)
        snprintf(text, sizeof text,
                 "<a href=\"http://127.0.0.1%s/%d\"> <a href=\"http://127.0.0.2%s/%d\"> "
                 "<a href=\"http://127.0.0.1%s/%d\">",
                 port, 3 * n + 1, port, 3 * n + 2, port, n / 2);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc = MHD_queue_response(connection, port && n < 60 ? 200 : 404, response);
    MHD_destroy_response(response);
    return rc;
}

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
    page *p = arg;
    size_t room = sizeof p->text - 1 - p->length,
           length = size * count < room ? size * count : room;
    memcpy(p->text + p->length, bytes, length);
    p->length += length;
    return size * count; /* long text is cut */
}

static void get(void *arg)
{
    page *p = arg;
    CURL *curl = curl_easy_init();
    if (!curl)
        return;
    curl_easy_setopt(curl, CURLOPT_URL, p->url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, p);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 30L);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &p->status);
    curl_easy_cleanup(curl);
}

/* Where it may block, and when its host can bear it. */
static int fetch(filch_self self, filch_job *job, void *arg)
{
    (void)self;
    page *p = arg;
    const char *host = p->url + strlen("http://");
    int rc = filch_limiters_wait(politeness, host, strcspn(host, "/"), 1, filch_job_context(job),
                                 FILCH_FOREVER);
    rc = rc ? rc : filch_blocking(get, p);
    return rc ? rc : p->status ? 0 : -ECONNREFUSED;
}

/* Adds a page unless it is known. One caller: between levels no job is in progress. */
static void add(const char *url, size_t length, int depth)
{
    for (int i = 0; i < known; i++)
        if (strlen(pages[i].url) == length && !strncmp(pages[i].url, url, length))
            return;
    if (known < PAGES && length < LONGEST) {
        pages[known].depth = depth;
        memcpy(pages[known++].url, url, length);
    }
}

static void add_links(const page *p)
{
    for (const char *at = p->text; (at = strstr(at, "href=\""));) {
        at += strlen("href=\"");
        add(at, strcspn(at, "\""), p->depth + 1);
    }
}

/* Level by level: only so is a page's depth that of the shortest way to it. */
static int crawl(filch_pool *pool)
{
    int rc = 0;
    for (int begin = 0, end; begin < known && !rc; begin = end) {
        end = known;
        for (int i = begin; i < end && !rc; i++)
            rc = FILCH_SUBMIT(pool, fetch, &pages[i]);
        rc = rc ? rc : filch_pool_wait(pool, FILCH_FOREVER);
        for (int i = begin; i < end && pages[begin].depth < DEEPEST; i++)
            if (pages[i].status == 200)
                add_links(&pages[i]);
    }
    return rc;
}

int main(void)
{
    filch_pool *pool;
    struct MHD_Daemon *site = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
                                               serve, NULL, MHD_OPTION_END);
    if (!site || curl_global_init(CURL_GLOBAL_DEFAULT) ||
        filch_limiters_create(&politeness, (filch_limit){.rate = RATE, .burst = BURST}, 100,
                              LONGEST) ||
        filch_pool_create(&pool, &(filch_pool_config){.width = WIDTH}))
        return fprintf(stderr, "scraper: %s\n", filch_error()), 1;
    unsigned port = MHD_get_daemon_info(site, MHD_DAEMON_INFO_BIND_PORT)->port;
    char first[LONGEST];
    add(first, (size_t)snprintf(first, sizeof first, "http://127.0.0.1:%u/0", port), 0);
    int64_t begun = filch_now();
    int rc = crawl(pool), by_depth[DEEPEST + 1] = {0}, by_host[2] = {0}, missing = 0;
    int64_t took = filch_now() - begun;
    if (rc)
        fprintf(stderr, "scraper: %s\n", filch_error());
    for (const page *p = pages; p < pages + known; p++) {
        by_depth[p->depth]++;
        by_host[p->url[strlen("http://127.0.0.")] == '2']++;
        missing += p->status != 200;
    }
    for (int depth = 0; depth <= DEEPEST; depth++)
        printf("depth %d: %d\n", depth, by_depth[depth]);
    printf("%d pages of one host, %d of the other, %d missing\n", by_host[0], by_host[1], missing);
    int most = by_host[0] > by_host[1] ? by_host[0] : by_host[1];
    printf("polite: %s\n", took >= (most - BURST) * FILCH_SECOND / RATE ? "yes" : "no");
    filch_pool_destroy(pool);
    filch_limiters_destroy(politeness);
    MHD_stop_daemon(site);
    curl_global_cleanup();
    return rc ? 1 : 0;
}
