/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/token.h>

#include <filch/timer.h>
#include <filch/wait.h>
#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/url.h>
#include <runtime/service/net/http_client.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 64 << 10 };

struct fl_pubsub_key {
    EVP_PKEY *key;
    char *email, *id, *endpoint;
};

/* ---- Signing ---- */

/* RFC 4648 section 5, without padding. Returns the end. */
static char *put_base64url(char *to, const unsigned char *bytes, size_t size)
{
    size_t length = (size_t)EVP_EncodeBlock((unsigned char *)to, bytes, (int)size);
    for (char *at = to; at < to + length; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    while (length && to[length - 1] == '=')
        length--;
    to[length] = '\0';
    return to + length;
}

static size_t base64_room(size_t size)
{
    return (size + 2) / 3 * 4 + 1;
}

char *fl_pubsub_sign(EVP_PKEY *key, const char *header, const char *payload)
{
    size_t header_size = strlen(header), payload_size = strlen(payload);
    size_t size = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA ? (size_t)EVP_PKEY_get_size(key) : 0;
    char *text =
        malloc(base64_room(header_size) + base64_room(payload_size) + base64_room(size) + 2);
    unsigned char *signature = malloc(size + 1);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = false;
    if (size && text && signature && context) {
        char *at = put_base64url(text, (const unsigned char *)header, header_size);
        *at++ = '.';
        at = put_base64url(at, (const unsigned char *)payload, payload_size);
        done = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) > 0 &&
               EVP_DigestSign(context, signature, &size, (unsigned char *)text,
                              (size_t)(at - text)) > 0;
        *at++ = '.';
        if (done)
            put_base64url(at, signature, size);
    }
    EVP_MD_CTX_free(context);
    free(signature);
    if (!done)
        free(text);
    return done ? text : NULL;
}

char *fl_pubsub_key_assert(const fl_pubsub_key *key, int64_t from, int64_t until)
{
    json_t *header = json_pack("{s:s, s:s, s:s*}", "alg", "RS256", "typ", "JWT", "kid", key->id);
    json_t *claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", key->email, "scope",
                               "https://www.googleapis.com/auth/pubsub", "aud", key->endpoint,
                               "iat", (json_int_t)from, "exp", (json_int_t)until);
    char *first = json_dumps(header, JSON_COMPACT), *second = json_dumps(claims, JSON_COMPACT);
    char *text = first && second ? fl_pubsub_sign(key->key, first, second) : NULL;
    json_decref(header);
    json_decref(claims);
    free(first);
    free(second);
    return text;
}

const char *fl_pubsub_key_endpoint(const fl_pubsub_key *key)
{
    return key->endpoint;
}

/* ---- Reading ---- */

static fl_broker_rc refuse(const fl_broker_host *host, const char *path, const char *why)
{
    return host->explain(host, FL_BROKER_REFUSED,
                         "credentials file %s %s (valid: the JSON key of a service account)", path,
                         why);
}

/* NULL, or why it cannot be read. */
static const char *read_file(const char *path, char text[FILE_MOST], size_t *size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    const char *why = NULL;
    ssize_t got = read(fd, text, FILE_MOST);
    if (fstat(fd, &status) || !S_ISREG(status.st_mode))
        why = "is not a file";
    else if (status.st_mode & (S_IROTH | S_IWOTH))
        why = "can be read or written by others; run chmod o= on it";
    else if (got < 0 || got == FILE_MOST)
        why = "cannot be read, or is too long";
    *size = why ? 0 : (size_t)got;
    close(fd);
    return why;
}

static char *copy_of(const json_t *root, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(root, name));
    text = text ? text : otherwise;
    return text ? strdup(text) : NULL;
}

static fl_pubsub_key *parse(const json_t *root)
{
    fl_pubsub_key *key = calloc(1, sizeof *key);
    const char *pem = json_string_value(json_object_get(root, "private_key"));
    BIO *bio = pem ? BIO_new_mem_buf(pem, -1) : NULL;
    if (key && bio) {
        key->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (char *)"");
        key->email = copy_of(root, "client_email", NULL);
        key->id = copy_of(root, "private_key_id", NULL);
        key->endpoint = copy_of(root, "token_uri", "https://oauth2.googleapis.com/token");
    }
    BIO_free(bio);
    return key;
}

