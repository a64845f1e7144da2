/*
 * tests/unit/scratch_view.h for a fuzz target: there is no test that a failed assertion could end, so it aborts. What
 * it allocates at the start it does not free: __lsan_disable() and __lsan_enable() stand around that.
 */
#ifndef COFFER_TESTS_FUZZ_VIEW_H
#define COFFER_TESTS_FUZZ_VIEW_H

#include <check.h>
#include <sanitizer/lsan_interface.h>
#include <stdlib.h>

#define FUZZ_ASSERT(condition) ((condition) ? (void)0 : abort())

#undef ck_assert
#undef ck_assert_msg
#undef ck_assert_int_eq
#undef ck_assert_int_ge
#undef ck_assert_int_lt
#undef ck_assert_ptr_nonnull
#define ck_assert(condition)          FUZZ_ASSERT(condition)
#define ck_assert_msg(condition, ...) FUZZ_ASSERT(condition)
#define ck_assert_int_eq(a, b)        FUZZ_ASSERT((a) == (b))
#define ck_assert_int_ge(a, b)        FUZZ_ASSERT((a) >= (b))
#define ck_assert_int_lt(a, b)        FUZZ_ASSERT((a) < (b))
#define ck_assert_ptr_nonnull(a)      FUZZ_ASSERT((a) != NULL)

#include "tests/unit/scratch_view.h"

#endif
