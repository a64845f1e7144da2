/*
 * Rights that an ordinary user's supervisor lends itself for a moment.
 *
 * A directory of mode 0555 can be neither moved nor written into by its owner, so its mode is another one meanwhile. A
 * note in LAYER/work says so: should coffer be killed in between, the next run gives back what was lent.
 */
#ifndef COFFER_EMUL_LENT_H
#define COFFER_EMUL_LENT_H

#include "emul/layer.h"

#include <sys/stat.h>

struct lent {
    char note[32]; /* its name in LAYER/work; "": none */
};

/*
 * Lends the owner's rights to the directory fd, whose stat is *st; nothing for another object. It
 * lies at `name` in the directory `parent`, or will when it has been moved there; a null name: it is `parent`. 0 or
 * -errno.
 */
int lent_begin(struct layer *layer, struct lent *lent, int fd, const struct stat *st, int parent, const char *name);
void lent_end(struct layer *layer, struct lent *lent, int fd, const struct stat *st);

/* Gives back what a run that was killed had lent; before work/ is emptied. */
void lent_give_back(struct layer *layer);

#endif
