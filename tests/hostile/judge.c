/*
 * Runs the attempts natively, in a view with the lock and in one without, and looks from outside at what they reached.
 * Natively each must work, or say why it need not; in a view none may.
 */
#include "judge.h"

#include <stdarg.h>
#include <sys/resource.h>

enum { MOST = 1024, INHERITED = 3000 };

enum verdict { NOTHING, WORKED, REFUSED, CONTAINED, NOT_TRIED };

enum mode { NATIVE, LOCKED, UNLOCKED, MODES };

static const char *const mode_names[MODES] = {"native", "lock", "nolock"};

static const char *coffer, *directory, *only;
static int rounds = 1000, seconds = 1;
static bool races;

struct case_ {
    const struct class *class;
    const struct attempt *attempt;
    struct stage stage;
    enum verdict verdicts[MODES];
};

static struct case_ cases[MOST];
static int count, wrong;

static __attribute__((format(printf, 1, 2))) void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("FAIL  ", stdout);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    wrong++;
}

static void collect(void)
{
    for (const struct class *class = classes; class->name != NULL; class ++) {
        for (const struct attempt *one = class->attempts; one->name != NULL; one++) {
            bool wanted = (class->group == RACES) == races && (only == NULL || strstr(one->name, only) != NULL);
            if (wanted && count == MOST)
                fail("%s-%s: no room for more than %d attempts", class->name, one->name, count);
            else if (wanted)
                cases[count++] = (struct case_){.class = class, .attempt = one};
        }
    }
    if (count == 0)
        fail("no attempt is named so: %s", only == NULL ? "" : only);
}

static void full_name(const struct case_ *one, char *name, size_t size)
{
    snprintf(name, size, "%s-%s", one->class->name, one->attempt->name);
}

static void make_directories(const char *path)
{
    char part[4096];
    for (size_t i = 1; path[i - 1] != '\0'; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        (void)mkdir(part, 0755);
    }
}

static const char *const rules = "read allow /**\nexec allow /**\nwrite layer /**\n"
                                 "write direct /dev/null\nwrite direct /dev/ptmx\nwrite direct /dev/pts/**\n"
                                 "connect allow *\nbind allow *\n"
                                 "read hide %1$s/*/hidden/**\n"
                                 "write deny %1$s/*/denied/**\n"
                                 "read deny %1$s/*/unread/**\n"
                                 "write direct %1$s/*/direct/**\n"
                                 "write ignore %1$s/*/ignored/**\n"
                                 "exec deny %1$s/*/noexec/**\n";

static const char *const addresses = "read allow /**\nwrite layer /**\nconnect allow *\nbind allow *\n"
                                     "connect deny 127.0.0.0/8:*\nconnect deny [::1]:*\n"
                                     "connect deny unix:@coffer-hostile*\nconnect deny unix:%1$s/*/hidden/*\n"
                                     "bind deny 127.7.0.0/16:*\nbind deny unix:@denied-hostile*\n"
                                     "bind deny unix:%1$s/*/empty/*\n";

#define BASE        "read allow /**\nwrite layer /**\nwrite direct /dev/null\nread hide %1$s/*/hidden/**\nconnect deny *\n"
#define NO_CEILINGS "ceiling read allow /**\nceiling write direct /**\nceiling connect allow *\nceiling bind allow *\n"

static const char *const open_rules = "control open\n" BASE NO_CEILINGS;
static const char *const executed = "control exec\n" BASE NO_CEILINGS;
static const char *const ceilings = "control exec\n" BASE "ceiling read allow /**\nceiling read hide %1$s/*/hidden/**\n"
                                    "ceiling write layer /**\nceiling connect allow 192.0.2.0/24:*\n";

/* Attempts on the control file: there is none natively, and they are shown to work where nothing is refused. */
static bool has_control(enum group group)
{
    return group == SHUT || group == CEILING || group == EXECUTE;
}

/* Null: no rules but those of the profile. */
static const char *rules_of(enum mode mode, enum group group)
{
    switch (group) {
    case RULES:
    case RACES:
        return rules;
    case ADDRESS:
        return addresses;
    case SHUT:
        return open_rules;
    case CEILING:
        return mode == NATIVE ? open_rules : ceilings;
    case EXECUTE:
        return mode == NATIVE ? open_rules : executed;
    default:
        return NULL;
    }
}

static void put_rules(const char *path, const char *text, const char *place)
{
    FILE *file = fopen(path, "we");
    if (file == NULL || fprintf(file, text, place) < 0 || fclose(file) != 0)
        exit(2);
}

