/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/identity.h>

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 16 << 10 };

static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

bool fl_sqs_identity_is_given(void)
{
    return variable("AWS_ROLE_ARN") && variable("AWS_WEB_IDENTITY_TOKEN_FILE");
}

bool fl_sqs_identity_endpoint(const char *region, char *url, size_t size)
{
    const char *given = variable("AWS_ENDPOINT_URL_STS");
    const char *suffix = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
    int length = given ? snprintf(url, size, "%s", given)
                       : snprintf(url, size, "https://sts.%s.amazonaws.com%s/", region, suffix);
    return length > 0 && (size_t)length < size;
}

/* ---- The request ---- */

/* All of it, without the line's end. */
static bool read_token(char text[FILE_MOST])
{
    FILE *file = fopen(variable("AWS_WEB_IDENTITY_TOKEN_FILE"), "re");
    size_t size = file ? fread(text, 1, FILE_MOST, file) : 0;
    if (file)
        fclose(file);
    if (!size || size == FILE_MOST)
        return false;
    text[size] = '\0';
    text[strcspn(text, "\r\n")] = '\0';
    return true;
}

char *fl_sqs_identity_form(void)
{
    char text[FILE_MOST], *out = NULL;
    const char *session = variable("AWS_ROLE_SESSION_NAME");
    if (!read_token(text))
        return NULL;
    char *token = curl_easy_escape(NULL, text, 0),
         *role = curl_easy_escape(NULL, variable("AWS_ROLE_ARN"), 0),
         *name = curl_easy_escape(NULL, session ? session : "filch", 0);
    if (token && role && name &&
        asprintf(&out,
                 "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s&"
                 "RoleSessionName=%s&WebIdentityToken=%s",
                 role, name, token) < 0)
        out = NULL;
    explicit_bzero(text, sizeof text);
    if (token)
        explicit_bzero(token, strlen(token));
    curl_free(token);
    curl_free(role);
    curl_free(name);
    return out;
}

/* ---- The answer ---- */

/* The text of an element that occurs once. None of those that are read here has markup or escapes. */
static bool read_element(const char *xml, const char *name, char *out, size_t size)
{
    char begin[64], end[64];
    snprintf(begin, sizeof begin, "<%s>", name);
    snprintf(end, sizeof end, "</%s>", name);
    const char *from = strstr(xml, begin), *to = from ? strstr(from, end) : NULL;
    if (!to)
        return false;
    from += strlen(begin);
    size_t length = (size_t)(to - from);
    if (!length || length >= size || memchr(from, '<', length) || memchr(from, '&', length))
        return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

time_t fl_sqs_time(const char *text)
{
    struct tm parts = {0};
    return text && strptime(text, "%Y-%m-%dT%H:%M:%S", &parts) ? timegm(&parts) : 0;
}

bool fl_sqs_identity_read(const char *xml, fl_sqs_identity *out)
{
    char expires[40];
    bool good = read_element(xml, "AccessKeyId", out->id, sizeof out->id) &&
                read_element(xml, "SecretAccessKey", out->secret, sizeof out->secret) &&
                read_element(xml, "SessionToken", out->token, sizeof out->token) &&
                read_element(xml, "Expiration", expires, sizeof expires);
    out->expires = good ? fl_sqs_time(expires) : 0;
    return out->expires > 0;
}
