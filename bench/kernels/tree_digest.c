/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Real input: SHA-256 of every regular file below a directory. Directories and files are tasks;
 * sizes, depths and the time the file system takes are what they are. The answer is one SHA-256
 * over the lines "hash  path\n" in the byte order of the paths, so that it can be compared with
 *
 *   find DIR -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
 *
 * Symbolic links are not followed. Unreadable files are named on stderr, left out of the list, and
 * counted. */
#include "kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HASH_BYTES = 32, CHUNK = 32 << 10 };

typedef struct entry {
    char *path;
    struct folder *folder; /* NULL: a regular file */
    bool unreadable;
    uint8_t hash[HASH_BYTES];
} entry;

typedef struct folder {
    const kernel_run *run;
    entry *entries;
    long count, room;
} folder;

/* Counters of one subtree: joins add them up. */
typedef struct tally {
    uint64_t files, bytes, unreadable, tasks;
} tally;

static tally sum(tally a, tally b)
{
    return (tally){a.files + b.files, a.bytes + b.bytes, a.unreadable + b.unreadable,
                   a.tasks + b.tasks};
}

static tally complain(const kernel_run *run, const char *path, int error)
{
    if (!run->quiet)
        fprintf(stderr, "filch bench: %s: %s; it is left out of the digest\n", path,
                strerror(error));
    return (tally){.unreadable = 1};
}

/* Out of line: its buffer must not count in the stack of every directory above. Returns bytes read
 * or -errno. */
static __attribute__((noinline)) ssize_t hash_descriptor(int fd, uint8_t *hash)
{
    uint8_t chunk[CHUNK];
    ssize_t got, total = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(context);
        return -ENOMEM;
    }
    while ((got = read(fd, chunk, sizeof chunk)) > 0) {
        EVP_DigestUpdate(context, chunk, (size_t)got);
        total += got;
    }
    int error = got < 0 ? errno : 0;
    EVP_DigestFinal_ex(context, hash, NULL);
    EVP_MD_CTX_free(context);
    return error ? -error : total;
}

