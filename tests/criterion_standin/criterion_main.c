/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The main function of test programs on Criterion itself: Criterion's own command line, and --file NAME, which chooses the tests of
 * NAME.c as the stand-in does. */
#include <criterion/criterion.h>
#include <criterion/internal/ordered-set.h>
#include <criterion_standin/test_file.h>

/* Removes `--file NAME` from the arguments. Returns NAME, or NULL if it is not there. */
static const char *take_file_argument(int *argc, char **argv)
{
    const char *file = NULL;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--file") == 0 && i + 1 < *argc)
            file = argv[++i];
        else
            argv[kept++] = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
    return file;
}

/* Disables the tests of other files. Returns how many are left. */
static int disable_other_files(struct criterion_test_set *set, const char *file)
{
    int left = 0;
    FOREACH_SET(struct criterion_suite_set * suite, set->suites)
    {
        if (!suite->tests)
            continue;
        FOREACH_SET(struct criterion_test * test, suite->tests)
        {
            if (is_test_of_file(test->data->file_, file))
                left++;
            else
                test->data->disabled = true;
        }
    }
    return left;
}

int main(int argc, char **argv)
{
    struct criterion_test_set *set = criterion_initialize();
    const char *file = take_file_argument(&argc, argv);
    int status = 0;
    if (file && !disable_other_files(set, file)) {
        report_no_test(file);
        status = 2;
    } else if (criterion_handle_args(argc, argv, true)) {
        status = !criterion_run_all_tests(set);
    }
    criterion_finalize(set);
    return status;
}
