/* Whole files of the program itself: read with a limit, written so that a reader or a power cut
 * sees the old bytes or the new ones and nothing between. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/types.h"

#include <limits.h>

/* Reads what is at `path` (a pipe too). More than `limit` bytes is ERR_LIMIT. *out is the caller's,
 * with a zero byte behind the last one, so that text may be taken as a string. */
int file_read(const char *path, size_t limit, u8 **out, size_t *len, struct err *e);

/* Replaces `path`: a temporary file beside it, fsync, rename, fsync of the directory. A symbolic
 * link is followed to what it names, a device or pipe is written in place. */
int file_write(const char *path, const void *bytes, size_t len, struct err *e);

/* The same for who writes it piece by piece: file_begin() opens the temporary file (for reading and
 * writing), file_commit() puts it in the place of `path`. Exactly one of the latter two follows
 * file_begin(); both close the descriptor. Where the file system can, the file has no name before:
 * of a process that dies meanwhile nothing is left. */
struct file_new {
    int fd;
    char path[PATH_MAX], temp[PATH_MAX]; /* temp: empty as long as it has no name */
    int mode;                            /* of the file that it replaces; -1: there is none */
};
int file_begin(struct file_new *f, const char *path, struct err *e);
int file_commit(struct file_new *f, struct err *e);
void file_abandon(struct file_new *f); /* accepts one whose file_begin() failed */

/* The first bytes of the file at `path`, as many as there are and fit; 0 when it cannot be read, or
 * is a pipe, which is left alone. */
size_t file_head(const char *path, u8 *out, size_t room);

/* Whether file_write() can be expected to succeed: for a clear word before long work. */
int file_writable(const char *path, struct err *e);

/* fstat() by the call of that name, where the C library makes one that takes a path (glibc 2.33 to
 * 2.38): in a jail there is none of those. */
struct stat;
int file_stat(int fd, struct stat *out);

/* Makes the directories that `path` has before its last slash, mode 0777 less the umask. */
int file_make_parents(const char *path, struct err *e);

/* One process at a time has the lock on DIR/NAME: on a file DIR/.NAME.lock, which is there no
 * longer than the lock. Returns its descriptor, or -1: another one has it (*taken), or the file
 * cannot be had (errno). */
int file_lock_beside(const char *path, bool *taken);
void file_unlock_beside(const char *path, int fd); /* fd -1: the name alone, for one who has it */

#endif
