/* libmews: hosts virtual machines of every kind.
 *
 *     struct mews_error e;
 *     struct mews *m;
 *     if (mews_open("game.nes", NULL, &m, &e))
 *         ... e.text says why ...
 *     mews_run_frames(m, 60, &stop);
 *     mews_close(m);
 *
 * Functions that can fail return 0, or a negative number and a filled struct mews_error. The
 * library never prints, never exits, and has no global state: any number of machines may run in a
 * process, each used by one thread at a time; mews_kick() alone may be called from anywhere. */
#ifndef MEWS_MEWS_H
#define MEWS_MEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MEWS_API
#define MEWS_API __attribute__((visibility("default")))
#endif

struct mews;

struct mews_error {
    int code;
    char text[240]; /* one line, without a newline at its end */
};

/* Zero-initialise it, set `size` to sizeof, then what is wanted. */
struct mews_options {
    size_t size;
    const char *kind;            /* NULL: by the thing's own bytes */
    const char *const *settings; /* NULL-ended "PATH=VALUE": CONFIG fields, see mews_settings() */
    const char *share;           /* a directory the guest may open files in; NULL: none */
    const char *const *args;     /* NULL-ended: the guest's own */
    const char *saves;           /* directory of battery RAM; NULL: kept nowhere */
    bool console;                /* the guest's console is this process's */
    bool reset_when_asked;       /* press reset when a test program asks for it: mews_test() */
    bool digest_sound;           /* mews_digest() will be asked for "sound" */
    const char *initrd;          /* a file that a kernel finds in memory; NULL: none */
    const char *command_line;    /* a kernel's; NULL: the machine's choice */
    /* NULL-ended: "PATH[,overlay=tmp|FILE][,ro]..." and "user|tap=NAME|link=DIR|none[,...]", as
     * mews(1) describes them */
    const char *const *disks, *const *nets;
    const char *name;   /* of the machine, of which addresses are made; NULL: by chance */
    bool deaf;          /* with `console`: it only writes, and finds the end when it reads */
    const char *called; /* what the thing is called, as in lists; NULL: as its file */
};

/* Why a run returned; names as in mews_stop_name(). */
enum mews_stop {
    MEWS_STOP_TIME,
    MEWS_STOP_FRAME,
    MEWS_STOP_BREAK,
    MEWS_STOP_HALT, /* the guest ended itself: `status` */
    MEWS_STOP_FAULT,
    MEWS_STOP_KICK,
    MEWS_STOP_IDLE,
    MEWS_STOP_HOST,
    MEWS_STOP_ASKED, /* somebody has asked for its end: mews_control() */
};

struct mews_stop_info {
    enum mews_stop why;
    int status;
    uint64_t address;
    char text[160];
};

MEWS_API const char *mews_version(void);

/* ---- kinds ---- */
/* Calls f for each kind and each thing that may be asked of it; why is NULL when it can. */
typedef void mews_kind_fn(void *ctx, const char *kind, const char *summary, const char *verb,
                          const char *why);
MEWS_API void mews_kinds(mews_kind_fn *f, void *ctx);

/* ---- a machine's life ---- */
/* `thing` is the path of a cartridge or program, of an archive that holds one, of a snapshot or of
 * a recording. */
MEWS_API int mews_open(const char *thing, const struct mews_options *o, struct mews **out,
                       struct mews_error *e);
/* The same for bytes that are in memory already, and no archive; they are copied. `name` stands for
 * them in messages and names the battery's file. */
MEWS_API int mews_open_memory(const char *name, const void *bytes, size_t len,
                              const struct mews_options *o, struct mews **out,
                              struct mews_error *e);
MEWS_API void mews_close(struct mews *m); /* accepts NULL; does what mews_finish() does */
/* Stores battery RAM and ends the recording of sound, as mews_close() does too; but this can tell
 * what failed. The machine may run on. */
MEWS_API int mews_finish(struct mews *m, struct mews_error *e);

/* What a thing is, without running it: "key: value" lines. Returns 0 or an error. */
MEWS_API int mews_info(const char *thing, char *out, size_t room, struct mews_error *e);

