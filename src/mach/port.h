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

#include <sys/uio.h>

/* How a port says that something waits in it: from any thread, as often as it likes. The machine's
 * thread then asks, at a point of its own time. Disks and links may spare a machine whose thread
 * sleeps the way by a thread of theirs: awaits() says for which of the host's descriptors, and
 * which of poll()'s events, it is to wait itself, and is asked before each sleep; false: for none
 * now. A port that has been asked wakes no more for what it names there. */
struct pollfd;
struct wake {
    void (*call)(void *owner);
    void *owner;
};

static inline void wake_call(const struct wake *w)
{
    if (w->call)
        w->call(w->owner);
}

/* ---- bytes: a console ---- */
enum { CHAR_DESCRIPTORS = 2 };
struct char_port {
    const struct char_ops *ops;
};
struct char_ops {
    /* The bytes taken: all of them, or fewer when the host can take no more. */
    size_t (*send)(struct char_port *p, const void *bytes, size_t len);
    /* The bytes received, 0 for nothing now, -1 at the end. With `wait`, a deterministic guest that
     * asks for input blocks until there is some. */
    long (*recv)(struct char_port *p, void *bytes, size_t room, bool wait);
    /* Optional, for a machine that sleeps: the host's descriptors that can be read when recv()
     * would have something, *count of them; false: that cannot be told so. */
    bool (*descriptors)(struct char_port *p, int out[CHAR_DESCRIPTORS], unsigned *count);
    /* Both optional. The size of the screen on which the bytes are shown; false: there is none. Who
     * changes it has run() return (kick): so a device that asks when run() begins knows. And whom
     * to wake when recv() would have something. */
    bool (*size)(struct char_port *p, u16 *columns, u16 *rows);
    void (*attach)(struct char_port *p, struct wake w);
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

/* ---- the time of day, and chance ---- */
struct clock_port {
    const struct clock_ops *ops;
};
struct clock_ops {
    s64 (*wall_ns)(struct clock_port *p); /* since 1970, UTC */
};

struct entropy_port {
    const struct entropy_ops *ops;
};
struct entropy_ops {
    /* Fills in up to `len` bytes that nobody can guess; returns how many there are now. */
    size_t (*fill)(struct entropy_port *p, void *bytes, size_t len);
};

/* ---- blocks: a disk ---- */
enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZERO };

struct block_info {
    u64 size_bytes;     /* whole sectors of 512 */
    u32 block_bytes;    /* what the host handles best, a power of two from 512 on */
    bool read_only;     /* writes and the like fail */
    bool discard, zero; /* the host can do BLOCK_DISCARD; BLOCK_ZERO */
    char serial[21];    /* or empty */
};

struct block_request {
    enum block_op op;
    bool durable; /* BLOCK_WRITE: as if a flush came behind it */
    bool unmap;   /* BLOCK_ZERO: space may be given back */
    u64 offset, len;
    const struct iovec *pieces; /* of BLOCK_READ and BLOCK_WRITE: `len` bytes */
    unsigned piece_count;
    u64 tag; /* the submitter's: comes back with the completion */
};

struct block_done {
    u64 tag;
    int error; /* an errno, or 0 */
};

/* Requests are carried out by the host beside the machine and in no order, and each is completed
 * once. A flush covers what was completed before it was submitted. What a request's pieces point
 * to stays in place until it is completed. */
enum { BLOCK_SPACES = 2 };
struct component;
struct space;
struct block_port {
    const struct block_ops *ops;
    /* Both optional. What a snapshot keeps of the disk itself: of what has a name on the host, that
     * it is what it was; of what goes with the machine, the bytes, whose names are the machine's
     * to give. Its changes are on nobody's list but the machine's that has the port. */
    struct component *state;
    struct space *spaces[BLOCK_SPACES];
};
struct block_ops {
    void (*describe)(struct block_port *p, struct block_info *out);
    /* `r` is borrowed for the call, r->pieces until completion, which may be at once: who submits
     * asks for it afterwards, and is not woken. False: too many; try again after the next
     * completion. */
    bool (*submit)(struct block_port *p, const struct block_request *r);
    /* What was completed, from the inbox; 0: nothing. */
    unsigned (*completed)(struct block_port *p, struct block_done *out, unsigned room);
    /* Returns when all that was submitted is done; it is in the inbox then. */
    void (*settle)(struct block_port *p);
    void (*attach)(struct block_port *p, struct wake w);
    bool (*awaits)(struct block_port *p, struct pollfd *out); /* optional */
};

/* ---- frames: a network ---- */
enum link_flags { /* a frame's, by the same numbers as in virtio 1.2, 5.1.6 */
                  LINK_NEEDS_CSUM = 1,
                  LINK_DATA_VALID = 2,
};
enum link_segments { LINK_NO_GSO = 0, LINK_TCP4 = 1, LINK_TCP6 = 4, LINK_ECN = 0x80 };

/* What is left to be done to a frame: a checksum to fill in, a packet to cut into segments. */
struct link_head {
    u8 flags, segments;
    u16 head_bytes, segment_bytes; /* of LINK_TCP4 and LINK_TCP6 */
    u16 csum_start, csum_offset;   /* of LINK_NEEDS_CSUM */
};

enum { LINK_FRAME_MAX = 65535 + 14 + 4, LINK_MTU = 1500 };

struct link_info {
    u16 mtu;       /* 0: not said */
    u8 mac[6];     /* that the machine's card shall have; 0: not said */
    bool offloads; /* the other end takes frames with work left, and sends such */
    bool up;
};

struct link_port {
    const struct link_ops *ops;
};
struct link_ops {
    void (*describe)(struct link_port *p, struct link_info *out);
    /* A frame, without its check sequence. False: not now; the port wakes when it may go. What a
     * network loses, it loses behind this. */
    bool (*send)(struct link_port *p, const struct link_head *h, const struct iovec *pieces,
                 unsigned count);
    /* The next frame's length, 0: none now, -1: the link is down. What does not fit is cut off. */
    long (*recv)(struct link_port *p, struct link_head *h, const struct iovec *pieces,
                 unsigned count);
    void (*attach)(struct link_port *p, struct wake w);
    /* Both optional. came(): what poll() said; the machine then tries again what it could not have.
     */
    bool (*awaits)(struct link_port *p, struct pollfd *out);
    void (*came)(struct link_port *p, short events);
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
    struct clock_port *clock;
    struct entropy_port *entropy;
    struct block_port *const *disks;
    unsigned disk_count;
    struct link_port *const *links;
    unsigned link_count;
};

#endif
