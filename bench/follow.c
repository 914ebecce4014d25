/* Followers for the bench: many WebSocket connections in one thread.
 *
 *   follow PORT CONTROL_PORT CONNECTIONS READY_FRAMES FOLLOW_TEXT
 *
 * Opens CONNECTIONS sockets with `Authorization: Bearer <number>`, sends FOLLOW_TEXT (with %d for number % 500 + 1) on
 * each, waits until READY_FRAMES frames have come on each, and prints "ready". Then it obeys lines on its standard input:
 *
 *   round ROUNDS FRAMES   ROUNDS times: send one byte to CONTROL_PORT, and wait until FRAMES more have come on each;
 *                         prints the median and the 99th percentile of a round in microseconds
 *   hold SECONDS          answer pings; prints how many pings came and how many connections were lost
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int fd, greeted, matched;
    uint64_t frames, skip;
    unsigned char head[14], head_size, ping_left, ping[8], ping_size;
} follower;

static follower *all;
static int total, lost, poll_fd;
static uint64_t frames_in, pings;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int connected(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || connect(fd, (void *)&address, sizeof address)) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void say(int fd, int opcode, const void *text, size_t size)
{
    char out[4200];
    size_t head = 2;
    out[0] = 0x80 | opcode;
    out[1] = 0x80 | (size < 126 ? size : 126);
    if (size >= 126) {
        out[2] = size >> 8;
        out[3] = size;
        head = 4;
    }
    memset(out + head, 0, 4); /* a mask of zeros */
    memcpy(out + head + 4, text, size);
    if (send(fd, out, head + 4 + size, MSG_NOSIGNAL) < 0)
        perror("send");
}

static void drop(follower *one)
{
    close(one->fd);
    one->fd = -1;
    lost++;
}

static void frame_begun(follower *one, uint64_t size)
{
    int opcode = one->head[0] & 15;
    one->skip = size;
    one->head_size = 0;
    if (opcode == 1) {
        one->frames++;
        frames_in++;
    } else if (opcode == 9) {
        pings++;
        one->ping_left = one->ping_size = size > 8 ? 8 : size;
    }
}

static void take(follower *one, const unsigned char *data, size_t size)
{
    while (size) {
        if (!one->greeted) { /* until the end of the handshake's answer */
            one->matched = *data == "\r\n\r\n"[one->matched] ? one->matched + 1 : *data == '\r';
            one->greeted = one->matched == 4;
            data++, size--;
            continue;
        }
        if (one->skip) {
            size_t n = one->skip < size ? one->skip : size;
            if (one->ping_left) {
                size_t m = one->ping_left < n ? one->ping_left : n;
                memcpy(one->ping + one->ping_size - one->ping_left, data, m);
                one->ping_left -= m;
                if (!one->ping_left)
                    say(one->fd, 10, one->ping, one->ping_size);
            }
            one->skip -= n, data += n, size -= n;
            continue;
        }
        one->head[one->head_size++] = *data++, size--;
        int short_size = one->head[1] & 127;
        if (one->head_size >= 2 && short_size < 126)
            frame_begun(one, short_size);
        else if (one->head_size == 4 && short_size == 126)
            frame_begun(one, one->head[2] << 8 | one->head[3]);
        else if (one->head_size == 10 && short_size == 127) {
            uint64_t long_size = 0;
            for (int i = 2; i < 10; i++)
                long_size = long_size << 8 | one->head[i];
            frame_begun(one, long_size);
        }
    }
}

static void pump(int wait_ms)
{
    static struct epoll_event events[1024];
    static unsigned char buffer[262144];
    int ready = epoll_wait(poll_fd, events, 1024, wait_ms);
    for (int i = 0; i < ready; i++) {
        follower *one = all + events[i].data.u32;
        if (one->fd < 0)
            continue;
        ssize_t got = recv(one->fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got > 0)
            take(one, buffer, got);
        else if (got == 0 || errno != EAGAIN)
            drop(one);
    }
}

static void until(uint64_t frames)
{
    int64_t end = now_ns() + 120000000000LL;
    while (frames_in < frames) {
        pump(100);
        if (lost || now_ns() > end) {
            fprintf(stderr, "%d connections lost; %lu of %lu frames came\n", lost, frames_in, frames);
            exit(1);
        }
    }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int port = atoi(argv[1]), control_port = atoi(argv[2]), ready_frames = atoi(argv[4]);
    total = atoi(argv[3]);
    all = calloc(total, sizeof *all);
    poll_fd = epoll_create1(0);
    for (int i = 0; i < total; i++) {
        char text[4096];
        all[i].fd = connected(port);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, all[i].fd, &event);
        int size = snprintf(text, sizeof text,
                            "GET /live HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Protocol: forum.v1.html\r\nAuthorization: Bearer %d\r\n\r\n",
                            i + 1);
        if (send(all[i].fd, text, size, MSG_NOSIGNAL) != size)
            return 1;
        while (!all[i].greeted && all[i].fd >= 0)
            pump(100);
        size = snprintf(text, sizeof text, argv[5], i % 500 + 1);
        say(all[i].fd, 1, text, size);
    }
    until((uint64_t)total * ready_frames);
    int control = connected(control_port);
    puts("ready");
    fflush(stdout);
    char line[100];
    while (fgets(line, sizeof line, stdin)) {
        int rounds, frames, seconds;
        if (sscanf(line, "round %d %d", &rounds, &frames) == 2) {
            double *took = calloc(rounds, sizeof *took);
            for (int i = 0; i < rounds; i++) {
                uint64_t want = frames_in + (uint64_t)frames * total;
                int64_t begun = now_ns();
                if (send(control, "x", 1, MSG_NOSIGNAL) != 1)
                    return 1;
                until(want);
                took[i] = (now_ns() - begun) / 1e3;
            }
            qsort(took, rounds, sizeof *took, ascending);
            printf("%.0f %.0f\n", took[rounds / 2], took[rounds * 99 / 100]);
            free(took);
        } else if (sscanf(line, "hold %d", &seconds) == 1) {
            int64_t end = now_ns() + seconds * 1000000000LL;
            pings = 0;
            while (now_ns() < end)
                pump(50);
            printf("%lu %d\n", pings, lost);
        }
        fflush(stdout);
    }
    return 0;
}