/* Writes the ELF kernel with a PVH entry that is compressed in the bzImage at `from` to `to`: it
 * starts sooner, for nothing is unpacked then. */
MEWS_API int mews_kernel_unpack(const char *from, const char *to, struct mews_error *e);

/* Whether it is a program that is given arguments of its own (options.args). kind: as in the
 * options. What cannot be read might be. */
MEWS_API bool mews_takes_arguments(const char *thing, const char *kind);

MEWS_API const char *mews_kind(const struct mews *m);
MEWS_API const char *mews_board(const struct mews *m);
/* Whether this machine can do a verb of mews_kinds() ("picture", "reset"); when it cannot, *why
 * (unless NULL) is the sentence. */
MEWS_API bool mews_can(const struct mews *m, const char *verb, const char **why);

/* What a thread of the machine's is for. */
enum mews_thread {
    MEWS_THREAD_MACHINE = 1, /* who calls mews_run() and its like: not made here */
    MEWS_THREAD_CONTROL = 2, /* speaks with other processes: mews_control() makes it */
    MEWS_THREAD_CPU = 4,     /* the rest: mews_start() does */
    MEWS_THREAD_DISK_POOL = 8,
    MEWS_THREAD_NET = 16,
};
/* From now on `enter` is the first that a thread of the machine's calls: here a program gives up
 * what a thread of that role does not need. Without success (0) there is no such thread, and who
 * wanted it has the error. */
MEWS_API void mews_threads(struct mews *m,
                           int (*enter)(void *ctx, enum mews_thread role, struct mews_error *e),
                           void *ctx);
/* Makes the threads that the machine will want, which else its first run makes: for a program that
 * will give up the right to make any, after mews_control()'s opened(). */
MEWS_API int mews_start(struct mews *m, struct mews_error *e);
/* Runs for so many ticks (CPU cycles; mews_hz() says how long they are), or until so many more
 * pictures are complete. May overshoot to the end of an instruction. */
MEWS_API enum mews_stop mews_run(struct mews *m, uint64_t ticks, struct mews_stop_info *info);
MEWS_API enum mews_stop mews_run_frames(struct mews *m, uint64_t frames,
                                        struct mews_stop_info *info);
/* From any thread and any signal handler, until mews_close() begins: a run that is under way, or
 * else the next one, returns MEWS_STOP_KICK soon. */
MEWS_API void mews_kick(struct mews *m);
MEWS_API int mews_reset(struct mews *m, struct mews_error *e);
/* Presses the power button: a guest that hears of it ends by itself, some time later. */
MEWS_API int mews_power(struct mews *m, struct mews_error *e);
/* Whether its console is one for a terminal, which then should be raw; and has Ctrl-A x, typed
 * there, do what mews_kick() does. */
MEWS_API bool mews_terminal(const struct mews *m);
MEWS_API void mews_escapes(struct mews *m);
/* From any thread and any signal handler, as mews_kick(): the size of the screen on which the
 * console is shown, for guests that can be told; 0: there is none. */
MEWS_API void mews_console_size(struct mews *m, unsigned columns, unsigned rows);
MEWS_API double mews_hz(const struct mews *m);
MEWS_API uint64_t mews_now(const struct mews *m);    /* ticks since power-on */
MEWS_API uint64_t mews_frames(const struct mews *m); /* pictures since power-on */
MEWS_API const char *mews_stop_name(enum mews_stop s);

/* ---- others steer it (docs/formats/control.md) ---- */
struct mews_control_options {
    size_t size;      /* as in mews_options */
    const char *name; /* of the machine; NULL: made from the thing's, with a number if need be */
    bool keep;        /* how it ended is told until somebody forgets it */
    bool own_output;  /* this process's standard output and error go to the machine's log */
    /* Called when all files are open, and before there is a thread: here a program may put itself
     * into namespaces. Returns 0, or an error that becomes mews_control()'s. NULL: nothing. */
    int (*opened)(void *ctx, struct mews_error *e);
    void *ctx;
    bool no_files; /* nothing can be opened or removed then: what is left of a machine that was not
                    * kept is for the next who looks to remove */
    /* A socket for gdb's remote protocol: "[HOST]:PORT", by default for this host alone, port 0:
     * any; or the path of a UNIX socket. The machine stands still until gdb has it go on. NULL:
     * none. */
    const char *gdb;
};
/* From now on other processes of this user find the machine by its name, look at it and steer it:
 * by a thread of its own, and in mews_run() and its like, which wait while others want the machine
 * to stand still and return MEWS_STOP_ASKED when they want its end. Opens all the files that this
 * will ever need. */
