/*
 * Where rules come from: files, what they include, profiles, text.
 */
#include "policy/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is being read, and what includes it: none of them may be included once more. */
struct open_file {
    const struct open_file *by;
    const char *name;
    dev_t device;
    ino_t inode;
    bool built_in;
    unsigned depth;
};

/* Reads a descriptor to its end. */
static int read_all(int fd, struct bytes *text)
{
    char block[16384];
    for (;;) {
        ssize_t got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return bytes_end(text) == NULL ? -ENOMEM : 0;
        bytes_add(text, block, (size_t)got);
        if (text->length > FILE_MAX)
            return -EFBIG;
    }
}

/* The text of a file, and which one it is. */
static int read_file(const char *path, struct bytes *text, struct open_file *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct stat st;
    int status = fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? -EISDIR : read_all(fd, text);
    (void)close(fd);
    file->device = st.st_dev;
    file->inode = st.st_ino;
    return status;
}

/* Gives a file a number and a name. The text is the policy's from now on, whatever comes. */
static int note_file(struct policy *policy, const char *name, char *text, uint32_t *number)
{
    struct policy_file *files = array_grow(policy->files, policy->file_count, &policy->file_capacity, sizeof *files);
    const char *copy = store_copy(&policy->store, name, strlen(name));
    if (files != NULL)
        policy->files = files;
    if (files == NULL || copy == NULL) {
        free(text);
        return -ENOMEM;
    }
    *number = (uint32_t)policy->file_count;
    files[policy->file_count++] = (struct policy_file){.name = copy, .text = text};
    return 0;
}

/* Reads the rules of a text within the reader; what it was reading before goes on afterwards. */
static void read_text(struct reader *reader, struct open_file *file, char *owned, const char *text, size_t length)
{
    const struct reader outer = *reader;
    int status = note_file(reader->policy, file->name, owned, &reader->file);
    if (status == 0) {
        reader->name = reader->policy->files[reader->file].name;
        reader->files = file;
        parse_text(reader, text, length);
    } else {
        reader->status = status;
    }
    reader->name = outer.name;
    reader->file = outer.file;
    reader->line = outer.line;
    reader->files = outer.files;
}

static bool is_open(const struct open_file *chain, const struct open_file *file)
{
    for (; chain != NULL; chain = chain->by)
        if (chain->built_in == file->built_in &&
            (file->built_in ? strcmp(chain->name, file->name) == 0
                            : chain->device == file->device && chain->inode == file->inode))
            return true;
    return false;
}

/*
 * The file of this path, or the profile that is built in. `column` is where it was named; 0: it is not included.
 * -ENOENT is the caller's to report.
 */
static int read_one(struct reader *reader, const char *name, bool built_in, size_t column)
{
    struct open_file file = {.by = reader->files, .name = name, .built_in = built_in};
    struct bytes text = {0};
    size_t length = 0;
    const char *profile = built_in ? policy_profile_text(name, &length) : NULL;
    int status = !built_in ? read_file(name, &text, &file) : profile == NULL ? -ENOENT : 0;
    file.depth = file.by == NULL ? 0 : file.by->depth + 1;
    if (status == -ENOENT || status == -ENOMEM) {
        free(text.data);
        return status;
    }
    if (status == 0 && is_open(file.by, &file)) {
        reader_problem(reader, column, "'%.200s' includes itself: a file that is not being read already expected",
                       name);
    } else if (status == 0 && (file.depth > INCLUDE_DEPTH_MAX || reader->policy->file_count >= FILES_MAX)) {
        reader_problem(reader, column, "too many files: at most %d within each other and %d in all expected",
                       INCLUDE_DEPTH_MAX, FILES_MAX);
    } else if (status == 0) {
        read_text(reader, &file, text.data, built_in ? profile : text.data, built_in ? length : text.length);
        return 0;
    } else {
        reader_problem(reader, column, "'%.200s' cannot be read: %s", name, strerror(-status));
    }
    free(text.data);
    return 0;
}

/* A file in a directory. */
static int read_in(struct reader *reader, const char *directory, size_t directory_length, const char *name,
                   size_t column)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%.*s/%s", (int)directory_length, directory, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return -ENOENT;
    return read_one(reader, path, false, column);
}

static int read_profile(struct reader *reader, const char *name, size_t column)
{
    const char *directory = reader->policy->options.profiles;
    int status = -ENOENT;
    if (directory != NULL && strchr(name, '/') == NULL)
        status = read_in(reader, directory, strlen(directory), name, column);
    return status == -ENOENT ? read_one(reader, name, true, column) : status;
}

