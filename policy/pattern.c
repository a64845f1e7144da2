/*
 * Words that are patterns: what ~, `.` and $VAR stand for, escapes, and the one form that patterns are kept in.
 */
#include "policy/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VARIABLE_MAX = 256, NESTED_MAX = 4 };

/* What a word becomes while it is read. */
struct builder {
    const struct policy *policy;
    struct bytes *out;
    struct pattern_error *error;
    size_t begin;    /* of the component that is being written */
    bool is_name;    /* of a file: no components, no globs, plain bytes */
    unsigned nested; /* defaults in defaults */
};

__attribute__((format(printf, 3, 4))) static int wrong(struct pattern_error *error, size_t offset, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->offset = offset;
    return -EINVAL;
}

static bool read_octal(const char *word, size_t length, struct escape *escape)
{
    unsigned value = 0;
    if (length < 4)
        return false;
    for (size_t i = 1; i < 4; i++) {
        if (word[i] < '0' || word[i] > '7')
            return false;
        value = 8 * value + (unsigned)(word[i] - '0');
    }
    *escape = (struct escape){.byte = (unsigned char)value, .length = 4};
    return value < 256;
}

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* What `ls --escape` prints, and a backslash before anything that is neither a letter nor a digit. */
bool escape_read(const char *word, size_t length, struct escape *escape, struct pattern_error *error)
{
    static const char letters[] = "abfnrtv";
    static const char bytes[] = "\a\b\f\n\r\t\v";
    if (*word != '\\') {
        *escape = (struct escape){.byte = (unsigned char)*word, .length = 1};
        escape->meta = *word == '*' || *word == '?' || *word == '[';
        return true;
    }
    *escape = (struct escape){.length = 2};
    if (length < 2) {
        (void)wrong(error, 0, "nothing behind the backslash");
        return false;
    }
    const char *letter = memchr(letters, word[1], sizeof letters - 1);
    if (letter != NULL) {
        escape->byte = (unsigned char)bytes[letter - letters];
        return true;
    }
    if (!is_alphanumeric(word[1])) {
        escape->byte = (unsigned char)word[1];
        return true;
    }
    if (word[1] >= '0' && word[1] <= '7' && read_octal(word, length, escape))
        return true;
    (void)wrong(
        error, 0,
        "no escape: \\ooo (octal, below \\400), one of \\a \\b \\f \\n \\r \\t \\v, or '\\' before a sign expected");
    return false;
}

static void put_literal(struct bytes *out, unsigned char byte)
{
    if (byte == '*' || byte == '?' || byte == '[' || byte == '\\')
        bytes_add_byte(out, '\\');
    bytes_add_byte(out, (char)byte);
}

/* Ends the component that was written: "." goes. */
static int end_component(struct builder *builder, size_t offset)
{
    struct bytes *out = builder->out;
    size_t length = out->length - builder->begin;
    if (length == 0 || length > 2)
        return 0;
    const char *component = out->data + builder->begin;
    if (length == 1 && component[0] == '.')
        out->length = builder->begin;
    else if (length == 2 && component[0] == '.' && component[1] == '.')
        return wrong(builder->error, offset, "no '..' can be matched: the path itself expected");
    return 0;
}

static int put_slash(struct builder *builder, size_t offset)
{
    if (builder->is_name) {
        bytes_add_byte(builder->out, '/');
        return 0;
    }
    int status = end_component(builder, offset);
    struct bytes *out = builder->out;
    if (out->length == 0 || out->data[out->length - 1] != '/')
        bytes_add_byte(out, '/');
    builder->begin = out->length;
    return status;
}

/* Bytes that mean themselves: the value of a variable. */
static int put_text(struct builder *builder, const char *text, size_t offset)
{
    int status = 0;
    for (; status == 0 && *text != '\0'; text++) {
        if (*text == '/')
            status = put_slash(builder, offset);
        else if (builder->is_name)
            bytes_add_byte(builder->out, *text);
        else
            put_literal(builder->out, (unsigned char)*text);
    }
    return status;
}

