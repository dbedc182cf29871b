/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <runtime/service/program/main.h>

#include <filch/base.h>
#include <filch/process.h>
#include <filch/service_main.h>
#include <filch/wait.h>
#include <runtime/platform/reader_left.h>
#include <runtime/service/broker.h>
#include <runtime/service/modules.h>
#include <runtime/service/program/configuration.h>
#include <runtime/service/program/handler_table.h>
#include <runtime/service/program/keys.h>
#include <runtime/service/program/notify.h>
#include <runtime/service/program/serve.h>
#include <runtime/service/program/show.h>
#include <runtime/service/program/sources.h>
#include <runtime/service/program/values.h>
#include <runtime/service/url.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* A copy, which outlives changes of the environment. Its texts are in one block after it. A setuid program has none. */
static char **copy_environment(void)
{
    size_t count = 0, bytes = 0;
    for (; !getauxval(AT_SECURE) && environ && environ[count]; count++)
        bytes += strlen(environ[count]) + 1;
    char **copy = malloc((count + 1) * sizeof *copy + bytes);
    char *at = copy ? (char *)(copy + count + 1) : NULL;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = at;
        at = stpcpy(at, environ[i]) + 1;
    }
    if (copy)
        copy[count] = NULL;
    return copy;
}

/* A closed standard file would become another one, such as a database, which the log would then
 * write to. */
static void open_standard_files(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDWR); /* takes the lowest number, which is fd */
}

/* No core dump and no debugger of the same user sees secrets. The limit is the children's, too. A
 * reader of the log or a peer that goes away does not end the process. */