MEWS_API int mews_control(struct mews *m, const struct mews_control_options *o,
                          struct mews_error *e);
/* NULL: mews_control() was not called. */
MEWS_API const char *mews_control_name(const struct mews *m);
/* Where gdb finds it: HOST:PORT or a path; NULL: there is no such socket. */
MEWS_API const char *mews_control_gdb(const struct mews *m);
/* For a program that wants to give up what it does not need: the i-th system call that threads of
 * some roles (enum mews_thread) of this machine make while it runs, beside those of any other. With
 * a mask: only with an argument of which (argument & mask) is value. Returns false when there are
 * no more. */
struct mews_host_call {
    const char *name;
    unsigned argument; /* 0: the first */
    uint64_t mask, value;
    unsigned roles;
    const char *elsewhere; /* NULL, or who makes it where mews is not tested */
};
MEWS_API bool mews_host_calls(const struct mews *m, unsigned i, struct mews_host_call *out);
/* The program has given it up: others are told so when they ask about the machine. */
MEWS_API void mews_jailed(struct mews *m);
/* In a signal handler of a process that will end at once: leaves how it ended for those who ask
 * later. why: one word; text: a line, of letters, digits, blanks and underlines. */
MEWS_API void mews_last_words(const struct mews *m, const char *why, const char *text);
/* Runs with no screen until it stops for another reason than a picture or time: at its own speed,
 * without a picture as fast as it goes, unless mews_show_as() or another process says otherwise. */
MEWS_API enum mews_stop mews_serve(struct mews *m, struct mews_stop_info *info);

/* ---- machines of other processes ---- */
/* Calls f for each, by name. `about` and `end` are objects in JSON: what it is, and how it ended
 * (NULL: it is alive). */
typedef void mews_machine_fn(void *ctx, const char *name, const char *about, const char *end);
MEWS_API int mews_machines(mews_machine_fn *f, void *ctx, struct mews_error *e);
MEWS_API int mews_forget(const char *name, struct mews_error *e); /* one that has ended */
MEWS_API int mews_kill(const char *name, struct mews_error *e);   /* one that does not answer */
/* Its log, for reading; the caller closes it. */
MEWS_API int mews_log(const char *name, int *fd, struct mews_error *e);

/* A connection to a machine. Parameters, results and notifications are objects in JSON; the caller
 * frees those that it gets. */
struct mews_link;
MEWS_API int mews_link_open(const char *name, struct mews_link **out, struct mews_error *e);
MEWS_API void mews_link_close(struct mews_link *l); /* accepts NULL */
/* params and result may be NULL. */
MEWS_API int mews_link_call(struct mews_link *l, const char *method, const char *params,
                            const int *fds, unsigned fd_count, char **result, struct mews_error *e);
/* The same without waiting for the answer. */
MEWS_API int mews_link_post(struct mews_link *l, const char *method, const char *params,
                            struct mews_error *e);
/* 1: a notification came; 0: none within `ms` (-1: waits), or a signal; negative: the machine is
 * gone. */
MEWS_API int mews_link_next(struct mews_link *l, int ms, char **notification, struct mews_error *e);
MEWS_API int mews_link_fd(const struct mews_link *l); /* to poll() for */
/* Shows its screen to a person until they leave, or it ends; `where` as in mews_show(). */
MEWS_API int mews_link_show(struct mews_link *l, const char *where, struct mews_error *e);
/* One of its views (mews_view_picture()) to a PNG file; path NULL: to the terminal. */
MEWS_API int mews_link_view(struct mews_link *l, const char *name, const char *path,
                            struct mews_error *e);

