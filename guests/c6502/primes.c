/* The primes below 2^18 by the sieve of Eratosthenes, a bit for each odd number, and a CRC-32 of
 * the sieve. All work and no calls: what the machine's speed is tried with. */
#include <stdio.h>

#define LIMIT 262144UL /* odd numbers: 131,072 bits */
#define BYTES (LIMIT / 16)

static unsigned char composite[BYTES]; /* bit i & 7 of byte i >> 3 is for 2i + 1 */
static unsigned char masks[8] = { 1, 2, 4, 8, 16, 32, 64, 128 };

static void cross_out(unsigned prime)
{
    unsigned long i = (unsigned long)prime * prime >> 1;

    for (; i < LIMIT / 2; i += prime)
        composite[(unsigned)(i >> 3)] |= masks[(unsigned char)i & 7];
}

static unsigned long count(void)
{
    unsigned long primes = 1; /* 2, which is even; bit 0 is the number 1 */
    unsigned at;
    unsigned char b, bit;

    composite[0] |= 1;
    for (at = 0; at < BYTES; at++)
        for (b = composite[at], bit = 0; bit < 8; bit++, b >>= 1)
            primes += !(b & 1);
    return primes;
}

static unsigned long crc32(void)
{
    unsigned long crc = 0xffffffff;
    unsigned at;
    unsigned char bit;

    for (at = 0; at < BYTES; at++) {
        crc ^= composite[at];
        for (bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

int main(void)
{
    unsigned n;

    for (n = 3; n < 512; n += 2)
        if (!(composite[n >> 4] & masks[n >> 1 & 7]))
            cross_out(n);
    printf("%lu primes below %lu\n", count(), LIMIT);
    printf("sieve %08lx\n", crc32());
    return 0;
}
