/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The configuration of a service program. The first byte chooses what the rest is: a file, options
 * or variables, one a line, or a password in a URL. For any content the answer is a configuration
 * within its ranges, or -EINVAL with one line of text; and no password is shown. */
#include <errno.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/values.h>
#include <sys/mman.h>
#include <tests/fuzz/fuzz.h>
#include <unistd.h>

enum { WORDS = 8 };

static void check_ranges(const fl_configuration *read)
{
    FUZZ_CHECK(read->width >= 1 && read->width <= FILCH_SERVICE_WIDTH_MOST, "%u", read->width);
    FUZZ_CHECK(read->queue_count >= 1 && read->queue_count <= FILCH_SERVICE_QUEUES, "%u",
               read->queue_count);
    FUZZ_CHECK(read->lease >= 0 && read->timeout > 0 && read->drain >= 0, "negative times");
    FUZZ_CHECK(read->retry.factor >= 1 && read->retry.cap >= read->retry.base, "%g",
               read->retry.factor);
    FUZZ_CHECK(read->health_port >= FL_PORT_NONE && read->health_port <= 65535, "%d",
               read->health_port);
    for (size_t i = 0; i < read->handler_count; i++)
        FUZZ_CHECK(read->handlers[i].type && *read->handlers[i].type, "handler %zu", i);
}

static void check_message(int rc)
{
    FUZZ_CHECK(rc == -EINVAL, "%d", rc);
    FUZZ_CHECK(strlen(filch_error()) > 8, "'%s'", filch_error());
    FUZZ_CHECK(!strpbrk(filch_error(), "\n\r\033"), "'%s'", filch_error());
}

static void load(int argc, char **argv, char *const *environment)
{
    fl_configuration read;
    fl_command_line line;
    int rc = fl_configuration_load(&read, &line, argc, argv, environment);
    if (rc) {
        check_message(rc);
    } else if (!line.action) {
        fl_handler_table table;
        check_ranges(&read);
        rc = fl_handler_table_init(&table, &read, NULL, 0);
        if (rc)
            check_message(rc);
        fl_handler_table_end(&table);
    }
    fl_configuration_end(&read);
}

/* The input as a file: a memfd, by its name below /proc. */
static void from_file(const char *content, size_t size)
{
    static char program[] = "worker", option[] = "--config";
    char path[64], *none[] = {NULL};
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && write(fd, content, size) == (ssize_t)size, "no memfd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    load(3, (char *[]){program, option, path, NULL}, none);
    close(fd);
}

/* Would it open another file? */
static bool names_file(const char *word)
{
    return strcasestr(word, "config") || strcasestr(word, "file");
}

static void from_lines(char *content, bool variables)
{
    static char program[] = "worker";
    char *words[WORDS + 2] = {program}, *one, *none[] = {NULL};
    int count = 1;
    while ((one = strsep(&content, "\n")) && count <= WORDS)
        if (!names_file(one))
            words[count++] = one;
    words[count] = NULL;
    if (variables)
        load(1, (char *[]){program, NULL}, words + 1);
    else
        load(count, words, none);
}

static void password(const char *content)
{
    char *url, shown[32];
    FUZZ_CHECK(asprintf(&url, "amqp://u:%s@h", content) > 0, "no memory");
    fl_mask(fl_key_of(FL_KEY_OF_SERVICE, "broker", 6), url, shown, sizeof shown);
    FUZZ_CHECK(strcmp(shown, "amqp://u:***@h") == 0, "%s: %s", url, shown);
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    char *content = strndup((const char *)data + 1, size - 1);
    FUZZ_CHECK(content, "no memory");
    switch (data[0] % 4) {
    case 0:
        from_file((const char *)data + 1, size - 1);
        break;
    case 1:
        from_lines(content, false);
        break;
    case 2:
        from_lines(content, true);
        break;
    default:
        password(content);
    }
    free(content);
    return 0;
}
