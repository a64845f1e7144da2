/*
 * The file is a list of records of three parts: a letter, and two strings that end in NUL. "R" is
 * the root, "W" whole or not, "P" a path that the user named, "G" the mark to go, anything else
 * an operation.
 */
#include "emul/journal.h"

#include "emul/cleanup.h"
#include "emul/journal_file.h"

#include <errno.h>
#include <string.h>

static const char GO_RECORD[] = {'G', '\0', '\0'};

int journal_add(struct journal *journal, enum op_kind kind, char *path, char *place, char *link)
{
    int status = path == NULL || place == NULL ? -ENOMEM : 0;
    if (status == 0 && journal->count == journal->room) {
        size_t room = journal->room == 0 ? 64 : 2 * journal->room;
        struct journal_op *grown = reallocarray(journal->ops, room, sizeof *grown);
        if (grown == NULL) {
            status = -ENOMEM;
        } else {
            journal->ops = grown;
            journal->room = room;
        }
    }
    if (status < 0) {
        free(path);
        free(place);
        free(link);
        return status;
    }
    journal->ops[journal->count++] = (struct journal_op){.kind = kind, .path = path, .place = place, .link = link};
    return 0;
}

int journal_add_path(struct journal *journal, const char *path)
{
    char **grown = reallocarray(journal->paths, journal->path_count + 1, sizeof *grown);
    if (grown == NULL)
        return -ENOMEM;
    journal->paths = grown;
    journal->paths[journal->path_count] = strdup(path);
    return journal->paths[journal->path_count] == NULL ? -ENOMEM : (journal->path_count++, 0);
}

bool journal_pending(const struct layer *layer)
{
    return journal_file_exists(layer);
}

static int load_record(struct journal *journal, char letter, const char *first, const char *second)
{
    switch (letter) {
    case 'R':
        free(journal->root);
        journal->root = strdup(first);
        return journal->root == NULL ? -ENOMEM : 0;
    case 'W':
        journal->whole = strcmp(first, "whole") == 0;
        return 0;
    case 'P':
        return journal_add_path(journal, first);
    case 'G':
        journal->go = true;
        return 0;
    case OP_PLACE:
    case OP_PLACE_DIR:
    case OP_INSIDE:
    case OP_INSIDE_DIR:
    case OP_METADATA:
    case OP_DELETE:
    case OP_TIMES:
        if (first[0] != '/')
            return -EBADMSG;
        return journal_add(journal, (enum op_kind)letter, strdup(first), strdup(second), NULL);
    default:
        return -EBADMSG;
    }
}

static int parse(struct journal *journal, const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *first = text + 1;
        const char *first_end = first < end ? memchr(first, '\0', (size_t)(end - first)) : NULL;
        const char *second = first_end == NULL ? NULL : first_end + 1;
        const char *second_end = second != NULL && second < end ? memchr(second, '\0', (size_t)(end - second)) : NULL;
        /* Only the mark is ever appended; half a mark is none. */
        if (second_end == NULL)
            break;
        int status = load_record(journal, *text, first, second);
        if (status < 0)
            return status;
        text = second_end + 1;
    }
    return journal->root == NULL ? -EBADMSG : 0;
}

int journal_load(const struct layer *layer, struct journal *journal)
{
    cleanup_free char *text = NULL;
    size_t size = 0;
    *journal = (struct journal){0};
    int status = journal_file_read(layer, &text, &size);
    if (status == 0)
        status = parse(journal, text, size);
    if (status < 0)
        journal_free(journal);
    return status;
}

static void put(FILE *out, char letter, const char *first, const char *second)
{
    (void)fputc(letter, out);
    (void)fwrite(first, 1, strlen(first) + 1, out);
    (void)fwrite(second, 1, strlen(second) + 1, out);
}

static int format(const struct journal *journal, char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);
    if (out == NULL)
        return -ENOMEM;
    put(out, 'R', journal->root, "");
    put(out, 'W', journal->whole ? "whole" : "", "");
    for (size_t i = 0; i < journal->path_count; i++)
        put(out, 'P', journal->paths[i], "");
    for (size_t i = 0; i < journal->count; i++)
        put(out, (char)journal->ops[i].kind, journal->ops[i].path, journal->ops[i].place);
    int failed = ferror(out);
    return fclose(out) != 0 || failed ? -ENOMEM : 0;
}

int journal_save(const struct layer *layer, const struct journal *journal)
{
    cleanup_free char *text = NULL;
    size_t size = 0;
    int status = format(journal, &text, &size);
    return status < 0 ? status : journal_file_write(layer, text, size);
}

int journal_mark_go(const struct layer *layer, struct journal *journal)
{
    int status = journal_file_append(layer, GO_RECORD, sizeof GO_RECORD);
    if (status == 0)
        journal->go = true;
    return status;
}

int journal_remove(const struct layer *layer)
{
    return journal_file_remove(layer);
}

void journal_free(struct journal *journal)
{
    for (size_t i = 0; i < journal->count; i++) {
        free(journal->ops[i].path);
        free(journal->ops[i].place);
        free(journal->ops[i].link);
    }
    for (size_t i = 0; i < journal->path_count; i++)
        free(journal->paths[i]);
    free(journal->paths);
    free(journal->ops);
    free(journal->root);
    *journal = (struct journal){0};
}
