/* `mews run`: what was asked for, between the options (cmd_run.c) and the run without a person
 * (headless.c). */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/app.h"
#include "app/bounds.h"
#include "app/image.h"
#include "app/sandbox.h"

enum { LIST_MAX = 64 };

/* Rows of options that these commands share. */
/* clang-format off */
#define OPTION_SANDBOX \
    { "sandbox", "auto|on|off", "a jail for its process; auto: where there is no window" }
#define OPTIONS_LISTED \
    { "detach", NULL, "run it behind your back, and print its name" }, \
    { "name", "NAME", "list it under this name (mews ps), where others can steer it" }, \
    OPTION_SANDBOX
#define OPTIONS_BOUNDS \
    { "host-cpus", "N[.n]", "so many of the host's processors at most, by a cgroup" }, \
    { "host-memory", "SIZE", "so much of the host's memory at most, by a cgroup" }
#define OPTIONS_OUTSIDE \
    { "disk", "FILE[,overlay=tmp|FILE][,ro]...", "a disk, by its image; repeatable" }, \
    { "net", "user|tap=NAME|link=DIR|none[,...]", "a network card, and what it is plugged into; repeatable" }
#define OPTION_OVERLAY \
    { "overlay", "FILE|none", "an image: where its disk's changes go (none: into it); else nowhere" }
#define OPTIONS_SHOWN \
    { "video", "sdl|terminal", "where to show it; else what there is" }, \
    { "speed", "N|max", "so many times its own speed; a machine without a picture: else max" }, \
    { "headless", NULL, "no picture, no sound, as fast as it goes" }
#define OPTIONS_WRITTEN \
    { "screenshot", "FILE.png", "headless: write the last picture" }, \
    { "audio", "FILE.wav", "headless: write the sound" }, \
    { "hash", NULL, "headless: print digests of picture, sound and RAM" }, \
    { "report", "FILE.json", "headless: write what was reached, for checkers" }
#define OPTION_GDB \
    { "gdb", "[HOST]:PORT|PATH", "stand still for gdb (target remote), which comes to this socket" }
#define OPTIONS_KEPT \
    { "verdict", NULL, \
      "headless: run a test program until it reports; status 0, 1 or 3 (none)" }, \
    { "json", NULL, "headless: print digests and verdict as JSON" }, \
    { "trace", NULL, "a line per instruction on standard output" }, \
    { "record", "FILE", "write all that happens to a file that `mews replay` plays" }, \
    { "rewind-memory", "SIZE", "for the way back: 64M where there is a screen, else 0" }, \
    { "snapshot", "FILE", "write a snapshot when the run ends, however it ends" }
/* clang-format on */

struct run {
    const struct command *command;
    struct mews_options options;
    const char *settings[LIST_MAX + 1], *disks[LIST_MAX + 1], *nets[LIST_MAX + 1], *press[LIST_MAX];
    uint64_t resets[LIST_MAX];
    unsigned setting_count, disk_count, net_count, press_count, reset_count;
    char region[32], memory[32], cpus[32], cpu[32], mode[32], ram[2][64], saves[4096];
    struct image image; /* run_image() */
    char image_disk[2 * PATH_MAX];
    const char *overlay; /* of its disk; NULL: one that goes with the machine */
    const char *video, *screenshot, *audio, *report, *keep, *snapshot;
    const char *record, *rewind, *until, *speed, *gdb;
    bool headless, hash, verdict, trace, json;
    bool replayed;   /* it is a recording, which plays until a time, or so many pictures (frames) */
    uint64_t end;    /* ticks */
    double factor;   /* its speed; 0: as fast as it goes */
    size_t remember; /* bytes of rewind memory */
    bool restored, verify; /* it is a snapshot; whose checksums are to be compared */
    bool detach;
    struct sandbox sandbox;
    struct bounds bounds;
    const char *name; /* others can find it by this; NULL: they cannot, or (detach) one is made */
    int ready;        /* detach_ready() */
    int inherited;    /* a descriptor that a detached process needs, or -1 */
    uint64_t frames;  /* 0: no end */
};

/* The command `run`, `restore`, which wants a snapshot, and `replay`, which wants a recording. */
enum run_what { RUN_THING, RUN_SNAPSHOT, RUN_RECORDING };
int run_command(const struct command *c, int argc, char **argv, enum run_what what);

/* ---- cmd_replay.c ---- */
int replay_check(struct run *r);                         /* the words of --until and --speed */
int replay_begin(struct run *r, struct mews *m);         /* the same, now that there is a machine */
int replay_quietly(const struct run *r, struct mews *m); /* until the end; the exit status */
int replay_end(struct run *r, struct mews *m, int status); /* says what --verify has found */

/* A machine from a snapshot, behind the person's back. Of *r: command, sandbox, name, disks, nets,
 * factor; `inherited` is the descriptor by which the path leads to the snapshot. */
int run_copy(struct run *r, const char *path);

/* One more word for an option that is repeatable: disks, nets. 0, or -1 after a message. */
int run_word(const struct run *r, const char *name, const char **list, unsigned *count,
             const char *word);

/* If there is no file *thing but an image of that name: its kernel takes the place, and what else
 * the image has that of options that were not given. 0, or the exit status. */
int run_image(struct run *r, const char **thing);

/* The exit status when a signal has asked the program to end; 0: none has. */
int run_interrupted(void);
/* How a run ended, as an exit status. */
int run_ended(const struct mews_stop_info *info);

/* Runs without showing anything, then writes what was asked for; returns the exit status. */
int headless(struct run *r, struct mews *m);
/* Says what became of an option; returns the exit status. */
int failed_in(const char *option, const char *why);
/* One clear line before a long run rather than after it; 0, or the exit status. */
int headless_check(const struct run *r);

#endif
