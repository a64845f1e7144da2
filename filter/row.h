/*
 * How a row of the table is written. For table.c, ia32.c and arguments.c alone.
 *
 * Each macro is one whole row, so that none can forget what an unused field must
 * hold: -1 where there is no argument, an empty list where there is no test.
 */
#ifndef COFFER_FILTER_ROW_H
#define COFFER_FILTER_ROW_H

#include "filter/numbers.h"
#include "filter/table.h"

/* The tests on arguments; arguments.c says what each is for. Each ends at VERDICT_UNKNOWN. */
extern const struct argument_test tests_none[];
extern const struct argument_test tests_address_at_1[];
extern const struct argument_test tests_address_at_4[];
extern const struct argument_test tests_socketcall[];
extern const struct argument_test tests_socket[];
extern const struct argument_test tests_listen[];
extern const struct argument_test tests_setsockopt[];
extern const struct argument_test tests_clone[];
extern const struct argument_test tests_unshare[];
extern const struct argument_test tests_prctl[];
extern const struct argument_test tests_seccomp[];
extern const struct argument_test tests_ioctl[];
extern const struct argument_test tests_process_at_0[];
extern const struct argument_test tests_fcntl[];
extern const struct argument_test tests_setrlimit[];
extern const struct argument_test tests_prlimit64[];
extern const struct argument_test tests_setpriority[];
extern const struct argument_test tests_ioprio_set[];

#define NO_PATH                                                                                                        \
    {                                                                                                                  \
        .dirfd = -1, .path = -1, .flags = -1                                                                           \
    }

/* A path: the arguments that hold dirfd, path and flags (-1: none), the follow rule and the intent. */
#define PATH(dirfd_, path_, flags_, follow_, intent_)                                                                  \
    {                                                                                                                  \
        .dirfd = (dirfd_), .path = (path_), .flags = (flags_), .follow = FOLLOW_##follow_, .intent = INTENT_##intent_  \
    }

/* The paths come last, because they bring commas of their own. */
#define ROW(number_, name_, verdict_, handler_, error_, fd_, tests_, why_, ...)                                        \
    [number_] = {.name = (name_),                                                                                      \
                 .why = (why_),                                                                                        \
                 .verdict = (verdict_),                                                                                \
                 .handler = (handler_),                                                                                \
                 .error = (error_),                                                                                    \
                 .fd = (fd_),                                                                                          \
                 .path = {__VA_ARGS__},                                                                                \
                 .tests = (tests_)}

/* Goes through, always. */
#define PASS(name_, why_)                                                                                              \
    ROW(__NR_##name_, #name_, VERDICT_PASS, HANDLER_NONE, 0, -1, tests_none, why_, NO_PATH, NO_PATH)

/* Goes through unless a test refuses it. */
#define PASS_UNLESS(name_, tests_, why_)                                                                               \
    ROW(__NR_##name_, #name_, VERDICT_PASS, HANDLER_NONE, 0, -1, tests_, why_, NO_PATH, NO_PATH)

/* Is refused with an errno, always. */
#define FAIL(name_, error_, why_)                                                                                      \
    ROW(__NR_##name_, #name_, VERDICT_FAIL, HANDLER_NONE, error_, -1, tests_none, why_, NO_PATH, NO_PATH)

/* The same, and the user is told the reason: a program's own message does not say that it is the view's doing. */
#define TELL(name_, error_, why_)                                                                                      \
    ROW(__NR_##name_, #name_, VERDICT_TELL, HANDLER_NONE, error_, -1, tests_none, why_, NO_PATH, NO_PATH)

/* Stops; no path, no descriptor to act on. */
#define STOP(name_, handler_)                                                                                          \
    ROW(__NR_##name_, #name_, VERDICT_STOP, HANDLER_##handler_, 0, -1, tests_none, NULL, NO_PATH, NO_PATH)

/* Stops; one argument is the descriptor to act on. */
#define STOP_FD(name_, handler_, fd_)                                                                                  \
    ROW(__NR_##name_, #name_, VERDICT_STOP, HANDLER_##handler_, 0, fd_, tests_none, NULL, NO_PATH, NO_PATH)

/* Stops; one path or two. */
#define STOP_PATH(name_, handler_, ...)                                                                                \
    ROW(__NR_##name_, #name_, VERDICT_STOP, HANDLER_##handler_, 0, -1, tests_none, NULL, __VA_ARGS__, NO_PATH)
#define STOP_PATHS(name_, handler_, ...)                                                                               \
    ROW(__NR_##name_, #name_, VERDICT_STOP, HANDLER_##handler_, 0, -1, tests_none, NULL, __VA_ARGS__)

/* Goes through unless a test stops (or refuses) it. */
#define STOP_WHEN(name_, handler_, fd_, tests_, why_)                                                                  \
    ROW(__NR_##name_, #name_, VERDICT_PASS, HANDLER_##handler_, 0, fd_, tests_, why_, NO_PATH, NO_PATH)

#endif
