/*
 * Lines of a policy file: rules, settings, includes. Each line stands alone, so every error of a file is found.
 */
#include "policy/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More words than any line may have. */
enum { WORDS_MAX = 6, SHOWN_MAX = 60 };

struct word {
    const char *text;
    size_t length;
};

struct line {
    const char *text;
    size_t length;
    struct word words[WORDS_MAX];
    size_t count; /* of words; the line may have more */
};

void reader_problem(struct reader *reader, size_t column, const char *format, ...)
{
    const struct policy_options *options = &reader->policy->options;
    if (++reader->problems > PROBLEMS_MAX || options->report == NULL)
        return;
    char text[512];
    struct policy_problem problem = {
        .file = reader->name, .line = reader->line, .column = (unsigned)column, .text = text};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (reader->problems == PROBLEMS_MAX)
        (void)snprintf(text, sizeof text, "too many errors; the rest is not shown");
    options->report(options->data, &problem);
}

static size_t column_of(const struct line *line, const char *at)
{
    return (size_t)(at - line->text) + 1;
}

/* "'WORD' found, WHAT expected". */
static void unexpected(struct reader *reader, const struct line *line, size_t index, const char *expected)
{
    if (index >= line->count) {
        reader_problem(reader, line->length + 1, "end of line found, %s expected", expected);
        return;
    }
    const struct word *word = &line->words[index];
    bool cut = word->length > SHOWN_MAX;
    reader_problem(reader, column_of(line, word->text), "'%.*s%s' found, %s expected",
                   cut ? SHOWN_MAX : (int)word->length, word->text, cut ? "..." : "", expected);
}

static bool is_word(const struct line *line, size_t index, const char *text)
{
    return index < line->count && line->words[index].length == strlen(text) &&
           memcmp(line->words[index].text, text, line->words[index].length) == 0;
}