static bool is_complete(const fl_pubsub_key *key)
{
    return key && key->key && key->email && key->endpoint &&
           EVP_PKEY_get_base_id(key->key) == EVP_PKEY_RSA;
}

fl_broker_rc fl_pubsub_key_read(fl_pubsub_key **out, const fl_broker_host *host, const char *path)
{
    char text[FILE_MOST];
    size_t size = 0;
    const char *why = read_file(path, text, &size);
    if (why)
        return refuse(host, path, why);
    json_t *root = json_loadb(text, size, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));
    fl_pubsub_key *key = parse(root);
    explicit_bzero(text, size);
    if (!type || strcmp(type, "service_account") != 0)
        why = "is not of the type service_account";
    else if (!is_complete(key))
        why = "has no client_email, or no private_key that is RSA in PEM";
    else if (!fl_pubsub_is_private(key->endpoint))
        why = "has a token_uri in plain text on another machine";
    json_decref(root);
    if (!why) {
        *out = key;
        return FL_BROKER_OK;
    }
    fl_pubsub_key_free(key);
    return refuse(host, path, why);
}

void fl_pubsub_key_free(fl_pubsub_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key->email);
    free(key->id);
    free(key->endpoint);
    free(key);
}

/* ---- Tokens ---- */

enum {
    ANSWER_MOST = 64 << 10,
    LIFE = 3600, /* s, of the JSON Web Token; the longest that is accepted */
};
static const int64_t FETCH_TIMEOUT = 10 * FILCH_SECOND;
static const int64_t AGAIN = 5 * FILCH_SECOND; /* not sooner, after a refresh that failed */

struct fl_pubsub_token {
    const fl_broker_host *host;
    fl_web *web;
    fl_pubsub_key *key; /* NULL: of the metadata server */
    bool is_needed;
    char *header;                /* NULL: there is no token */
    int64_t expires, refresh_at; /* of host->now */
    fl_web_call *call;           /* the present fetch */
    unsigned left;
    long status; /* of the last fetch that failed */
    char failure[FL_CERTIFICATE_WHY];
};

/* ---- Life ---- */

fl_broker_rc fl_pubsub_token_create(fl_pubsub_token **out, const fl_broker_host *host, fl_web *web,
                                    const char *credentials)
{
    if (!credentials)
        credentials = secure_getenv("GOOGLE_APPLICATION_CREDENTIALS");
    if (!credentials || !*credentials)
        credentials = "metadata";
    fl_pubsub_token *token = calloc(1, sizeof *token);
    if (!token)
        return host->explain(host, FL_BROKER_LOST, "no memory for a connection; free some");
    token->host = host;
    token->web = web;
    token->is_needed = strcmp(credentials, "none") != 0;
    fl_broker_rc rc = FL_BROKER_OK;
    if (token->is_needed && strcmp(credentials, "metadata") != 0)
        rc = fl_pubsub_key_read(&token->key, host, credentials);
    if (rc)
        fl_pubsub_token_destroy(token);
    else
        *out = token;
    return rc;
}

