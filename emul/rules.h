/*
 * What the policy says of names in the view: what is hidden, where changes go, and what is refused.
 *
 * Rules are about paths of the view, after resolution. A directory remembers its place in the policy's tree of names,
 * so that a question costs the same however many rules there are and however deep the directory is.
 */
#ifndef COFFER_EMUL_RULES_H
#define COFFER_EMUL_RULES_H

#include "emul/address.h"
#include "emul/view_internal.h"

/* Whether the name of the host or of a lower layer does not exist in the view. */
bool rules_hide(struct view *view, struct directory *dir, const char *name);
/* Whether names at or below a directory may be hidden: nothing may pass it unlooked. */
bool rules_watch(struct view *view, struct directory *dir);
/* The same of what has a name in it, a directory or not. */
bool rules_watch_name(struct view *view, struct directory *dir, const char *name);

/* The tree that a change of the entry is made in: UPPER, or that of the host where the policy says "write direct". */
int rules_home(struct view *view, const struct entry *entry);
/* An O_PATH descriptor of the entry's object there, which must exist; owned, or -errno. */
int rules_open_home(struct view *view, const struct entry *entry);

enum rules_go { RULES_GO = 0, RULES_IGNORE = 1 };

/*
 * Whether the caller may do this to what has a name in a directory ("": the directory itself). `said` is the path as he
 * said it, or NULL. RULES_GO, RULES_IGNORE (say that it worked), or the -errno that he gets: the violation was told.
 */
int rules_ask(struct view *view, const struct caller *caller, enum policy_action action, struct directory *dir,
              const char *name, const char *said);
/* The same for a path of the host that views do not touch, in /proc say. */
int rules_ask_path(struct view *view, const struct caller *caller, enum policy_action action, const char *path);
/*
 * The same for what a link in /proc leads to (or the file in /proc itself), by its name in the view, also when it has
 * been removed; and for what a descriptor of ours is open on.
 */
int rules_ask_link(struct view *view, const struct caller *caller, enum policy_action action, const char *link);
int rules_ask_descriptor(struct view *view, const struct caller *caller, enum policy_action action, int fd);
/* Whether it would be refused; nobody is told. */
bool rules_denies(struct view *view, enum policy_action action, struct directory *dir, const char *name);
/* Whether some rule refuses to read, to write or to execute something. */
bool rules_deny_somewhere(struct view *view);
/* Whether the policy says by a rule, and not by default, that such a path is written to directly. */
bool rules_direct_path(struct view *view, const char *path);

/*
 * Before a directory goes from the view with all that the host has in it: notes what is hidden there as something that
 * the programs did not see, so that no commit removes it for them. 0 or -errno.
 */
int rules_note_hidden(struct view *view, struct directory *dir);

/* Whether what may be read differs somewhere in or below a directory. */
bool rules_reads_differ(struct view *view, struct directory *dir);

/* Whether rules make a difference somewhere below a directory: then it is not renamed as a whole on the host. */
bool rules_mixed(struct view *view, struct directory *dir);

/* What a call gets that the policy refuses, 0 where it may go on after all; the user is told. */
int rules_refuse(struct view *view, const struct caller *caller, enum policy_action action, const char *path,
                 const char *said, const struct policy_decision *decision);

/* ---- the network (rules_network.c) ---- */
/* Whether some address may be refused: else nothing need be asked. */
bool rules_judge_addresses(struct view *view);
/*
 * Whether the caller may connect (send) or bind to an address that is no path. RULES_GO or -errno. What a socket of the
 * view is bound to may be connected to.
 */
int rules_ask_address(struct view *view, const struct caller *caller, enum policy_action action,
                      const struct address *address);
/* Whether rules allow the whole network. */
bool rules_network_open(struct view *view, enum policy_action action);
/*
 * Whether the caller may do what cannot be judged by an address: it takes rules that allow the whole network. `what`
 * says it to the user. RULES_GO or -errno.
 */
int rules_ask_network(struct view *view, const struct caller *caller, enum policy_action action, const char *what);

#endif
