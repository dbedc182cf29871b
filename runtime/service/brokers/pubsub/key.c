/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/pubsub/key.h>

#include <runtime/service/broker.h>
#include <runtime/service/brokers/pubsub/token.h>
#include <runtime/service/brokers/pubsub/url.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
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
        why = "is no file";
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
