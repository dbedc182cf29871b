/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The handler `hash`: logs the SHA-256 of the body at level debug. A job that computes, for trials
 * and benchmarks. */
#include <runtime/service/handlers/handlers.h>

#include <openssl/evp.h>
#include <stdio.h>

static int hash(filch_self self, filch_service_job *job, void *arg)
{
    const filch_message *message = filch_service_job_message(job);
    const filch_log *log = filch_service_job_log(job);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char text[2 * EVP_MAX_MD_SIZE + 1] = "";
    (void)self, (void)arg;
    if (!EVP_Digest(message->body, message->body_size, digest, &size, EVP_sha256(), NULL))
        return filch_service_job_fail(job, "libcrypto computes no SHA-256");
    for (unsigned i = 0; i < size; i++)
        snprintf(text + 2 * (size_t)i, 3, "%02x", digest[i]);
    if (log)
        FILCH_LOG(log, FILCH_LOG_DEBUG, "hash", filch_log_text("id", message->id),
                  filch_log_text("sha256", text));
    return 0;
}

static int make(filch_handler *handler, const fl_handler_spec *spec)
{
    (void)spec;
    handler->fn = hash;
    handler->thread = true; /* OpenSSL may want more stack than a task has */
    return 0;
}

const fl_handler_kind fl_handler_hash = {.name = "hash", .words = "", .make = make};
