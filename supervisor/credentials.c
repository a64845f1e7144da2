#include "supervisor/credentials.h"

#include "emul/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static FILE *open_status(pid_t tid)
{
    char path[sizeof "/proc//status" + 3 * sizeof tid];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
    return fopen(path, "re");
}

/* The text after "NAME:" when the line begins so, else NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t length = strlen(name);
    return strncmp(line, name, length) == 0 && line[length] == ':' ? line + length + 1 : NULL;
}

static int parse_groups(const char *text, struct credentials *credentials)
{
    int room = 0;
    char *end;
    for (;;) {
        unsigned long group = strtoul(text, &end, 10);
        if (end == text)
            return 0;
        text = end;
        if (credentials->group_count == room) {
            room = room == 0 ? 16 : room * 2;
            gid_t *groups = realloc(credentials->groups, (size_t)room * sizeof *groups);
            if (groups == NULL)
                return -ENOMEM;
            credentials->groups = groups;
        }
        credentials->groups[credentials->group_count++] = (gid_t)group;
    }
}

static int parse_line(const char *line, struct credentials *credentials)
{
    const char *value;
    if ((value = value_of(line, "Uid")) != NULL) {
        if (sscanf(value, "%u %u %u %u", &credentials->ruid, &credentials->euid, &credentials->suid,
                   &credentials->fsuid) != 4)
            return -EIO;
    } else if ((value = value_of(line, "Gid")) != NULL) {
        if (sscanf(value, "%u %u %u %u", &credentials->rgid, &credentials->egid, &credentials->sgid,
                   &credentials->fsgid) != 4)
            return -EIO;
    } else if ((value = value_of(line, "Groups")) != NULL) {
        return parse_groups(value, credentials);
    } else if ((value = value_of(line, "CapPrm")) != NULL) {
        if (sscanf(value, "%" SCNx64, &credentials->permitted) != 1)
            return -EIO;
    } else if ((value = value_of(line, "CapEff")) != NULL) {
        if (sscanf(value, "%" SCNx64, &credentials->capabilities) != 1)
            return -EIO;
        return 1;
    }
    return 0;
}

int credentials_read(pid_t tid, struct credentials *credentials)
{
    cleanup_file FILE *file = open_status(tid);
    if (file == NULL)
        return -errno;

    cleanup_free char *line = NULL;
    size_t room = 0;
    int status = 0;
    /* CapEff is the last of the five; a file without it was cut off by the thread's end. */
    while (status == 0)
        status = getline(&line, &room, file) < 0 ? -ESRCH : parse_line(line, credentials);

    if (status < 0) {
        free(credentials->groups);
        memset(credentials, 0, sizeof *credentials);
        return status;
    }
    return 0;
}

int credentials_read_relations(pid_t tid, struct relations *relations)
{
    cleanup_file FILE *file = open_status(tid);
    if (file == NULL)
        return -errno;

    cleanup_free char *line = NULL;
    size_t room = 0;
    *relations = (struct relations){.state = 'X'};
    while (getline(&line, &room, file) >= 0) {
        const char *value;
        if ((value = value_of(line, "State")) != NULL) {
            relations->state = value[strspn(value, "\t ")];
        } else if ((value = value_of(line, "Tgid")) != NULL) {
            relations->process = (pid_t)strtol(value, NULL, 10);
        } else if ((value = value_of(line, "PPid")) != NULL) {
            relations->parent = (pid_t)strtol(value, NULL, 10);
        } else if ((value = value_of(line, "TracerPid")) != NULL) {
            relations->tracer = (pid_t)strtol(value, NULL, 10);
            return relations->process > 0 ? 0 : -ESRCH;
        }
    }
    return -ESRCH;
}
