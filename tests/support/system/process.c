/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <dirent.h>
#include <tests/support/system.h>

static unsigned process_entries(const char *folder)
{
    unsigned count = 0;
    DIR *all = opendir(folder);
    for (struct dirent *one; all && (one = readdir(all));)
        count += one->d_name[0] != '.';
    if (all)
        closedir(all);
    return count;
}

unsigned process_threads(void)
{
    return process_entries("/proc/self/task");
}

bool process_has_thread(const char *name)
{
    bool found = false;
    DIR *all = opendir("/proc/self/task");
    for (struct dirent *one; all && !found && (one = readdir(all));) {
        char path[300], text[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", one->d_name);
        FILE *file = fopen(path, "r");
        if (file && fgets(text, sizeof text, file))
            text[strcspn(text, "\n")] = '\0', found = strcmp(text, name) == 0;
        if (file)
            fclose(file);
    }
    if (all)
        closedir(all);
    return found;
}

void process_wait_for_threads(unsigned count)
{
    WAIT_WHILE(process_threads() > count);
}

unsigned process_files(void)
{
    return process_entries("/proc/self/fd");
}

unsigned process_mappings(void)
{
    unsigned lines = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int c; maps && (c = getc(maps)) != EOF;)
        lines += c == '\n';
    if (maps)
        fclose(maps);
    return lines;
}
