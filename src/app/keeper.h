/* Who writes the files of a jailed monitor that have names and are not open: each is written whole,
 * at an end. It is a process of its own, outside the jail, which has heard no guest: it knows the
 * paths, takes one word for each, and ends when the monitor does.
 *
 *   waiting --one of KEEPER_*--> copies the bytes, renames, answers --> waiting
 *   waiting --KEEPER_UNLOCK--> removes the name of the battery's lock, answers --> waiting
 *   waiting --the monitor is gone--> removes that name, if it was not asked to --> ended */
#ifndef APP_KEEPER_H
#define APP_KEEPER_H

#include "mews/mews.h"

enum keeper_file {
    KEEPER_BATTERY,
    KEEPER_SNAPSHOT,
    KEEPER_SCREENSHOT,
    KEEPER_REPORT,
    KEEPER_FILES,
    KEEPER_UNLOCK = KEEPER_FILES /* no file: the battery's is not written again */
};

struct keeper {
    int to;               /* -1: there is none */
    int fd[KEEPER_FILES]; /* memory in which the bytes are passed */
};

/* paths[]: where each is written; NULL: it is not. No process is made when none is. */
int keeper_begin(struct keeper *k, const char *const paths[KEEPER_FILES], struct mews_error *e);
/* What is in k->fd[which] goes to its file: the old one is there until the new one is complete.
 * KEEPER_UNLOCK: while the lock is held. */
int keeper_write(struct keeper *k, enum keeper_file which, struct mews_error *e);
/* These bytes do. */
int keeper_put(struct keeper *k, enum keeper_file which, const void *bytes, size_t len,
               struct mews_error *e);
void keeper_end(struct keeper *k);

#endif