/* A bracket expression of the word, in the one form; *taken is how much of the word it is. */
static int put_bracket(struct builder *builder, const char *word, size_t length, size_t offset, size_t *taken)
{
    struct bytes *out = builder->out;
    size_t at = length > 1 && (word[1] == '!' || word[1] == '^') ? 2 : 1;
    size_t begin = at;
    bytes_add(out, word, at);
    while (at < length && word[at] != '/') {
        struct escape escape;
        if (word[at] == ']' && at > begin) {
            bytes_add_byte(out, ']');
            *taken = at + 1;
            return 0;
        }
        if (word[at] == '[' && at + 1 < length && strchr(":.=", word[at + 1]) != NULL)
            return wrong(builder->error, offset + at,
                         "no classes such as [:alpha:] here: characters, or ranges of them, expected");
        if (!escape_read(word + at, length - at, &escape, builder->error))
            return wrong(builder->error, offset + at, "no escape that is known");
        if (escape.byte == '/' || escape.byte == '\0')
            break;
        /* What was escaped stays so: in brackets also "]", "-", "!" and "^" mean something. Bytes of UTF-8 belong
         * together. */
        if ((escape.length > 1 || escape.meta) && escape.byte < 0x80)
            bytes_add_byte(out, '\\');
        bytes_add_byte(out, (char)escape.byte);
        at += escape.length;
    }
    return wrong(builder->error, offset, "'[' without ']': a set of characters, or '\\[', expected");
}

/* A `**` has to be a whole component. Returns how long it is in the word, 0 if there is none, or -EINVAL. */
static int put_star_star(struct builder *builder, const char *word, size_t length, size_t offset)
{
    if (length < 2 || word[0] != '*' || word[1] != '*')
        return 0;
    struct bytes *out = builder->out;
    if (builder->begin != out->length || (length > 2 && word[2] != '/'))
        return wrong(builder->error, offset, "'**' is part of a name: '/**/' or, within a name, '*' expected");
    if (out->length >= 4 && memcmp(out->data + out->length - 4, "/**/", 4) == 0)
        out->length -= 3; /* two of them are one */
    bytes_add(out, "**", 2);
    return 2;
}

/* One element of a word. */
static int put_element(struct builder *builder, const char *word, size_t length, size_t offset, size_t *taken)
{
    struct escape escape;
    if (!escape_read(word, length, &escape, builder->error)) {
        builder->error->offset = offset;
        return -EINVAL;
    }
    *taken = escape.length;
    if (escape.byte == '\0' || (escape.byte == '/' && escape.length > 1))
        return wrong(builder->error, offset, "no name can have this byte");
    if (escape.byte == '/')
        return put_slash(builder, offset);
    if (builder->is_name) {
        bytes_add_byte(builder->out, (char)escape.byte);
        return 0;
    }
    if (!escape.meta) {
        put_literal(builder->out, escape.byte);
        return 0;
    }
    if (escape.byte == '[')
        return put_bracket(builder, word, length, offset, taken);
    int stars = put_star_star(builder, word, length, offset);
    if (stars != 0) {
        *taken = 2;
        return stars < 0 ? stars : 0;
    }
    bytes_add_byte(builder->out, (char)escape.byte);
    return 0;
}

static int put_rest(struct builder *builder, const char *word, size_t length, size_t offset)
{
    int status = 0;
    for (size_t at = 0, taken = 0; status == 0 && at < length; at += taken) {
        status = put_element(builder, word + at, length - at, offset + at, &taken);
        if (status == 0 && builder->out->length >= LINE_MAX_LENGTH - 2)
            status = wrong(builder->error, offset + at, "the pattern is too long");
    }
    return status;
}

static int put_word(struct builder *builder, const char *word, size_t length, size_t offset);

