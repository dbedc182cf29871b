/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <tests/service/brokers/sqs/stand_in/sqs_door.h>

#include <tests/service/brokers/sqs/stand_in/sigv4.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SKEW = 15 * 60 }; /* seconds */

/* ---- Signatures ---- */

static const char *header_of(const void *of, const char *name)
{
    return http_header(of, name);
}

/* Is a header among the signed names? */
static bool is_signed(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ';') && (at[length] == ';' || !at[length]))
            return true;
    return false;
}

static bool is_now(const char *date)
{
    struct tm parts = {0};
    if (!date || !strptime(date, "%Y%m%dT%H%M%SZ", &parts))
        return false;
    return llabs((long long)(timegm(&parts) - time(NULL))) <= SKEW;
}

static bool covers(const http_request *request, const char *names)
{
    static const char *const wanted[] = {"host", "x-amz-date", "x-amz-target",
                                         "x-amz-security-token"};
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (http_header(request, wanted[i]) && !is_signed(names, wanted[i]))
            return false;
    return true;
}

const char *sqs_door_check(const sqs_door *door, const http_request *request)
{
    sigv4_parts parts;
    char expected[SIGV4_HEX];
    const char *date = http_header(request, "x-amz-date"),
               *token = http_header(request, "x-amz-security-token");
    const sigv4_request signed_one = {.method = request->method,
                                      .path = request->path,
                                      .header = header_of,
                                      .of = request,
                                      .body = request->body,
                                      .body_size = request->body_size};
    if (!sigv4_parse(http_header(request, "Authorization"), &parts))
        return "MissingAuthenticationToken";
    if (strcmp(parts.id, door->id) != 0 || strcmp(token ? token : "", door->token) != 0)
        return "InvalidClientTokenId";
    if (!is_now(date) || strncmp(date, parts.date, 8) != 0 || strcmp(parts.service, "sqs") != 0 ||
        strcmp(parts.region, "eu-central-1") != 0 || !covers(request, parts.names) ||
        !sigv4_sign(&signed_one, &parts, door->secret, expected) ||
        strcmp(expected, parts.signature) != 0)
        return "SignatureDoesNotMatch";
    return NULL;
}

/* ---- Metadata ---- */

static void answer_text(http_request *request, unsigned status, const char *text)
{
    http_answer(request, status, "text/plain", text, strlen(text));
}

static void answer_keys(sqs_door *door, http_request *request)
{
    char when[32], text[1024];
    time_t end = time(NULL) + door->seconds;
    struct tm parts;
    door->fetched++;
    gmtime_r(&end, &parts);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    snprintf(text, sizeof text,
             "{\"Code\": \"Success\", \"AccessKeyId\": \"%s\", \"SecretAccessKey\": \"%s\", "
             "\"Token\": \"%s\", \"Expiration\": \"%s\"}",
             door->id, door->secret, door->token, when);
    answer_text(request, 200, text);
}

/* AssumeRoleWithWebIdentity, as STS answers. */
static void answer_identity(sqs_door *door, http_request *request)
{
    static const char expected[] = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
                                   "arn%3Aaws%3Aiam%3A%3A1%3Arole%2F"
                                   "worker&RoleSessionName=filch&WebIdentityToken=an%2Fidentity";
    char when[32], text[2048];
    time_t end = time(NULL) + door->seconds;
    struct tm parts;
    if (request->body_size != strlen(expected) ||
        memcmp(request->body, expected, strlen(expected)) != 0) {
        answer_text(request, 403,
                    "<ErrorResponse><Error><Code>AccessDenied</Code></Error>"
                    "</ErrorResponse>");
        return;
    }
    door->fetched++;
    gmtime_r(&end, &parts);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    snprintf(
        text, sizeof text,
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>%s</SessionToken>"
        "<SecretAccessKey>%s</SecretAccessKey><Expiration>%s</Expiration>"
        "<AccessKeyId>%s</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>",
        door->token, door->secret, when, door->id);
    answer_text(request, 200, text);
}

static bool has(const http_request *request, const char *name, const char *value)
{
    const char *header = http_header(request, name);
    return header && strcmp(header, value) == 0;
}

bool sqs_door_answer(sqs_door *door, http_request *request)
{
    static const char roles[] = "/latest/meta-data/iam/security-credentials/";
    bool is_known = has(request, "X-aws-ec2-metadata-token", "session");
    if (strcmp(request->path, "/keys") == 0 && has(request, "Authorization", "agent"))
        answer_keys(door, request);
    else if (strcmp(request->path, "/sts") == 0)
        answer_identity(door, request);
    else if (strcmp(request->path, "/latest/api/token") == 0)
        answer_text(request, strcmp(request->method, "PUT") == 0 ? 200 : 405, "session");
    else if (strcmp(request->path, roles) == 0 && is_known)
        answer_text(request, 200, "worker\n");
    else if (strcmp(request->path, "/latest/meta-data/iam/security-credentials/worker") == 0 &&
             is_known)
        answer_keys(door, request);
    else if (strncmp(request->path, "/latest/", 8) == 0 || strcmp(request->path, "/keys") == 0)
        answer_text(request, 401, "no");
    else
        return false;
    return true;
}