static tally digest_file(const kernel_run *run, entry *file)
{
    int fd = open(file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? -errno : hash_descriptor(fd, file->hash);
    if (fd >= 0)
        close(fd);
    file->unreadable = bytes < 0;
    return bytes < 0 ? complain(run, file->path, (int)-bytes)
                     : (tally){.files = 1, .bytes = (uint64_t)bytes};
}

/* Is the file of this name of interest? A directory gets its folder. */
static bool classify(entry *e, unsigned char type, const kernel_run *run)
{
    struct stat status;
    if (type == DT_UNKNOWN && lstat(e->path, &status) == 0)
        type = S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_UNKNOWN;
    if (type == DT_DIR) {
        e->folder = calloc(1, sizeof *e->folder);
        if (!e->folder)
            filch_die("tree-digest: out of memory in %s", e->path);
        e->folder->run = run;
    }
    return type == DT_REG || type == DT_DIR;
}

static void add_entry(folder *in, const char *path, const struct dirent *found)
{
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
        return;
    if (in->count == in->room) {
        in->room = in->room ? 2 * in->room : 16;
        in->entries = realloc(in->entries, (size_t)in->room * sizeof *in->entries);
        if (!in->entries)
            filch_die("tree-digest: out of memory in %s", path);
    }
    entry *e = &in->entries[in->count];
    *e = (entry){0};
    const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
    if (asprintf(&e->path, "%s%s%s", path, slash, found->d_name) < 0)
        filch_die("tree-digest: out of memory in %s", path);
    if (classify(e, found->d_type, in->run))
        in->count++;
    else
        free(e->path);
}

static int list_folder(folder *f, const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return errno;
    const struct dirent *found;
    while (errno = 0, (found = readdir(directory)))
        add_entry(f, path, found);
    int error = errno;
    closedir(directory);
    return error;
}

/* The entries first .. first + count - 1, by halves: a folder of any size never holds many unjoined
 * forks. */
TASK(tally, digest_entries, (folder *, in), (long, first), (long, count))
{
    if (count > 1) {
        long half = count / 2;
        FORK(tally, upper, digest_entries, in, first + half, count - half);
        tally lower = CALL(digest_entries, in, first, half);
        JOIN(tally, upper, digest_entries);
        lower.tasks++;
        return sum(lower, upper);
    }
    entry *e = &in->entries[first];
    if (!e->folder)
        return digest_file(in->run, e);
    int error = list_folder(e->folder, e->path);
    tally found = error ? complain(in->run, e->path, error) : (tally){0};
    return e->folder->count ? sum(found, CALL(digest_entries, e->folder, 0, e->folder->count))
                            : found;
}

static void free_folder(folder *f)
{
    for (long i = 0; i < f->count; i++) {
        if (f->entries[i].folder) {
            free_folder(f->entries[i].folder);
            free(f->entries[i].folder);
        }
        free(f->entries[i].path);
    }
    free(f->entries);
}

static const entry **collect(const folder *f, const entry **out)
{
    for (long i = 0; i < f->count; i++) {
        const entry *e = &f->entries[i];
        if (e->folder)
            out = collect(e->folder, out);
        else if (!e->unreadable)
            *out++ = e;
    }
    return out;
}

static int by_path(const void *a, const void *b)
{
    return strcmp((*(const entry *const *)a)->path, (*(const entry *const *)b)->path);
}

static void to_hex(const uint8_t *hash, char *hex)
{
    for (int i = 0; i < HASH_BYTES; i++)
        sprintf(hex + 2 * i, "%02x", hash[i]);
}

/* One line as sha256sum writes it: a name with a backslash or an end of line in it is escaped and
 * the line marked. */
static void digest_line(EVP_MD_CTX *context, const entry *e)
{
    char hex[2 * HASH_BYTES + 1];
    to_hex(e->hash, hex);
    if (strpbrk(e->path, "\\\n\r"))
        EVP_DigestUpdate(context, "\\", 1);
    EVP_DigestUpdate(context, hex, 2 * HASH_BYTES);
    EVP_DigestUpdate(context, "  ", 2);
    for (const char *at = e->path; *at;) {
        size_t plain = strcspn(at, "\\\n\r");
        EVP_DigestUpdate(context, at, plain);
        at += plain;
        if (*at)
            EVP_DigestUpdate(context, *at == '\n' ? "\\n" : *at == '\r' ? "\\r" : "\\\\", 2);
        at += *at != '\0';
    }
    EVP_DigestUpdate(context, "\n", 1);
}

static void digest_list(kernel_run *run, const entry **list, size_t count)
{
    uint8_t hash[HASH_BYTES];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
        filch_die("tree-digest: libcrypto has no SHA-256");
    qsort(list, count, sizeof *list, by_path);
    for (size_t i = 0; i < count; i++)
        digest_line(context, list[i]);
    EVP_DigestFinal_ex(context, hash, NULL);
    EVP_MD_CTX_free(context);
    to_hex(hash, run->text);
    run->answer = 0;
    for (int i = 0; i < 8; i++)
        run->answer = run->answer << 8 | hash[i];
}

static void run_tree_digest(void *place, kernel_run *run)
{
    entry top = {.path = (char *)run->dir};
    folder top_folder = {.run = run}, outer = {.run = run, .entries = &top, .count = 1};
    top.folder = &top_folder;
    tally t = RUN(place, digest_entries, &outer, 0, 1);
    const entry **list = calloc(t.files + 1, sizeof *list);
    if (!list)
        filch_die("tree-digest: out of memory for the list of %llu files",
                  (unsigned long long)t.files);
    digest_list(run, list, (size_t)(collect(&outer, list) - list));
    free(list);
    free_folder(&top_folder);
    run->tasks = t.tasks;
    run->files = t.files;
    run->bytes = t.bytes;
    run->unreadable = t.unreadable;
}

const kernel KERNEL(tree_digest) = {
    .name = "tree-digest",
    .what = "SHA-256 of every file below --dir: irregular, with system calls",
    .source = "equal to what find, sort and sha256sum say",
    .reads_dir = true,
    .sizes = {{0}, {0}, {0}},
    .run = run_tree_digest,
};
