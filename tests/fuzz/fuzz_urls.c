/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * URLs of brokers. The first byte chooses where a password stands: nowhere, before the rest, or
 * with the rest as its beginning. It also chooses the scheme of a text that begins with none. For
 * any text the answer is a URL in parts, or FATAL with a sentence without the password. */
#include <tests/fuzz/host.h>
#include <tests/fuzz/urls.h>

#define PASSWORD "hunter2"

#define SCHEME(broker, text) extern const fuzz_broker fuzz_##broker;
#include <fuzz_schemes.h> /* made from the files fuzz_url.c */
#undef SCHEME
#define SCHEME(broker, text) {text, &fuzz_##broker},

static const struct {
    const char *text;
    const fuzz_broker *broker;
} schemes[] = {
#include <fuzz_schemes.h>
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const around[][2] = {{"", ""},
                                            {"//u:" PASSWORD, ""},
                                            {"//u:", PASSWORD "@h"}};
    char *url, *text;
    if (!size)
        return 0;
    unsigned place = data[0] % 3, row = data[0] / 3 % SCHEMES;
    text = strndup((const char *)data + 1, size - 1);
    FUZZ_CHECK(text, "no memory");
    const char *rest = text;
    for (unsigned i = 0; rest == text && i < SCHEMES; i++)
        if (strncmp(text, schemes[i].text, strlen(schemes[i].text)) == 0) {
            row = i;
            rest += strlen(schemes[i].text);
        }
    FUZZ_CHECK(asprintf(&url, "%s%s%s%s", schemes[row].text, around[place][0], rest,
                        around[place][1]) > 0,
               "no memory");
    *host_told = '\0';
    fl_broker_rc rc = schemes[row].broker->parse(&fuzz_host, url);
    FUZZ_CHECK(rc == FL_BROKER_OK || rc == FL_BROKER_FATAL, "%d", rc);
    FUZZ_CHECK((rc == FL_BROKER_OK) == !*host_told, "%d: %s", rc, host_told);
    if (place && !schemes[row].broker->is_path && !strstr(rest, PASSWORD))
        FUZZ_CHECK(!strstr(host_told, PASSWORD), "%s", host_told);
    free(url);
    free(text);
    return 0;
}
