/* What a person types about a disk or a network: words with commas between them, some with a value
 * behind `=`. */
#ifndef HOST_WORDS_H
#define HOST_WORDS_H

#include "base/err.h"
#include "base/types.h"

/* Cuts the first word off at a single comma, in place; a comma in it is written twice. *rest is
 * NULL behind the last. */
char *words_cut(char **rest);

/* A number from 1 on, with K, M, G or T (powers of 1024) behind it. `word` is what it is for. */
int words_number(const char *word, const char *text, u64 *out, struct err *e);

#endif
