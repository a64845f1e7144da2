/* How the tables of operations are written: OP(name, what it gives), ROW(...). */
#ifndef COFFER_DIFFERENTIAL_ROW_H
#define COFFER_DIFFERENTIAL_ROW_H

#include "actor.h"

#define OP(name, expression)                                                                                           \
    static long run_##name(const struct operation *op)                                                                 \
    {                                                                                                                  \
        return (long)(expression);                                                                                     \
    }
#define ROW(name, kinds, weight, choices)                                                                              \
    {                                                                                                                  \
#name, kinds, run_##name, weight, choices                                                                      \
    }
#define ROW_END                                                                                                        \
    {                                                                                                                  \
        NULL, NULL, NULL, 0, NULL                                                                                      \
    }

/* Arguments by their place. */
#define P(i)  arg_path(op, i)
#define D(i)  arg_dir(op, i)
#define F(i)  arg_fd(op, i)
#define N(i)  arg_number(op, i)
#define FL(i) arg_flags(op, i)

extern const struct row rows_path[], rows_name[], rows_change[], rows_xattr[], rows_data[], rows_list[], rows_process[],
    rows_socket[];

#endif
