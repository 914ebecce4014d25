/* Readers for the bench: a few connections, each of which asks again as soon as it was answered.
 *
 *   get PORT PATH CONNECTIONS SECONDS [HEADER]
 *
 * Prints how many answers came, the bytes of the last one's body, the seconds they took, and the median in microseconds.
 * Any answer but 200 ends it with status 1. Answers carry a Content-Length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 4 << 20, MOST = 4 << 20 };

typedef struct {
    int fd;
    size_t have;
    double begun_us;
    char *text;
} reader;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    int count = atoi(argv[3]), ready = epoll_create1(0), one = 1;
    char ask[2048];
    int size = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAccept: */*\r\n%s%s\r\n", argv[2],
                        argv[1], argc > 5 ? argv[5] : "", argc > 5 ? "\r\n" : "");
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    reader *all = calloc(count, sizeof *all);
    double *took = malloc(MOST * sizeof *took), begun = now_us(), end = begun + atof(argv[4]) * 1e6;
    long answers = 0, body = 0;
    for (int i = 0; i < count; i++) {
        all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        all[i].text = malloc(ROOM + 1);
        if (connect(all[i].fd, (void *)&to, sizeof to))
            return perror("connect"), 1;
        setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(ready, EPOLL_CTL_ADD, all[i].fd, &event);
        all[i].begun_us = now_us();
        if (send(all[i].fd, ask, size, MSG_NOSIGNAL) != size)
            return 1;
    }
    while (now_us() < end && answers < MOST) {
        struct epoll_event events[64];
        int n = epoll_wait(ready, events, 64, 100);
        for (int e = 0; e < n; e++) {
            reader *r = all + events[e].data.u32;
            ssize_t got = recv(r->fd, r->text + r->have, ROOM - r->have, MSG_DONTWAIT);
            if (got <= 0)
                return fputs("the server hung up\n", stderr), 1;
            r->text[r->have += got] = 0;
            char *blank = strstr(r->text, "\r\n\r\n"), *length = strcasestr(r->text, "\r\ncontent-length:");
            if (!blank || !length || length > blank)
                continue;
            body = atol(length + 17);
            if (r->have < (size_t)(blank + 4 - r->text) + body)
                continue;
            if (strncmp(r->text + 9, "200", 3))
                return fprintf(stderr, "%.200s\n", r->text), 1;
            double at = now_us();
            took[answers++] = at - r->begun_us;
            r->have = 0, r->begun_us = at;
            if (send(r->fd, ask, size, MSG_NOSIGNAL) != size)
                return 1;
        }
    }
    double seconds = (now_us() - begun) / 1e6;
    qsort(took, answers, sizeof *took, ascending);
    printf("%ld %ld %.4f %.0f\n", answers, body, seconds, answers ? took[answers / 2] : 0);
    return 0;
}