/* ---- snapshots (docs/formats/snapshot.md) ---- */
struct mews_snapshot_info {
    uint64_t memory_bytes;  /* of the machine */
    uint64_t written_bytes; /* of its memory, to the file */
    uint64_t paused_bytes;  /* of these, while the machine could not run */
    uint64_t file_bytes;    /* its length, holes included */
    char digest[33];        /* names the image */
};
/* The whole state to a file: the old one is there until the new one is complete. `info` may be
 * NULL. */
MEWS_API int mews_snapshot(struct mews *m, const char *path, struct mews_snapshot_info *info,
                           struct mews_error *e);
/* For a program that handles SIGBUS, to be called from its handler: memory that is mapped from a
 * snapshot cannot be supplied when its file has been cut short since, or its disk fails. Whether
 * the address lies in the machine's memory. Then it can be touched again, as zeros, the run that is
 * under way returns MEWS_STOP_HOST soon with the reason, and so do all others: the machine is good
 * for nothing but to be closed. Without such a handler the process ends. The library installs
 * none. */
MEWS_API bool mews_memory_lost(struct mews *m, void *address);
/* The same to a descriptor of an empty regular file, open for reading and writing. With
 * `incremental` only what changed since the last snapshot that this function made: a chain, see
 * mews_squash(). */
MEWS_API int mews_snapshot_to(struct mews *m, int fd, bool incremental,
                              struct mews_snapshot_info *info, struct mews_error *e);
/* A machine from a snapshot, as it was. What it was made from is in the image: of `o`, kind,
 * settings and args must be empty. Battery RAM is kept only when `saves` says where, so that a copy
 * never overwrites the original's. The file must not change as long as the machine is there; it may
 * be renamed and removed. mews_open() does the same for a path that names a snapshot. */
MEWS_API int mews_restore(const char *path, const struct mews_options *o, struct mews **out,
                          struct mews_error *e);
/* Whether the file begins as a snapshot does. */
MEWS_API bool mews_is_snapshot(const char *path);

/* A snapshot, to be looked at. */
struct mews_image;
struct mews_image_info {
    const char *program; /* that wrote it */
    const char *kind, *board, *name;
    double hz;
    uint64_t now, frames, file_bytes;
    bool chained, compressed; /* chained: it holds what changed since `base` */
    const char *digest, *base;
    const char *also; /* the digest of the image for which it may stand in a chain; NULL: none */
};
MEWS_API int mews_image_open(const char *path, struct mews_image **out, struct mews_error *e);
MEWS_API void mews_image_close(struct mews_image *i); /* accepts NULL */
MEWS_API void mews_image_info(const struct mews_image *i, struct mews_image_info *out);
/* Calls f for every field, by its path; an array's values have blanks between them. */
typedef void mews_image_field_fn(void *ctx, const char *path, const char *type, unsigned count,
                                 const char *values);
MEWS_API int mews_image_fields(const struct mews_image *i, mews_image_field_fn *f, void *ctx,
                               struct mews_error *e);
typedef void mews_image_memory_fn(void *ctx, const char *name, uint64_t base, uint64_t size,
                                  uint64_t stored_bytes);
MEWS_API void mews_image_memories(const struct mews_image *i, mews_image_memory_fn *f, void *ctx);
/* Reads all of it and compares checksums. */
MEWS_API int mews_image_verify(struct mews_image *i, struct mews_error *e);
/* Calls f for each difference: a field, or a run of pages; a and b say what each has there. */
typedef void mews_difference_fn(void *ctx, const char *where, const char *a, const char *b);
MEWS_API int mews_image_diff(struct mews_image *a, struct mews_image *b, mews_difference_fn *f,
                             void *ctx, struct mews_error *e);
/* Writes one image to `path` from a base and the snapshots chained to it, in any order, 256 at
 * most, or from a single one. It stands for the last of them: what is chained to that one goes on
 * from it. level: zstd's, 0 for an image that can be mapped. */
MEWS_API int mews_squash(const char *const *paths, unsigned count, const char *path, int level,
                         struct mews_snapshot_info *info, struct mews_error *e);

/* ---- recordings (docs/formats/recording.md) and the way back ----
 * Times are ticks since power-on, as mews_now() gives them. */