void load_include(struct reader *reader, const char *name, size_t column)
{
    const struct open_file *by = reader->files;
    int status = -ENOENT;
    if (*name == '/') {
        status = read_one(reader, name, false, column);
    } else if (*name != '\0') {
        const char *slash = by == NULL || by->built_in ? NULL : strrchr(by->name, '/');
        if (slash != NULL)
            status = read_in(reader, by->name, (size_t)(slash - by->name), name, column);
        else if (by != NULL && !by->built_in)
            status = read_one(reader, name, false, column);
        if (status == -ENOENT)
            status = read_profile(reader, name, column);
    }
    if (status == -ENOENT)
        reader_problem(reader, column, "'%.200s' found, a file or a profile that exists expected", name);
    else if (status < 0)
        reader->status = status;
}

/* How much there was before something was read. */
struct before {
    size_t rules, files;
    struct policy_violation violation;
    enum policy_control control;
};

static struct before before_reading(const struct policy *policy)
{
    return (struct before){
        .rules = policy->rule_count,
        .files = policy->file_count,
        .violation = policy->violation,
        .control = policy->control,
    };
}

static void take_back(struct policy *policy, const struct before *before)
{
    policy->rule_count = before->rules;
    policy->violation = before->violation;
    policy->control = before->control;
    while (policy->file_count > before->files)
        free(policy->files[--policy->file_count].text);
}

/* Puts the rules that were read into the tree; or takes them back, if anything is wrong with them. */
static int finish(struct reader *reader, const struct before *before)
{
    struct policy *policy = reader->policy;
    resolver_free(&reader->resolver);
    if (reader->status < 0 || reader->problems > 0)
        take_back(policy, before);
    int status = reader->status;
    for (size_t i = before->rules; status == 0 && i < policy->rule_count; i++)
        status = tree_add(policy, (uint32_t)(i + 1));
    if (status < 0)
        policy->broken = true;
    policy->generation++;
    return status == 0 && reader->problems > 0 ? -EINVAL : status;
}

int policy_load_file(struct policy *policy, const char *path)
{
    struct reader reader = {.policy = policy, .name = path, .trust = POLICY_TRUSTED};
    struct before before = before_reading(policy);
    int status = read_one(&reader, path, false, 0);
    if (status == -ENOENT)
        reader_problem(&reader, 0, "%s", strerror(ENOENT));
    else if (status < 0)
        reader.status = status;
    return finish(&reader, &before);
}

int policy_load_profile(struct policy *policy, const char *name)
{
    struct reader reader = {.policy = policy, .name = name, .trust = POLICY_TRUSTED};
    struct before before = before_reading(policy);
    int status = read_profile(&reader, name, 0);
    if (status == -ENOENT)
        return status;
    reader.status = status < 0 ? status : reader.status;
    return finish(&reader, &before);
}

int policy_append(struct policy *policy, const char *name, const char *text, size_t length, enum policy_trust trust)
{
    struct reader reader = {.policy = policy, .name = name, .trust = trust};
    struct before before = before_reading(policy);
    struct open_file file = {.name = name, .built_in = true};
    char *copy = malloc(length + 1);
    if (copy == NULL)
        return -ENOMEM;
    if (length > 0)
        memcpy(copy, text, length);
    read_text(&reader, &file, copy, copy, length);
    return finish(&reader, &before);
}

int policy_new(struct policy **policy, const struct policy_options *options)
{
    *policy = calloc(1, sizeof **policy);
    if (*policy == NULL)
        return -ENOMEM;
    if (options != NULL)
        (*policy)->options = *options;
    (*policy)->violation = (struct policy_violation){.answer = POLICY_ANSWER_ERRNO, .error = EACCES};
    int status = tree_new(*policy);
    if (status == 0)
        return 0;
    policy_free(*policy);
    *policy = NULL;
    return status;
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    place_free_all(policy);
    for (size_t i = 0; i < policy->file_count; i++)
        free(policy->files[i].text);
    free(policy->files);
    free(policy->rules);
    free(policy->nodes);
    free(policy->node_rules);
    free(policy->shapes);
    free(policy->edges.slots);
    free(policy->addresses);
    free(policy->address_shapes);
    free(policy->address_edges.slots);
    store_free(&policy->store);
    free(policy);
}
