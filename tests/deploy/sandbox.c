/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Usage: sandbox [--calls NAME,...] [--families NUMBER,...] [--no-exec-memory] [--no-namespaces] COMMAND...
 *
 * Runs a command under filters of system calls that do what four lines of a systemd unit do:
 * SystemCallFilter=, RestrictAddressFamilies=, MemoryDenyWriteExecute= and RestrictNamespaces=
 * (systemd.exec(5)). A refused call fails as there. Status 125: the filters cannot be installed. */
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FAILED = 125 };

static void install(scmp_filter_ctx filter)
{
    if (!filter || seccomp_load(filter)) {
        perror("sandbox: seccomp");
        exit(FAILED);
    }
    seccomp_release(filter);
}

static void add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                const struct scmp_arg_cmp *arguments)
{
    int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR)
        return; /* of another kernel */
    int rc = seccomp_rule_add_array(filter, action, call, count, arguments);
    if (rc && rc != -EACCES) { /* it is the default */
        fprintf(stderr, "sandbox: no rule for %s: %s\n", name, strerror(-rc));
        exit(FAILED);
    }
}

/* All others fail. execve starts the command. */
static void allow_calls(char *names)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ","))
        add(filter, SCMP_ACT_ALLOW, name, 0, NULL);
    install(filter);
}

/* Families up to the largest number of the kernel's (AF_MAX). */
static void allow_families(char *numbers)
{
    enum { FAMILIES = 46 };
    bool allowed[FAMILIES] = {false};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    for (char *number = strtok(numbers, ","); number; number = strtok(NULL, ","))
        if (strtoul(number, NULL, 10) < FAMILIES)
            allowed[strtoul(number, NULL, 10)] = true;
    for (unsigned i = 0; i < FAMILIES; i++)
        if (!allowed[i])
            add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 1, &SCMP_A0(SCMP_CMP_EQ, i));
    install(filter);
}

static void deny_exec_memory(void)
{
    const uint64_t both = PROT_WRITE | PROT_EXEC;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    add(filter, SCMP_ACT_ERRNO(EPERM), "mmap", 1, &SCMP_A2(SCMP_CMP_MASKED_EQ, both, both));
    add(filter, SCMP_ACT_ERRNO(EPERM), "mprotect", 1,
        &SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    add(filter, SCMP_ACT_ERRNO(EPERM), "pkey_mprotect", 1,
        &SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
    install(filter);
}

static void deny_namespaces(void)
{
    static const uint64_t kinds[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                     CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL); /* its flags cannot be read */
    add(filter, SCMP_ACT_ERRNO(EPERM), "setns", 0, NULL);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct scmp_arg_cmp kind = SCMP_A0(SCMP_CMP_MASKED_EQ, kinds[i], kinds[i]);
        add(filter, SCMP_ACT_ERRNO(EPERM), "clone", 1, &kind);
        add(filter, SCMP_ACT_ERRNO(EPERM), "unshare", 1, &kind);
    }
    install(filter);
}

int main(int argc, char **argv)
{
    char *calls = NULL;
    int at = 1;
    for (; at < argc && !strncmp(argv[at], "--", 2); at++) {
        if (!strcmp(argv[at], "--calls") && at + 1 < argc)
            calls = argv[++at];
        else if (!strcmp(argv[at], "--families") && at + 1 < argc)
            allow_families(argv[++at]);
        else if (!strcmp(argv[at], "--no-exec-memory"))
            deny_exec_memory();
        else if (!strcmp(argv[at], "--no-namespaces"))
            deny_namespaces();
        else
            return FAILED;
    }
    if (calls)
        allow_calls(calls); /* last: further filters need a call that it may refuse */
    if (at < argc)
        execvp(argv[at], argv + at);
    perror("sandbox: no command");
    return FAILED;
}
