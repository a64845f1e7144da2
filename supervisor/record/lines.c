#include "supervisor/record/lines.h"

#include "emul/cleanup.h"
#include "emul/json_text.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

int lines_put(struct format_context *context, json_t *value)
{
    if (value == NULL)
        return -ENOMEM;
    /* A terminal acts on some characters that JSON may hold as they are: all but ASCII are escaped for it. */
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | (context->terminal ? JSON_ENSURE_ASCII : 0);
    int status = json_dumpf(value, context->out, flags);
    json_decref(value);
    return status == 0 || ferror(context->out) ? 0 : -ENOMEM;
}

void lines_begin(struct lines_array *array, struct format_context *context)
{
    *array = (struct lines_array){.context = context};
    (void)fputc('[', context->out);
}

void lines_add(struct lines_array *array, json_t *value)
{
    (void)fputs(array->begun ? ",\n" : "\n", array->context->out);
    array->begun = true;
    int status = lines_put(array->context, value);
    array->status = array->status == 0 ? status : array->status;
}

int lines_end(struct lines_array *array)
{
    (void)fputc(']', array->context->out);
    return array->status;
}

void lines_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        json_text_set(object, key, text);
}

void lines_integer(json_t *object, const char *key, struct rows *rows, int column)
{
    if (!rows_null(rows, column))
        (void)json_object_set_new(object, key, json_integer(rows_number(rows, column)));
}

void lines_words(json_t *object, const char *key, const char *words, size_t size)
{
    json_auto_t *texts = json_array();
    json_auto_t *digits = json_array();
    bool odd = false;
    for (size_t at = 0; words != NULL && at < size;) {
        cleanup_free char *word = strndup(words + at, size - at);
        if (word == NULL)
            return;
        at += strlen(word) + 1;
        odd = odd || !json_text_is_utf8(word);
        (void)json_array_append_new(texts, json_text(word));
        (void)json_array_append_new(digits, json_text_hex(word));
    }
    (void)json_object_set(object, key, texts);
    char name[64];
    (void)snprintf(name, sizeof name, "%s_hex", key);
    if (odd)
        (void)json_object_set(object, name, digits);
}

char *lines_called(const char *command, const char *program)
{
    json_auto_t *words = command == NULL ? NULL : json_loads(command, 0, NULL);
    const char *first = json_string_value(json_array_get(words, 0));
    const char *name = first != NULL && *first != '\0' ? first : program == NULL ? "?" : program;
    const char *slash = strrchr(name, '/');
    return strdup(slash != NULL && slash[1] != '\0' ? slash + 1 : name);
}

const char *lines_error(int error, char room[16])
{
    const char *name = strerrorname_np(error);
    if (name != NULL)
        return name;
    (void)snprintf(room, 16, "%d", error);
    return room;
}

void lines_status(json_t *object, int status)
{
    if (!WIFSIGNALED(status)) {
        (void)json_object_set_new(object, "exit_code", json_integer(WEXITSTATUS(status)));
        return;
    }
    char digits[16];
    (void)snprintf(digits, sizeof digits, "%d", WTERMSIG(status));
    const char *name = sigabbrev_np(WTERMSIG(status));
    (void)json_object_set_new(object, "signal", json_string(name == NULL ? digits : name));
}

struct lines_moment lines_moment(uint64_t epoch)
{
    struct lines_moment moment;
    struct tm parts;
    time_t seconds = (time_t)(epoch / 1000000000);
    char day[24];
    /* 2^64 ns end in the year 2554: four digits are always enough. */
    if (gmtime_r(&seconds, &parts) == NULL || strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        day[0] = '\0';
    (void)snprintf(moment.text, sizeof moment.text, "%s.%09uZ", day, (unsigned)(epoch % 1000000000));
    return moment;
}