/* The program that tries them, or coffer with it. */
static void start(enum mode mode, enum group group, const char *place, const char *layer)
{
    char number[16], times[16], limit[16], lock[16], policy[4096];
    const char *words[32];
    int n = 0;
    snprintf(number, sizeof number, "%d", (int)group);
    snprintf(times, sizeof times, "%d", rounds);
    snprintf(limit, sizeof limit, "%d", seconds);
    snprintf(lock, sizeof lock, "--lock=%s", mode == LOCKED ? "try" : "off");
    snprintf(policy, sizeof policy, "%s.rules", place);
    if (mode != NATIVE || has_control(group)) {
        const char *first[] = {coffer, "run", "-q", lock, "-l", layer};
        for (; n < 6; n++)
            words[n] = first[n];
        if (rules_of(mode, group) != NULL) {
            put_rules(policy, rules_of(mode, group), place);
            words[n++] = "-p";
            words[n++] = policy;
        }
        if (group == NETWORK)
            words[n++] = "--net=none";
        words[n++] = "--";
    }
    const char *where = mode != NATIVE ? "view" : has_control(group) ? "open" : "native";
    const char *last[] = {self_path(), "inside", where, number, place, times, limit, only, NULL};
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++)
        words[n++] = last[i];
    alarm(races ? 3000 : 300);
    execv(words[0], (char **)(uintptr_t)words);
    perror(words[0]);
    _exit(127);
}

static bool run(enum mode mode, enum group group, const char *place, const char *layer)
{
    char output[4096];
    int status = 0;
    snprintf(output, sizeof output, "%s.out", place);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (chdir("/") < 0 || dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
            _exit(2);
        start(mode, group, place, layer);
    }
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    fail("%s: the run of group %d did not end well: %x; see %s", mode_names[mode], (int)group, status, output);
    return false;
}

static char *content_of(const char *place)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s.out", place);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        exit(2);
    char *text = calloc(1, (size_t)st.st_size + 1);
    if (text == NULL || read(fd, text, (size_t)st.st_size) != st.st_size)
        exit(2);
    for (off_t i = 0; i < st.st_size; i++)
        text[i] = text[i] == '\0' ? '?' : text[i];
    close(fd);
    return text;
}

/* What the attempt said of itself, and what it printed before. */
static int said_by(const char *text, const char *name)
{
    char mark[256];
    snprintf(mark, sizeof mark, "\n@end %s ", name);
    const char *end = strstr(text, mark);
    return end == NULL ? STATUS_NONE : atoi(end + strlen(mark));
}

/* What it reached, or null. */
static const char *reached(const struct case_ *one, const char *output, int said)
{
    char token[64];
    snprintf(token, sizeof token, "%.*s", (int)strcspn(one->stage.token, "\n"), one->stage.token);
    if (stage_tree_changed(&one->stage))
        return "the host's files changed";
    if (strstr(output, token) != NULL)
        return "the secret was read";
    if (stage_outsider_changed(&one->stage))
        return "the process outside changed";
    if (stage_listener_reached(&one->stage))
        return "a socket outside was reached";
    if (said == 0 && (one->attempt->effect == CLAIM || one->attempt->effect == OUTSIDER))
        return "its calls went through";
    return NULL;
}

static void judge_native(struct case_ *one, const char *name, const char *reach, int said)
{
    bool excused = (one->attempt->needs & NEEDS_ROOT && geteuid() != 0) || one->attempt->needs & NEEDS_LUCK ||
                   (races && seconds < 10) || one->attempt->needs & (NEEDS_KERNEL | NO_WAY);
    one->verdicts[NATIVE] = reach != NULL ? WORKED : NOT_TRIED;
    if (reach == NULL && !excused) {
        fail("native %s: %s: does not work natively: %s", name, one->attempt->what,
             said > 0 && said < STATUS_UNTRIED ? strerror(said) : "nothing came of it");
    } else if (reach == NULL) {
        printf("      native %s: not shown to work:%s%s%s%s (%s)\n", name,
               one->attempt->needs & NO_WAY ? " is no way where all is open" : "",
               one->attempt->needs & NEEDS_ROOT ? " needs root" : "",
               one->attempt->needs & NEEDS_KERNEL ? " needs a kernel or file system that has it" : "",
               one->attempt->needs & NEEDS_LUCK ? " needs luck" : "",
               said > 0 && said < STATUS_UNTRIED ? strerror(said) : "no effect");
    }
}

static void judge_view(struct case_ *one, enum mode mode, const char *name, const char *reach, int said)
{
    one->verdicts[mode] = WORKED;
    if (reach != NULL && mode == UNLOCKED && (one->attempt->needs & LOCK_ALONE) != 0) {
        printf("      %s %s: %s, which the lock alone keeps\n", mode_names[mode], name, reach);
        return;
    }
    if (reach != NULL || said == STATUS_NONE) {
        fail("%s %s: %s: %s", mode_names[mode], name, one->attempt->what,
             reach != NULL ? reach : "it was not tried to its end");
        return;
    }
    if (said == STATUS_UNTRIED && one->verdicts[NATIVE] == WORKED)
        fail("%s %s: %s: works natively, and cannot be tried here", mode_names[mode], name, one->attempt->what);
    else if (said == STATUS_UNTRIED)
        printf("      %s %s: not tried, and not shown natively\n", mode_names[mode], name);
    one->verdicts[mode] = said == 0 || said == STATUS_SIGNAL ? CONTAINED : said == STATUS_UNTRIED ? NOT_TRIED : REFUSED;
    if (getenv("HOSTILE_VERBOSE") != NULL)
        printf("      %s %s: %s\n", mode_names[mode], name,
               said == 0               ? "contained"
               : said < STATUS_UNTRIED ? strerror(said)
                                       : "not tried");
}