/* True, and a problem, when the line goes on where it should end. */
static bool goes_on(struct reader *reader, const struct line *line, size_t index)
{
    if (index < line->count)
        unexpected(reader, line, index, "the end of the line ('\\ ' is a blank in a name)");
    return index < line->count;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Takes a line into words, up to a comment. False: it holds what no line can hold. */
static bool split(struct reader *reader, struct line *line)
{
    const char *text = line->text;
    size_t at = 0;
    if (line->length > LINE_MAX_LENGTH - 2) {
        reader_problem(reader, LINE_MAX_LENGTH - 1, "the line goes on, at most %d bytes expected", LINE_MAX_LENGTH - 2);
        return false;
    }
    const char *nul = memchr(text, '\0', line->length);
    if (nul != NULL) {
        reader_problem(reader, column_of(line, nul), "a byte 0 found, text expected");
        return false;
    }
    line->count = 0;
    for (;;) {
        while (at < line->length && is_blank(text[at]))
            at++;
        if (at == line->length || text[at] == '#' || line->count == WORDS_MAX)
            return true;
        size_t begin = at;
        while (at < line->length && !is_blank(text[at]))
            at += text[at] == '\\' && at + 1 < line->length ? 2 : 1;
        line->words[line->count++] = (struct word){.text = text + begin, .length = at - begin};
    }
}

/* Which verdicts an action has; found at WORD, or a problem. */
static bool read_verdict(struct reader *reader, const struct line *line, size_t index, enum policy_action action,
                         enum policy_verdict *verdict)
{
    static const char *const expected[POLICY_ACTIONS] = {
        [POLICY_READ] = "allow, hide or deny", [POLICY_WRITE] = "layer, direct, deny or ignore",
        [POLICY_EXEC] = "allow or deny",       [POLICY_CONNECT] = "allow or deny",
        [POLICY_BIND] = "allow or deny",
    };
    for (unsigned i = POLICY_ALLOW; i <= POLICY_IGNORE; i++) {
        *verdict = (enum policy_verdict)i;
        if (verdict_slot(action, *verdict) < SLOTS && is_word(line, index, policy_verdict_name(*verdict)))
            return true;
    }
    unexpected(reader, line, index, expected[action]);
    return false;
}

static bool read_action(struct reader *reader, const struct line *line, size_t index, enum policy_action *action)
{
    *action =
        index < line->count ? policy_action_find(line->words[index].text, line->words[index].length) : POLICY_ACTIONS;
    if (*action == POLICY_ACTIONS)
        unexpected(reader, line, index, "read, write, exec, connect or bind");
    return *action != POLICY_ACTIONS;
}

/* Keeps what a pattern came to. */
static bool keep_pattern(struct reader *reader, struct rule *rule, const struct bytes *pattern)
{
    struct store *store = &reader->policy->store;
    rule->pattern = store_copy(store, pattern->data, pattern->length);
    rule->pattern_length = (uint32_t)pattern->length;
    if (rule->pattern == NULL)
        reader->status = -ENOMEM;
    return rule->pattern != NULL;
}

static bool keep_resolved(struct reader *reader, struct rule *rule)
{
    struct bytes resolved = {0};
    if (rule->pattern_kind != PATTERN_PATH || !reader->policy->options.resolve)
        return true;
    int status = pattern_resolve(&reader->resolver, rule->pattern, rule->pattern_length, &resolved);
    if (status == 0 && resolved.length > 0) {
        rule->resolved = store_copy(&reader->policy->store, resolved.data, resolved.length);
        rule->resolved_length = (uint32_t)resolved.length;
        status = rule->resolved == NULL ? -ENOMEM : 0;
    }
    free(resolved.data);
    if (status < 0)
        reader->status = status;
    return status == 0;
}

/* A pattern of paths, or what connect and bind are about. */
static int read_pattern(struct reader *reader, const struct word *word, struct rule *rule, struct bytes *pattern,
                        struct pattern_error *error)
{
    const char *text = word->text;
    size_t length = word->length;
    if (rule->action != POLICY_CONNECT && rule->action != POLICY_BIND)
        return pattern_read_path(reader->policy, text, length, pattern, error);
    if (length < 5 || memcmp(text, "unix:", 5) != 0) {
        rule->pattern_kind = PATTERN_ADDRESS;
        bytes_add(pattern, text, length);
        return address_pattern_read(text, length, &rule->address, error);
    }
    text += 5;
    length -= 5;
    int status = 0;
    if (length == 1 && *text == '*') {
        rule->pattern_kind = PATTERN_ADDRESS;
        rule->address = (struct address_pattern){.family = AF_UNIX, .last = UINT16_MAX};
        bytes_add(pattern, word->text, word->length);
    } else if (length > 0 && *text == '@') {
        rule->pattern_kind = PATTERN_ABSTRACT;
        status = pattern_read_abstract(text + 1, length - 1, pattern, error);
        error->offset += 6;
    } else {
        status = pattern_read_path(reader->policy, text, length, pattern, error);
        error->offset += 5;
    }
    return status;
}

static void add_rule(struct reader *reader, const struct line *line, size_t index, struct rule rule)
{
    struct policy *policy = reader->policy;
    if (index >= line->count) {
        unexpected(reader, line, index, rule.action < POLICY_CONNECT ? "a pattern" : "an address");
        return;
    }
    struct rule *rules = array_grow(policy->rules, policy->rule_count, &policy->rule_capacity, sizeof *rules);
    if (rules == NULL) {
        reader->status = -ENOMEM;
        return;
    }
    policy->rules = rules;
    const struct word *word = &line->words[index];
    struct pattern_error error = {.offset = 0};
    struct bytes pattern = {0};
    int status = read_pattern(reader, word, &rule, &pattern, &error);
    rule.file = reader->file;
    rule.line = reader->line;
    rule.text = line->words[0].text;
    rule.text_length = (uint32_t)(word->text + word->length - rule.text);
    if (status == -EINVAL)
        reader_problem(reader, column_of(line, word->text) + error.offset, "%s", error.text);
    else if (status < 0)
        reader->status = status;
    else if (policy->rule_count >= RULES_MAX)
        reader_problem(reader, 1, "one more rule found, at most %d expected", RULES_MAX);
    else if (!goes_on(reader, line, index + 1) && keep_pattern(reader, &rule, &pattern) && keep_resolved(reader, &rule))
        policy->rules[policy->rule_count++] = rule;
    free(pattern.data);
}

/* ACTION VERDICT PATTERN from this word on. */
static void read_rule(struct reader *reader, const struct line *line, size_t index, enum policy_rule_kind kind)
{
    enum policy_action action;
    enum policy_verdict verdict;
    if (read_action(reader, line, index, &action) && read_verdict(reader, line, index + 1, action, &verdict))
        add_rule(reader, line, index + 2,
                 (struct rule){.action = (uint8_t)action, .verdict = (uint8_t)verdict, .kind = (uint8_t)kind});
}

static void read_plain(struct reader *reader, const struct line *line)
{
    read_rule(reader, line, 0, reader->trust == POLICY_CONFINED ? POLICY_RULE_ADDED : POLICY_RULE_BASE);
}

/* A refusal that is not reported. */
static void read_quiet(struct reader *reader, const struct line *line)
{
    enum policy_action action;
    if (!read_action(reader, line, 1, &action))
        return;
    struct rule rule = {.action = (uint8_t)action, .verdict = POLICY_DENY, .quiet = true};
    rule.kind = reader->trust == POLICY_CONFINED ? POLICY_RULE_ADDED : POLICY_RULE_BASE;
    add_rule(reader, line, 2, rule);
}

static void read_ceiling(struct reader *reader, const struct line *line)
{
    read_rule(reader, line, 1, POLICY_RULE_CEILING);
}

static int errno_of(const struct word *word)
{
    enum { ERRNO_MAX = 133 };
    for (int error = 1; error <= ERRNO_MAX; error++) {
        const char *name = strerrorname_np(error);
        if (name != NULL && strlen(name) == word->length && memcmp(name, word->text, word->length) == 0)
            return error;
    }
    return 0;
}

static void read_on_violation(struct reader *reader, const struct line *line)
{
    struct policy_violation violation = {.error = EACCES};
    size_t end = 2;
    if (is_word(line, 1, "kill")) {
        violation.answer = POLICY_ANSWER_KILL;
    } else if (is_word(line, 1, "ask")) {
        violation.answer = POLICY_ANSWER_ASK;
    } else if (is_word(line, 1, "errno")) {
        violation.error = line->count > 2 ? errno_of(&line->words[2]) : 0;
        end = 3;
        if (violation.error == 0) {
            unexpected(reader, line, 2, "the name of an error, such as EACCES or EPERM,");
            return;
        }
    } else {
        unexpected(reader, line, 1, "errno, kill or ask");
        return;
    }
    if (!goes_on(reader, line, end))
        reader->policy->violation = violation;
}

static void read_control(struct reader *reader, const struct line *line)
{
    static const char *const modes[] = {
        [POLICY_CONTROL_CLOSED] = "closed", [POLICY_CONTROL_OPEN] = "open", [POLICY_CONTROL_EXEC] = "exec"};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (!is_word(line, 1, modes[i]))
            continue;
        if (!goes_on(reader, line, 2))
            reader->policy->control = (enum policy_control)i;
        return;
    }
    unexpected(reader, line, 1, "open, exec or closed");
}

