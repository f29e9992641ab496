/* A machine in its jail, as --sandbox wants it, and the keeper of its files. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "app/jail.h"
#include "app/keeper.h"

struct sandbox {
    enum { SANDBOX_AUTO, SANDBOX_ON, SANDBOX_OFF } wish;
    bool on;     /* the machine is in a jail, or on its way; without, these functions do nothing */
    bool waived; /* it would be in one, but for the wish */
    bool logged; /* behind mews_control(), standard error is the machine's log */
    struct jail jail;
    struct keeper keeper;
    struct mews *machine;
};

/* What --sandbox was given; false: it is none of the words. */
bool sandbox_word(struct sandbox *s, const char *word);

/* When all is open but what mews_control() opens. `paths`: what the keeper will be asked to write;
 * battery RAM is found by itself. Without a word where there can be no jail: a line, and s->on is
 * false. */
int sandbox_begin(struct sandbox *s, struct mews *m, const char *share,
                  const char *paths[KEEPER_FILES], struct mews_error *e);
/* The first door: before there is a second thread. ctx is the sandbox. */
int sandbox_enter(void *ctx, struct mews_error *e);
/* The second: behind mews_control(). */
int sandbox_close(struct sandbox *s, struct mews *m, struct mews_error *e);
/* Have written what the keeper knows of. */
int sandbox_snapshot(struct sandbox *s, struct mews *m, struct mews_error *e);
int sandbox_screenshot(struct sandbox *s, struct mews *m, struct mews_error *e);
int sandbox_report(struct sandbox *s, const char *text, size_t len, struct mews_error *e);

#endif
