#ifndef COFFER_TESTS_HOSTILE_JUDGE_H
#define COFFER_TESTS_HOSTILE_JUDGE_H

#include "scene.h"

enum { STATUS_UNTRIED = 200, STATUS_SIGNAL = 201, STATUS_NONE = 202 };

const char *self_path(void);

/* COFFER DIRECTORY [races ROUNDS SECONDS] [NAME]: runs them all, and prints what became of them. */
int judge(int argc, char **argv);

#endif
