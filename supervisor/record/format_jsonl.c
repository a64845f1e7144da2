/*
 * One JSON object an event, a line each: the whole record, as it happened. docs/record.md has the keys,
 * tests/schemas/jsonl.json their forms.
 */
#include "supervisor/record/formats.h"

#include "supervisor/record/follow.h"
#include "supervisor/record/lines.h"

#include <errno.h>

/* JSON has no more than 63 bits for it here; a record that was written by coffer has none that is larger. */
static void put_number(json_t *line, const char *key, uint64_t number)
{
    (void)json_object_set_new(line, key, json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

static void put_true(json_t *line, const char *key, bool is)
{
    if (is)
        (void)json_object_set_new(line, key, json_true());
}

static void put_flags(json_t *line, unsigned flags)
{
    static const char *const words[] = {"in_layer",  "directory", "exchanged", "predicted",
                                        "read_also", "cut",       "unresolved"};
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        put_true(line, words[i], (flags & 1U << i) != 0);
}

static void put_begin(json_t *line, const struct record_event *event)
{
    put_number(line, "epoch", event->begin.epoch);
    lines_words(line, "command", event->begin.command, event->begin.command_size);
    lines_text(line, "cwd", event->begin.cwd);
    lines_text(line, "host", event->begin.host);
    lines_text(line, "user", event->begin.user);
    lines_text(line, "version", event->begin.version);
    put_true(line, "view", event->begin.view);
    put_true(line, "streams", event->begin.streams);
}

static void put_end(json_t *line, const struct record_event *event)
{
    lines_status(line, event->end.status);
    put_number(line, "lost", event->end.lost);
}

static void put_start(json_t *line, const struct record_event *event)
{
    put_number(line, "parent", event->start.parent);
    (void)json_object_set_new(line, "pid", json_integer(event->start.pid));
    put_true(line, "thread_like", event->start.thread_like);
}

static void put_executed(json_t *line, const struct record_event *event)
{
    lines_text(line, "path", event->path);
    lines_text(line, "said", event->said);
    lines_words(line, "command", event->executed.words, event->executed.words_size);
    lines_text(line, "cwd", event->executed.cwd);
    if (event->executed.environment != NULL)
        lines_words(line, "environment", event->executed.environment, event->executed.environment_size);
}

static void put_exit(json_t *line, const struct record_event *event)
{
    lines_status(line, event->exit.status);
    put_number(line, "user_us", event->exit.user_us);
    put_number(line, "system_us", event->exit.system_us);
    put_number(line, "max_resident_kb", event->exit.max_resident_kb);
    put_number(line, "block_in", event->exit.block_in);
    put_number(line, "block_out", event->exit.block_out);
}

static void put_paths(json_t *line, const struct record_event *event)
{
    lines_text(line, "path", event->path);
    lines_text(line, "path2", event->path2);
    lines_text(line, "said", event->said);
    lines_text(line, "said2", event->said2);
}

static void put_address(json_t *line, const struct record_event *event)
{
    lines_text(line, "address", event->path);
}

static bool is_network(enum record_kind kind)
{
    return kind == RECORD_CONNECT || kind == RECORD_BIND || kind == RECORD_ACCEPT;
}

static void put_repeat(json_t *line, const struct record_event *event)
{
    const char *of = record_kind_word(event->of);
    (void)json_object_set_new(line, "of", json_string(of == NULL ? "?" : of));
    put_number(line, "count", event->count);
    (is_network(event->of) ? put_address : put_paths)(line, event);
}

static void put_hash(json_t *line, const struct record_event *event)
{
    const struct record_digits digits = record_digest_digits(event);
    const char *algorithm = record_hash_word(event->hash.algorithm);
    lines_text(line, "path", event->path);
    (void)json_object_set_new(line, "state", json_string(event->hash.state == RECORD_AFTER ? "after" : "before"));
    (void)json_object_set_new(line, "algorithm", json_string(algorithm == NULL ? "?" : algorithm));
    (void)json_object_set_new(line, "digest", json_string(digits.text));
    put_number(line, "size", event->hash.size);
}

static void put_violation(json_t *line, const struct record_event *event)
{
    lines_text(line, "path", event->path);
    lines_text(line, "rule", event->violation.rule);
    lines_text(line, "text", event->violation.text);
}

/* What a kind has beside what all have; that of a file where nothing is said. */
static void (*const put_kind[RECORD_KIND_COUNT])(json_t *line, const struct record_event *event) = {
    [RECORD_BEGIN] = put_begin,         [RECORD_END] = put_end,
    [RECORD_START] = put_start,         [RECORD_EXECUTED] = put_executed,
    [RECORD_EXIT] = put_exit,           [RECORD_CONNECT] = put_address,
    [RECORD_BIND] = put_address,        [RECORD_ACCEPT] = put_address,
    [RECORD_REPEAT] = put_repeat,       [RECORD_HASH] = put_hash,
    [RECORD_VIOLATION] = put_violation,
};

static json_t *line_of(const struct record_event *event)
{
    json_t *line = json_object();
    const char *word = record_kind_word(event->kind);
    if (line == NULL || event->kind >= RECORD_KIND_COUNT)
        return line;
    (void)json_object_set_new(line, "event", json_string(word == NULL ? "?" : word));
    put_number(line, "time", event->time);
    if (event->process != 0)
        put_number(line, "process", event->process);
    if (event->call != NULL)
        lines_text(line, "call", event->call);
    if (event->error != 0) {
        char room[16];
        (void)json_object_set_new(line, "error", json_string(lines_error(event->error, room)));
    }
    (put_kind[event->kind] != NULL ? put_kind[event->kind] : put_paths)(line, event);
    put_flags(line, event->flags);
    return line;
}

static json_t *line_of_damage(const struct record_damage *damage)
{
    json_t *line = json_object();
    (void)json_object_set_new(line, "event", json_string("damaged"));
    put_number(line, "offset", damage->offset);
    if (damage->size != 0)
        put_number(line, "size", damage->size);
    lines_text(line, "what", damage->what);
    return line;
}

static int put_event(struct follow *follow, const struct record_event *event, const struct record_damage *damage)
{
    int status = lines_put(follow->context, event != NULL ? line_of(event) : line_of_damage(damage));
    (void)fputc('\n', follow->context->out);
    return status;
}

int format_jsonl(struct format_context *context)
{
    struct follow follow = {.context = context, .put = put_event};
    return follow_record(&follow);
}
