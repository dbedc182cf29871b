/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/certificate.h>

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME = 100, NAMES = 160, NAMES_SHOWN = 3 };

/* ---- Parts ---- */

static void write_day(const ASN1_TIME *time, char text[16])
{
    struct tm day = {0};
    if (!ASN1_TIME_to_tm(time, &day) || !strftime(text, 16, "%Y-%m-%d", &day))
        snprintf(text, 16, "an unknown day");
}

/* Text of the server's: shown without what a terminal might act on. */
static void write_shown(char *to, size_t size, const unsigned char *from, int length)
{
    size_t used = 0;
    for (int i = 0; i < length && used + 1 < size; i++)
        to[used++] = from[i] > ' ' && from[i] < 0x7f ? (char)from[i] : '?';
    to[used] = '\0';
}

/* The last common name of a subject or an issuer. */
static void write_common_name(const X509_NAME *of, char name[NAME])
{
    int at = -1, last = -1;
    while ((at = X509_NAME_get_index_by_NID(of, NID_commonName, at)) >= 0)
        last = at;
    const ASN1_STRING *text =
        last >= 0 ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(of, last)) : NULL;
    snprintf(name, NAME, "without a name");
    if (text)
        write_shown(name, NAME, ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
}

static bool write_alternative(const GENERAL_NAME *of, char name[NAME])
{
    int kind;
    const ASN1_STRING *text = GENERAL_NAME_get0_value(of, &kind);
    const unsigned char *bytes = ASN1_STRING_get0_data(text);
    int length = ASN1_STRING_length(text);
    if (kind == GEN_DNS)
        write_shown(name, NAME, bytes, length);
    else if (kind == GEN_IPADD && (length == 4 || length == 16))
        inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, name, NAME);
    else
        return false;
    return true;
}

/* "a.example, b.example and others" */
static void write_names(const X509 *of, char names[NAMES])
{
    GENERAL_NAMES *list = X509_get_ext_d2i(of, NID_subject_alt_name, NULL, NULL);
    char name[NAME];
    unsigned count = 0;
    size_t used = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(list) && count <= NAMES_SHOWN; i++) {
        if (!write_alternative(sk_GENERAL_NAME_value(list, i), name))
            continue;
        bool fits = count < NAMES_SHOWN && used + strlen(name) + sizeof ",  and others" < NAMES;
        if (!fits)
            count = NAMES_SHOWN;
        used += (size_t)snprintf(names + used, NAMES - used, "%s%s",
                                 !fits   ? " and "
                                 : count ? ", "
                                         : "",
                                 fits ? name : "others");
        count++;
    }
    if (!count) {
        write_common_name(X509_get_subject_name(of), name);
        snprintf(names, NAMES, "%s", name);
    }
    GENERAL_NAMES_free(list);
}

/* ---- Sentences ---- */

/* of: the server's certificate, or that of an authority between; whose: it, in words. */
typedef void sentence(const X509 *of, const char *whose, const fl_tls_peer *peer, char *why);

static void is_expired(const X509 *of, const char *whose, const fl_tls_peer *peer, char *why)
{
    char day[16];
    (void)peer;
    write_day(X509_get0_notAfter(of), day);
    snprintf(why, FL_TLS_WHY, "%s expired on %s; renew it", whose, day);
}

static void is_early(const X509 *of, const char *whose, const fl_tls_peer *peer, char *why)
{
    char day[16];
    (void)peer;
    write_day(X509_get0_notBefore(of), day);
    snprintf(why, FL_TLS_WHY, "%s is not valid before %s; check the clocks", whose, day);
}

static void is_for_another(const X509 *of, const char *whose, const fl_tls_peer *peer, char *why)
{
    char names[NAMES];
    write_names(of, names);
    snprintf(why, FL_TLS_WHY, "%s is for %s, not for %.60s; use a name that it has", whose, names,
             peer->host);
}

static void is_of_unknown(const X509 *of, const char *whose, const fl_tls_peer *peer, char *why)
{
    char name[NAME];
    write_common_name(X509_get_issuer_name(of), name);
    snprintf(why, FL_TLS_WHY,
             "%s is signed by an unknown authority, %s; name the file of its certificate by %s",
             whose, name, peer->ca_option);
}

static const struct {
    int error;
    sentence *write;
} sentences[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, is_expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, is_early},
    {X509_V_ERR_HOSTNAME_MISMATCH, is_for_another},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, is_for_another},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, is_of_unknown},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, is_of_unknown},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, is_of_unknown},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, is_of_unknown},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, is_of_unknown},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, is_of_unknown}, /* another one has that name */
};

void fl_certificate_fault(X509_STORE_CTX *chain, const fl_tls_peer *peer, char why[FL_TLS_WHY])
{
    char name[NAME], whose[NAME + 32] = "the server's certificate";
    const X509 *of = X509_STORE_CTX_get_current_cert(chain);
    int error = X509_STORE_CTX_get_error(chain);
    if (of && X509_STORE_CTX_get_error_depth(chain) > 0) {
        write_common_name(X509_get_subject_name(of), name);
        snprintf(whose, sizeof whose, "the certificate of %s", name);
    }
    for (unsigned i = 0; of && i < sizeof sentences / sizeof *sentences; i++)
        if (sentences[i].error == error) {
            sentences[i].write(of, whose, peer, why);
            return;
        }
    snprintf(why, FL_TLS_WHY, "%s is refused: %s; replace it", whose,
             X509_verify_cert_error_string(error));
}
