/* Operating errors, as values. A struct err owns no memory, so it needs no destructor.
 *
 * Who detects an error says what is wrong (err_set); who called says where (err_wrap); the program
 * alone prints. Functions of the control plane return 0, or the negative code and a filled err. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
#define ERR_LIST(X)                                        \
    X(OK, "success")                                       \
    X(SYS, "the host refused a system call")               \
    X(NOMEM, "out of memory")                              \
    X(FORMAT, "malformed input")                           \
    X(LIMIT, "over a stated limit")                        \
    X(STATE, "not allowed in the machine's present state") \
    X(NOTSUP, "this kind of machine cannot do that")       \
    X(MISMATCH, "does not fit this machine")               \
    X(USAGE, "wrong use")
#define X(id, text) ERR_##id,
    ERR_LIST(X)
#undef X
        ERR_COUNT
};

struct err {
    enum err_code code;
    int sys; /* errno when code is ERR_SYS, else 0 */
    char text[240];
};

/* Both return the negative code, so that a caller can write `return err_set(...)`. With ERR_SYS
 * the message gets ": " and strerror(errno) at its end. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "fmt: " in front of the message that is there. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const char *err_name(enum err_code code);

#endif