/* From now on all that reaches the machine is written to a file, which is emptied first; what was
 * remembered of it is forgotten. NULL ends the recording, as mews_finish() does too, and tells what
 * failed, if a run has not: there a failure is MEWS_STOP_HOST. What is written through
 * pointers (mews_memory(), mews_battery()) is not noticed, unless the machine has not run since. */
MEWS_API int mews_record(struct mews *m, const char *path, struct mews_error *e);
/* The same to a descriptor of an empty file, which becomes the machine's, also on failure. */
MEWS_API int mews_record_to(struct mews *m, int fd, struct mews_error *e);
/* A machine at a recording's first moment, and in the past: run, it does what it did; at the end
 * mews_run() returns MEWS_STOP_TIME at once. What it was made from is in the file: of `o`, kind,
 * settings, args and saves must be empty. mews_open() does the same for such a path. */
MEWS_API int mews_replay(const char *path, const struct mews_options *o, struct mews **out,
                         struct mews_error *e);
/* Whether the file begins as a recording does. */
MEWS_API bool mews_is_recording(const char *path);
/* Before it runs: from now on the replay's state is compared with the recorded one; the first
 * difference ends a run with MEWS_STOP_HOST. */
MEWS_API int mews_verify(struct mews *m, struct mews_error *e);
/* What was found: 0, or an error that names component and field, at so many moments compared. */
MEWS_API int mews_verdict(struct mews *m, uint64_t *compared, struct mews_error *e);

/* Remembers the past of a live machine from now on, in so much memory: the oldest is forgotten. 0:
 * nothing any more. */
MEWS_API int mews_rewind_memory(struct mews *m, size_t bytes, struct mews_error *e);
struct mews_history_info {
    uint64_t first, end; /* what mews_seek() can go to */
    bool past;           /* it is in the past: inputs are the remembered ones */
    bool recording;      /* it is being recorded */
    bool replay;         /* it is a recording's */
    bool cut_off;        /* ... whose writing was cut short */
};
/* False: nothing is remembered. */
MEWS_API bool mews_history(const struct mews *m, struct mews_history_info *out);
/* Goes to the last moment that is not later than `time`; to the end, which for all but a recording
 * is live again, from there on. In the past the machine can run, and does again what it did (its
 * pictures are to be seen, sound and console only of a recording), and cannot be changed; battery
 * RAM is not stored. */
MEWS_API int mews_seek(struct mews *m, uint64_t time, struct mews_error *e);
/* It is live from here on, and what came after is forgotten. Fails when it has used files since. */
MEWS_API int mews_branch(struct mews *m, struct mews_error *e);

/* ---- looking inside ---- */
/* What the CPU would see, without side effects; false outside its address space. */
MEWS_API bool mews_peek(struct mews *m, uint64_t address, void *out, size_t bytes);
MEWS_API bool mews_poke(struct mews *m, uint64_t address, const void *in, size_t bytes);
/* A memory by its name ("ram", "wram"); returns the bytes copied. */
MEWS_API size_t mews_space(struct mews *m, const char *name, uint64_t offset, void *out,
                           size_t bytes);
/* The memory itself, for one who looks at it after each picture; false when there is none of that
 * name. It stays where it is until mews_close(). */
struct mews_memory_info {
    void *bytes;
    size_t size;
    uint64_t base; /* the address at which the CPU sees its first byte, as a rule */
    bool rom;      /* not to be written */
};
MEWS_API bool mews_memory(struct mews *m, const char *name, struct mews_memory_info *out);
/* What a battery keeps when the power is off; NULL: nothing. One who opened without `saves` may
 * fill it before the machine first runs. */
MEWS_API void *mews_battery(struct mews *m, size_t *bytes);
/* The file in which battery RAM is kept; NULL: the machine has none, or nobody asked. */
MEWS_API const char *mews_saves(const struct mews *m);
/* From now on battery RAM is not written there, but given to f, which returns 0 or an error. In the
 * end bytes is NULL: the name of the file's lock is f's to remove, while it is still locked. */
