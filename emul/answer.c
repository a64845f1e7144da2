/*
 * Small tools by which handlers read arguments and shape answers.
 */
#include "emul/view_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_READ 256
#define PAGE       4096u

ssize_t read_path(struct caller *caller, uint64_t address, char path[PATH_MAX])
{
    size_t have = 0;
    /* Piece by piece and never over a page's end, so that a path just before unmapped memory can be read. */
    while (have < PATH_MAX) {
        size_t piece = PAGE - (size_t)((address + have) % PAGE);
        if (have == 0 && piece > FIRST_READ)
            piece = FIRST_READ;
        if (piece > PATH_MAX - have)
            piece = PATH_MAX - have;
        ssize_t got = caller->ops->read(caller->context, address + have, path + have, piece);
        if (got <= 0)
            return got == 0 ? -EFAULT : got;
        char *end = memchr(path + have, '\0', (size_t)got);
        if (end != NULL)
            return end - path;
        have += (size_t)got;
    }
    return -ENAMETOOLONG;
}

void answer_result(struct answer *answer, int64_t result)
{
    answer->kind = ANSWER_RESULT;
    answer->result = result;
}

void answer_continue(struct answer *answer)
{
    answer->kind = ANSWER_CONTINUE;
}

void answer_path(struct caller *caller, const struct call *call, struct answer *answer, int argument, const char *text)
{
    uint64_t address;
    int error = caller->ops->place(caller->context, text, strlen(text) + 1, &address);
    if (error < 0) {
        answer_result(answer, error);
        return;
    }
    if (answer->kind != ANSWER_REWRITE)
        memcpy(answer->args, call->args, sizeof answer->args);
    answer->kind = ANSWER_REWRITE;
    answer->args[argument] = address;
}

void answer_bytes(struct caller *caller, struct answer *answer, uint64_t address, const void *data, size_t size,
                  int64_t result)
{
    int error = caller->ops->write(caller->context, address, data, size);
    answer_result(answer, error < 0 ? error : result);
}

void refuse_notice(struct view *view, const struct caller *caller, const char *format, ...)
{
    char text[PATH_MAX + 256];
    va_list arguments;
    if (view->notice == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    view->notice(view->notice_context, caller->tgid, text);
}
