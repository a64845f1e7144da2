#include "supervisor/record/follow.h"

#include "emul/cleanup.h"
#include "supervisor/text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct follow_words follow_damage(const struct record_damage *damage)
{
    struct follow_words words;
    if (damage->size == 0)
        (void)snprintf(words.text, sizeof words.text, "damaged from byte %" PRIu64 " on: %.60s", damage->offset,
                       damage->what);
    else
        (void)snprintf(words.text, sizeof words.text, "damaged at byte %" PRIu64 ", %" PRIu64 " bytes: %.60s",
                       damage->offset, damage->size, damage->what);
    return words;
}

static void name_place(struct format_context *context, const struct record_damage *damage)
{
    if (context->why[0] == '\0')
        (void)snprintf(context->why, sizeof context->why, "%s", follow_damage(damage).text);
}

static int follow_reader(struct follow *follow, struct record_reader *reader)
{
    int damaged = 0;
    while (!ferror(follow->context->out)) {
        struct record_event event;
        struct record_damage damage;
        int status = record_reader_next(reader, &event, &damage);
        if (status == 0)
            return damaged;
        if (status < 0 && status != -EUCLEAN)
            return status;
        if (status < 0) {
            damaged = status;
            name_place(follow->context, &damage);
        }
        status = follow->put(follow, status > 0 ? &event : NULL, status > 0 ? NULL : &damage);
        if (status != 0)
            return status;
    }
    return damaged;
}

/* What is wrong with the file as such: whoever asked named it, but is told of the format. */
static void name_record(struct format_context *context, int status)
{
    cleanup_free char *name = text_escape(context->record);
    (void)snprintf(context->why, sizeof context->why, "%.180s: %s", name == NULL ? "the record" : name,
                   status == -EBADMSG ? "not a record" : strerror(-status));
}

int follow_record(struct follow *follow)
{
    struct record_reader *reader;
    int status = record_reader_open(&reader, follow->context->record);
    if (status != 0) {
        name_record(follow->context, status);
        return status;
    }
    status = follow_reader(follow, reader);
    record_reader_close(reader);
    return status;
}
