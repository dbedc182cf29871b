/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Does this process run in a container? In a tree of files that stands for one. */
#include <runtime/service/program/configuration.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tests/support/test.h>
#include <unistd.h>

static char root[128];
static char *const none[] = {NULL};

static void begin(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(root, sizeof root, "%.100s/filch-contained-XXXXXX",
             folder && *folder ? folder : "/tmp");
    cr_assert_not_null(mkdtemp(root));
}

/* Makes the file, and its folders. */
static void put(const char *path, const char *content)
{
    char whole[192];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *at = whole + strlen(root) + 1; (at = strchr(at, '/')); *at++ = '/') {
        *at = '\0';
        mkdir(whole, 0700);
    }
    FILE *file = fopen(whole, "w");
    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
}

static void end(void)
{
    char command[192];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    cr_assert_eq(system(command), 0);
}

Test(contained, bare_system_is_none)
{
    char *const others[] = {(char[]){"KUBERNETES_SERVICE_HOST="}, (char[]){"containers=x"}, NULL};
    begin();
    cr_assert(!fl_is_contained(root, none));
    put("/proc/self/cgroup",
        "1:cpu:/system.slice/docker.service\n0::/user.slice/session-1.scope\n");
    cr_assert(!fl_is_contained(root, others));
    end();
}

Test(contained, variables_of_orchestrators_count)
{
    begin();
    cr_assert(
        fl_is_contained(root, (char *const[]){(char[]){"KUBERNETES_SERVICE_HOST=10.0.0.1"}, NULL}));
    cr_assert(fl_is_contained(root, (char *const[]){(char[]){"container=podman"}, NULL}));
    end();
}

Test(contained, marks_of_engines_count)
{
    static const char *const marks[] = {"/.dockerenv", "/run/.containerenv"};
    for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++) {
        begin();
        put(marks[i], "");
        cr_assert(fl_is_contained(root, none), "%s", marks[i]);
        end();
    }
}

Test(contained, names_of_cgroups_count)
{
    static const char *const lines[] = {
        "0::/system.slice/docker-0a1b.scope\n", "4:memory:/docker/0a1b\n",
        "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a1b.scope\n",
        "9:cpu:/ecs/task/0a1b\n", "0::/machine.slice/libpod-0a1b.scope\n"};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        begin();
        put("/proc/self/cgroup", lines[i]);
        cr_assert(fl_is_contained(root, none), "%s", lines[i]);
        end();
    }
}
