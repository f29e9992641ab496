/* The C library's harder parts: formats, long arithmetic, sorting, strings, memory, jumps, input.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long seed = 42;

static unsigned any(void)
{
    seed = seed * 1664525UL + 1013904223UL;
    return (unsigned)(seed >> 16);
}

static void formats(void)
{
    char s[64];

    printf("%d %i %u %x %X %o %c %s %%\n", -1, 32767, 65535U, 0xbeef, 0xBEEF, 0777, 'c', "text");
    printf("%5d|%-5d|%05d|%+d|% d|%.3d\n", 42, 42, 42, 42, 42, 7);
    printf("%10s|%-10s|%.2s|%*s\n", "right", "left", "cut", 6, "star");
    printf("%ld %lu %lx\n", LONG_MIN, ULONG_MAX, 0xdeadbeefUL);
    printf("%d %s\n", snprintf(s, 8, "%s", "too long a text"), s);
    printf("%d\n", sscanf("17 0x2a word -5", "%d %i %s %ld", (int *)s, (int *)(s + 2), s + 8,
                          (long *)(s + 4)));
}

static void arithmetic(void)
{
    unsigned i;
    long a, b;

    for (i = 0; i < 40; ++i) {
        a = (long)any() << 16 | any();
        b = (long)(any() & 0x7fff) - 0x3000;
        if (!b)
            b = 7;
        if (a == LONG_MIN)
            a = 1;
        printf("%ld %ld: %ld %ld %ld %ld %ld\n", a, b, a + b, a - b, a * b, a / b, a % b);
        printf("%lx %lx %lx %d %d\n", a << (i & 31), (unsigned long)a >> (i & 31), a ^ b,
               (int)a * (int)b, (int)((unsigned)a / (unsigned)(i + 1)));
    }
}

static int order(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return x < y ? -1 : x > y;
}

static void sorting(void)
{
    static unsigned list[200];
    unsigned i, key;

    for (i = 0; i < 200; ++i)
        list[i] = any();
    key = list[17];
    qsort(list, 200, sizeof list[0], order);
    for (i = 1; i < 200; ++i)
        if (list[i - 1] > list[i])
            printf("out of order at %u\n", i);
    printf("%u %u %u found %d\n", list[0], list[100], list[199],
           bsearch(&key, list, 200, 2, order) != NULL);
}

static void strings(void)
{
    static char s[128];
    char *word;

    strcpy(s, "the quick brown fox,jumps;over");
    strcat(s, " the lazy dog");
    printf("%u %s %s\n", (unsigned)strlen(s), strstr(s, "brown"), strrchr(s, 'o'));
    printf("%d %d %u %u\n", strcmp(s, "the") > 0, memcmp("a", "b", 1) < 0,
           (unsigned)strspn(s, "the "), (unsigned)strcspn(s, ",;"));
    for (word = strtok(s, " ,;"); word; word = strtok(NULL, " ,;"))
        printf("<%s>", word);
    memmove(s + 3, s, 20);
    printf("\n%s %d %c %d\n", s, isalpha('x') != 0, toupper('q'), isdigit('x') != 0);
    printf("%d %ld %lu %s\n", atoi("-123x"), strtol("-0x7f", NULL, 16), strtoul("777", NULL, 8),
           strerror(ENOENT));
}

/* A list of blocks that comes and goes; addresses differ between machines and are not shown. */
static void memory(void)
{
    static unsigned char *block[32];
    unsigned i, k, size[32], bad = 0;

    memset(size, 0, sizeof size);
    for (i = 0; i < 600; ++i) {
        k = any() & 31;
        if (block[k]) {
            bad += size[k] && (block[k][0] != k || block[k][size[k] - 1] != k);
            free(block[k]);
            block[k] = NULL;
        } else {
            size[k] = any() % 200 + 1;
            block[k] = malloc(size[k]);
            if (block[k])
                memset(block[k], k, size[k]);
            else
                ++bad;
        }
    }
    block[0] = realloc(block[0], 300);
    printf("memory: %u bad, %d, %d\n", bad, block[0] != NULL, malloc(60000U) == NULL);
}

static jmp_buf place;

static void deep(int n)
{
    if (!n)
        longjmp(place, 5);
    deep(n - 1);
}

static int add(int count, ...)
{
    va_list ap;
    int sum = 0;

    va_start(ap, count);
    while (count--)
        sum += va_arg(ap, int);
    va_end(ap);
    return sum;
}

static void at_the_end(void)
{
    printf("at the end\n");
}

int main(void)
{
    static char line[64];
    int n, k;

    formats();
    arithmetic();
    sorting();
    strings();
    memory();
    n = setjmp(place);
    printf("jump %d\n", n);
    if (!n)
        deep(20);
    printf("%d\n", add(4, 1, 20, 300, 4000));
    while ((n = scanf("%i", &k)) == 1)
        printf("read %d\n", k);
    while (fgets(line, sizeof line, stdin))
        printf("line <%s>\n", line);
    fprintf(stderr, "to the other output\n");
    atexit(at_the_end);
    return 77;
}