static void protect(void)
{
    const struct rlimit none = {0, 0};
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int check(fl_program *program)
{
    int status = fl_serve(program);
    if (status)
        return status;
    fl_show_configuration(stdout, &program->configuration);
    fl_show_handlers(stdout, &program->table, &program->configuration);
    fl_show_periodics(stdout, &program->configuration);
    puts("the configuration is valid");
    return 0;
}

static int configured(fl_program *program, const filch_handler *handlers, size_t count)
{
    int rc = fl_handler_table_init(&program->table, &program->configuration, handlers, count);
    if (rc)
        return fl_complain(program, rc);
    program->table.log = &program->log;
    return program->request.check ? check(program) : fl_serve(program);
}

static int start(fl_program *program, const filch_handler *handlers, size_t count)
{
    int rc = fl_configuration_load(&program->configuration, &program->request, program->argc,
                                   program->argv, program->environment);
    const fl_action *action = program->request.action;
    fl_environment_hide();
    if (rc)
        return fl_complain(program, rc);
    return action ? action->run(program->name, program->request.argument)
                  : configured(program, handlers, count);
}

static const char *name_of(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "service", *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

int filch_service_main(int argc, char **argv, const filch_handler *handlers, size_t count)
{
    return filch_service_main_with(argc, argv, NULL, handlers, count);
}

int filch_service_main_with(int argc, char **argv, const filch_service_defaults *defaults,
                            const filch_handler *handlers, size_t count)
{
    fl_key_defaults_set(defaults);
    fl_program program = {.name = name_of(argc, argv), .argc = argc > 0 ? argc : 1, .argv = argv};
    open_standard_files();
    protect();
    int rc = filch_spawner_start(); /* before secrets are read: it is a copy of this process */
    if (rc)
        return fl_complain(&program, rc);
    program.environment = copy_environment();
    if (!program.environment)
        return fl_complain(&program, filch_error_set(-ENOMEM, "no memory for the environment"));
    rc = fl_notify_begin(&program.notify);
    int status = rc ? fl_complain(&program, rc) : start(&program, handlers, count);
    fl_notify_end(&program.notify);
    fl_handler_table_end(&program.table);
    fl_configuration_end(&program.configuration);
    free(program.environment);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (!fl_reader_left())
        fprintf(stderr, "%s: the text cannot be written; is the disk full?\n", program.name);
    return status ? status : FL_STATUS_CANCELLED;
}

/* ---- Actions ---- */

const char fl_option_config[] = "config", fl_option_once[] = "once",
           fl_option_check[] = "check-config";

static int version(const char *program, const char *argument)
{
    (void)argument;
    printf("%s (Filch %s)\n", program, filch_version());
    return 0;
}

static int sleep_for(const char *program, const char *argument)
{
    static const fl_key key = {.type = FL_KEY_TIME, .most = 86400 * FILCH_SECOND};
    char allowed[160];
    int64_t ns;
    if (fl_value_read(&key, argument, &ns, NULL)) {
        fl_key_allowed(&key, allowed, sizeof allowed);
        fprintf(stderr, "%s: --sleep '%s' is not allowed (%s)\n", program, fl_show(argument).text,
                allowed);
        return 2;
    }
    struct timespec left = {ns / FILCH_SECOND, ns % FILCH_SECOND};
    while (nanosleep(&left, &left) && errno == EINTR)
        ;
    return 0;
}

const fl_action fl_actions[] = {
    {fl_option_config, "FILE", "read the configuration from this JSON file", NULL},
    {fl_option_check, NULL, "print the configuration, and exit: 0 if it is valid, 2 if not", NULL},
    {fl_option_once, NULL, "run the messages that are ready, and exit", NULL},
    {"brokers", "[=markdown]",
     "list the available brokers, or print the tables of docs/service/brokers.md",
     fl_broker_list_run},
    {"sleep", "N", "wait for N seconds, and exit: a preStop hook without a shell", sleep_for},
    {"probe", "URL", "get an http: URL, and exit: 0 if its status is 2xx, else 1", fl_probe_run},
    {"help", "[=markdown]", "print this help, or the tables of docs/service/worker.md",
     fl_help_run},
    {"version", NULL, "print the version", version},
    {0},
};

/* ---- --probe ---- */

/* --probe URL: is a service healthy? For health checks in images without a shell. */

#ifdef FILCH_HAVE_CURL
#include <runtime/service/net/certificate.h>
#include <runtime/service/net/http_client.h>

static size_t discard(char *data, size_t size, size_t count, void *arg)
{
    (void)data, (void)arg;
    return size * count;
}

static CURLcode get(CURL *curl, const char *url, long *status)
{
    enum { PATIENCE = 5 }; /* seconds, as Kubernetes' probes */
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)PATIENCE);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, discard);
    fl_curl_verify(curl, NULL);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    return rc;
}

int fl_probe_run(const char *program, const char *url)
{
    const fl_key key = {.secrecy = FL_KEY_URL};
    fl_shown shown = fl_show_value(&key, url);
    fl_certificate certificate;
    long status = 0;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        fprintf(stderr, "%s: --probe '%s' is not allowed (http:// or https://)\n", program,
                shown.text);
        return 2;
    }
    CURL *curl = curl_easy_init();
    CURLcode rc = curl ? get(curl, url, &status) : CURLE_OUT_OF_MEMORY;
    const char *why =
        rc ? fl_curl_failure(curl, rc, NULL, "SSL_CERT_FILE", &certificate) : "no failure";
    curl_easy_cleanup(curl);
    if (rc)
        fprintf(stderr, "%s: probe of %s failed: %s\n", program, shown.text, why);
    else if (status < 200 || status > 299)
        fprintf(stderr, "%s: probe of %s failed: status %ld (2xx)\n", program, shown.text, status);
    return rc || status < 200 || status > 299;
}
#else
int fl_probe_run(const char *program, const char *url)
{
    (void)url;
    fprintf(stderr,
            "%s: this build has no --probe; build it where libcurl is installed (Debian: "
            "libcurl4-openssl-dev)\n",
            program);
    return 2;
}
#endif

/* ---- --brokers ---- */

/* --brokers: the brokers at hand, as lines or as the tables of docs/service/brokers.md. */

