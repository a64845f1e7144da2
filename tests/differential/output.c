/*
 * What a script prints. All its processes write to one shared buffer, one after the other. Objects are told apart by a
 * number of their own, given in the order in which they are first seen: two names of one object have the same number.
 */
#include "actor.h"

#include <err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 20, OBJECTS = 4096, OLD_DAYS = 1500000000 };

/* Natively the time of birth tells a new object from an old one whose inode number was used again. */
struct object {
    dev_t device;
    ino_t inode;
    struct statx_timestamp birth;
};

static struct {
    struct timespec start;
    size_t used;
    size_t objects;
    struct object object[OBJECTS];
    char text[ROOM];
} * output;

void output_open(void)
{
    output = mmap(NULL, sizeof *output, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (output == MAP_FAILED)
        err(2, "mmap");
}

/* Everything that is changed from here on gets a time later than the start. */
void output_start(void)
{
    struct timespec before;

    output->used = 0;
    output->objects = 0;
    if (output->start.tv_sec != 0)
        return;
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &before);
    do
        (void)clock_gettime(CLOCK_REALTIME_COARSE, &output->start);
    while (output->start.tv_sec == before.tv_sec && output->start.tv_nsec == before.tv_nsec);
}

void output_print(void)
{
    (void)fwrite(output->text, 1, output->used, stdout);
    output->used = 0;
}

void say(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    int length = vsnprintf(output->text + output->used, ROOM - output->used, format, list);
    va_end(list);
    if (length > 0 && (size_t)length < ROOM - output->used)
        output->used += (size_t)length;
}

void say_bytes(const char *bytes, size_t length)
{
    char *text = malloc(length * 4 + 8);

    if (text == NULL)
        return;
    text_encode(bytes, length, text, length * 4 + 8);
    say("%s", text);
    free(text);
}

static size_t object_number(const struct object *wanted)
{
    size_t i = 0;

    while (i < output->objects && memcmp(&output->object[i], wanted, sizeof *wanted) != 0)
        i++;
    if (i == output->objects && output->objects < OBJECTS)
        output->object[output->objects++] = *wanted;
    return i;
}

static void say_time(const char *name, const struct timespec *time)
{
    if (time->tv_sec < OLD_DAYS)
        say(" %s%ld.%ld", name, (long)time->tv_sec, time->tv_nsec);
    else
        say(" %snow", name);
}

static bool after_start(const struct timespec *time)
{
    return time->tv_sec != output->start.tv_sec ? time->tv_sec > output->start.tv_sec
                                                : time->tv_nsec >= output->start.tv_nsec;
}

/*
 * Whether the time of change is compared: only where DIFFERENTIAL_CTIME is set. The kernel's finer time stamps
 * (multigrain, Linux 6.13) do not go by the clock that the start is read from.
 */
static bool says_changes(void)
{
    return getenv("DIFFERENTIAL_CTIME") != NULL;
}

static char type_letter(mode_t mode)
{
    return S_ISREG(mode)    ? 'f'
           : S_ISDIR(mode)  ? 'd'
           : S_ISLNK(mode)  ? 'l'
           : S_ISFIFO(mode) ? 'p'
           : S_ISSOCK(mode) ? 's'
                            : 'c';
}

/* Natively the object is asked for its time of birth by (dirfd, path, flags). */
void say_stat(const struct stat *st, int dirfd, const char *path, int flags)
{
    struct object object;
    struct statx more;

    memset(&object, 0, sizeof object);
    object.device = st->st_dev;
    object.inode = st->st_ino;
    if (native && statx(dirfd, path, flags, STATX_BTIME, &more) == 0) {
        object.birth.tv_sec = more.stx_btime.tv_sec;
        object.birth.tv_nsec = more.stx_btime.tv_nsec;
    }
    say(" %c%04o u%u g%u", type_letter(st->st_mode), st->st_mode & 07777, st->st_uid, st->st_gid);
    if (!S_ISDIR(st->st_mode))
        say(" n%lu s%ld", (unsigned long)st->st_nlink, (long)st->st_size);
    say_time("m", &st->st_mtim);
    /* A listing in a view reads other directories than the program does, and links are read without the kernel. */
    if (S_ISREG(st->st_mode))
        say_time("a", &st->st_atim);
    say(" c%d i%zu", says_changes() && after_start(&st->st_ctim), object_number(&object));
}
