/* Askers for the bench: a few connections, each of which asks again as soon as it was answered.
 *
 *   ask [-c CONNECTIONS] [-s SECONDS] [-p PAUSE_MS] [-m METHOD] [-h HEADERS] [-b BODY] [-r FIRST-LAST] PORT PATH
 *
 * In PATH, HEADERS (lines with CR LF between) and BODY, {c} stands for the connection's number from 1 on, {i} for the
 * request's, and {r} for the numbers FIRST to LAST in turn. Asks no more after SECONDS, or SIGTERM, waits for the answers
 * that are under way, and prints how many came, the bytes of the last one's body, the seconds they took, and the median,
 * the 99th percentile and the longest in microseconds, and how many said 503. Any answer but 2xx and 503 ends it with
 * status 1, and so does silence for a minute. Answers carry a Content-Length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 4 << 20, MOST = 4 << 20, ASK = 16384 };

typedef struct {
    int fd, asked;
    size_t have;
    double begun_us, next_us;
    char *text;
} asker;

static const char *method = "GET", *path, *headers, *body, *port;
static long first, last, requests;
static volatile sig_atomic_t ended;

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

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

/* Appends a pattern to the request, with its numbers in place. */
static char *put(char *out, const char *pattern, int connection)
{
    for (; *pattern; pattern++) {
        if (*pattern == '{' && pattern[1] && pattern[2] == '}' && strchr("cir", pattern[1])) {
            long number = pattern[1] == 'c' ? connection + 1
                          : pattern[1] == 'i' ? requests
                                              : first + requests % (last - first + 1);
            out += sprintf(out, "%ld", number);
            pattern += 2;
        } else
            *out++ = *pattern;
    }
    *out = 0;
    return out;
}

static void ask(asker *one, int connection)
{
    static char request[ASK], content[ASK / 2];
    char *out = request;
    out += sprintf(out, "%s ", method);
    out = put(out, path, connection);
    out += sprintf(out, " HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nAccept: */*\r\n", port);
    if (headers) {
        out = put(out, headers, connection);
        out += sprintf(out, "\r\n");
    }
    if (body) {
        long size = put(content, body, connection) - content;
        out += sprintf(out, "Content-Type: application/json\r\nContent-Length: %ld\r\n\r\n%s", size, content);
    } else
        out += sprintf(out, "\r\n");
    requests++;
    one->asked = 1;
    one->begun_us = now_us();
    if (send(one->fd, request, out - request, MSG_NOSIGNAL) != out - request) {
        perror("send");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    int count = 1, pause_ms = 0, option, one = 1, poll_fd = epoll_create1(0);
    double seconds = 1;
    while ((option = getopt(argc, argv, "c:s:p:m:h:b:r:")) != -1) {
        if (option == 'c')
            count = atoi(optarg);
        else if (option == 's')
            seconds = atof(optarg);
        else if (option == 'p')
            pause_ms = atoi(optarg);
        else if (option == 'm')
            method = optarg;
        else if (option == 'h')
            headers = optarg;
        else if (option == 'b')
            body = optarg;
        else if (option != 'r' || sscanf(optarg, "%ld-%ld", &first, &last) != 2)
            return 2;
    }
    if (argc - optind != 2)
        return 2;
    port = argv[optind], path = argv[optind + 1];
    if (strlen(path) + (headers ? strlen(headers) : 0) + (body ? strlen(body) : 0) > ASK / 4)
        return 2;
    signal(SIGTERM, end);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    asker *all = calloc(count, sizeof *all);
    double *took = malloc(MOST * sizeof *took), begun = now_us(), until = begun + seconds * 1e6, heard = begun;
    long answers = 0, size = 0, open = 0, unavailable = 0;
    for (int i = 0; i < count; i++) {
        all[i].fd = socket(AF_INET, SOCK_STREAM, 0);
        all[i].text = malloc(ROOM + 1);
        if (connect(all[i].fd, (void *)&to, sizeof to))
            return perror("connect"), 1;
        setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    for (int more = 1; more || open;) {
        struct epoll_event events[64];
        double now = now_us(), next_us = now + 100e3;
        more = !ended && now < until && answers + count < MOST;
        for (int i = 0; more && i < count; i++)
            if (!all[i].asked) {
                if (all[i].next_us <= now)
                    ask(all + i, i), open++;
                else if (all[i].next_us < next_us)
                    next_us = all[i].next_us;
            }
        int n = epoll_wait(poll_fd, events, 64, (next_us - now) / 1e3 + 1);
        if (open && now > heard + 60e6)
            return fputs("no answer for a minute\n", stderr), 1;
        if (n > 0)
            heard = now;
        for (int e = 0; e < n; e++) {
            asker *r = all + events[e].data.u32;
            ssize_t got = recv(r->fd, r->text + r->have, ROOM - r->have, MSG_DONTWAIT);
            if (got <= 0)
                return fputs("the server hung up\n", stderr), 1;
            r->text[r->have += got] = 0;
            char *blank = strstr(r->text, "\r\n\r\n"), *length = strcasestr(r->text, "\r\ncontent-length:");
            if (!blank || !length || length > blank)
                continue;
            size = atol(length + 17);
            if (r->have < (size_t)(blank + 4 - r->text) + size)
                continue;
            int refused = !strncmp(r->text + 9, "503", 3);
            unavailable += refused;
            if (r->text[9] != '2' && !refused)
                return fprintf(stderr, "%.600s\n", r->text), 1;
            double at = now_us();
            took[answers++] = at - r->begun_us;
            r->have = 0, r->asked = 0, r->next_us = at + pause_ms * 1e3;
            if (more && !pause_ms)
                ask(r, events[e].data.u32);
            else
                open--;
        }
    }
    double took_s = (now_us() - begun) / 1e6;
    qsort(took, answers, sizeof *took, ascending);
    printf("%ld %ld %.4f %.0f %.0f %.0f %ld\n", answers, size, took_s, answers ? took[answers / 2] : 0,
           answers ? took[answers * 99 / 100] : 0, answers ? took[answers - 1] : 0, unavailable);
    return 0;
}
