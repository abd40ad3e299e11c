#include "adler32.h"

uint32_t adler32(const unsigned char *data, size_t length)
{
	uint32_t low = 1, high = 0;

	for (size_t i = 0; i < length; i++) {
		low = (low + data[i]) % ADLER32_MODULUS;
		high = (high + low) % ADLER32_MODULUS;
	}
	return high << 16 | low;
}
