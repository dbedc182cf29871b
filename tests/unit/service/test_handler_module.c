/* SPDX-License-Identifier: MIT OR Apache-2.0
 * test: link -rdynamic (for the module)
 *
 * The handler `module`: the example, and objects that are refused. */
#include <sys/stat.h>
#include <tests/service/handlers.h>

/* A copy of the example in a folder of its own. */
typedef struct place {
    char folder[64], path[80];
} place;

static place place_make(void)
{
    place one;
    char line[512];
    handled_folder(one.folder);
    snprintf(one.path, sizeof one.path, "%s/greet.so", one.folder);
    snprintf(line, sizeof line, "cp '%s' '%s' && chmod 644 '%s'", FILCH_EXAMPLE_MODULE, one.path,
             one.path);
    cr_assert_eq(system(line), 0);
    return one;
}

static void place_remove(const place *one)
{
    unlink(one->path);
    rmdir(one->folder);
}

static void refuses(const char *path, const char *symbol, const char *why)
{
    handled_refuses("module", (const char *const[]){path, symbol, NULL}, why);
}

Test(handler_module, the_example_serves_jobs)
{
    place at = place_make();
    const char *const words[] = {at.path, NULL};
    handled one = {0};
    handled_begin(&one, "module", (fl_handler_spec){.words = words});
    handled_expect(&one, "world", FILCH_SERVICE_DONE, "");
    handled_expect(&one, "", FILCH_SERVICE_DEAD, "job job 2: nobody to greet");
    handled_end(&one);
    place_remove(&at);
}

Test(handler_module, object_writable_by_others_is_refused)
{
    place at = place_make();
    char link[80];
    refuses("greet.so", NULL, "not an absolute path");
    refuses("/nowhere/greet.so", NULL, "not found");
    refuses(at.folder, NULL, "not a regular file");
    snprintf(link, sizeof link, "%s/link", at.folder);
    cr_assert_eq(symlink(at.path, link), 0);
    refuses(link, NULL, "not a regular file");
    static const mode_t modes[] = {0664, 0646, 0666};
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(chmod(at.path, modes[i]), 0);
        refuses(at.path, NULL, "greet.so is writable by");
    }
    cr_assert_eq(chmod(at.path, 0644), 0);
    cr_assert_eq(chmod(at.folder, 0770), 0);
    refuses(at.path, NULL, "is writable by");
    cr_assert_eq(chmod(at.folder, 01707), 0);
    refuses(at.path, NULL, "is writable by");
    cr_assert_eq(chmod(at.folder, 0700), 0);
    if (!geteuid() && !chown(at.path, 12345, 0))
        refuses(at.path, NULL, "belongs to neither root nor this user");
    unlink(link);
    place_remove(&at);
}

Test(handler_module, incompatible_object_is_refused)
{
    place at = place_make();
    handled_refuses("module", NULL, "lacks its file");
    refuses(at.path, "no_such_symbol", "has no symbol 'no_such_symbol'");
    refuses(at.path, "old_handler", "has ABI 0 (valid: 1)");
    refuses(at.path, "short_handler", "'short_handler' has no function");
    refuses(at.path, "empty_handler", "'empty_handler' has no function");
    refuses(at.path, "refusing_handler", "refused by its open");
    char text[80];
    snprintf(text, sizeof text, "%s/text.so", at.folder);
    FILE *file = fopen(text, "w");
    cr_assert(file);
    fputs("no object", file);
    fclose(file);
    cr_assert_eq(chmod(text, 0644), 0);
    refuses(text, NULL, "not loaded");
    unlink(text);
    place_remove(&at);
}