static bool is_built_in(const char *name)
{
    unsigned i = 0;
    while (fl_brokers_built_in[i] && strcmp(fl_brokers_built_in[i]->name, name) != 0)
        i++;
    return fl_brokers_built_in[i];
}

/* Writes the brokers in the program and in modules to out[]; modules that cannot be loaded are reported.
 * Returns how many. */
static unsigned collect(const fl_broker_kind **out, unsigned most)
{
    static fl_module_name names[FL_MODULES_MOST];
    unsigned count = fl_module_names(names, FL_MODULES_MOST), used = 0;
    while (fl_brokers_built_in[used] && used < most) {
        out[used] = fl_brokers_built_in[used];
        used++;
    }
    for (unsigned i = 0; i < count && used < most; i++) {
        if (is_built_in(names[i]))
            continue;
        out[used] = fl_broker_load(names[i]);
        if (out[used])
            used++;
        else
            fprintf(stderr, "%s\n", filch_error());
    }
    return used;
}

static const char *tested(const fl_broker_kind *kind)
{
    return kind->tested ? kind->tested : "unknown";
}

static void list(const fl_broker_kind *const *kinds, unsigned count)
{
    char text[512];
    for (unsigned i = 0; i < count; i++) {
        fl_broker_describe(kinds[i], &kinds[i]->caps, text, sizeof text);
        printf("%s\n    schemes of URLs: %s\n    tested against: %s\n", text, kinds[i]->schemes,
               tested(kinds[i]));
    }
}

/* ---- Tables ---- */

static void print_capabilities(const fl_broker_kind *const *kinds, unsigned count)
{
    fputs("| capability |", stdout);
    for (unsigned i = 0; i < count; i++)
        printf(" %s |", kinds[i]->name);
    fputs("\n|---|", stdout);
    for (unsigned i = 0; i < count; i++)
        fputs("---|", stdout);
    for (unsigned row = 0; fl_broker_feature(row); row++) {
        printf("\n| %s |", fl_broker_feature(row));
        for (unsigned i = 0; i < count; i++)
            printf(" %s |", fl_broker_has(&kinds[i]->caps, row) ? "yes" : "");
    }
    fputs("\n| leases |", stdout);
    for (unsigned i = 0; i < count; i++) {
        char text[40];
        fl_broker_leases(&kinds[i]->caps, text, sizeof text);
        printf(" %s |", text);
    }
    fputs("\n| **tested against** |", stdout);
    for (unsigned i = 0; i < count; i++)
        printf(" %s |", tested(kinds[i]));
    putchar('\n');
}

static void print_options(const fl_broker_kind *kind)
{
    const fl_url_kind *url = kind->url;
    for (unsigned i = 0; url && i < url->count; i++) {
        const fl_url_option *option = &url->options[i];
        printf("| %s | `%s` | ", kind->name, option->name);
        if (option->type == FL_URL_NUMBER)
            printf("%u..%u", option->least, option->most);
        else
            fputs(option->value, stdout);
        printf(" | %s |\n", option->help);
    }
    if (url && *url->others)
        printf("| %s | | | %s |\n", kind->name, url->others + strspn(url->others, "; "));
}

int fl_broker_list_run(const char *program, const char *argument)
{
    const fl_broker_kind *kinds[FL_MODULES_MOST];
    if (argument && strcmp(argument, "markdown") != 0) {
        fprintf(stderr, "%s: invalid value of --brokers: '%s' (valid: markdown, or none)\n",
                program, fl_show(argument).text);
        return 2;
    }
    unsigned count = collect(kinds, FL_MODULES_MOST);
    if (!argument) {
        list(kinds, count);
        return 0;
    }
    print_capabilities(kinds, count);
    puts("\n| broker | option | valid | meaning |\n|---|---|---|---|");
    for (unsigned i = 0; i < count; i++)
        print_options(kinds[i]);
    return 0;
}
