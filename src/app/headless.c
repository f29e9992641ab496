/* A machine that nobody looks at: it runs for so many pictures, or until a test program has its
 * result, and leaves files and digests. */
#include "app/run.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STILL_FRAMES = 1200, NO_VERDICT = 3, TEXT_LINES_MAX = 64 };

static const char *const digests[] = { "picture", "labels", "sound", "ram" };

int headless_check(const struct run *r)
{
    const char *const paths[] = { r->screenshot, r->report, r->snapshot };
    struct err e;

    for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
        if (paths[i] && file_writable(paths[i], &e))
            return fail(e.text);
    return 0;
}

int failed_in(const char *option, const char *why)
{
    char text[512];

    snprintf(text, sizeof text, "%s: %s", option, why);
    return fail(text);
}

/* ---- the report ---- */

static json_t *memory_hex(struct mews *m, const char *name, size_t bytes)
{
    uint8_t b[0x2000];
    char hex[2 * sizeof b + 1];
    size_t got = mews_space(m, name, 0, b, bytes);

    for (size_t i = 0; i < got; i++)
        snprintf(hex + 2 * i, 3, "%02x", b[i]);
    return json_stringn(hex, 2 * got);
}

static json_t *screen_lines(struct mews *m)
{
    char text[4096], *rest;
    json_t *list = json_array();

    if (mews_view(m, "text", text, sizeof text) > 0)
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            json_array_append_new(list, json_text(line));
    return list;
}

static int write_report(struct run *r, struct mews *m)
{
    json_t *j = json_pack("{s:I, s:o, s:o, s:o}", "frames", (json_int_t)mews_frames(m), "ram",
                          memory_hex(m, "ram", 0x800), "wram", memory_hex(m, "wram", 0x2000),
                          "text", screen_lines(m));
    static const char *const names[][2] = { { "picture_sha1", "picture" },
                                            { "labels_sha1", "labels" },
                                            { "audio_sha1", "sound" } };
    struct mews_error error;
    struct err e;
    char digest[41], *text;
    size_t len;
    int status = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (mews_digest(m, names[i][1], digest, &error)) {
            json_decref(j);
            return failed_in("--report", error.text);
        }
        json_object_set_new(j, names[i][0], json_string(digest));
    }
    text = json_dumps(j, JSON_INDENT(2));
    json_decref(j);
    if (!text)
        return fail("--report: no memory");
    len = strlen(text);
    text[len] = '\n'; /* in the place of the zero, which no file needs */
    if (r->sandbox.on) {
        if (sandbox_report(&r->sandbox, text, len + 1, &error))
            status = failed_in("--report", error.text);
    } else if (file_write(r->report, text, len + 1, &e)) {
        status = failed_in("--report", e.text);
    }
    free(text);
    return status;
}

/* ---- digests ---- */

static int add_hash(struct mews *m, json_t *j)
{
    struct mews_error e;
    char digest[41];

    for (unsigned i = 0; i < ARRAY_SIZE(digests); i++) {
        if (mews_digest(m, digests[i], digest, &e))
            return failed_in("--hash", e.text);
        json_object_set_new(j, digests[i], json_string(digest));
    }
    return 0;
}

/* The digests, then the program's words and the verdict. */
static void print_plain(json_t *j)
{
    for (void *at = json_object_iter(j); at; at = json_object_iter_next(j, at)) {
        const char *name = json_object_iter_key(at);
        const char *value = json_string_value(json_object_iter_value(at));

        if (!strcmp(name, "text") || !strcmp(name, "verdict"))
            printf("%s\n", value);
        else
            printf("%-8s %s\n", name, value);
    }
}

/* ---- running ---- */

static int press_resets(struct run *r, struct mews *m)
{
    struct mews_error e;
    bool now = false;

    for (unsigned i = 0; i < r->reset_count; i++)
        now |= r->resets[i] == mews_frames(m);
    return now && mews_reset(m, &e) ? fail_error(&e) : 0;
}

/* One picture more; 0, or the exit status + 1 of a run that is over. */
static int run_frame(struct run *r, struct mews *m)
{
    struct mews_stop_info info;

    if (mews_run_frames(m, 1, &info) != MEWS_STOP_FRAME)
        return run_ended(&info) + 1;
    return press_resets(r, m) ? EXIT_FAILED + 1 : 0;
}

/* Runs a test program until it says how it went, or its picture has stood still for so long that
 * it will not. */
static int run_verdict(struct run *r, struct mews *m, json_t *j)
{
    char now[41], last[41] = "", text[1024];
    struct mews_error e;
    unsigned still = 0;

    while (still < STILL_FRAMES && !run_interrupted() &&
           (!r->frames || mews_frames(m) < r->frames)) {
        int over = run_frame(r, m);
        enum mews_test_state state = mews_test(m, text, sizeof text);

        if (over)
            return over - 1;
        if (mews_digest(m, "picture", now, &e))
            return fail_error(&e);
        still = strcmp(now, last) != 0 ? 0 : still + 1;
        memcpy(last, now, sizeof last);
        if (state == MEWS_TEST_PASSED || state == MEWS_TEST_FAILED) {
            json_object_set_new(j, "text", json_text(text));
            json_object_set_new(j, "verdict",
                                json_string(state == MEWS_TEST_PASSED ? "passed" : "failed"));
            return state == MEWS_TEST_PASSED ? 0 : EXIT_FAILED;
        }
    }
    json_object_set_new(j, "verdict", json_string("no verdict"));
    return NO_VERDICT;
}

static int run_frames(struct run *r, struct mews *m)
{
    while (mews_frames(m) < r->frames && !run_interrupted()) {
        int over = run_frame(r, m);

        if (over)
            return over - 1;
    }
    return run_interrupted();
}

int headless(struct run *r, struct mews *m)
{
    json_t *said = json_object();
    struct mews_error e;
    int status;

    status = r->replayed  ? replay_quietly(r, m)
             : r->verdict ? run_verdict(r, m, said)
                          : run_frames(r, m);
    if (r->screenshot && (r->sandbox.on ? sandbox_screenshot(&r->sandbox, m, &e)
                                        : mews_screenshot(m, r->screenshot, &e)))
        status = failed_in("--screenshot", e.text);
    if (r->hash && add_hash(m, said))
        status = EXIT_FAILED;
    if (r->report && write_report(r, m))
        status = EXIT_FAILED;
    if (r->json) {
        json_print(said);
    } else {
        print_plain(said);
        json_decref(said);
    }
    return status;
}
