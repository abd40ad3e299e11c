#ifndef ADLER32_H
#define ADLER32_H

#include <stddef.h>
#include <stdint.h>

/* The largest prime below 2^16: both sums are kept modulo it. */
#define ADLER32_MODULUS 65521u

uint32_t adler32(const unsigned char *data, size_t length);

#endif