typedef int mews_save_fn(void *ctx, const void *bytes, size_t len, struct mews_error *e);
MEWS_API void mews_save_with(struct mews *m, mews_save_fn *f, void *ctx);
/* A member of the state by its path ("cpu.a", "ppu.line"), as text. */
MEWS_API int mews_field(struct mews *m, const char *path, char *out, size_t room,
                        struct mews_error *e);
MEWS_API int mews_set_field(struct mews *m, const char *path, const char *value,
                            struct mews_error *e);
/* Calls f for every CONFIG field: what --set can set. */
typedef void mews_setting_fn(void *ctx, const char *path, const char *value, const char *doc);
MEWS_API void mews_settings(struct mews *m, mews_setting_fn *f, void *ctx);
/* ---- views: what a machine shows to a person who looks inside ---- */
/* Calls f for each. */
typedef void mews_views_fn(void *ctx, const char *name, const char *doc, bool picture, bool text);
MEWS_API void mews_views(struct mews *m, mews_views_fn *f, void *ctx);
/* Its text or table for a person, or as JSON; *out is the caller's to free(). */
MEWS_API int mews_view_text(struct mews *m, const char *name, bool json, char **out,
                            struct mews_error *e);
/* Its picture as a PNG file; path NULL: on the terminal, whose columns it may fill. */
MEWS_API int mews_view_picture(struct mews *m, const char *name, const char *path,
                               struct mews_error *e);
/* A view as text; returns its length, -1 when there is none of that name. */
MEWS_API int mews_view(struct mews *m, const char *name, char *out, size_t room);

/* What a test program says of itself by its platform's own protocol (on the NES: the status at
 * $6000). `text` gets its words; room may be 0. */
enum mews_test_state {
    MEWS_TEST_NONE, /* nothing: it is no such program, or has not begun */
    MEWS_TEST_RUNNING,
    MEWS_TEST_RESET, /* it waits for the reset button */
    MEWS_TEST_PASSED,
    MEWS_TEST_FAILED,
};
MEWS_API enum mews_test_state mews_test(struct mews *m, char *text, size_t room);

/* ---- pictures, sound, input ---- */
/* The screen; false when the machine makes no pictures. */
struct mews_display_info {
    unsigned width, height;
    uint32_t aspect_num, aspect_den; /* width over height of one pixel */
    double pictures_per_second;
};
MEWS_API bool mews_display(const struct mews *m, struct mews_display_info *out);
/* The colours of an NES's pictures: the bytes of a .pal file; NULL: as at first. */
MEWS_API int mews_palette(struct mews *m, const void *pal, size_t bytes, struct mews_error *e);
/* The last picture as 0x00RRGGBB; NULL before the first. Valid until the machine runs again. */
MEWS_API const uint32_t *mews_picture(struct mews *m, unsigned *width, unsigned *height);
MEWS_API int mews_screenshot(struct mews *m, const char *path, struct mews_error *e);
/* The same to a descriptor. After mews_screenshot_ready(), which loads what it needs, nothing is
 * opened for it. */
MEWS_API int mews_screenshot_ready(struct mews *m, struct mews_error *e);

/* Whoever shuts itself in a sandbox says so before: what may be wanted there is loaded now. */
MEWS_API void mews_closing(struct mews *m);
MEWS_API int mews_screenshot_to(struct mews *m, int fd, struct mews_error *e);
/* Takes the oldest samples not taken yet, 48 kHz mono; returns how many there were. They are kept
 * from the first call on, which returns 0; one who does not come for a second loses the oldest. */
MEWS_API size_t mews_sound(struct mews *m, int16_t *out, size_t room);
/* All sound from now on goes to a WAV file, 48 kHz mono, in the place of an earlier one. Complete
 * after mews_finish(), which tells if it failed, or mews_close(). */
MEWS_API int mews_record_sound(struct mews *m, const char *path, struct mews_error *e);
/* "picture", "labels", "sound", "ram": SHA-1 in 40 digits; sound: of all since power-on, if that
 * was asked for when the machine was opened. */
MEWS_API int mews_digest(struct mews *m, const char *what, char out[41], struct mews_error *e);
/* "FRAME:BUTTONS[:COUNT]": buttons held from a frame on. */
MEWS_API int mews_press(struct mews *m, const char *press, struct mews_error *e);
/* The buttons held on controller 0 or 1 from now on, a bit each: A B Select Start Up Down Left
 * Right. */
