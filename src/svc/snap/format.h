/* The file, as docs/formats/snapshot.md specifies it; what writers and readers share. */
#ifndef SVC_SNAP_FORMAT_H
#define SVC_SNAP_FORMAT_H

#include "mach/machine.h"
#include "svc/snap/bytes.h"
#include "svc/snap/snap.h"

#define SNAP_MAGIC "\x89MEWS\r\n\x1a"

enum {
    SNAP_VERSION = 1,
    SNAP_HEADER_BYTES = 128,
    SNAP_HEADER_SUM = 120, /* the header's checksum, of all bytes before it */
    SNAP_DIGEST_BYTES = 16,
    SNAP_CHUNK_BYTES = 256 << 10, /* the most bytes a record is of */
    SNAP_RECORD_BYTES = 32,
    SNAP_MEMORY_AT = SPACE_PAGE_BYTES, /* where memory begins */
    SNAP_SPACES_MAX = 1024,
};

enum snap_flags { SNAP_CHAINED = 1, SNAP_COMPRESSED = 2 };

#define SNAP_SECTION(a, b, c, d) ((u32)(a) | (u32)(b) << 8 | (u32)(c) << 16 | (u32)(d) << 24)
enum snap_section {
    SECTION_INFO = SNAP_SECTION('i', 'n', 'f', 'o'),
    SECTION_RECIPE = SNAP_SECTION('m', 'a', 'k', 'e'),
    SECTION_STATE = SNAP_SECTION('s', 't', 'a', 't'),
    SECTION_EVENTS = SNAP_SECTION('e', 'v', 'n', 't'),
    SECTION_SPACES = SNAP_SECTION('s', 'p', 'a', 'c'),
};

/* A piece of a space's memory in the file. */
struct snap_record {
    u64 first, offset; /* of its first byte in the space, and in the file */
    u32 bytes, stored; /* equal: as it is; else a zstd frame */
    u64 checksum;      /* XXH3-64 of what is stored */
};

/* The header's content. */
struct snap_header {
    u32 version, flags;
    u64 file_bytes, manifest_at, manifest_bytes;
    /* `also`: of the image that this one was rewritten from, and may stand for; zeros: of none. */
    u8 digest[SNAP_DIGEST_BYTES], base[SNAP_DIGEST_BYTES], also[SNAP_DIGEST_BYTES];
};

/* A space in the manifest. */
struct snap_part {
    char *name;
    u64 size_bytes, base;
    u64 region;               /* where its memory lies as it is; 0: only by records */
    u64 records_at, records;  /* where the table of records lies; how many */
    u64 records_sum;          /* XXH3-64 of the table */
    u64 stored_bytes;         /* all records' together */
    struct snap_record *list; /* the table, once it was wanted */
};

/* ---- tables.c ---- */
/* Appends the section SECTION_STATE's body: tables of fields, and every component's values. */
void snap_put_state(struct writer *w, struct machine *m);
void snap_put_events(struct writer *w, const struct event_queue *q);

/* The state of an image, in memory: components whose tables are the image's own. */
struct snap_state {
    struct component *nodes;
    struct snap_table *tables;
    u32 table_count, node_count;
    /* Of the nodes: the machine itself, its tree's root, and what a port keeps, or NULL. */
    struct component *machine, *tree, *files;
    struct snap_event_row {
        char *name;
        u64 when;
    } * events;
    u32 event_count;
};
int snap_take_state(struct reader *r, struct snap_state *out, struct err *e);
int snap_take_events(struct reader *r, struct snap_state *out, struct err *e);
void snap_state_fini(struct snap_state *s);

/* ---- file.c ---- */
int snap_write_at(int fd, const void *bytes, size_t len, u64 offset, struct err *e);
/* ERR_FORMAT when the file ends before. */
int snap_read_at(int fd, void *bytes, size_t len, u64 offset, struct err *e);
void snap_digest_text(const u8 digest[SNAP_DIGEST_BYTES], char out[SNAP_DIGEST_TEXT]);
u64 snap_sum(const void *bytes, size_t len);
bool snap_is_zero(const u8 *bytes, size_t len);
/* Where a flat image has a memory of that size, which is to follow what ends at *end; *end moves
 * behind it. Large ones lie as any host can map them. */
u64 snap_place(u64 *end, u64 size_bytes);
/* Whether all values are zero. */
bool snap_is_blank(const struct fields *fs, const char *obj);
/* Whether a file can be mapped in the place of the space's memory; and does so from `from` on, a
 * multiple of SPACE_ALIGN_BYTES: `region` is where the space lies in the file. */
bool snap_can_map(const struct space *s);
int snap_map(int fd, u64 region, struct space *s, u64 from, u64 len, struct err *e);
/* Appends to p->list; false: no memory. */
bool snap_add_record(struct snap_part *p, const struct snap_record *r);
/* Makes the file empty, of a length without content. */
int snap_clear(int fd, u64 bytes, struct err *e);

/* Appends the head of a section, whose body then follows; snap_section_end() closes it. */
size_t snap_section(struct writer *w, enum snap_section s);
void snap_section_end(struct writer *w, size_t head);

/* Writes the tables of records, the manifest that `w` holds up to its spaces, and the header. Fills
 * the parts' places of their tables, and the digest. */
int snap_write_end(int fd, u64 at, struct writer *w, struct snap_part *parts, unsigned count,
                   struct snap_header *h, struct err *e);

/* ---- image.c ---- */
enum snap_section_index {
    SNAP_INFO,
    SNAP_RECIPE,
    SNAP_STATE,
    SNAP_EVENTS,
    SNAP_SPACES,
    SNAP_SECTIONS
};
struct snap_bytes {
    const u8 *bytes; /* NULL: it has none */
    size_t len;
};
struct snap_image {
    int fd;
    struct snap_header header;
    struct snap_info info;
    char *texts[4]; /* what info names */
    struct recipe recipe;
    struct snap_state state;
    struct snap_part *parts;
    unsigned part_count;
    u8 *manifest;
    struct snap_bytes sections[SNAP_SECTIONS]; /* of the manifest */
    u8 *chunk, *packed; /* memory of the record that was read last; room for a zstd frame */
    const struct snap_record *in_chunk;
};
/* The table of records of a part, checked. */
int snap_records(struct snap_image *i, struct snap_part *p, struct err *e);
/* What a record holds: i->chunk. */
int snap_unpack(struct snap_image *i, const struct snap_record *r, struct err *e);
/* The part of that name, or NULL. */
struct snap_part *snap_part_named(const struct snap_image *i, const char *name);
/* The record that holds the byte at `offset`, or the next one after it; NULL: none follows. */
const struct snap_record *snap_record_at(const struct snap_part *p, u64 offset);
/* The first byte from `offset` on that a record holds; the part's size: none does. However large an
 * image says that its memories are, work is done for its records only. */
u64 snap_next_stored(const struct snap_part *p, u64 offset);

#endif
