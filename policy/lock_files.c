#include "policy/lock_files.h"

#include "policy/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct files {
    int rules;
    const struct lock_places *places;
    const struct ruleset_attributes *attributes;
    uint64_t accesses[GRANT_ALL + 1]; /* what each of the GRANT_ bits stands for */
    int status;                       /* of what lose() added */
};

/* Whether something is refused somewhere. */
static bool is_limited(struct policy *policy, enum policy_action action)
{
    return policy_decide(policy, action, "/").verdict != POLICY_ALLOW || policy_below(policy, action, "/");
}

/*
 * To list a directory is a right that everything below it has as well. Where "/" may be listed, which is always but
 * where hardly anything may be read, it says nothing.
 */
uint64_t lock_files_read(struct policy *policy)
{
    uint64_t handled = 0;
    if (policy == NULL)
        return 0;
    if (is_limited(policy, POLICY_READ))
        handled |= LANDLOCK_ACCESS_FS_READ_FILE;
    if (policy_decide(policy, POLICY_READ, "/").verdict != POLICY_ALLOW)
        handled |= LANDLOCK_ACCESS_FS_READ_DIR;
    if (is_limited(policy, POLICY_EXEC))
        handled |= LANDLOCK_ACCESS_FS_EXECUTE;
    return handled;
}

static uint64_t accesses_of(const struct files *files, unsigned rights)
{
    uint64_t accesses = 0;
    for (unsigned right = 1; right <= rights; right <<= 1)
        if ((rights & right) != 0)
            accesses |= files->accesses[right];
    return accesses;
}

static int grant(void *data, int fd, const char *path, bool directory, unsigned rights)
{
    const struct files *files = data;
    const struct lock_places *places = files->places;
    struct stat st;
    (void)path;
    (void)directory;
    if ((rights & GRANT_READ) != 0 && places->readable_name != NULL && fstat(fd, &st) == 0)
        places->readable_name(places->data, &st);
    return lock_add(files->rules, files->attributes, fd, accesses_of(files, rights));
}

static void tell(const struct files *files, const char *path, const char *why)
{
    if (files->places->lose != NULL)
        files->places->lose(files->places->data, path, why);
}

static void add(struct files *files, const char *path, uint64_t accesses)
{
    int status = lock_add_path(files->rules, files->attributes, path, accesses);
    if (status < 0 && files->status == 0)
        files->status = status;
}

/*
 * A program must be able to do what it may do: where that cannot be said or is not known, all of a directory is
 * allowed, and the supervisor keeps the exceptions.
 */
static void lose(void *data, enum grant_loss loss, const char *path, unsigned rights)
{
    struct files *files = data;
    const unsigned looks = rights & (GRANT_READ | GRANT_EXEC);
    switch (loss) {
    case GRANT_LOSS_LIST:
        add(files, path, LANDLOCK_ACCESS_FS_READ_DIR);
        break;
    case GRANT_LOSS_LATER:
        if ((rights & GRANT_WRITE) != 0) {
            add(files, path, accesses_of(files, GRANT_WRITE));
            tell(files, path, "the supervisor alone keeps what is not to be written to below");
        }
        break;
    case GRANT_LOSS_LIMIT:
    case GRANT_LOSS_UNREAD:
        if (looks != 0) {
            add(files, path, accesses_of(files, looks));
            tell(files, path,
                 loss == GRANT_LOSS_LIMIT
                     ? "there is too much to look at: the supervisor alone keeps what is refused below"
                     : "cannot be looked into: the supervisor alone keeps what is refused below");
        }
        if ((rights & GRANT_WRITE) != 0)
            tell(files, path, "what may be written to directly below cannot be found out, and is not writable");
        break;
    case GRANT_LOSS_LINKED:
        break; /* by those names it may be read */
    }
}

/* The path of a pattern up to its first glob: whole components. False if it is too long. */
static bool before_glob(const char *pattern, char path[PATH_MAX], const char **rest)
{
    size_t length = strcspn(pattern, "*?[\\");
    if (pattern[length] != '\0')
        while (length > 1 && pattern[length - 1] != '/')
            length--;
    if (length >= PATH_MAX)
        return false;
    memcpy(path, pattern, length);
    path[length > 1 && pattern[length - 1] == '/' ? length - 1 : length] = '\0';
    *rest = pattern + length;
    return true;
}

