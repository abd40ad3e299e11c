/* delay DEVICE MICROSECONDS: a machine that is far away, made of a TUN device and a queue.

   A packet from A to B comes back, so much later, as one from B to A. So whoever connects to a port of B
   reaches the server that listens to it on A, and each direction takes that long. It ends with its
   standard input. Sums of TCP and IP stay as they are: they do not depend on the order. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH = 1 << 14, LARGEST = 2048, SOURCE = 12, DESTINATION = 16, ADDRESS = 4 };

static struct packet {
    long due;
    ssize_t size;
    unsigned char data[LARGEST];
} queue[LENGTH];

static long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void turn_round(unsigned char *data) {
    unsigned char source[ADDRESS];
    memcpy(source, data + SOURCE, ADDRESS);
    memcpy(data + SOURCE, data + DESTINATION, ADDRESS);
    memcpy(data + DESTINATION, source, ADDRESS);
}

int main(int count, char **words) {
    if (count != 3) return 2;
    long delay = atol(words[2]);
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strncpy(request.ifr_name, words[1], IFNAMSIZ - 1);
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0) {
        perror("delay: /dev/net/tun");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    unsigned first = 0, next = 0;
    for (;;) {
        struct pollfd polled[] = {{tun, POLLIN, 0}, {0, POLLIN, 0}};
        long rest = first == next ? 1000000 : queue[first % LENGTH].due - now();
        struct timespec wait = {rest > 0 ? rest / 1000000 : 0, rest > 0 ? rest % 1000000 * 1000 : 0};
        ppoll(polled, 2, &wait, NULL);
        if (polled[1].revents) return 0;
        while (next - first < LENGTH) {
            struct packet *packet = &queue[next % LENGTH];
            packet->size = read(tun, packet->data, LARGEST);
            if (packet->size <= 0) break;
            if (packet->data[0] >> 4 != 4) continue; /* IPv4 alone has these offsets */
            turn_round(packet->data);
            packet->due = now() + delay;
            next++;
        }
        for (; first != next && queue[first % LENGTH].due <= now(); first++) {
            struct packet *packet = &queue[first % LENGTH];
            if (write(tun, packet->data, packet->size) < 0) perror("delay");
        }
    }
}
