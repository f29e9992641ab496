/* Feeds a fuzz target where there is no libFuzzer: every file named (or below a directory named)
 * once, then random mutations of them for --seconds N. The seed is printed, and --seed S repeats a
 * run. The target runs in a child whose current input lies in shared memory, so whatever kills it
 * (trap, sanitizer, a hang of HANG_SECONDS), the parent can keep that input in --crash FILE and
 * name it. */
#include "fuzz/target.h"

#include <ftw.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20, HANG_SECONDS = 20 };

struct input {
    uint8_t *data;
    size_t size;
};

/* ftw() takes no argument for its callback: the corpus is the one global of this program. */
static struct input *corpus;
static size_t corpus_count;

static void *need(void *p)
{
    if (!p) {
        perror("driver");
        exit(1);
    }
    return p;
}

static void corpus_add(uint8_t *data, size_t size)
{
    corpus = need(realloc(corpus, (corpus_count + 1) * sizeof *corpus));
    corpus[corpus_count++] = (struct input) { data, size };
}

static int file_read(const char *path, const struct stat *st, int type)
{
    FILE *f;
    uint8_t *data;
    size_t size;

    (void)st;
    if (type != FTW_F)
        return 0;
    f = need(fopen(path, "rb"));
    data = need(malloc(INPUT_MAX));
    size = fread(data, 1, INPUT_MAX, f);
    fclose(f);
    corpus_add(need(realloc(data, size + 1)), size);
    return 0;
}

/* xorshift64*: the run must be the same for one seed everywhere, which rand() does not promise. */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dU;
}

static size_t random_below(uint64_t *state, size_t n)
{
    return n ? (size_t)(random_next(state) >> 16) % n : 0;
}

static size_t mutate_once(uint8_t *d, size_t n, uint64_t *r)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff, 0x10, 0x40 };
    size_t at = random_below(r, n), len = 1 + random_below(r, 16);

    switch (random_below(r, 7)) {
    case 0: /* flip a bit */
        if (n)
            d[at] ^= (uint8_t)(1 << random_below(r, 8));
        return n;
    case 1: /* any byte */
        if (n)
            d[at] = (uint8_t)random_next(r);
        return n;
    case 2: /* a byte that bounds like to be wrong about */
        if (n)
            d[at] = edges[random_below(r, sizeof edges)];
        return n;
    case 3: /* cut the end */ return n > len ? n - len : n;
    case 4: /* insert random bytes */
        if (n + len > INPUT_MAX)
            return n;
        memmove(d + at + len, d + at, n - at);
        for (size_t i = 0; i < len; i++)
            d[at + i] = (uint8_t)random_next(r);
        return n + len;
    case 5: /* remove bytes */
        if (at + len > n)
            return n;
        memmove(d + at, d + at + len, n - at - len);
        return n - len;
    default: { /* copy a piece over another place, or splice one of another input in */
        const struct input *in = &corpus[random_below(r, corpus_count)];
        size_t from = random_below(r, in->size);

        len *= 8;
        if (len > in->size - from)
            len = in->size - from;
        if (at + len > INPUT_MAX)
            len = INPUT_MAX - at;
        memcpy(d + at, in->data + from, len);
        return at + len > n ? at + len : n;
    }
    }
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What the child is running now. */
struct current {
    size_t size;
    uint8_t data[INPUT_MAX];
};

static void run_one(struct current *now, const uint8_t *data, size_t size)
{
    uint8_t *exact = need(malloc(size + !size)); /* so that a sanitizer sees a read past the end */

    memcpy(now->data, data, size);
    now->size = size;
    memcpy(exact, data, size);
    alarm(HANG_SECONDS);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void run_mutations(struct current *now, double seconds, uint64_t seed)
{
    uint8_t *work = need(malloc(INPUT_MAX));
    double end = now_s() + seconds;
    uint64_t runs = 0, r = seed ? seed : 1;

    for (; now_s() < end; runs++) {
        const struct input *in = &corpus[random_below(&r, corpus_count)];
        size_t n = in->size, steps = 1 + random_below(&r, 8);

        memcpy(work, in->data, n);
        while (steps--)
            n = mutate_once(work, n, &r);
        run_one(now, work, n);
    }
    free(work);
    printf("%llu mutations, no harm (seed %llu)\n", (unsigned long long)runs,
           (unsigned long long)seed);
}

static void run_all(struct current *now, double seconds, uint64_t seed)
{
    for (size_t i = 0; i < corpus_count; i++)
        run_one(now, corpus[i].data, corpus[i].size);
    printf("%zu inputs, no harm\n", corpus_count);
    if (!corpus_count)
        corpus_add(need(malloc(1)), 0);
    if (seconds > 0)
        run_mutations(now, seconds, seed);
}

static void crash_keep(const struct current *now, const char *path, int status)
{
    FILE *f = need(fopen(path, "wb"));

    fwrite(now->data, 1, now->size, f);
    fclose(f);
    fprintf(stderr, "the target died (%s %d) of the %zu bytes kept in %s\n",
            WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), now->size, path);
}

int main(int argc, char **argv)
{
    const char *crash = "crash-input";
    double seconds = 0;
    uint64_t seed = 0;
    struct current *now = mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    pid_t child;

    if (now == MAP_FAILED || getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        need(NULL);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--seconds") && i + 1 < argc)
            seconds = atof(argv[++i]);
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(argv[i], "--crash") && i + 1 < argc)
            crash = argv[++i];
        else
            ftw(argv[i], file_read, 16); /* a corpus that does not exist yet is an empty one */
    }
    child = fork();
    if (child == 0) {
        run_all(now, seconds, seed);
        return 0; /* by exit(), so that leaks are looked for */
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        need(NULL);
    if (status)
        crash_keep(now, crash, status);
    for (size_t i = 0; i < corpus_count; i++)
        free(corpus[i].data);
    free(corpus);
    return status != 0;
}
