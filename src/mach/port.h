/* Ports: the only ways by which the host reaches a machine, or the machine the host. All that is
 * not determined by the machine's own state passes one of them, so a recording is a set of ports
 * put in front of the host's, and a replay a set without any host behind it.
 *
 * Whoever asks a port has set machine->now to the time of the question, the same one however the
 * run was cut into pieces. What a machine does must not depend on whether an output was taken by
 * video, audio or store.
 *
 * A port is an ops table and whatever its maker puts behind it. A NULL port in `struct ports` is
 * legal: input is then silent, output dropped, a file refused, a store empty. */
#ifndef MACH_PORT_H
#define MACH_PORT_H

#include "base/err.h"
#include "base/types.h"

/* ---- bytes: a console ---- */
struct char_port {
    const struct char_ops *ops;
};
struct char_ops {
    /* The bytes taken: all of them, or fewer when the host can take no more. */
    size_t (*send)(struct char_port *p, const void *bytes, size_t len);
    /* The bytes received, 0 for nothing now, -1 at the end. With `wait`, a deterministic guest that
     * asks for input blocks until there is some. */
    long (*recv)(struct char_port *p, void *bytes, size_t room, bool wait);
};

/* ---- pictures ---- */
enum video_format {
    VIDEO_NES,      /* u16: emphasis << 6 | colour; the palette is the host's choice */
    VIDEO_XRGB8888, /* u32 */
};
struct video_frame {
    enum video_format format;
    unsigned width, height, stride_bytes;
    const void *pixels;         /* borrowed until frame() returns */
    u64 number;                 /* from 1, since power-on */
    u32 aspect_num, aspect_den; /* width over height of one pixel: NTSC 8:7 */
};
struct video_port {
    const struct video_ops *ops;
};
struct video_ops {
    void (*frame)(struct video_port *p, const struct video_frame *f);
};

/* ---- sound: signed 16-bit mono at AUDIO_HZ ---- */
#define AUDIO_HZ 48000
struct audio_port {
    const struct audio_ops *ops;
};
struct audio_ops {
    void (*samples)(struct audio_port *p, const s16 *samples, size_t count);
    /* Optional. What the machine should make per 2^16 samples to keep the host's buffer half full:
     * 65536 as it is, more when the buffer runs low. Asked once a frame. */
    u32 (*pace)(struct audio_port *p);
};

/* ---- controllers ---- */
struct input_port {
    const struct input_ops *ops;
};
struct input_ops {
    /* The buttons held on controller `index` when the machine looks, one bit each; the kind says
     * which (NES: bit 0..7 = A B Select Start Up Down Left Right). */
    u32 (*buttons)(struct input_port *p, unsigned index);
};

/* ---- battery-backed memory ---- */
struct store_port {
    const struct store_ops *ops;
};
struct store_ops {
    /* The bytes found, up to room; 0 when there is nothing. */
    size_t (*load)(struct store_port *p, void *bytes, size_t room);
    bool (*save)(struct store_port *p, const void *bytes, size_t len);
};

/* ---- files that the guest may open by name (6502v, 9p ...) ---- */
enum file_flags {
    FILE_READ = 1,
    FILE_WRITE = 2,
    FILE_CREATE = 4,
    FILE_TRUNCATE = 8,
    FILE_APPEND = 16,
    FILE_EXCLUSIVE = 32,
};
struct component;
struct files_port {
    const struct files_ops *ops;
    struct component *state; /* what a snapshot keeps of it: open files; NULL: nothing */
};
struct files_ops { /* all return a value >= 0, or -1 */
    int (*open)(struct files_port *p, const char *path, unsigned flags, struct err *why);
    int (*close)(struct files_port *p, int fd);
    long (*read)(struct files_port *p, int fd, void *bytes, size_t room);
    long (*write)(struct files_port *p, int fd, const void *bytes, size_t len);
};

/* ---- instructions of the host's processor as text, by a library of the host's ---- */
struct decode_port {
    const struct decode_ops *ops;
};
struct decode_ops {
    /* The x86 instruction that begins with these bytes, which stand at `addr`; bits: 16, 32, 64.
     * Returns its length, 0: it is none, or the library is not here. */
    size_t (*x86)(struct decode_port *p, unsigned bits, u64 addr, const u8 *bytes, size_t len,
                  char *text, size_t room);
};

struct ports { /* all borrowed: they outlive the machine */
    struct char_port *console;
    struct char_port *diagnostics; /* what the guest says of itself: BREAK reports, faults */
    struct video_port *video;
    struct audio_port *audio;
    struct input_port *input;
    struct store_port *store;
    struct files_port *files;
    struct decode_port *decode; /* no way in or out: what a person reads, not the guest */
};

#endif