/* The value of a variable, or its default. */
static int put_variable(struct builder *builder, const char *name, size_t length, const char *otherwise,
                        size_t otherwise_length, size_t offset)
{
    const struct policy_options *options = &builder->policy->options;
    char plain[VARIABLE_MAX];
    if (length == 0 || length >= sizeof plain)
        return wrong(builder->error, offset, "no name of a variable: $NAME, ${NAME} or ${NAME:-DEFAULT} expected");
    memcpy(plain, name, length);
    plain[length] = '\0';
    const char *value = options->variable != NULL ? options->variable(options->data, plain) : getenv(plain);
    if (value != NULL && *value == '\0')
        value = NULL;
    if (value == NULL && otherwise != NULL) {
        if (++builder->nested > NESTED_MAX)
            return wrong(builder->error, offset, "too many defaults in defaults");
        return put_word(builder, otherwise, otherwise_length,
                        offset + (size_t)(otherwise - name) + 2); /* behind "${" */
    }
    if (value == NULL)
        return wrong(builder->error, offset, "$%s is not set: give it a value, or write ${%s:-DEFAULT}", plain, plain);
    if (*value != '/' && !builder->is_name)
        return wrong(builder->error, offset, "$%s is '%.60s', which is no absolute path", plain, value);
    if (strlen(value) >= LINE_MAX_LENGTH / 2)
        return wrong(builder->error, offset, "the value of $%s is too long", plain);
    return put_text(builder, value, offset);
}

static size_t name_length(const char *text, size_t length)
{
    size_t count = 0;
    while (count < length && (is_alphanumeric(text[count]) || text[count] == '_'))
        count++;
    return count;
}

/* The place of the '}' that belongs to "${" before text, or `length`. */
static size_t closing_brace(const char *text, size_t length)
{
    unsigned open = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\\')
            i++;
        else if (text[i] == '{')
            open++;
        else if (text[i] == '}' && open-- == 0)
            return i;
    }
    return length;
}

/* "$NAME", "${NAME}" or "${NAME:-DEFAULT}" at word; *taken is its length. */
static int put_dollar(struct builder *builder, const char *word, size_t length, size_t offset, size_t *taken)
{
    if (length < 2 || word[1] != '{') {
        size_t name = name_length(word + 1, length - 1);
        *taken = 1 + name;
        return put_variable(builder, word + 1, name, NULL, 0, offset);
    }
    size_t inside = closing_brace(word + 2, length - 2);
    size_t name = name_length(word + 2, inside);
    if (inside == length - 2)
        return wrong(builder->error, offset, "'${' without '}'");
    *taken = inside + 3;
    if (name == inside)
        return put_variable(builder, word + 2, name, NULL, 0, offset);
    if (name + 2 > inside || word[2 + name] != ':' || word[3 + name] != '-')
        return wrong(builder->error, offset + 2 + name, "'}' or ':-' and a default expected behind the name");
    return put_variable(builder, word + 2, name, word + 4 + name, inside - name - 2, offset);
}

static int put_home(struct builder *builder, size_t offset)
{
    const char *home = builder->policy->options.home;
    if (home == NULL)
        home = getenv("HOME");
    if (home == NULL || *home != '/' || strlen(home) >= LINE_MAX_LENGTH / 2)
        return wrong(builder->error, offset, "there is no home directory that ~ could stand for: set HOME");
    return put_text(builder, home, offset);
}

static int put_directory(struct builder *builder, size_t offset)
{
    if (builder->policy->options.directory != NULL)
        return put_text(builder, builder->policy->options.directory, offset);
    char *directory = getcwd(NULL, 0);
    int status = directory == NULL || *directory != '/'
                     ? wrong(builder->error, offset, "the working directory, which . stands for, has no path")
                     : put_text(builder, directory, offset);
    free(directory);
    return status;
}

/* Whether a word begins with this component. */
static bool begins(const char *word, size_t length, const char *component)
{
    size_t count = strlen(component);
    return length >= count && memcmp(word, component, count) == 0 && (length == count || word[count] == '/');
}

