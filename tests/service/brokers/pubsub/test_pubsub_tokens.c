/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Access tokens of the broker `pubsub://`: the stand-in checks each assertion and each token. */
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <runtime/service/brokers/pubsub/pubsub.h>
#include <sys/stat.h>
#include <tests/service/broker_bench.h>
#include <tests/service/brokers/pubsub/pubsub.h>
#include <tests/service/explained.h>
#include <tests/support/system.h>
#include <tests/support/test.h>
#include <time.h>

#define ISSUER "worker@project.example"

/* ---- The key of RFC 7515, appendix A.2, and its example ---- */

static const char key_d[] =
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXO"
    "oAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51"
    "gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3c"
    "cPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
static const char key_p[] =
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5P"
    "JdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
static const char key_q[] =
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZ"
    "D_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
static const char signed_text[] =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"
    "bS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

static BIGNUM *number_of(const char *base64url)
{
    unsigned char bytes[512];
    char text[512];
    size_t length = strlen(base64url), size = length;
    for (size_t i = 0; i <= length; i++)
        text[i] = base64url[i] == '-' ? '+' : base64url[i] == '_' ? '/' : base64url[i];
    while (size % 4)
        text[size++] = '=';
    int decoded = EVP_DecodeBlock(bytes, (unsigned char *)text, (int)size);
    cr_assert_gt(decoded, 0);
    return BN_bin2bn(bytes, decoded - (int)(size - length), NULL);
}

/* OpenSSL writes only keys that have all eight numbers. */
static EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = NULL;
    BN_CTX *numbers = BN_CTX_new();
    BIGNUM *n = BN_new(), *e = BN_new(), *d = number_of(key_d), *p = number_of(key_p),
           *q = number_of(key_q), *less = BN_new(), *dp = BN_new(), *dq = BN_new(), *qi = BN_new();
    const struct {
        const char *name;
        BIGNUM *value;
    } parts[] = {{OSSL_PKEY_PARAM_RSA_N, n},          {OSSL_PKEY_PARAM_RSA_E, e},
                 {OSSL_PKEY_PARAM_RSA_D, d},          {OSSL_PKEY_PARAM_RSA_FACTOR1, p},
                 {OSSL_PKEY_PARAM_RSA_FACTOR2, q},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, dp},
                 {OSSL_PKEY_PARAM_RSA_EXPONENT2, dq}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qi}};
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    cr_assert(BN_mul(n, p, q, numbers) && BN_set_word(e, 65537) &&
              BN_sub(less, p, BN_value_one()) && BN_mod(dp, d, less, numbers) &&
              BN_sub(less, q, BN_value_one()) && BN_mod(dq, d, less, numbers) &&
              BN_mod_inverse(qi, q, p, numbers));
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_assert(OSSL_PARAM_BLD_push_BN(build, parts[i].name, parts[i].value));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    cr_assert(EVP_PKEY_fromdata_init(context) > 0 &&
              EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) > 0);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++)
        BN_free(parts[i].value);
    BN_free(less);
    BN_CTX_free(numbers);
    return key;
}

Test(pubsub_tokens, signature_matches_rfc_7515_example)
{
    EVP_PKEY *key = make_key();
    char *text = fl_pubsub_sign(
        key, "{\"alg\":\"RS256\"}",
        "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
    cr_assert_str_eq(text, signed_text);
    free(text);
    EVP_PKEY_free(key);
}

/* ---- Files and connections ---- */

static char key_path[256], public_path[256];

static void write_public(const EVP_PKEY *key)
{
    FILE *file = fopen(public_path, "w");
    cr_assert(file && PEM_write_PUBKEY(file, key) && fclose(file) == 0);
}

/* The file that Google Cloud gives out for a service account; its tokens come from this port. */
static void write_account(const EVP_PKEY *key, int port, const char *type)
{
    char *pem, url[64];
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
    long size = BIO_get_mem_data(bio, &pem);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/token", port);
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:s#, s:s}", "type", type, "client_email", ISSUER,
                  "private_key_id", "7", "private_key", pem, (size_t)size, "token_uri", url);
    cr_assert(root && json_dump_file(root, key_path, 0) == 0 && chmod(key_path, 0600) == 0);
    json_decref(root);
    BIO_free(bio);
}

/* A stand-in that knows this issuer, and the file of an account. Returns the URL of the broker. */
static const char *start(const char *issuer)
{
    static char more[300];
    const char *options[] = {"--key", public_path, "--issuer", issuer, NULL};
    EVP_PKEY *key = make_key();
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    filch_u64_store(&test_time, (uint64_t)(now.tv_sec * FILCH_SECOND), FILCH_RELEASE);
    snprintf(key_path, sizeof key_path, "%s/account.json", folder_make());
    snprintf(public_path, sizeof public_path, "%s/public.pem", folder_make());
    write_public(key);
    pubsub_start_with(options);
    write_account(key, pubsub.port, "service_account");
    EVP_PKEY_free(key);
    snprintf(more, sizeof more, "&credentials=%s", key_path);
    return pubsub_url(pubsub.port, more);
}

static fl_broker_rc open_at(const char *url, fl_broker **out)
{
    return try_to_open(&fl_broker_pubsub, url, out);
}