/* What a rule wants to be written to directly, and is not there: nothing can be made in its place. */
static void tell_of_missing(const struct files *files)
{
    struct policy *policy = files->places->policy;
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        const struct policy_rule rule = policy_rule_get(policy, number);
        bool unused = rule.kind == POLICY_RULE_CEILING && policy_control(policy) == POLICY_CONTROL_CLOSED;
        const char *pattern = rule.resolved != NULL ? rule.resolved : rule.pattern, *rest;
        char path[PATH_MAX];
        struct stat st;
        if (rule.action != POLICY_WRITE || rule.verdict != POLICY_DIRECT || rule.quiet || unused ||
            !before_glob(pattern, path, &rest))
            continue;
        if (stat(path, &st) < 0 && errno == ENOENT)
            tell(files, path, "is not there, and the kernel's lock does not let it be made directly; make it first");
        else if (rest[0] != '\0' && strcmp(rest, "**") != 0)
            tell(files, pattern, "what is not there yet cannot be made directly under the kernel's lock");
    }
}

/*
 * Rules that are added at run time may loosen as far as the ceilings let them, and a lock that is engaged cannot be
 * loosened: what a ceiling allows, it has to allow from the start. As a policy in which nothing else is allowed, since
 * the last ceiling that matches counts, whatever a rule says. 0 or -errno; NULL: there is no ceiling.
 */
static int make_ceilings(struct policy *policy, struct policy **ceilings)
{
    static const char nothing[] = "read deny /**\nwrite deny /**\nexec deny /**\n";
    char *text = NULL;
    size_t size = 0, count = 0;
    FILE *out = open_memstream(&text, &size);
    *ceilings = NULL;
    if (out == NULL)
        return -ENOMEM;
    (void)fputs(nothing, out);
    for (uint32_t number = 1; number <= policy_rule_count(policy); number++) {
        const struct policy_rule rule = policy_rule_get(policy, number);
        const size_t word = strlen("ceiling");
        if (rule.kind != POLICY_RULE_CEILING || rule.text_length <= word)
            continue;
        (void)fprintf(out, "%.*s\n", (int)(rule.text_length - word), rule.text + word);
        count++;
    }
    int status = fclose(out) == 0 ? 0 : -ENOMEM;
    const struct policy_options options = {.resolve = true};
    if (status == 0 && count > 0)
        status = policy_new(ceilings, &options);
    if (status == 0 && count > 0)
        status = policy_append(*ceilings, "ceilings", text, size, POLICY_TRUSTED);
    free(text);
    return status;
}

static int grant_ceilings(struct policy *policy, const struct grants *grants)
{
    struct policy *ceilings;
    if (policy_control(policy) == POLICY_CONTROL_CLOSED)
        return 0;
    int status = make_ceilings(policy, &ceilings);
    if (status == 0 && ceilings != NULL)
        status = policy_grants(ceilings, "/", grants);
    if (ceilings != NULL)
        policy_free(ceilings);
    return status;
}

int lock_files_rules(int rules, const struct lock_places *places, const struct ruleset_attributes *attributes,
                     uint64_t writes)
{
    struct files files = {.rules = rules, .places = places, .attributes = attributes};
    struct grants grants = {.grant = grant, .lose = lose, .data = &files, .rights = GRANT_WRITE};
    if (places->policy == NULL)
        return 0;
    files.accesses[GRANT_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    files.accesses[GRANT_WRITE] = writes;
    files.accesses[GRANT_EXEC] = LANDLOCK_ACCESS_FS_EXECUTE;
    if ((attributes->handled_fs & files.accesses[GRANT_READ]) != 0)
        grants.rights |= GRANT_READ;
    if ((attributes->handled_fs & files.accesses[GRANT_EXEC]) != 0)
        grants.rights |= GRANT_EXEC;
    int status = policy_grants(places->policy, "/", &grants);
    if (status == 0)
        status = grant_ceilings(places->policy, &grants);
    if (status == 0)
        status = files.status;
    /* Processes come and go: the supervisor judges what is read of them, and the kernel by the lock's own nature. */
    if (status == 0)
        status = lock_add_path(rules, attributes, "/proc", files.accesses[GRANT_READ]);
    if (status == 0)
        tell_of_missing(&files);
    return status;
}
