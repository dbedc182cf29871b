/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/keys.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/net/http_client.h>
#include <runtime/service/url.h>

#include <ctype.h>
#include <curl/curl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

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

/* ---- Profiles ---- */

static const struct {
    const char *variable, *path; /* below the home */
    bool has_word;               /* [profile NAME], except for the default */
} files[] = {
    {"AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", false},
    {"AWS_CONFIG_FILE", ".aws/config", true},
};

/* Without blanks at both ends, in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (size_t length = strlen(text); length && isspace((unsigned char)text[length - 1]);)
        text[--length] = '\0';
    return text;
}

/* [NAME] or [profile NAME] */
static bool is_section(char *line, const char *profile, bool has_word)
{
    char *end = strchr(line, ']');
    if (!end)
        return false;
    *end = '\0';
    char *name = trim(line + 1);
    if (has_word && strncmp(name, "profile", 7) == 0 && isspace((unsigned char)name[7]))
        name = trim(name + 7);
    else if (has_word && strcmp(name, "default") != 0)
        return false;
    return strcmp(name, profile) == 0;
}

/* "NAME = VALUE"; a line that begins with blanks belongs to a nested setting. */
static bool is_setting(char *line, const char *setting, char *value, size_t size)
{
    char *at = strchr(line, '=');
    if (!at || isspace((unsigned char)*line))
        return false;
    *at = '\0';
    char *text = trim(at + 1);
    return strcmp(trim(line), setting) == 0 && *text &&
           snprintf(value, size, "%s", text) < (int)size;
}

static bool read_file(const char *path, bool has_word, const char *profile, const char *setting,
                      char *value, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    bool is_here = false, found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && getline(&line, &room, file) >= 0)
        if (*line == '[')
            is_here = is_section(line, profile, has_word);
        else if (is_here && *line != '#' && *line != ';')
            found = is_setting(line, setting, value, size);
    if (line)
        explicit_bzero(line, room);
    free(line);
    if (file)
        fclose(file);
    return found;
}

bool fl_sqs_profile_read(const char *profile, const char *setting, char *value, size_t size)
{
    const char *home = secure_getenv("HOME");
    bool found = false;
    if (!profile)
        profile = secure_getenv("AWS_PROFILE");
    if (!profile || !*profile)
        profile = "default";
    *value = '\0';
    for (unsigned i = 0; i < sizeof files / sizeof *files && !found; i++) {
        char path[PATH_MAX];
        const char *given = secure_getenv(files[i].variable);
        if (given && *given)
            snprintf(path, sizeof path, "%s", given);
        else
            snprintf(path, sizeof path, "%s/%s", home ? home : "", files[i].path);
        found = read_file(path, files[i].has_word, profile, setting, value, size);
    }
    if (!found)
        *value = '\0';
    return found;
}

/* ---- Keys ---- */

enum {
    TEXT = 512,
    TOKEN = 4096, /* of a session */
    URL = 1024,
    ANSWER_MOST = 64 << 10,
    FRESH = 300, /* seconds before the end, from which keys are fetched again */
    PAUSE = 10,  /* seconds between attempts that fail while there are keys */
    NO_KEYS = 1  /* seconds between those that fail without, which are waited for */
};
static const int64_t ANSWER_WITHIN = 2 * FILCH_SECOND;   /* of a metadata endpoint, each step */
static const int64_t IDENTITY_WITHIN = 5 * FILCH_SECOND; /* of a service on the network */

typedef enum source { NONE, FIXED, IDENTITY, CONTAINER, INSTANCE } source;

struct fl_sqs_keys {
    const fl_broker_host *host;
    fl_web *web;
    source source;
    char id[TEXT], secret[TEXT], token[TOKEN];
    time_t expires,
        tried;         /* expires: 0: never. Of the clock on the wall, which servers compare with */
    unsigned fetching; /* requests that run: 0 or 1 */
    fl_web_call *call;
    char base[URL];          /* of the metadata */
    char header[TOKEN + 64]; /* of authorization for it; "" none */
    bool is_refused;         /* the last fetch, forever: a person has to act */
};

/* ---- Sources ---- */

static bool read_environment(fl_sqs_keys *keys)
{
    const char *id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY"),
               *token = variable("AWS_SESSION_TOKEN");
    return id && secret && snprintf(keys->id, TEXT, "%s", id) < TEXT &&
           snprintf(keys->secret, TEXT, "%s", secret) < TEXT &&
           snprintf(keys->token, TOKEN, "%s", token ? token : "") < TOKEN;
}

static bool read_files(fl_sqs_keys *keys, const char *profile)
{
    fl_sqs_profile_read(profile, "aws_session_token", keys->token, TOKEN);
    return fl_sqs_profile_read(profile, "aws_access_key_id", keys->id, TEXT) &&
           fl_sqs_profile_read(profile, "aws_secret_access_key", keys->secret, TEXT);
}