/* The explanation has these words, and no part of a key or an assertion. */
static void is_refused_for(const char *url, fl_broker_rc rc, const char *words)
{
    is_refused(&fl_broker_pubsub, url, rc, words);
    cr_assert_not(strstr(explained, "PRIVATE KEY") || strstr(explained, "eyJ"), "%s", explained);
}

static fl_broker_rc publish_one(fl_broker *broker)
{
    const filch_message message = {.id = "1", .type = "t", .queue = "tasks", .attempt = 1};
    fl_publication item = {.message = &message};
    fl_broker_rc rc = fl_broker_pubsub.publish(broker, &item, 1);
    cr_assert_eq(item.status, rc ? -EAGAIN : 0);
    return rc;
}

/* On both clocks. */
static void pass_both(int64_t seconds)
{
    char order[64];
    pass(seconds * FILCH_SECOND);
    snprintf(order, sizeof order, "pass?ns=%lld", (long long)(seconds * FILCH_SECOND));
    pubsub_control(order);
}

/* ---- Claims ---- */

Test(pubsub_tokens, signed_assertion_yields_shared_token)
{
    fl_broker *broker;
    cr_assert_eq(open_at(start(ISSUER), &broker), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    cr_assert_eq(pubsub_control("tokens"), 1);
    fl_broker_pubsub.close(broker);
}

Test(pubsub_tokens, token_renews_beside_requests_before_expiry)
{
    fl_broker *broker;
    cr_assert_eq(open_at(start(ISSUER), &broker), FL_BROKER_OK);
    pass_both(2800);
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    cr_assert_eq(pubsub_control("tokens"), 1);
    pass_both(100);
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    WAIT_WHILE(fl_broker_pubsub.turn(broker) == FL_BROKER_OK && pubsub_control("tokens") == 1);
    pass_both(1000); /* the first is over */
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    cr_assert_eq(pubsub_control("tokens"), 2);
    fl_broker_pubsub.close(broker);
}

Test(pubsub_tokens, an_expired_token_is_not_sent)
{
    fl_broker *broker;
    cr_assert_eq(open_at(start(ISSUER), &broker), FL_BROKER_OK);
    pass_both(4000);
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    cr_assert_eq(pubsub_control("tokens"), 2);
    fl_broker_pubsub.close(broker);
}

Test(pubsub_tokens, a_refused_token_is_replaced_once)
{
    fl_broker *broker;
    cr_assert_eq(open_at(start(ISSUER), &broker), FL_BROKER_OK);
    pubsub_control("revoke");
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    cr_assert_eq(pubsub_control("tokens"), 2);
    pubsub_control("fail?status=401&count=2");
    cr_assert_eq(publish_one(broker), FL_BROKER_REFUSED);
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    fl_broker_pubsub.close(broker);
}

Test(pubsub_tokens, account_unknown_to_server_is_refused)
{
    is_refused_for(start("other@project.example"), FL_BROKER_REFUSED, "Invalid issuer");
}

Test(pubsub_tokens, machine_gives_tokens_without_key)
{
    char host[64];
    fl_broker *broker;
    start(ISSUER);
    snprintf(host, sizeof host, "127.0.0.1:%d", pubsub.port);
    setenv("GCE_METADATA_HOST", host, 1);
    const char *url = pubsub_url(pubsub.port, "");
    cr_assert_eq(open_at(url, &broker), FL_BROKER_OK, "%s", explained);
    cr_assert_eq(publish_one(broker), FL_BROKER_OK);
    cr_assert_eq(pubsub_control("tokens"), 1);
    fl_broker_pubsub.close(broker);
}

Test(pubsub_tokens, the_environment_names_a_key)
{
    fl_broker *broker;
    start(ISSUER);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", key_path, 1);
    cr_assert_eq(open_at(pubsub_url(pubsub.port, ""), &broker), FL_BROKER_OK, "%s", explained);
    fl_broker_pubsub.close(broker);
}

Test(pubsub_tokens, invalid_or_exposed_keys_are_refused)
{
    const char *url = start(ISSUER);
    EVP_PKEY *key = make_key();
    cr_assert_eq(chmod(key_path, 0644), 0);
    is_refused_for(url, FL_BROKER_REFUSED, "by others");
    write_account(key, pubsub.port, "authorized_user");
    is_refused_for(url, FL_BROKER_REFUSED, "type service_account");
    EVP_PKEY_free(key);
    FILE *file = fopen(key_path, "w");
    cr_assert(file && fputs("{\"type\": \"service_account\", \"private_key\": \"no\"}", file) >= 0);
    fclose(file);
    is_refused_for(url, FL_BROKER_REFUSED, "private_key");
    cr_assert_eq(unlink(key_path), 0);
    is_refused_for(url, FL_BROKER_REFUSED, "No such file");
}

Test(pubsub_tokens, token_never_travels_in_plain_text)
{
    is_refused_for("pubsub://p?endpoint=http://pubsub.example:80", FL_BROKER_FATAL, "plain text");
}

Test(pubsub_tokens, missing_credentials_are_refused_by_server)
{
    start(ISSUER);
    is_refused_for(pubsub_url(pubsub.port, "&credentials=none"), FL_BROKER_REFUSED, "401");
}
