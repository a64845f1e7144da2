/*
 * Every format of every record: JSON is JSON, in a page as well, text holds no byte that a terminal acts on, a
 * drawing's strings end where they should. The input's first byte says what the rest is: a record's bytes, with a
 * header and sums that hold, or facts that the writer is given, with names of any bytes.
 */
#include "emul/json_text.h"
#include "supervisor/record/block.h"
#include "supervisor/record/depfile_name.h"
#include "supervisor/record/format.h"
#include "supervisor/record/load.h"
#include "supervisor/record/store.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4096, NAMES = 8, NAME_MAX_SIZE = 64 };

/* What is left of the input, and names that were taken from it: they come again, as paths do. */
struct input {
    const uint8_t *data;
    size_t size;
    char names[NAMES][NAME_MAX_SIZE];
    unsigned next;
};

static unsigned take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->data++;
}

/* NULL, one of before, or a new one of any bytes but NUL. */
static const char *take_name(struct input *input, bool path)
{
    unsigned what = take(input), length = what % (NAME_MAX_SIZE - 2);
    if (what >= 0xf0)
        return NULL;
    if (what >= 0xc0)
        return input->names[what % NAMES][0] == '\0' ? NULL : input->names[what % NAMES];
    char *name = input->names[input->next++ % NAMES], *at = name;
    if (path && what < 0xa0)
        *at++ = '/';
    for (unsigned i = 0; i < length && input->size > 0; i++) {
        *at = (char)take(input);
        at += *at != '\0';
    }
    *at = '\0';
    return name;
}

static void take_file(struct input *input, struct record_event *event)
{
    static const char *const calls[] = {"openat", "rename", "execve", "symlinkat", "connect", NULL, "open", "vfork"};
    event->call = calls[take(input) % 8];
    event->error = take(input) % 4 == 0 ? (int)take(input) : 0;
    event->path = take_name(input, true);
    event->path2 = take_name(input, true);
    event->said = take_name(input, false);
    event->said2 = take_name(input, false);
}

static void take_event(struct input *input, struct record_event *event)
{
    *event = (struct record_event){.kind = (enum record_kind)(1 + take(input) % (RECORD_KIND_COUNT - 1))};
    event->process = take(input) % 6;
    event->flags = take(input) & 0x7f;
    take_file(input, event);
    const char *text = event->said == NULL ? "" : event->said;
    if (event->kind == RECORD_BEGIN) {
        event->begin.command = text;
        event->begin.command_size = strlen(text) + 1;
        event->begin.cwd = event->begin.host = event->begin.user = event->begin.version = event->path;
    } else if (event->kind == RECORD_END || event->kind == RECORD_EXIT) {
        event->end.status = (int)(take(input) | take(input) << 8);
    } else if (event->kind == RECORD_START) {
        event->start.parent = take(input) % 6;
        event->start.pid = (int32_t)take(input);
    } else if (event->kind == RECORD_EXECUTED) {
        event->executed.words = event->executed.environment = text;
        event->executed.words_size = event->executed.environment_size = strlen(text) + 1;
        event->executed.cwd = event->path2;
    } else if (event->kind == RECORD_REPEAT) {
        event->of = (enum record_kind)(RECORD_READ + take(input) % (RECORD_ACCEPT - RECORD_READ + 1));
        event->count = take(input) + 1;
    } else if (event->kind == RECORD_HASH) {
        event->hash.algorithm = (enum record_hash)(1 + take(input) % 3);
        event->hash.state = (enum record_state)(1 + take(input) % 2);
        event->hash.digest_size = take(input) % (RECORD_DIGEST_MAX + 1);
    } else if (event->kind == RECORD_VIOLATION) {
        event->violation.rule = event->said;
        event->violation.text = event->said2;
    }
}

static void write_facts(const char *path, struct input *input)
{
    struct record_writer *writer;
    struct record_event event;
    uint64_t time = 0;
    REQUIRE(record_writer_open(&writer, path) == 0);
    while (input->size > 0) {
        take_event(input, &event);
        event.time = time += take(input) * 1000;
        REQUIRE(record_writer_add(writer, &event) == 0);
    }
    REQUIRE(record_writer_close(writer) == 0);
}

/* The bytes are the items of one block, or all of the file. */
static void write_bytes(int fd, const struct input *input, bool items)
{
    uint8_t head[FILE_HEADER_SIZE + BLOCK_HEADER_SIZE];
    struct block_header header = {.record = 1, .used = (uint32_t)input->size};
    header.crc = crc_of(input->data, input->size);
    file_header_put(head, header.record);
    block_header_put(head + FILE_HEADER_SIZE, &header);
    if (items)
        REQUIRE(write(fd, head, sizeof head) == (ssize_t)sizeof head);
    REQUIRE(write(fd, input->data, input->size) == (ssize_t)input->size);
}

static void check_json(const char *text, size_t size)
{
    json_t *document = json_loadb(text, size, 0, NULL);
    REQUIRE(document != NULL);
    json_decref(document);
}

static void check_lines(const char *text, size_t size)
{
    const char *end;
    for (const char *at = text; at < text + size; at = end + 1) {
        end = memchr(at, '\n', size - (size_t)(at - text));
        REQUIRE(end != NULL);
        check_json(at, (size_t)(end - at));
    }
}

