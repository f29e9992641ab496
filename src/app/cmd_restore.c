/* restore: a machine goes on from a snapshot, as `run` does. */
#include "app/run.h"

#include <stddef.h>

const struct option_row restore_options[] = {
    { "detach", NULL, "run it behind your back, and print its name" },
    { "name", "NAME", "list it under this name (mews ps), where others can steer it" },
    { "verify", NULL, "compare the checksums of all memory first" },
    { "share", "DIR", "a directory in which a 6502v program may open files" },
    { "saves", "DIR|none", "where battery RAM is kept from now on; else nowhere" },
    { "video", "sdl|terminal", "where to show it; else what there is" },
    { "speed", "N|max", "so many times its own speed; a machine without a picture: else max" },
    { "headless", NULL, "no picture, no sound, as fast as it goes" },
    { "frames", "N", "headless: end after N more pictures" },
    { "press", "FRAME:BUTTONS[:COUNT]",
      "hold buttons from a frame on, counted from power-on; repeatable" },
    { "reset", "FRAME|auto",
      "headless: press reset; auto: when a test program asks for it; repeatable" },
    { "screenshot", "FILE.png", "headless: write the last picture" },
    { "audio", "FILE.wav", "headless: write the sound" },
    { "hash", NULL, "headless: print digests of picture, sound and RAM" },
    { "report", "FILE.json", "headless: write what was reached, for checkers" },
    { "verdict", NULL, "headless: run a test program until it reports; status 0, 1 or 3 (none)" },
    { "json", NULL, "headless: print digests and verdict as JSON" },
    { "trace", NULL, "a line per instruction on standard output" },
    { "record", "FILE", "write all that happens to a file that `mews replay` plays" },
    { "rewind-memory", "SIZE", "for the way back: 64M where there is a screen, else 0" },
    { "snapshot", "FILE", "write a snapshot when the run ends, however it ends" },
    { NULL, NULL, NULL },
};

int cmd_restore(const struct command *c, int argc, char **argv)
{
    return run_command(c, argc, argv, RUN_SNAPSHOT);
}
