/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/brokers/sqs/profile.h>

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
