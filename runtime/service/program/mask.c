/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Values without their secrets, for every output. A URL loses all that may be a password.
 * That is from the first colon of the user part to the last @, since a password may hold either;
 * and the values of parameters that sound like a secret. */
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>

#include <stdio.h>
#include <string.h>

#define MASK "***"

static const char *const secret_words[] = {"pass", "pwd", "secret", "token", "key", "sig", NULL};

static bool sounds_secret(const char *name, size_t length)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", length < 60 ? (int)length : 60, name);
    for (unsigned i = 0; secret_words[i]; i++)
        if (strcasestr(copy, secret_words[i]))
            return true;
    return length >= 60;
}

/* Behind the user part; the URL if there is no @. The slashes may lack: it is not parsed yet. */
static const char *print_user(FILE *out, const char *url)
{
    const char *at = strrchr(url, '@'), *scheme = strchr(url, ':');
    if (!at)
        return url;
    const char *user = scheme && scheme < at ? scheme + 1 : url;
    user += strspn(user, "/");
    if (user > at)
        return url;
    const char *colon =
        memchr(user, ':', (size_t)(at - user)); /* none: a token, as NATS has them */
    fprintf(out, "%.*s" MASK, (int)((colon ? colon + 1 : user) - url), url);
    return at;
}

static void print_url(FILE *out, const char *url)
{
    const char *rest = print_user(out, url);
    while (*rest) {
        size_t length = strcspn(rest, "?&;");
        const char *equal = memchr(rest, '=', length);
        if (equal && sounds_secret(rest, (size_t)(equal - rest)))
            fprintf(out, "%.*s" MASK, (int)(equal + 1 - rest), rest);
        else
            fwrite(rest, 1, length, out);
        rest += length;
        if (*rest)
            fputc(*rest++, out);
    }
}

void fl_mask(const fl_key *key, const char *text, char *out, size_t size)
{
    *out = '\0';
    if (key->secrecy != FL_KEY_URL) {
        snprintf(out, size, "%s", key->secrecy == FL_KEY_SECRET && *text ? MASK : text);
        return;
    }
    FILE *file = fmemopen(out, size, "w");
    if (!file)
        return;
    print_url(file, text);
    fclose(file);
    out[size - 1] = '\0';
}

fl_shown fl_show(const char *text)
{
    fl_shown shown;
    int length = snprintf(shown.text, sizeof shown.text - 3, "%s", text);
    if (length >= (int)sizeof shown.text - 3)
        strcpy(shown.text + sizeof shown.text - 4, "...");
    for (char *at = shown.text; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return shown;
}

fl_shown fl_show_value(const fl_key *key, const char *text)
{
    char masked[256];
    fl_mask(key, text, masked, sizeof masked);
    return fl_show(masked);
}
