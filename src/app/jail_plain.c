/* A build without tools that want system calls of their own. */
#include "app/jail.h"

const struct jail_rule jail_build_rules[] = { { { .name = "" }, NULL } };
const unsigned jail_build_rule_count = 0;

void jail_build_enter(void) {}
