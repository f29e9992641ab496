/* Playing backwards in front of a person. The past is played forwards a piece at a time, its
 * pictures are kept and shown last first; while those of one piece are shown, the piece before it
 * is played, a picture or two each time, so that no moment takes much longer than another. */
#ifndef API_REWIND_H
#define API_REWIND_H

#include "api/mews.h"

struct shot {
    u64 time; /* when it was complete */
    struct video_frame frame;
    void *pixels;
    size_t room;
};

enum { REEL_MAX = 128 }; /* pictures of one piece */

struct reel {
    struct shot list[REEL_MAX];
    unsigned count;
};

struct rewind {
    struct mews *m;
    struct video_port capture, *screen;
    struct reel reels[2], *shown, *made;
    u64 from;    /* what is being made begins here, */
    u64 until;   /* and ends before here */
    bool making; /* it is not complete */
    bool failed; /* no memory for a picture */
    u64 at;      /* the moment that is shown */
    struct trace *trace;
};

/* The machine goes to the past; its pictures, for `screen`, come by rewind_step() only. */
int rewind_begin(struct rewind *r, struct mews *m, struct video_port *screen, struct err *e);
/* Goes back so many pictures, 1 or more, and shows that one; false: this is the beginning. */
bool rewind_step(struct rewind *r, unsigned pictures);
/* The machine goes on from what is shown: live, unless it is a recording's. On failure it is again
 * where it was at first. */
int rewind_end(struct rewind *r, struct err *e);

#endif
