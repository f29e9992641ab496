/* snapshot.save of a large machine that runs: it goes on meanwhile and others are answered, the
 * image is of one moment, and of a client that vanishes nothing remains. The kind of machine is the
 * tests' own: memory. */
#include "api/kinds.h"
#include "api/mews.h"
#include "svc/ctl/client.h"
#include "svc/ctl/rundir_rig.h"
#include "tests/svc/ram.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

/* In the place of the library's own list. */
const struct kind *const kinds[] = { &ram_kind };
const unsigned kind_count = 1;

/* Most of it is zeros, which cost no memory and are looked at all the same: long enough for any
 * host. What is written to is little, so that the save comes to an end. */
#define MEMORY_BYTES ((u64)256 << 20)
enum { SPAN_BYTES = 256 << 10, SLICE_TICKS = 10000 };

static struct mews *make(void)
{
    u8 image[12] = "RAM ";
    u64 bytes = MEMORY_BYTES;
    struct mews *m;
    struct mews_error e;

    memcpy(image + 4, &bytes, sizeof bytes);
    if (mews_open_memory("big", image, sizeof image, NULL, &m, &e))
        fail_msg("%s", e.text);
    ram_of(m->machine)->span = SPAN_BYTES;
    return m;
}

struct runner {
    struct mews *m;
    pthread_t thread;
    enum mews_stop why;
};

static void *run(void *ctx)
{
    struct runner *r = ctx;
    struct mews_stop_info info;

    r->why = mews_run(r->m, UINT64_MAX, &info);
    return NULL;
}

