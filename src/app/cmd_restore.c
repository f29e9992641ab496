/* restore: a machine goes on from a snapshot, as `run` does. */
#include "app/run.h"

#include <stddef.h>

const struct option_row restore_options[] = {
    OPTIONS_LISTED,
    OPTIONS_BOUNDS,
    OPTIONS_OUTSIDE,
    { "verify", NULL, "compare the checksums of all memory first" },
    { "share", "DIR", "a directory in which a 6502v program may open files" },
    { "saves", "DIR|none", "where battery RAM is kept from now on; else nowhere" },
    OPTIONS_SHOWN,
    { "frames", "N", "headless: end after N more pictures" },
    { "press", "FRAME:BUTTONS[:COUNT]",
      "hold buttons from a frame on, counted from power-on; repeatable" },
    { "reset", "FRAME|auto",
      "headless: press reset; auto: when a test program asks for it; repeatable" },
    OPTIONS_WRITTEN,
    OPTION_GDB,
    OPTIONS_KEPT,
    { NULL, NULL, NULL },
};

int cmd_restore(const struct command *c, int argc, char **argv)
{
    return run_command(c, argc, argv, RUN_SNAPSHOT);
}