static void judge_all(enum mode mode, enum group group, const char *output)
{
    for (int i = 0; i < count; i++) {
        struct case_ *one = &cases[i];
        char name[128];
        if (one->class->group != group)
            continue;
        full_name(one, name, sizeof name);
        int said = said_by(output, name);
        const char *reach = reached(one, output, said);
        if (mode == NATIVE)
            judge_native(one, name, reach, said);
        else
            judge_view(one, mode, name, reach, said);
        stage_end(&one->stage);
    }
}

/* Sets the stage for each, and plants what they want planted. */
static void prepare(enum mode mode, enum group group, const char *place, const char *layer)
{
    for (int i = 0; i < count; i++) {
        struct case_ *one = &cases[i];
        char name[128], alias[32], where[8192];
        if (one->class->group != group)
            continue;
        full_name(one, name, sizeof name);
        snprintf(alias, sizeof alias, "%d-%d", (int)mode, i);
        stage_make(&one->stage, place, name, alias, one->attempt, group);
        snprintf(where, sizeof where, "%s%s%s", mode == NATIVE ? "" : layer, mode == NATIVE ? "" : "/fs",
                 one->stage.directory);
        if (one->attempt->plant != NULL) {
            make_directories(where);
            one->attempt->plant(where);
        }
        stage_ready(&one->stage);
    }
}

static void make_layer(const char *layer)
{
    pid_t child = fork();
    if (child == 0) {
        execl(coffer, coffer, "run", "-q", "-l", layer, "--", "true", (char *)NULL);
        _exit(127);
    }
    if (child_outcome(child) != 0)
        exit(2);
}

static bool has_any(enum group group)
{
    for (int i = 0; i < count; i++)
        if (cases[i].class->group == group)
            return true;
    return false;
}

static void try_group(enum mode mode, enum group group)
{
    char place[2000], layer[4096];
    snprintf(place, sizeof place, "%s/%s-%d", directory, mode_names[mode], (int)group);
    snprintf(layer, sizeof layer, "%s.layer", place);
    if (mkdir(place, 0755) < 0) {
        fail("%s: %s", place, strerror(errno));
        return;
    }
    if (mode != NATIVE || has_control(group))
        make_layer(layer);
    prepare(mode, group, place, layer);
    bool ended = run(mode, group, place, layer);
    char *output = content_of(place);
    if (mode != NATIVE || strstr(output, "\n@done\n") != NULL)
        judge_all(mode, group, output);
    else if (ended)
        fail("native: the run of group %d did not come to its end: nothing is judged; see %s.out", (int)group, place);
    free(output);
    closefrom(INHERITED);
}

static void print_table(void)
{
    int all[4] = {0};
    printf("\n%-12s %8s %8s | %8s %9s | %8s %9s\n", "class", "attempts", "natively", "refused", "contained", "refused",
           "contained");
    printf("%-12s %8s %8s | %18s | %18s\n", "", "", "work", "with the lock", "--lock=off");
    for (const struct class *class = classes; class->name != NULL; class ++) {
        int found[MODES][NOT_TRIED + 1] = {{0}}, total = 0;
        for (int i = 0; i < count; i++) {
            for (int mode = 0; mode < MODES && cases[i].class == class; mode++)
                found[mode][cases[i].verdicts[mode]]++;
            total += cases[i].class == class;
        }
        if (total == 0)
            continue;
        all[0] += total;
        printf("%-12s %8d %8d | %8d %9d | %8d %9d\n", class->name, total, found[NATIVE][WORKED], found[LOCKED][REFUSED],
               found[LOCKED][CONTAINED], found[UNLOCKED][REFUSED], found[UNLOCKED][CONTAINED]);
        all[1] += found[NATIVE][WORKED];
        for (int mode = LOCKED; mode < MODES; mode++)
            all[mode + 1] += found[mode][REFUSED] + found[mode][CONTAINED];
    }
    printf("%d attempts; %d work natively; %d refused or contained with the lock, %d without\n", all[0], all[1], all[2],
           all[3]);
}

/* Each attempt has a process and some sockets outside. */
static void want_descriptors(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int judge(int argc, char **argv)
{
    coffer = argv[0];
    directory = argv[1];
    if (argc >= 5 && strcmp(argv[2], "races") == 0) {
        races = true;
        rounds = atoi(argv[3]);
        seconds = atoi(argv[4]);
        argc -= 3;
        argv += 3;
    }
    only = argc > 2 ? argv[2] : NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    want_descriptors();
    collect();
    for (enum group group = 0; group < GROUPS; group++)
        for (enum mode mode = 0; mode < MODES && has_any(group); mode++)
            try_group(mode, group);
    print_table();
    printf("%d wrong\n", wrong);
    return wrong == 0 ? 0 : 1;
}