/* UTF-8, and of control characters newlines alone: those of two bytes neither. */
static void check_text(const char *text, size_t size)
{
    REQUIRE(strlen(text) == size);
    for (const char *p = text; *p != '\0';) {
        size_t length = json_text_character(p);
        unsigned char first = (unsigned char)p[0], second = (unsigned char)p[1];
        REQUIRE(length > 0 && (first >= ' ' || first == '\n') && first != 0x7f);
        REQUIRE(length != 2 || first != 0xc2 || second >= 0xa0);
        p += length;
    }
}

/* Outside of its strings a drawing is made of a few words, numbers and signs; a string ends in its line. */
static void check_drawing(const char *text, size_t size)
{
    bool inside = false;
    check_text(text, size);
    for (const char *p = text; *p != '\0'; p++) {
        if (inside && *p == '\\')
            p++;
        else if (*p == '"')
            inside = !inside;
        REQUIRE(!inside || *p != '\n');
        REQUIRE(inside || (unsigned char)*p < 0x80);
    }
    REQUIRE(!inside);
}

/* A word of a rule as make and ninja read it: bytes that take part in no rule's syntax, or that are escaped. */
static size_t read_word(const char *word, size_t length, char *name)
{
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t backslashes = strspn(word + i, "\\");
        char next = word[i + backslashes];
        i += backslashes + 1;
        REQUIRE(next != ' ' || backslashes % 2 == 1);
        REQUIRE((next != '#' && next != ':') || backslashes == 1);
        REQUIRE(next != '$' || word[i] == '$');
        i += next == '$';
        backslashes = next == ' ' ? backslashes / 2 : next == '#' || next == ':' ? 0 : backslashes;
        memset(name + used, '\\', backslashes);
        used += backslashes;
        name[used++] = next;
    }
    name[used] = '\0';
    return used;
}

/* What stands on the right is a word each, which is a name that fits. */
static void check_rules(const char *text, size_t size)
{
    char *name = malloc(size + 1);
    REQUIRE(name != NULL && strlen(text) == size);
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        REQUIRE(line[length] == '\n');
        for (size_t i = 0; i < length; i++)
            REQUIRE((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
        if (strncmp(line, "  ", 2) == 0) {
            bool more = length > 4 && strncmp(line + length - 2, " \\", 2) == 0;
            REQUIRE(read_word(line + 2, length - 2 - (more ? 2 : 0), name) > 0);
            REQUIRE(depfile_name_fits(name));
        }
        line += length + 1;
    }
    free(name);
}

/* A byte that is no part of UTF-8 is half a pair of surrogates there, which not every reader of JSON takes. */
static void forget_halves(char *text)
{
    for (char *p = text; *p != '\0'; p++)
        if (p[0] == '\\' && p[1] != '\0' && strncmp(++p, "udc", 3) == 0)
            memcpy(p, "u00", 3);
}

/* The data end where their script ends, whatever the names in them, and are JSON. */
static void check_page(const char *text, size_t size)
{
    static const char begin[] = "<script type=\"application/json\" id=\"data\">";
    const char *data = memmem(text, size, begin, sizeof begin - 1);
    REQUIRE(data != NULL);
    data += sizeof begin - 1;
    char *copy = strndup(data, strcspn(data, "<"));
    REQUIRE(copy != NULL && strncmp(data + strlen(copy), "</script>", 9) == 0);
    forget_halves(copy);
    check_json(copy, strlen(copy));
    free(copy);
}

static const struct check {
    const char *format;
    void (*check)(const char *text, size_t size);
} checks[] = {
    {"jsonl", check_lines},  {"strace", check_text},   {"trace", check_json},
    {"dot", check_drawing},  {"intoto", check_json},   {"slsa", check_json},
    {"summary", check_text}, {"depfile", check_rules}, {"html", check_page},
};

static void try_format(const struct check *check, const char *path, sqlite3 *database)
{
    char *text = NULL;
    size_t size = 0;
    const struct format *format = format_find(check->format);
    if (format == NULL)
        return;
    struct format_context context = {.record = path, .out = open_memstream(&text, &size)};
    context.database = format->no_database ? NULL : database;
    int status = format->write(&context);
    REQUIRE(fclose(context.out) == 0);
    REQUIRE(status != -EIO && status != -ENOMEM);
    if (status == 0 || status == -EUCLEAN)
        check->check(text, size);
    else
        REQUIRE(size == 0);
    free(text);
}

static void try_record(const char *path)
{
    struct record_loaded loaded;
    int status = record_load(&loaded, path, NULL, NULL);
    REQUIRE(status == 0 || status == -EBADMSG);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (status == 0)
            try_format(&checks[i], path, loaded.database);
    record_loaded_close(&loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.data = data, .size = size};
    char path[64];
    if (size > INPUT_MAX)
        return 0;
    int fd = memfd_create("record", MFD_CLOEXEC);
    REQUIRE(fd >= 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    unsigned what = take(&input);
    if (what % 4 < 2)
        write_facts(path, &input);
    else
        write_bytes(fd, &input, what % 4 == 2);
    try_record(path);
    (void)close(fd);
    return 0;
}
