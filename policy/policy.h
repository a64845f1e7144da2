/*
 * The rule language: what programs in a view may read, write, execute and talk to. docs/policy.md is its manual.
 *
 * A policy is a list of rules; of those that match, the last decides. It is loaded once, may get further rules later,
 * and is asked at every call that names something. It knows paths and addresses alone: nothing of processes, layers or
 * the kernel's calls. Threads that share a policy take turns: even a question writes to it.
 */
#ifndef COFFER_POLICY_POLICY_H
#define COFFER_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum policy_action { POLICY_READ, POLICY_WRITE, POLICY_EXEC, POLICY_CONNECT, POLICY_BIND, POLICY_ACTIONS };

enum policy_verdict {
    POLICY_ALLOW,
    POLICY_DENY,
    POLICY_HIDE,   /* read: there is no such name */
    POLICY_DIRECT, /* write: on the host itself */
    POLICY_LAYER,  /* write: in the layer */
    POLICY_IGNORE, /* write: say that it worked, and change nothing */
};

/* The words of the language. */
const char *policy_action_name(enum policy_action action);
const char *policy_verdict_name(enum policy_verdict verdict);

/* The action of this name; POLICY_ACTIONS when there is none. */
enum policy_action policy_action_find(const char *name, size_t length);

/* What a refused call gets. */
enum policy_answer { POLICY_ANSWER_ERRNO, POLICY_ANSWER_KILL, POLICY_ANSWER_ASK };

struct policy_violation {
    enum policy_answer answer;
    int error; /* for POLICY_ANSWER_ERRNO, such as EACCES */
};

/* Who may add rules while the programs run: `control open`, `exec`, `closed`. */
enum policy_control {
    POLICY_CONTROL_CLOSED, /* nobody */
    POLICY_CONTROL_OPEN,   /* every process, until one of them locks it */
    POLICY_CONTROL_EXEC,   /* the command's own processes, none that has executed another program */
};

/* Something that is wrong in a policy file; lines and columns (in bytes) count from 1. */
struct policy_problem {
    const char *file;
    unsigned line, column; /* 0: the file as a whole */
    const char *text;      /* what was found, and what is expected */
};

/* All may be NULL. The strings must live as long as the policy. */
struct policy_options {
    const char *home;                                      /* what ~ stands for; NULL: $HOME */
    const char *directory;                                 /* what . stands for; NULL: the working directory */
    const char *profiles;                                  /* a directory with the user's own profiles */
    const char *(*variable)(void *data, const char *name); /* what $NAME stands for; NULL: getenv() */
    void (*report)(void *data, const struct policy_problem *problem);
    void *data;
    /*
     * Whether symbolic links in the part of a pattern before its first glob are followed, on the host and now: the rule
     * then holds for the place as it is written and for the one that it leads to.
     */
    bool resolve;
};

struct policy;

/* A policy without rules, in which defaults decide. Returns 0 or -ENOMEM. */
int policy_new(struct policy **policy, const struct policy_options *options);

void policy_free(struct policy *policy);

/*
 * These add rules behind those that are there. Each problem is reported; if there is one, nothing is added, and -EINVAL
 * is returned; -ENOMEM leaves a policy that refuses everything.
 */
int policy_load_file(struct policy *policy, const char *path);

/* A profile: a file of the directory of profiles, else one that is built in. -ENOENT (not reported) if neither is
 * there. */
int policy_load_profile(struct policy *policy, const char *name);

/* The text of a profile that is built in, or NULL. */
const char *policy_profile_text(const char *name, size_t *length);

/* The name of the built-in profile of this number, from 0; NULL behind the last. */
const char *policy_profile_name(size_t number);

/* How far rules that are added at run time are trusted. */
enum policy_trust {
    POLICY_TRUSTED, /* as if they stood at the end of the file */
    POLICY_CONFINED /* they tighten at will, but loosen only as far as a `ceiling` rule lets them */
};

/* Rules given as text; `name` is what problems and decisions call their file. */
int policy_append(struct policy *policy, const char *name, const char *text, size_t length, enum policy_trust trust);

/*
 * The same of a program in a view, which wants to hear what is wrong: a rule that loosens more at its own place than a
 * ceiling lets it is refused. `reads_pass`: calls that look are not asked about, so a rule that would need that is
 * refused as well. 0; or -EPERM with words in `why`, or -ENOMEM, and then nothing has been added.
 */