static void read_include(struct reader *reader, const struct line *line)
{
    struct bytes name = {0};
    struct pattern_error error;
    if (line->count < 2) {
        unexpected(reader, line, 1, "the name of a file");
        return;
    }
    const struct word *word = &line->words[1];
    size_t column = column_of(line, word->text);
    int status = pattern_read_name(reader->policy, word->text, word->length, &name, &error);
    if (status == -EINVAL)
        reader_problem(reader, column + error.offset, "%s", error.text);
    else if (status < 0)
        reader->status = status;
    else if (!goes_on(reader, line, 2))
        load_include(reader, name.data, column);
    free(name.data);
}

/* What a line may begin with. */
static const struct {
    const char *word;
    bool confined; /* rules of run time may use it */
    void (*read)(struct reader *reader, const struct line *line);
} directives[] = {
    {"read", true, read_plain},       {"write", true, read_plain},      {"exec", true, read_plain},
    {"connect", true, read_plain},    {"bind", true, read_plain},       {"quiet", true, read_quiet},
    {"ceiling", false, read_ceiling}, {"include", false, read_include}, {"on-violation", false, read_on_violation},
    {"control", false, read_control},
};

static void read_line(struct reader *reader, struct line *line)
{
    if (!split(reader, line) || line->count == 0)
        return;
    for (size_t i = 0; i < sizeof directives / sizeof directives[0]; i++) {
        if (!is_word(line, 0, directives[i].word))
            continue;
        if (reader->trust == POLICY_CONFINED && !directives[i].confined)
            unexpected(reader, line, 0, "a rule, as far as rules may be added at run time,");
        else
            directives[i].read(reader, line);
        return;
    }
    unexpected(reader, line, 0, "read, write, exec, connect, bind, on-violation, quiet, ceiling, control or include");
}

void parse_text(struct reader *reader, const char *text, size_t length)
{
    const char *end = text + length;
    unsigned number = 0;
    while (text < end && reader->status == 0 && reader->problems < PROBLEMS_MAX) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        struct line line = {.text = text, .length = (size_t)((newline == NULL ? end : newline) - text)};
        reader->line = ++number;
        read_line(reader, &line);
        text += line.length + 1;
    }
}
