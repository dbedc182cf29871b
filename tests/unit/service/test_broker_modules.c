/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Brokers in modules: the example serves jobs, and modules that cannot be used are refused with a
 * reason. */
#include <runtime/service/modules.h>
#include <sys/stat.h>
#include <tests/service/service.h>
#include <tests/support/system.h>
#include <tests/support/test.h>

static void look_in(const char *folders)
{
    cr_assert_eq(setenv("FILCH_BROKER_PATH", folders, 1), 0);
}

static void refuses(const char *url, const char *why)
{
    cr_assert_null(fl_broker_of(url), "%s", url);
    cr_assert(strstr(filch_error(), why), "'%s' is not in '%s'", why, filch_error());
    cr_assert(filch_error_about(-EINVAL)[0]);
}

/* A copy of the example in the test's folder, under another name. */
static const char *copy_as(const char *name)
{
    static char path[PATH_MAX];
    char line[4 * PATH_MAX];
    snprintf(path, sizeof path, "%s/filch-broker-%s.so", folder_make(), name);
    snprintf(line, sizeof line, "cp '%s/filch-broker-range.so' '%s' && chmod 644 '%s'",
             BROKER_MODULES, path, path);
    cr_assert_eq(system(line), 0);
    look_in(folder_make());
    return path;
}

static int twice(filch_self self, filch_service_job *job, void *arg)
{
    unsigned *runs = arg;
    ++*runs;
    return filch_service_job_message(job)->attempt == 1 ? -EAGAIN : 0;
}

Test(broker_modules, example_serves_jobs_and_retries)
{
    unsigned runs = 0;
    filch_service *service;
    filch_service_stats stats;
    const filch_handler handler = {.type = "echo", .fn = twice, .arg = &runs};
    const filch_retry_policy retry = {.attempts = 2, .base = 1};
    const filch_service_config config = {
        .size = sizeof config, .broker = "range:3", .width = 1, .workers = 1, .retry = &retry};
    look_in(BROKER_MODULES);
    cr_assert_eq(filch_service_create(&service, &config, &handler, 1), 0, "%s", filch_error());
    do {
        cr_assert_eq(filch_service_run_ready(service, NULL), 0, "%s", filch_error());
        filch_service_stats_read(service, &stats, sizeof stats);
    } while (runs < 6);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_DONE], 3);
    cr_assert_eq(stats.outcomes[FILCH_SERVICE_RETRIED], 3);
    OK(filch_service_destroy(service));
}

Test(broker_modules, a_module_is_loaded_once)
{
    look_in(BROKER_MODULES);
    const fl_broker_kind *kind = fl_broker_of("range:3");
    cr_assert(kind, "%s", filch_error());
    cr_assert_str_eq(kind->name, "range");
    cr_assert_eq(fl_broker_of("range:4"), kind);
}

Test(broker_modules, incompatible_module_is_refused)
{
    static const struct {
        const char *url, *why;
    } all[] = {
        {"newer:", "filch-broker-newer.so (ABI 6, valid: 5); rebuild it"},
        {"short:", "filch-broker-short.so (it lacks open, close"},
        {"empty:", "filch-broker-empty.so (it lacks open, close"},
        {"boastful:",
         "filch-broker-boastful.so (capability 'records' without function 'note'); add it"},
        {"silent:", "filch-broker-silent.so (it has no symbol filch_broker_module)"},
        {"loose:", "filch-broker-loose.so (undefined symbol: absent_function)"},
        {"orphan:", "filch-broker-orphan.so (libabsent_client.so: cannot open shared object"},
    };
    look_in(BROKER_MODULES);
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        refuses(all[i].url, all[i].why);
}

Test(broker_modules, module_writable_by_others_is_refused)
{
    const char *path = copy_as("range");
    static const mode_t modes[] = {0664, 0646, 0666};
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(chmod(path, modes[i]), 0);
        refuses("range:1", "filch-broker-range.so (is writable by its group or by others)");
    }
    cr_assert_eq(chmod(path, 0644), 0);
    cr_assert_eq(chmod(folder_make(), 0770), 0);
    refuses("range:1", "(lies in a folder that is writable by its group or by others)");
    cr_assert_eq(chmod(folder_make(), 0700), 0);
    if (!geteuid() && !chown(path, 12345, 0))
        refuses("range:1", "(belongs to neither root nor this user)");
}

Test(broker_modules, relative_path_is_refused)
{
    cr_assert_eq(chdir(BROKER_MODULES), 0);
    look_in(".");
    refuses("range:1", "./filch-broker-range.so (is not an absolute path)");
}

Test(broker_modules, module_serves_only_its_schemes)
{
    copy_as("other");
    refuses("other:1", "the module of broker 'other' has only the schemes 'range'");
}

Test(broker_modules, unknown_scheme_lists_valid_hides_password)
{
    look_in(folder_make());
    refuses("nosuch:secret", "unknown broker 'nosuch' (valid schemes, before a colon: memory");
    cr_assert_null(strstr(filch_error(), "secret"));
    refuses("../range:1", "unknown broker '../range'");
    refuses("nosuch", "unknown broker 'nosuch'");
}

Test(broker_modules, modules_are_listed_once_by_name)
{
    fl_module_name names[FL_MODULES_MOST];
    char folders[2 * PATH_MAX + 4];
    unsigned range = 0;
    snprintf(folders, sizeof folders, "%s::%s", BROKER_MODULES, BROKER_MODULES);
    look_in(folders);
    unsigned count = fl_module_names(names, FL_MODULES_MOST);
    for (unsigned i = 0; i < count; i++)
        range += strcmp(names[i], "range") == 0;
    cr_assert_eq(range, 1);
    for (unsigned i = 1; i < count; i++)
        cr_assert_lt(strcmp(names[i - 1], names[i]), 0);
    cr_assert_eq(fl_module_names(names, 2), 2);
}
