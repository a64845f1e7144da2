#include "supervisor/record/outputs.h"

#include "supervisor/record/names.h"
#include "supervisor/record/store.h"

#include <errno.h>

static int follow(struct names *names, const struct record_event *event)
{
    const bool directory = (event->flags & RECORD_DIRECTORY) != 0;
    const bool two = event->kind == RECORD_RENAME || event->kind == RECORD_LINK;
    if (event->error != 0 || !names_path(event->path) || (two && !names_path(event->path2)))
        return 0;
    switch ((int)event->kind) {
    case RECORD_WRITE:
        return names_change(names, event->path);
    case RECORD_CREATE:
        return names_create(names, event->path, directory);
    case RECORD_DELETE:
        return names_delete(names, event->path);
    case RECORD_LINK:
        return names_link(names, event->path, event->path2);
    case RECORD_RENAME:
        return (event->flags & RECORD_EXCHANGED) != 0 ? names_exchange(names, event->path, event->path2)
                                                      : names_rename(names, event->path, event->path2, directory);
    default:
        return 0;
    }
}

/* What is damaged is passed over: a record that is being written has no end. */
static int read_all(struct record_reader *reader, struct names *names)
{
    struct record_event event;
    struct record_damage damage;
    int status;
    while ((status = record_reader_next(reader, &event, &damage)) != 0) {
        if (status == 1)
            status = follow(names, &event);
        if (status < 0 && status != -EUCLEAN)
            return status;
    }
    return 0;
}

struct asked {
    int (*each)(void *context, const char *path);
    void *context;
};

static int tell(void *context, const char *path, bool directory)
{
    const struct asked *asked = context;
    return directory ? 0 : asked->each(asked->context, path);
}

int outputs_each(const char *record, int (*each)(void *context, const char *path), void *context)
{
    struct asked asked = {each, context};
    struct record_reader *reader;
    int status = record_reader_open(&reader, record);
    if (status < 0)
        return status;
    struct names *names = names_new();
    status = names == NULL ? -ENOMEM : read_all(reader, names);
    record_reader_close(reader);
    if (status == 0)
        status = names_each(names, tell, &asked);
    names_free(names);
    return status;
}
