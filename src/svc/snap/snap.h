/* Snapshots: a machine's whole state in a file (docs/formats/snapshot.md), and machines from it.
 *
 * This room opens no file: all work is on descriptors of regular files, so that a jailed monitor
 * can do it. Whoever passed the descriptor gave the file a temporary name, and renames it when the
 * save has succeeded. An image is complete, or *chained*: only what changed since another image,
 * its base, which it names by digest.
 *
 * A save while the guest runs:
 *
 *   snap_begin() --> snap_round(), between two calls of run, until little is left
 *                --> snap_capture(): the rest, and all components; the machine may run on
 *                --> snap_sums(), snap_share(): a little at a time, where that matters
 *                --> snap_finish(): the remaining checksums, fsync; touches no machine
 *
 * snap_save() is all of these at once. Methods of the machine's thread, but for snap_finish(). */
#ifndef SVC_SNAP_SNAP_H
#define SVC_SNAP_SNAP_H

#include "mach/recipe.h"

enum { SNAP_DIGEST_TEXT = 33, SNAP_CHAIN_MAX = 256 };

/* ---- chains: what changed since the last image ---- */
struct snap_chain;

/* From now on changed pages are noted. To be destroyed before the machine is. */
int snap_chain_create(struct machine *m, struct snap_chain **out, struct err *e);
void snap_chain_destroy(struct snap_chain *c); /* accepts NULL */

/* ---- saving ---- */
struct snap_options {
    struct snap_chain *chain; /* the image becomes its last one; NULL: nobody's base */
    bool incremental;         /* only what changed since the chain's last image, its base */
    bool sync;                /* fsync at the end */
    bool share;               /* snap_share() will be called */
    const char *program;      /* who writes it, for people: "mews 0.1.0"; NULL: nobody */
};

struct snap_result {
    u64 memory_bytes;  /* of all spaces */
    u64 written_bytes; /* of their pages, a page that was written twice counted twice */
    u64 paused_bytes;  /* of these, by snap_capture() */
    u64 file_bytes;    /* holes included */
    char digest[SNAP_DIGEST_TEXT];
};

/* `fd` is of a regular file, open for reading and writing; what is in it is overwritten. */
int snap_save(struct machine *m, const struct recipe *r, int fd, const struct snap_options *o,
              struct snap_result *out, struct err *e);

struct snap_writer;
int snap_begin(struct machine *m, const struct recipe *r, int fd, const struct snap_options *o,
               struct snap_writer **out, struct err *e);
/* Writes up to so many bytes of pages. Returns 0 and how many bytes wait to be written now. */
int snap_round(struct snap_writer *w, u64 budget_bytes, u64 *left_bytes, struct err *e);
int snap_capture(struct snap_writer *w, struct err *e);
/* Reads back up to so many bytes for their checksums. */
int snap_sums(struct snap_writer *w, u64 budget_bytes, bool *done, struct err *e);
/* Has up to so many bytes of the machine's large memories mapped from the file, but for what was
 * written since the pause: it shares them with all who restore the image. Returns 0 and how many
 * are left. The file must stay as it is from then on. */
int snap_share(struct snap_writer *w, u64 budget_bytes, u64 *left_bytes, struct err *e);
int snap_finish(struct snap_writer *w, struct snap_result *out, struct err *e);
/* Always the last: frees it. What was not finished is not in the chain. Accepts NULL. */
void snap_end(struct snap_writer *w);

/* ---- images ---- */
struct snap_image;

struct snap_space {
    const char *name;
    u64 size_bytes, base;
    bool flat;        /* its memory lies in the file as it is: it can be mapped */
    u64 stored_bytes; /* that its pages take in the file */
};

struct snap_info {
    const char *program; /* who wrote it */
    const char *kind, *board, *name;
    u64 hz_num, hz_den, now, frames;
    bool chained, compressed;
    char digest[SNAP_DIGEST_TEXT], base[SNAP_DIGEST_TEXT];
    char also[SNAP_DIGEST_TEXT]; /* of the image for which it may stand in a chain, or empty */
    u64 file_bytes;
    unsigned space_count;
};

/* Checks length, header, manifest, extents. The descriptor is copied. */
int snap_open(int fd, struct snap_image **out, struct err *e);
void snap_close(struct snap_image *i); /* accepts NULL */

/* Whether a file that begins so is a snapshot. */
bool snap_recognise(const u8 *bytes, size_t len);

const struct snap_info *snap_info(const struct snap_image *i);
const struct recipe *snap_recipe(const struct snap_image *i); /* NULL: chained */
/* Walks the state, with the tables that the image brought; a path is as in the machine, "machine"
 * for the machine itself, "files" for what the port of that name keeps. */
void snap_walk(const struct snap_image *i, component_visit *visit, void *ctx);
typedef void snap_event(void *ctx, const char *name, u64 when);
void snap_events(const struct snap_image *i, snap_event *f, void *ctx);
void snap_space(const struct snap_image *i, unsigned index, struct snap_space *out);

/* Memory as it was; not of a chained image. */
int snap_read(struct snap_image *i, unsigned space, u64 offset, void *out, u64 len, struct err *e);

/* Reads all of it and compares checksums. */
int snap_verify(struct snap_image *i, struct err *e);

/* Puts a machine that was made from the image's recipe, and has not run yet, into the image's
 * state. Large memories are mapped from the file, which must stay as it is from then on (it may be
 * renamed and removed). On failure the machine is good for nothing but to be destroyed. */
int snap_load(struct snap_image *i, struct machine *m, struct err *e);

/* Tells the guest of a machine that was loaded, and has not run yet, that it is a copy, where its
 * kind can: a new generation id. For who restores or forks; not for replay, whose machine is the
 * same one. */
int snap_announce(struct machine *m, struct err *e);

/* Calls f for each difference: fields by path, runs of pages, each with a text for both sides. */
typedef void snap_difference(void *ctx, const char *where, const char *a, const char *b);
int snap_diff(struct snap_image *a, struct snap_image *b, snap_difference *f, void *ctx,
              struct err *e);

/* Writes one image with the content of a base and what is chained to it, in any order, at most
 * SNAP_CHAIN_MAX; or of one image alone. What is chained to the last of them may be chained to the
 * new image instead: it stands for it. level: zstd's, 0 for a flat one. */
int snap_rewrite(struct snap_image *const *chain, unsigned count, int fd, int level, bool sync,
                 struct snap_result *out, struct err *e);

#endif