MEWS_API void mews_buttons(struct mews *m, unsigned controller, unsigned buttons);

/* Each executed instruction goes to f as one line: address, bytes, registers, time. */
typedef void mews_trace_fn(void *ctx, const char *line);
MEWS_API void mews_trace(struct mews *m, mews_trace_fn *f, void *ctx);
/* The same for events that the machine declares: "EVENT[@FIRST[-LAST]],...", '*' for any name, and
 * which values of its first number, in hexadecimal ("cpu.write@2000-2007,ppu.*"); as text or as
 * JSON objects. f NULL: no more. */
MEWS_API int mews_trace_events(struct mews *m, const char *events, bool json, mews_trace_fn *f,
                               void *ctx, struct mews_error *e);
/* Calls f for each event that there is. */
typedef void mews_event_fn(void *ctx, const char *name, const char *doc, const char *first,
                           const char *second);
MEWS_API void mews_events(struct mews *m, mews_event_fn *f, void *ctx);

/* ---- the debugger: docs/rooms/debug.md ---- */
struct mews_debug;
struct mews_debug_options { /* zero-initialise it, set `size` */
    size_t size;
    bool json; /* each command says one JSON object on a line */
    /* Takes what is said, whole lines. */
    void (*say)(void *ctx, const char *text);
    void *ctx;
    size_t rewind_bytes; /* mews_debug_open_named(): memory for the way back, if it has none */
};
/* Of a machine that nobody else runs meanwhile. With mews_rewind_memory(), and of a recording, it
 * goes backwards too. */
MEWS_API int mews_debug_open(struct mews *m, const struct mews_debug_options *o,
                             struct mews_debug **out, struct mews_error *e);
/* Of a machine in another process, by its name: it stands still, but for what the debugger has it
 * do, until mews_debug_close(); then it goes on, live. One at a time can have it. Its monitor opens
 * no file: scripts, symbols, sources and pictures are read and written here. */
MEWS_API int mews_debug_open_named(const char *name, const struct mews_debug_options *o,
                                   struct mews_debug **out, struct mews_error *e);
MEWS_API void mews_debug_close(struct mews_debug *d); /* accepts NULL; before mews_close() */
/* Says where the machine is. */
MEWS_API void mews_debug_greet(struct mews_debug *d);
/* Executes a command line ("help" lists them). An error is in `e`, with JSON it has been said too;
 * the session goes on. */
MEWS_API int mews_debug_command(struct mews_debug *d, const char *line, struct mews_error *e);
/* From any signal handler: the command that is under way ends soon. */
MEWS_API void mews_debug_interrupt(struct mews_debug *d);
/* Quit was said, or the machine of another process has ended. */
MEWS_API bool mews_debug_ended(const struct mews_debug *d);
/* Reads symbols (cc65's .dbg, labels, ELF). */
MEWS_API int mews_debug_symbols(struct mews_debug *d, const char *path, struct mews_error *e);
/* Those that stand beside a thing, if there are any: NAME.dbg, NAME.lbl, NAME.labels; else those
 * in it: an ELF file's. For mews_debug_open(). */
MEWS_API void mews_debug_symbols_beside(struct mews_debug *d, const char *thing);
/* The next line that a person types, with history and completion where standard input and output
 * are a terminal; borrowed until the next. NULL: the end, or (`interrupted`) a signal. */
MEWS_API const char *mews_debug_read(struct mews_debug *d, const char *prompt, bool *interrupted);

/* How mews_show() and mews_serve() run it: so many times its own speed (not 1: without sound), 0:
 * as fast as it goes; and until when it does, by time and by pictures, UINT64_MAX: for ever. */
MEWS_API void mews_show_as(struct mews *m, double speed, uint64_t end, uint64_t frames);
/* Shows the machine to a person until they leave: `where` is "sdl", "terminal", or NULL for what
 * there is. */
MEWS_API int mews_show(struct mews *m, const char *where, struct mews_stop_info *info,
                       struct mews_error *e);

#ifdef __cplusplus
}
#endif
#endif