static void wipe(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void fl_pubsub_token_destroy(fl_pubsub_token *token)
{
    if (!token)
        return;
    if (token->call)
        fl_web_cancel(token->call);
    fl_pubsub_key_free(token->key);
    wipe(&token->header);
    free(token);
}

bool fl_pubsub_token_forget(fl_pubsub_token *token)
{
    bool had_one = token->header;
    wipe(&token->header);
    if (had_one)
        token->refresh_at = 0;
    return had_one;
}

/* ---- Fetching ---- */

/* token_type is Bearer, always. */
static bool take(fl_pubsub_token *token, const char *body, size_t size)
{
    json_t *root = json_loadb(body, size, 0, NULL);
    const char *text = json_string_value(json_object_get(root, "access_token"));
    int64_t life = json_integer_value(json_object_get(root, "expires_in")) * FILCH_SECOND;
    bool is_good = text && life > 0 && !strpbrk(text, "\r\n");
    if (is_good) {
        wipe(&token->header);
        if (asprintf(&token->header, "Authorization: Bearer %s", text) < 0)
            token->header = NULL;
        token->expires = token->host->now(token->host) + life;
        token->refresh_at = token->expires - life / 5;
    }
    json_decref(root);
    return is_good;
}

/* The endpoint explains itself as RFC 6749 5.2 says. */
static void note_failure(fl_pubsub_token *token, const fl_web_answer *answer)
{
    json_t *root = json_loadb(answer->body, answer->body_size, 0, NULL);
    const char *error = json_string_value(json_object_get(root, "error"));
    const char *more = json_string_value(json_object_get(root, "error_description"));
    if (answer->failure)
        snprintf(token->failure, sizeof token->failure, "%s", answer->failure);
    else
        snprintf(token->failure, sizeof token->failure, "status %ld%s%.60s%s%.100s", answer->status,
                 error ? ", " : "", error ? error : "", more ? ": " : "", more ? more : "");
    json_decref(root);
    token->status = answer->status;
    token->refresh_at = token->host->now(token->host) + AGAIN;
}

static void on_answer(void *arg, const fl_web_answer *answer)
{
    fl_pubsub_token *token = arg;
    token->call = NULL;
    token->left = 0;
    if (answer->status != 200 || !take(token, answer->body, answer->body_size))
        note_failure(token, answer);
}

/* The body of a request for the exchange of a signed assertion. */
static char *write_assertion(const fl_pubsub_token *token)
{
    static const char grant[] = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    int64_t now = token->host->unix_time(token->host) / FILCH_SECOND;
    char *body = NULL, *assertion = fl_pubsub_key_assert(token->key, now, now + LIFE);
    if (assertion && asprintf(&body, "%s&assertion=%s", grant, assertion) < 0)
        body = NULL;
    wipe(&assertion);
    return body;
}

static bool begin(fl_pubsub_token *token)
{
    static const char *const of_key[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    static const char *const of_machine[] = {"Metadata-Flavor: Google", NULL};
    char url[300];
    fl_web_request request = {.url = url,
                              .headers = token->key ? of_key : of_machine,
                              .timeout = FETCH_TIMEOUT,
                              .answer_most = ANSWER_MOST,
                              .done = on_answer,
                              .arg = token};
    if (token->key) {
        request.url = fl_pubsub_key_endpoint(token->key);
        request.body = write_assertion(token);
        if (!request.body)
            return false;
        request.body_size = strlen(request.body);
        request.is_direct = strncmp(request.url, "http:", 5) == 0;
    } else {
        const char *host = secure_getenv("GCE_METADATA_HOST");
        snprintf(url, sizeof url,
                 "http://%s/computeMetadata/v1/instance/service-accounts/default/token",
                 host && *host ? host : "metadata.google.internal");
        request.is_direct = true;
    }
    token->left = 1;
    token->status = 0;
    token->call = fl_web_begin(token->web, &request);
    return token->call;
}

static fl_broker_rc failed(fl_pubsub_token *token)
{
    const fl_broker_host *host = token->host;
    const char *from = token->key ? fl_pubsub_key_endpoint(token->key) : "the metadata server";
    if (token->status >= 400 && token->status < 500 && token->status != 429)
        return host->explain(host, FL_BROKER_REFUSED,
                             "no access token from %s (%s); check the service account and its key",
                             from, token->failure);
    return host->explain(host, FL_BROKER_LOST,
                         "no access token from %s (%s); set the option credentials of the URL "
                         "or GOOGLE_APPLICATION_CREDENTIALS if it is the wrong place",
                         from, token->failure);
}

fl_broker_rc fl_pubsub_token_header(fl_pubsub_token *token, int64_t timeout, const char **header)
{
    const fl_broker_host *host = token->host;
    int64_t now = host->now(host);
    *header = NULL;
    if (!token->is_needed)
        return FL_BROKER_OK;
    if (token->header && now >= token->expires)
        wipe(&token->header);
    if (now >= token->refresh_at && !token->call && !begin(token))
        return host->explain(host, FL_BROKER_LOST, "no memory for an access token; free some");
    if (!token->header && !fl_web_finish(token->web, &token->left, filch_now() + timeout))
        snprintf(token->failure, sizeof token->failure, "no answer in time");
    if (!token->header)
        return failed(token);
    *header = token->header;
    return FL_BROKER_OK;
}
