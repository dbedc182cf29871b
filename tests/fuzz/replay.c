/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The corpus of a target as an ordinary test, in builds without libFuzzer: each file, and each file
 * of each folder, that the command line names. No file at all is an error. */
#include <dirent.h>
#include <errno.h>
#include <tests/fuzz/fuzz.h>

static unsigned replayed;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    FUZZ_CHECK(file, "%s: %s", path, strerror(errno));
    FUZZ_CHECK(fseek(file, 0, SEEK_END) == 0, "%s: %s", path, strerror(errno));
    long size = ftell(file);
    rewind(file);
    uint8_t *data = malloc((size_t)size + 1);
    FUZZ_CHECK(data && fread(data, 1, (size_t)size, file) == (size_t)size, "cannot read %s", path);
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    replayed++;
}

static void replay(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        replay_file(path);
        return;
    }
    for (struct dirent *one; (one = readdir(folder));)
        if (one->d_name[0] != '.') {
            char name[4096];
            snprintf(name, sizeof name, "%s/%s", path, one->d_name);
            replay_file(name);
        }
    closedir(folder);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%u inputs replayed\n", replayed);
    return replayed ? 0 : 1;
}
