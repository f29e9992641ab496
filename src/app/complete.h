/* Completion in the shells: what `mews help` knows of it, which no person asks for. */
#ifndef APP_COMPLETE_H
#define APP_COMPLETE_H

#include "app/app.h"

/* --completions SHELL: prints the shell's script. Both return the exit status. */
int complete_script(const struct command *c, const char *shell);
/* --complete N WORD...: prints what could stand in the place of the Nth word. */
int complete_words(int argc, char **argv);

#endif
