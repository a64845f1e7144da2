/*
 * A view for each test of a suite: made before it, taken away behind it.
 */
#ifndef COFFER_TESTS_VIEW_FIXTURE_H
#define COFFER_TESTS_VIEW_FIXTURE_H

#include "tests/unit/scratch_view.h"

static struct scratch_view sv;

static inline void setup(void)
{
    memset(&sv, 0, sizeof sv);
    scratch_make(&sv.scratch);
}

static inline void teardown(void)
{
    if (sv.view != NULL)
        view_end(&sv);
    (void)chdir("/");
    scratch_done(&sv.scratch);
}

static inline void begin(void)
{
    ck_assert_int_eq(view_begin(&sv), 0);
}

static inline char *host(const char *name)
{
    return path_of("%s/%s", sv.scratch.host, name);
}

static inline char *upper(const char *name)
{
    return path_of("%s/%s", sv.scratch.upper, name);
}

#endif