/* Without TLS a token goes only to this machine or to the link-local addresses of AWS's agents. */
static bool is_near(const char *url)
{
    static const char *const agents[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    if (strncmp(url, "https://", 8) == 0)
        return true;
    if (strncmp(url, "http://", 7) != 0)
        return false;
    const char *name = url + 7;
    size_t size = *name == '[' ? strcspn(name, "]") + 1 : strcspn(name, ":/?");
    for (unsigned i = 0; i < sizeof agents / sizeof *agents; i++)
        if (strlen(agents[i]) == size && strncmp(agents[i], name, size) == 0)
            return true;
    return fl_loopback_has(name, size);
}

static bool read_container(fl_sqs_keys *keys)
{
    const char *relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative)
        snprintf(keys->base, URL, "http://169.254.170.2%s", relative);
    else if (full && is_near(full))
        snprintf(keys->base, URL, "%s", full);
    return keys->base[0];
}

static bool read_instance(fl_sqs_keys *keys)
{
    const char *off = variable("AWS_EC2_METADATA_DISABLED"),
               *base = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if (off && strcasecmp(off, "true") == 0)
        return false;
    snprintf(keys->base, URL, "%s", base ? base : "http://169.254.169.254");
    for (size_t length = strlen(keys->base); length && keys->base[length - 1] == '/';)
        keys->base[--length] = '\0';
    return true;
}

/* Over TLS, or to this machine. */
static bool read_identity(fl_sqs_keys *keys, const char *region)
{
    return fl_sqs_identity_is_given() &&
           fl_sqs_identity_endpoint(region, keys->base, sizeof keys->base) && is_near(keys->base);
}

fl_sqs_keys *fl_sqs_keys_create(const fl_broker_host *host, fl_web *web, const char *profile,
                                const char *region)
{
    fl_sqs_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return NULL;
    keys->host = host;
    keys->web = web;
    keys->source = !profile && read_environment(keys)        ? FIXED
                   : !profile && read_identity(keys, region) ? IDENTITY
                   : read_files(keys, profile)               ? FIXED
                   : read_container(keys)                    ? CONTAINER
                   : read_instance(keys)                     ? INSTANCE
                                                             : NONE;
    return keys;
}

void fl_sqs_keys_destroy(fl_sqs_keys *keys)
{
    if (!keys)
        return;
    if (keys->fetching)
        fl_web_cancel(keys->call);
    explicit_bzero(keys, sizeof *keys);
    free(keys);
}

/* ---- Fetching ---- */

static void on_token(void *arg, const fl_web_answer *answer);
static void on_role(void *arg, const fl_web_answer *answer);
static void on_keys(void *arg, const fl_web_answer *answer);
static void on_identity(void *arg, const fl_web_answer *answer);

static void fetch(fl_sqs_keys *keys, const char *method, const char *url, const char *header,
                  void (*done)(void *arg, const fl_web_answer *answer))
{
    const char *const headers[] = {*header ? header : NULL, NULL};
    keys->call = fl_web_begin(keys->web, &(fl_web_request){.method = method,
                                                           .url = url,
                                                           .headers = headers,
                                                           .timeout = ANSWER_WITHIN,
                                                           .answer_most = ANSWER_MOST,
                                                           .is_direct = true,
                                                           .done = done,
                                                           .arg = keys});
    keys->fetching = keys->call != NULL;
}

/* The first line of a file. The agent of a pod writes it, readable for all of the pod, and changes it. */
static bool read_line(const char *path, char *text, int size)
{
    FILE *file = fopen(path, "re");
    bool good = file && fgets(text, size, file);
    if (file)
        fclose(file);
    if (good)
        text[strcspn(text, "\r\n")] = '\0';
    return good;
}

static void read_authorization(fl_sqs_keys *keys)
{
    char text[TOKEN];
    const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
               *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    keys->header[0] = '\0';
    if (path)
        token = read_line(path, text, sizeof text) ? text : NULL;
    if (token)
        snprintf(keys->header, sizeof keys->header, "Authorization: %s", token);
    explicit_bzero(text, sizeof text);
}

static void fetch_identity(fl_sqs_keys *keys)
{
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    char *form = fl_sqs_identity_form();
    if (!form) {
        keys->host->log(keys->host, FILCH_LOG_WARN,
                        "the file of AWS_WEB_IDENTITY_TOKEN_FILE cannot be read");
        return;
    }
    keys->call =
        fl_web_begin(keys->web, &(fl_web_request){.url = keys->base,
                                                  .headers = headers,
                                                  .body = form,
                                                  .body_size = strlen(form),
                                                  .timeout = IDENTITY_WITHIN,
                                                  .answer_most = ANSWER_MOST,
                                                  .is_direct = strncmp(keys->base, "http:", 5) == 0,
                                                  .done = on_identity,
                                                  .arg = keys});
    keys->fetching = keys->call != NULL;
}

static void begin_fetch(fl_sqs_keys *keys)
{
    char url[2 * URL];
    keys->tried = time(NULL);
    if (keys->source == IDENTITY) {
        fetch_identity(keys);
        return;
    }
    if (keys->source == CONTAINER) {
        read_authorization(keys);
        fetch(keys, NULL, keys->base, keys->header, on_keys);
        return;
    }
    snprintf(url, sizeof url, "%s/latest/api/token", keys->base);
    fetch(keys, "PUT", url, "X-aws-ec2-metadata-token-ttl-seconds: 21600", on_token);
}

