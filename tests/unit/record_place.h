/*
 * A directory of their own for tests that write records: two programs run at the same time, from one directory.
 */
#ifndef COFFER_TESTS_UNIT_RECORD_PLACE_H
#define COFFER_TESTS_UNIT_RECORD_PLACE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD "record"

static char record_place[] = "/tmp/coffer-record-XXXXXX";

/* Makes it the working directory. */
static void record_place_enter(void)
{
    memcpy(record_place + sizeof record_place - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(record_place));
    ck_assert_int_eq(chdir(record_place), 0);
}

/* Removes it, with the record. */
static void record_place_leave(void)
{
    (void)unlink(RECORD);
    ck_assert_int_eq(rmdir(record_place), 0);
}

#endif