static void start(struct runner *r)
{
    const struct mews_control_options o = { .size = sizeof o, .name = "big" };
    struct mews_error e;

    *r = (struct runner) { .m = make() };
    if (mews_control(r->m, &o, &e))
        fail_msg("%s", e.text);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static struct ctl_client *join(void)
{
    struct ctl_client *c;
    struct err e;

    if (ctl_client_open("big", &c, &e))
        fail_msg("%s", e.text);
    return c;
}

static json_t *ask(struct ctl_client *c, const char *method)
{
    json_t *j;
    struct err e;

    if (ctl_client_call(c, method, NULL, NULL, 0, &j, &e))
        fail_msg("%s: %s", method, e.text);
    return j;
}

static json_int_t ask_number(struct ctl_client *c, const char *method, const char *key)
{
    json_t *j = ask(c, method);
    json_int_t n = json_integer_value(json_object_get(j, key));

    json_decref(j);
    return n;
}

/* Ends the run by its client, which leaves too. */
static void stop(struct runner *r, struct ctl_client *c)
{
    json_decref(ask(c, "stop"));
    pthread_join(r->thread, NULL);
    assert_int_equal(r->why, MEWS_STOP_ASKED);
    ctl_client_close(c);
}

static void end(struct runner *r, struct ctl_client *c)
{
    stop(r, c);
    mews_close(r->m);
}

struct saver { /* a client of its own, in a thread of its own */
    pthread_t thread;
    const char *params;
    int fd;
    int code;
    json_t *result;
    struct err e;
};

static void *save(void *ctx)
{
    struct saver *s = ctx;
    struct ctl_client *c = join();

    s->code = ctl_client_call(c, "snapshot.save", json_loads(s->params, 0, NULL), &s->fd, 1,
                              &s->result, &s->e);
    ctl_client_close(c);
    return NULL;
}

static void saver_start(struct saver *s, const char *params)
{
    *s = (struct saver) { .params = params, .fd = memfd_create("image", MFD_CLOEXEC) };
    assert_true(s->fd >= 0);
    assert_int_equal(pthread_create(&s->thread, NULL, save, s), 0);
}

static void saver_end(struct saver *s)
{
    json_decref(s->result);
    close(s->fd);
}

static double number(const struct saver *s, const char *key)
{
    return json_number_value(json_object_get(s->result, key));
}

static void fd_path(int fd, char out[static 40])
{
    snprintf(out, 40, "/proc/self/fd/%d", fd);
}

static void difference(void *ctx, const char *where, const char *a, const char *b)
{
    print_message("%s: %s, %s\n", where, a, b);
    ++*(unsigned *)ctx;
}

/* It is as one that was never saved, at the same time: returns that. */
static u64 is_of_one_moment(const struct saver *s)
{
    struct mews *twin = make();
    struct mews_image *image = NULL, *still = NULL;
    struct mews_image_info info;
    struct mews_snapshot_info saved;
    struct mews_error e;
    char path[40], other[40];
    unsigned count = 0;
    int fd = memfd_create("twin", MFD_CLOEXEC);
    u64 now;

    fd_path(s->fd, path);
    fd_path(fd, other);
    if (mews_image_open(path, &image, &e) || mews_image_verify(image, &e))
        fail_msg("%s", e.text);
    mews_image_info(image, &info);
    now = info.now;
    mews_run(twin, now, NULL);
    assert_int_equal(mews_now(twin), now);
    if (mews_snapshot_to(twin, fd, false, &saved, &e) || mews_image_open(other, &still, &e) ||
        mews_image_diff(image, still, difference, &count, &e))
        fail_msg("%s", e.text);
    assert_int_equal(count, 0);
    assert_string_equal(info.digest, saved.digest);
    mews_image_close(image);
    mews_image_close(still);
    mews_close(twin);
    close(fd);
    return now;
}

static void the_machine_goes_on_while_it_is_saved(void **state)
{
    struct ctl_client *c;
    struct saver s;
    struct runner r;

    (void)state;
    start(&r);
    c = join();
    saver_start(&s, "{}");
    pthread_join(s.thread, NULL);
    if (s.code)
        fail_msg("%s", s.e.text);
    assert_int_equal(is_of_one_moment(&s), (u64)number(&s, "ticks"));
    assert_true(number(&s, "ticks") >= number(&s, "began_ticks") + 3 * SLICE_TICKS);
    assert_true(number(&s, "rounds") > 256);
    assert_true(number(&s, "paused") <= 2 << 20);
    assert_true(number(&s, "pause_seconds") < number(&s, "seconds"));
    saver_end(&s);
    end(&r, c);
}

/* Saves until the machine was seen twice in the middle of one. */
static void others_are_answered_meanwhile(void **state)
{
    struct ctl_client *c;
    struct runner r;
    unsigned seen = 0;

    (void)state;
    start(&r);
    c = join();
    for (unsigned i = 0; i < 50 && seen < 2; i++) {
        struct saver s;
        json_int_t saving = 0, ticks = 0;

        seen = 0;
        saver_start(&s, i & 1 ? "{\"share\":true}" : "{}");
        do {
            json_t *j = ask(c, "machine.stats");
            json_int_t now = json_integer_value(json_object_get(j, "ticks"));

            saving = json_integer_value(json_object_get(j, "saving"));
            seen += saving && now > ticks;
            ticks = now;
            json_decref(j);
        } while (saving || !seen);
        pthread_join(s.thread, NULL);
        assert_int_equal(s.code, 0);
        saver_end(&s);
    }
    assert_true(seen >= 2);
    end(&r, c);
}

static void a_second_one_waits_for_its_turn(void **state)
{
    static const char *const how[] = { "{\"share\":true}", "{}" };
    struct ctl_client *c;
    struct saver s[ARRAY_SIZE(how)];
    struct runner r;

    (void)state;
    start(&r);
    c = join();
    for (unsigned i = 0; i < ARRAY_SIZE(how); i++)
        saver_start(&s[i], how[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(how); i++) {
        pthread_join(s[i].thread, NULL);
        if (s[i].code)
            fail_msg("%s", s[i].e.text);
        is_of_one_moment(&s[i]);
    }
    assert_int_equal(ask_number(c, "machine.stats", "snapshots"), ARRAY_SIZE(how));
    for (unsigned i = 0; i < ARRAY_SIZE(how); i++)
        saver_end(&s[i]);
    /* And after an image whose pages it shares, the machine is what it was. */
    saver_start(&s[0], "{}");
    pthread_join(s[0].thread, NULL);
    is_of_one_moment(&s[0]);
    saver_end(&s[0]);
    end(&r, c);
}

static unsigned open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

/* Has one save under way of a client that has not waited for it. */
static struct ctl_client *save_and_not_wait(struct ctl_client *c, int fd)
{
    struct ctl_client *leaver = join();
    struct timespec soon = { 0, 1000000 };
    struct msghdr m = { 0 };
    char text[] = "{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"snapshot.save\",\"fds\":1}\n";
    struct iovec v = { text, sizeof text - 1 };
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };

    m.msg_iov = &v;
    m.msg_iovlen = 1;
    m.msg_control = &control;
    m.msg_controllen = sizeof control;
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    assert_int_equal(sendmsg(ctl_client_fd(leaver), &m, 0), sizeof text - 1);
    while (!ask_number(c, "machine.stats", "saving"))
        nanosleep(&soon, NULL);
    return leaver;
}

static void of_a_client_that_vanishes_nothing_remains(void **state)
{
    struct ctl_client *c;
    struct runner r;
    const struct space_tracker *at;
    unsigned files, trackers = 0;

    (void)state;
    start(&r);
    c = join();
    ask_number(c, "machine.stats", "saving");
    files = open_files();
    for (unsigned i = 0; i < 3; i++) {
        int fd = memfd_create("image", MFD_CLOEXEC);

        ctl_client_close(save_and_not_wait(c, fd));
        close(fd);
        while (ask_number(c, "machine.stats", "saving"))
            ;
    }
    assert_int_equal(ask_number(c, "machine.stats", "snapshots"), 0);
    assert_int_equal(open_files(), files);
    stop(&r, c);
    at = ram_of(r.m->machine)->memory.trackers;
    for (; at; at = at->next) /* the statistics', and the chain's for the next one */
        trackers++;
    assert_in_range(trackers, 1, 2);
    mews_close(r.m);
}

static void one_that_the_machine_does_not_live_to_see_fails(void **state)
{
    struct ctl_client *c;
    struct saver s;
    struct runner r;

    (void)state;
    start(&r);
    c = join();
    saver_start(&s, "{}");
    while (!ask_number(c, "machine.stats", "saving"))
        ;
    end(&r, c);
    pthread_join(s.thread, NULL);
    if (s.code) { /* it may have been past the pause: then it is whole */
        assert_int_equal(s.code, -ERR_STATE);
        assert_non_null(strstr(s.e.text, "the machine has ended"));
    } else {
        is_of_one_moment(&s);
    }
    saver_end(&s);
}

static void what_cannot_be_is_refused_at_once(void **state)
{
    struct ctl_client *c;
    struct runner r;
    struct saver s;
    json_t *j;
    struct err e;

    (void)state;
    start(&r);
    c = join();
    assert_int_equal(ctl_client_call(c, "snapshot.save", NULL, NULL, 0, &j, &e), -ERR_USAGE);
    saver_start(&s, "{\"share\":true,\"incremental\":true}");
    pthread_join(s.thread, NULL);
    assert_int_equal(s.code, -ERR_USAGE);
    saver_end(&s);
    saver_start(&s, "{\"incremental\":true}"); /* found out when its turn has come */
    pthread_join(s.thread, NULL);
    assert_int_equal(s.code, -ERR_STATE);
    assert_non_null(strstr(s.e.text, "there is no snapshot yet"));
    saver_end(&s);
    end(&r, c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_goes_on_while_it_is_saved),
        cmocka_unit_test(others_are_answered_meanwhile),
        cmocka_unit_test(a_second_one_waits_for_its_turn),
        cmocka_unit_test(of_a_client_that_vanishes_nothing_remains),
        cmocka_unit_test(one_that_the_machine_does_not_live_to_see_fails),
        cmocka_unit_test(what_cannot_be_is_refused_at_once),
    };

    return cmocka_run_group_tests(tests, rundir_rig_make, rundir_rig_remove);
}
