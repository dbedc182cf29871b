/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The broker `sqs:` and the stand-in sign requests as AWS publishes it. */
#include <runtime/service/brokers/sqs/sign.h>
#include <string.h>
#include <tests/service/brokers/sqs/sqs.h>
#include <tests/service/brokers/sqs/stand_in/sigv4.h>

/* Of the examples that AWS publishes as "Signature Version 4 test suite": the region us-east-1, the service
 * named "service", 30 August 2015. */
typedef struct example {
    const char *method, *names[4], *values[4], *signature;
    const char *body;
    bool is_known; /* to the client, which only posts */
} example;

static const example examples[] = {
    {"GET",
     {"host", "x-amz-date"},
     {"example.amazonaws.com", "20150830T123600Z"},
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
     "",
     false},
    {"POST",
     {"host", "x-amz-date"},
     {"example.amazonaws.com", "20150830T123600Z"},
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
     "",
     true},
    {"POST",
     {"content-type", "host", "x-amz-date"},
     {"application/x-www-form-urlencoded", "example.amazonaws.com", "20150830T123600Z"},
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
     "Param1=value1",
     true},
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static unsigned count_of_names(const example *one)
{
    unsigned count = 0;
    while (count < 4 && one->names[count])
        count++;
    return count;
}

static const char *header_of(const void *of, const char *name)
{
    const example *one = of;
    for (unsigned i = 0; i < count_of_names(one); i++)
        if (strcmp(one->names[i], name) == 0)
            return one->values[i];
    return NULL;
}

Test(sqs_signatures, stand_in_knows_published_signatures)
{
    for (unsigned i = 0; i < EXAMPLES; i++) {
        const example *one = &examples[i];
        char hex[SIGV4_HEX];
        sigv4_parts parts = {.date = "20150830", .region = "us-east-1", .service = "service"};
        for (unsigned k = 0; k < count_of_names(one); k++) {
            strcat(parts.names, k ? ";" : "");
            strcat(parts.names, one->names[k]);
        }
        const sigv4_request request = {.method = one->method,
                                       .path = "/",
                                       .header = header_of,
                                       .of = one,
                                       .body = one->body,
                                       .body_size = strlen(one->body)};
        cr_assert(sigv4_sign(&request, &parts, SQS_SECRET, hex));
        cr_assert_str_eq(hex, one->signature, "example %u", i);
    }
}

Test(sqs_signatures, the_client_signs_as_published)
{
    for (unsigned i = 0; i < EXAMPLES; i++) {
        const example *one = &examples[i];
        char text[FL_SQS_AUTHORIZATION];
        if (!one->is_known)
            continue;
        const fl_sqs_signed request = {.id = SQS_ID,
                                       .secret = SQS_SECRET,
                                       .region = "us-east-1",
                                       .service = "service",
                                       .date = "20150830T123600Z",
                                       .names = one->names,
                                       .values = one->values,
                                       .count = count_of_names(one),
                                       .body = one->body,
                                       .body_size = strlen(one->body)};
        cr_assert(fl_sqs_sign(&request, text));
        cr_assert_not_null(strstr(text, one->signature), "example %u: %s", i, text);
        cr_assert_not_null(strstr(text, "Credential=AKIDEXAMPLE/20150830/us-east-1/service/"));
    }
}

Test(sqs_signatures, date_has_server_format)
{
    char date[FL_SQS_DATE];
    fl_sqs_date(1440938160, date);
    cr_assert_str_eq(date, "20150830T123600Z");
}
