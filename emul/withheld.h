/*
 * What the upper tree has of places that are hidden now: an earlier run on the layer, which was shown them, copied or
 * changed them. It does not show, and stays where it is for diff and commit.
 */
#ifndef COFFER_EMUL_WITHHELD_H
#define COFFER_EMUL_WITHHELD_H

#include "emul/view_internal.h"

/*
 * Whether what the upper tree has at a name of dir, with this device and inode number, is withheld: the name is hidden,
 * and the object is no program's own. Also true where that cannot be told (no memory, an unreadable LAYER/base).
 */
bool withheld(struct view *view, struct directory *dir, const char *name, dev_t dev, ino_t ino);

/*
 * Whether nothing may be made at a name, for it would take the place of something withheld, or of what was deleted by
 * a run that was shown it.
 */
bool withheld_place(struct view *view, struct directory *dir, const char *name);

/* Whether what has this path of the view, which is hidden, had it on the host when a run changed it there. */
bool withheld_path(struct view *view, const char *path);

void withheld_free(struct view *view);

#endif