static void on_token(void *arg, const fl_web_answer *answer)
{
    fl_sqs_keys *keys = arg;
    char url[2 * URL];
    keys->fetching = 0;
    if (answer->status != 200 || strpbrk(answer->body, "\r\n"))
        return;
    snprintf(keys->header, sizeof keys->header, "X-aws-ec2-metadata-token: %s", answer->body);
    snprintf(url, sizeof url, "%s/latest/meta-data/iam/security-credentials/", keys->base);
    fetch(keys, NULL, url, keys->header, on_role);
}

static void on_role(void *arg, const fl_web_answer *answer)
{
    fl_sqs_keys *keys = arg;
    char url[2 * URL];
    size_t length = strcspn(answer->body, "\r\n");
    keys->fetching = 0;
    if (answer->status != 200 || !length || length > TEXT)
        return;
    snprintf(url, sizeof url, "%s/latest/meta-data/iam/security-credentials/%.*s", keys->base,
             (int)length, answer->body);
    fetch(keys, NULL, url, keys->header, on_keys);
}

static bool take_keys(fl_sqs_keys *keys, json_t *root)
{
    const char *id = NULL, *secret = NULL, *token = NULL, *expires = NULL;
    if (json_unpack(root, "{s:s, s:s, s:s, s:s}", "AccessKeyId", &id, "SecretAccessKey", &secret,
                    "Token", &token, "Expiration", &expires))
        return false;
    time_t end = fl_sqs_time(expires);
    if (!end || strlen(id) >= TEXT || strlen(secret) >= TEXT || strlen(token) >= TOKEN)
        return false;
    strcpy(keys->id, id);
    strcpy(keys->secret, secret);
    strcpy(keys->token, token);
    keys->expires = end;
    return true;
}

static void on_keys(void *arg, const fl_web_answer *answer)
{
    fl_sqs_keys *keys = arg;
    keys->fetching = 0;
    json_t *root =
        answer->status == 200 ? json_loadb(answer->body, answer->body_size, 0, NULL) : NULL;
    if (!root || !take_keys(keys, root))
        keys->host->log(keys->host, FILCH_LOG_WARN,
                        "the metadata endpoint returned no access keys; the service tries again");
    json_decref(root);
}

static void on_identity(void *arg, const fl_web_answer *answer)
{
    fl_sqs_keys *keys = arg;
    fl_sqs_identity got = {.expires = 0};
    keys->fetching = 0;
    if (answer->status == 200 && fl_sqs_identity_read(answer->body, &got)) {
        strcpy(keys->id, got.id);
        strcpy(keys->secret, got.secret);
        strcpy(keys->token, got.token);
        keys->expires = got.expires;
        keys->is_refused = false;
    } else {
        keys->is_refused = answer->status >= 400 && answer->status < 500;
        keys->host->log(
            keys->host, FILCH_LOG_WARN,
            "STS returned no access keys for the web identity; the service tries again");
    }
    explicit_bzero(&got, sizeof got);
}

/* ---- Use ---- */

static bool are_valid(const fl_sqs_keys *keys, time_t now)
{
    return keys->source == FIXED || (keys->id[0] && now < keys->expires);
}

static fl_broker_rc refuse(fl_sqs_keys *keys)
{
    const fl_broker_host *host = keys->host;
    if (keys->source == NONE)
        return host->explain(host, FL_BROKER_REFUSED,
                             "no access keys for sqs; set AWS_ACCESS_KEY_ID and "
                             "AWS_SECRET_ACCESS_KEY, or give the profile, the container or the "
                             "instance a role");
    if (keys->source == IDENTITY)
        return host->explain(host, keys->is_refused ? FL_BROKER_REFUSED : FL_BROKER_LOST,
                             "no access keys for sqs from %.200s for the web identity; check "
                             "AWS_ROLE_ARN, its trust policy and AWS_WEB_IDENTITY_TOKEN_FILE",
                             keys->base);
    return host->explain(host, FL_BROKER_LOST,
                         "no access keys for sqs from the metadata of this %s at %.200s; give it a "
                         "role, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                         keys->source == CONTAINER ? "container" : "instance", keys->base);
}

fl_broker_rc fl_sqs_keys_get(fl_sqs_keys *keys, fl_sqs_key *out, int64_t until)
{
    time_t now = time(NULL);
    bool is_remote = keys->source != FIXED && keys->source != NONE, has_some = are_valid(keys, now);
    if (is_remote && !keys->fetching &&
        (has_some ? now + FRESH >= keys->expires && now >= keys->tried + PAUSE
                  : now > keys->tried + NO_KEYS))
        begin_fetch(keys);
    if (is_remote && !has_some)
        fl_web_finish(keys->web, &keys->fetching, until);
    if (!are_valid(keys, time(NULL)))
        return refuse(keys);
    *out = (fl_sqs_key){keys->id, keys->secret, keys->token[0] ? keys->token : NULL};
    return FL_BROKER_OK;
}

void fl_sqs_keys_forget(fl_sqs_keys *keys)
{
    if (keys->source != FIXED)
        keys->expires = 0;
}