static int put_word(struct builder *builder, const char *word, size_t length, size_t offset)
{
    size_t taken = 0;
    int status = 0;
    if (begins(word, length, "~")) {
        taken = 1;
        status = put_home(builder, offset);
    } else if (length > 0 && *word == '$') {
        status = put_dollar(builder, word, length, offset, &taken);
    } else if (builder->is_name) {
        /* The name of a file may be relative: to where it is named, which is not here. */
    } else if (begins(word, length, ".")) {
        taken = 1;
        status = put_directory(builder, offset);
    } else if (begins(word, length, "**")) {
        status = put_slash(builder, offset);
    } else if (length == 0 || *word != '/') {
        status = wrong(builder->error, offset, "a pattern begins with '/', '~/', './', '$NAME', '${NAME}' or '**/'");
    }
    return status < 0 ? status : put_rest(builder, word + taken, length - taken, offset + taken);
}

int pattern_read_path(const struct policy *policy, const char *word, size_t length, struct bytes *pattern,
                      struct pattern_error *error)
{
    struct builder builder = {.policy = policy, .out = pattern, .error = error};
    pattern->length = 0;
    int status = put_word(&builder, word, length, 0);
    if (status == 0)
        status = end_component(&builder, length);
    /* A slash at the end says nothing. */
    if (status == 0 && pattern->length > 1 && pattern->data[pattern->length - 1] == '/')
        pattern->length--;
    if (status == 0 && pattern->length >= LINE_MAX_LENGTH - 2)
        status = wrong(error, 0, "the pattern is too long");
    return status == 0 && bytes_end(pattern) == NULL ? -ENOMEM : status;
}

int pattern_read_abstract(const char *word, size_t length, struct bytes *pattern, struct pattern_error *error)
{
    struct builder builder = {.out = pattern, .error = error};
    pattern->length = 0;
    for (size_t at = 0; at < length;) {
        struct escape escape;
        if (!escape_read(word + at, length - at, &escape, error)) {
            error->offset = at;
            return -EINVAL;
        }
        size_t taken = escape.length;
        if (!escape.meta)
            put_literal(pattern, escape.byte);
        else if (escape.byte != '[')
            bytes_add_byte(pattern, (char)escape.byte);
        else if (put_bracket(&builder, word + at, length - at, at, &taken) < 0)
            return -EINVAL;
        at += taken;
    }
    return bytes_end(pattern) == NULL ? -ENOMEM : 0;
}

int pattern_read_name(const struct policy *policy, const char *word, size_t length, struct bytes *name,
                      struct pattern_error *error)
{
    struct builder builder = {.policy = policy, .out = name, .error = error, .is_name = true};
    name->length = 0;
    int status = put_word(&builder, word, length, 0);
    return status == 0 && bytes_end(name) == NULL ? -ENOMEM : status;
}

bool pattern_component(const char *pattern, size_t length, size_t *at, const char **component, size_t *component_length)
{
    while (*at < length && pattern[*at] == '/')
        (*at)++;
    size_t begin = *at;
    while (*at < length && pattern[*at] != '/')
        (*at)++;
    *component = pattern + begin;
    *component_length = *at - begin;
    return *at > begin;
}

char *policy_quote(const char *path)
{
    struct bytes quoted = {0};
    for (const unsigned char *byte = (const unsigned char *)path; *byte != '\0'; byte++) {
        char octal[8];
        if (*byte <= ' ' || *byte == 0x7f) {
            (void)snprintf(octal, sizeof octal, "\\%03o", *byte);
            bytes_add(&quoted, octal, 4);
            continue;
        }
        if (strchr("\\*?[]#~$\"'{}@:", *byte) != NULL)
            bytes_add_byte(&quoted, '\\');
        bytes_add_byte(&quoted, (char)*byte);
    }
    if (bytes_end(&quoted) == NULL) {
        free(quoted.data);
        return NULL;
    }
    return quoted.data;
}