int policy_add(struct policy *policy, const char *name, const char *text, size_t length, bool reads_pass, char *why,
               size_t size);

/* A path as a word of the language, with everything escaped that means something there; the caller frees it. */
char *policy_quote(const char *path);

struct policy_decision {
    enum policy_verdict verdict;
    bool quiet;    /* refused without a report */
    bool limited;  /* a rule added at run time wanted more than it may give */
    uint32_t rule; /* the number of the rule that decided, from 1; 0: none did, and this is the default */
};

/*
 * Decides about an absolute path without symbolic links, "." and ".." (a path with ".." gets the strictest verdict).
 * The action is one of read, write, exec; for connect and bind the path is that of a socket.
 */
struct policy_decision policy_decide(struct policy *policy, enum policy_action action, const char *path);

/*
 * Decides about an address. A path in it must be absolute and without symbolic links (policy_decide() takes longer
 * ones). To connect to the address "any" is to connect to this machine, and decided so; an IPv4 address in IPv6 is
 * IPv4; AF_UNSPEC is IPv4, as in sendto() and bind() (a connect() with it connects to nothing and needs no decision).
 */
struct policy_decision policy_decide_address(struct policy *policy, enum policy_action action,
                                             const struct sockaddr *address, socklen_t length);

/*
 * Whether a rule could give something at or below this directory another verdict than the rest has. False is certain;
 * true is not, for instance when rules that were added at run time cover the place.
 */
bool policy_below(struct policy *policy, enum policy_action action, const char *directory);

/*
 * Whether everything may be read and nothing goes to a layer: then what programs see is what the host has, and calls
 * that can only look need not be asked about. True is certain.
 */
bool policy_reads_pass(struct policy *policy);

/* Whether what a verdict permits goes beyond what another one of its action does. */
bool policy_is_looser(enum policy_verdict verdict, enum policy_verdict than);

enum policy_control policy_control(const struct policy *policy);

/* What a refused call gets. */
struct policy_violation policy_on_violation(const struct policy *policy);

/* How many rules there are; they are numbered from 1 in the order in which they were read. */
uint32_t policy_rule_count(const struct policy *policy);

enum policy_rule_kind { POLICY_RULE_BASE, POLICY_RULE_ADDED, POLICY_RULE_CEILING, POLICY_RULE_KINDS };

struct policy_rule {
    const char *file;
    unsigned line;
    const char *text; /* as it was written, without blanks around and not terminated */
    size_t text_length;
    const char *pattern;  /* what it came to when ~, . and $VAR had been replaced */
    const char *resolved; /* the same behind symbolic links; NULL if it is no other */
    enum policy_action action;
    enum policy_verdict verdict;
    enum policy_rule_kind kind;
    bool quiet;
};

/* The rule of a number from 1 to policy_rule_count(). The strings live as long as the policy. */
struct policy_rule policy_rule_get(const struct policy *policy, uint32_t number);

/* Of connect and bind: the address as it was written, "unix:" included; not terminated. */
const char *policy_rule_address(const struct policy_rule *rule, size_t *length);

/* Whether this rule, whatever its action, matches a path or an address; takes longer than a decision. */
bool policy_rule_matches(const struct policy *policy, uint32_t number, const char *path);
bool policy_rule_matches_address(const struct policy *policy, uint32_t number, const struct sockaddr *address,
                                 socklen_t length);

/* "127.0.0.1:80", "[::1]:53", "unix:/run/x", "unix:@name" as a socket address. Returns its length, 0 if it is none. */
socklen_t policy_address_read(const char *text, struct sockaddr_storage *address);

/*
 * A place in the tree of names, for a walk that goes from directory to directory: it knows all decisions about its
 * name, and the place of a name in it is found without looking at the path again. Places are counted; equal ones are
 * one.
 */
struct policy_place;

/* The place of "/". */
struct policy_place *policy_root(struct policy *policy);

/* The place of a name (not "." or "..") in a directory. NULL without memory. */
struct policy_place *policy_step(struct policy *policy, struct policy_place *place, const char *name, size_t length);

struct policy_place *policy_place_hold(struct policy_place *place);
void policy_place_release(struct policy *policy, struct policy_place *place);

/* False when rules have been added since: the walk has to begin anew at the root. */
bool policy_place_current(const struct policy *policy, const struct policy_place *place);

struct policy_decision policy_place_decide(const struct policy_place *place, enum policy_action action);

/* As policy_below(). */
bool policy_place_below(const struct policy_place *place, enum policy_action action);

#endif
