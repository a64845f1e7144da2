/* What the arguments of an operation stand for in the process that carries it out. */
#include "actor.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *arg_path(const struct operation *op, int index)
{
    return path_expand(op->arguments[index]);
}

/* The text of a link, the value of an attribute, data. */
const char *arg_text(const struct operation *op, int index)
{
    return path_expand(op->arguments[index]);
}

int arg_fd(const struct operation *op, int index)
{
    const char *text = op->arguments[index];

    return text[0] == 'f' ? slots[(text[1] - '0') % SLOTS].fd : (int)flags_parse(text);
}

int arg_dir(const struct operation *op, int index)
{
    return strcmp(op->arguments[index], "cwd") == 0 ? AT_FDCWD : arg_fd(op, index);
}

long arg_number(const struct operation *op, int index)
{
    return (long)flags_parse(op->arguments[index]);
}

int arg_flags(const struct operation *op, int index)
{
    return (int)flags_parse(op->arguments[index]);
}

static char kind_of(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, &st) != 0)
        return '-';
    if (S_ISDIR(st.st_mode))
        return 'd';
    if ((flags & O_PATH) != 0)
        return 'p';
    if (S_ISSOCK(st.st_mode))
        return 's';
    return S_ISREG(st.st_mode) && (flags & O_ACCMODE) == O_RDONLY ? 'r' : '-';
}

/* Puts a new descriptor into the slot that argument `index` names; its number is no business of the comparison. */
long slot_fill(const struct operation *op, int index, long fd)
{
    struct slot *slot = &slots[(op->arguments[index][1] - '0') % SLOTS];

    if (fd < 0)
        return fd;
    if (slot->fd >= 0)
        close(slot->fd);
    slot->fd = (int)fd;
    slot->kind = kind_of((int)fd);
    return 0;
}
