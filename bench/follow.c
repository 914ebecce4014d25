/* Followers for the bench: many WebSocket connections in one thread.
 *
 *   follow PORT CONTROL_PORT CONNECTIONS CHANNELS FOLLOW_TEXT
 *
 * Opens CONNECTIONS sockets one after the other with `Authorization: Bearer <number>`, sends FOLLOW_TEXT (with %d for
 * number % 500 + 1) on each, waits until CHANNELS frames of type `following` have come on each, and prints "ready".
 * Then it obeys lines on its standard input, and answers each with one:
 *
 *   round ROUNDS FRAMES       ROUNDS times: send one byte to CONTROL_PORT, and wait until FRAMES updates have come on
 *                             each; prints the median and the 99th percentile of a round in microseconds
 *   write COUNT GAP_MS FILE KIND EACH  send the COUNT requests in FILE (each ended by a zero byte) to CONTROL_PORT, one every
 *                             GAP_MS on one connection, and wait until COUNT times EACH updates whose kind ends with KIND
 *                             have come on each; the last of the n-th EACH is taken for that of the n-th request. Prints the median and the 99th percentile
 *                             of the time from the request to the last of the followers, and the same from its answer,
 *                             in microseconds
 *   leave                     close all; prints how many
 *   again UPDATES             open all at once, follow FOLLOW_TEXT, and wait until UPDATES updates and the CHANNELS
 *                             answers have come on each; one that is closed on opens again a second later. Prints the
 *                             time until the last and the median one was there, in microseconds, and how often one was
 *                             closed on
 *   hold SECONDS              answer pings; prints how many pings came, how many connections were lost, and how many
 *                             updates came
 *
 * A connection that is lost ends it with status 1, except in hold and again.
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

enum { START = 128, MOST_WRITES = 4096, AGAIN_AFTER_NS = 1000000000 };
static const uint32_t WRITER = UINT32_MAX;

typedef struct {
    int fd, greeted, matched, number;
    uint64_t skip, updates, marked, followings;
    unsigned char head[14], head_size, opcode, ping_left, ping[8], ping_size;
    size_t start_size;
    char start[START + 1];
} follower;

static follower *all;
static int total, lost, poll_fd, port, channels;
static const char *follow_text;
static uint64_t updates_in, pings;

/* Writes: their kind as it stands in a frame, when each was asked, answered, and seen by all. */
static char mark[80];
static int seen[MOST_WRITES], writes, answers, all_seen, each;
static int64_t asked_ns[MOST_WRITES], answered_ns[MOST_WRITES], seen_ns[MOST_WRITES];

/* Returning: when each was caught up, and how many are. */
static uint64_t awaited;
static int64_t *back_ns, *retry_ns;
static int back;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static int connected(int to_port, int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | flags, 0), one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(to_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || (connect(fd, (void *)&address, sizeof address) && errno != EINPROGRESS)) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void watch(int fd, uint32_t events, uint32_t name, int operation)
{
    struct epoll_event event = {.events = events, .data.u32 = name};
    epoll_ctl(poll_fd, operation, fd, &event);
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

static void say_hello(follower *one)
{
    char text[400];
    int size = snprintf(text, sizeof text,
                        "GET /live HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Protocol: forum.v1.html\r\nAuthorization: Bearer %d\r\n\r\n",
                        one->number);
    if (send(one->fd, text, size, MSG_NOSIGNAL) != size)
        fail("a handshake could not be sent");
}

static void say_follow(follower *one)
{
    char text[4096];
    int size = snprintf(text, sizeof text, follow_text, (one->number - 1) % 500 + 1);
    say(one->fd, 1, text, size);
}

static void drop(follower *one)
{
    close(one->fd);
    one->fd = -1;
    lost++;
    if (awaited)
        retry_ns[one - all] = now_ns() + AGAIN_AFTER_NS;
}

static int begins(const follower *one, const char *with)
{
    return !strncmp(one->start, with, strlen(with));
}

static void text_ended(follower *one)
{
    one->start[one->start_size] = 0;
    if (begins(one, "{\"type\":\"following\""))
        one->followings++;
    else if (begins(one, "{\"type\":\"update\"")) {
        one->updates++;
        updates_in++;
        if (*mark && one->marked / each < MOST_WRITES && strstr(one->start, mark) && ++one->marked % each == 0
            && ++seen[one->marked / each - 1] == total)
            seen_ns[all_seen++] = now_ns();
    }
    if (awaited && one->followings >= (uint64_t)channels && one->updates >= awaited && !back_ns[one - all]) {
        back_ns[one - all] = now_ns();
        back++;
    }
}

static void frame_begun(follower *one, uint64_t size)
{
    one->opcode = one->head[0] & 15;
    one->skip = size;
    one->head_size = one->start_size = 0;
    if (one->opcode == 9) {
        pings++;
        one->ping_left = one->ping_size = size > 8 ? 8 : size;
    }
}

static void take(follower *one, const unsigned char *data, size_t size)
{
    while (size) {
        if (!one->greeted) { /* until the end of the handshake's answer */
            one->matched = *data == "\r\n\r\n"[one->matched] ? one->matched + 1 : *data == '\r';
            data++, size--;
            if (one->matched == 4) {
                one->greeted = 1;
                say_follow(one);
            }
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
            if (one->start_size < START) {
                size_t m = n < START - one->start_size ? n : START - one->start_size;
                memcpy(one->start + one->start_size, data, m);
                one->start_size += m;
            }
            one->skip -= n, data += n, size -= n;
            if (!one->skip && one->opcode == 1)
                text_ended(one);
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

/* Answers to writes: they come in the order of the requests. */
static void hear_answers(int fd)
{
    static char text[1 << 20];
    static size_t have;
    ssize_t got = recv(fd, text + have, sizeof text - 1 - have, MSG_DONTWAIT);
    if (got <= 0)
        fail("the server hung up on the writer");
    text[have += got] = 0;
    for (;;) {
        char *blank = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\ncontent-length:");
        if (!blank || !length || length > blank)
            return;
        size_t size = blank + 4 - text + atol(length + 17);
        if (have < size)
            return;
        if (text[9] != '2') {
            fprintf(stderr, "%.600s\n", text);
            exit(1);
        }
        answered_ns[answers++] = now_ns();
        memmove(text, text + size, have + 1 - size);
        have -= size;
    }
}

static void pump(int wait_ms)
{
    static struct epoll_event events[1024];
    static unsigned char buffer[262144];
    int ready = epoll_wait(poll_fd, events, 1024, wait_ms);
    for (int i = 0; i < ready; i++) {
        if (events[i].data.u32 == WRITER) {
            hear_answers(writes);
            continue;
        }
        follower *one = all + events[i].data.u32;
        if (one->fd < 0)
            continue;
        if (events[i].events & EPOLLOUT) {
            say_hello(one);
            watch(one->fd, EPOLLIN, one - all, EPOLL_CTL_MOD);
            continue;
        }
        ssize_t got = recv(one->fd, buffer, sizeof buffer, MSG_DONTWAIT);
        if (got > 0)
            take(one, buffer, got);
        else if (got == 0 || errno != EAGAIN)
            drop(one);
    }
}

static void require(const char *what, uint64_t are, uint64_t of, int64_t end_ns)
{
    if (lost || now_ns() > end_ns) {
        fprintf(stderr, "%s: %lu of %lu; %d connections lost\n", what, are, of, lost);
        exit(1);
    }
}

static int64_t in_two_minutes(void)
{
    return now_ns() + 120000000000LL;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_spread(int64_t *took_ns, int count, char after)
{
    qsort(took_ns, count, sizeof *took_ns, ascending);
    printf("%.0f %.0f%c", took_ns[count / 2] / 1e3, took_ns[count * 99 / 100] / 1e3, after);
}

static void play_rounds(int control, int rounds, int frames)
{
    int64_t *took_ns = calloc(rounds, sizeof *took_ns), end_ns = in_two_minutes();
    for (int i = 0; i < rounds; i++) {
        uint64_t want = updates_in + (uint64_t)frames * total;
        int64_t begun = now_ns();
        if (send(control, "x", 1, MSG_NOSIGNAL) != 1)
            fail("the control connection has gone");
        while (updates_in < want) {
            pump(100);
            require("updates", updates_in, want, end_ns);
        }
        took_ns[i] = now_ns() - begun;
    }
    print_spread(took_ns, rounds, '\n');
    free(took_ns);
}

static void write_all(int to_port, int count, int gap_ms, const char *name, const char *kind, int updates)
{
    static char requests[8 << 20];
    FILE *file = fopen(name, "rb");
    if (!file || count > MOST_WRITES)
        fail("no such requests");
    fread(requests, 1, sizeof requests, file);
    fclose(file);
    snprintf(mark, sizeof mark, "%s\"", kind);
    each = updates;
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < total; i++)
        all[i].marked = 0;
    answers = all_seen = 0;
    writes = connected(to_port, 0);
    watch(writes, EPOLLIN, WRITER, EPOLL_CTL_ADD);
    int64_t next = now_ns(), end_ns = in_two_minutes();
    const char *request = requests;
    for (int sent = 0; sent < count || answers < count || all_seen < count;) {
        int64_t now = now_ns();
        if (sent < count && now >= next) {
            size_t size = strlen(request);
            asked_ns[sent++] = now;
            if (send(writes, request, size, MSG_NOSIGNAL) != (ssize_t)size)
                fail("a request could not be sent");
            request += size + 1;
            next += gap_ms * 1000000LL;
        }
        int64_t wait_ms = sent < count ? (next - now_ns()) / 1000000 + 1 : 100;
        pump(wait_ms < 0 ? 0 : wait_ms);
        require("seen by all", all_seen, count, end_ns);
    }
    close(writes);
    *mark = 0;
    for (int i = 0; i < count; i++) {
        asked_ns[i] = seen_ns[i] - asked_ns[i];
        answered_ns[i] = seen_ns[i] > answered_ns[i] ? seen_ns[i] - answered_ns[i] : 0;
    }
    print_spread(asked_ns, count, ' ');
    print_spread(answered_ns, count, '\n');
}

static void leave(void)
{
    for (int i = 0; i < total; i++) {
        close(all[i].fd);
        all[i] = (follower){.number = i + 1, .fd = -1};
    }
    printf("%d\n", total);
}

static void come_back(uint64_t updates)
{
    awaited = updates;
    back_ns = calloc(total, sizeof *back_ns);
    retry_ns = calloc(total, sizeof *retry_ns);
    back = 0;
    int64_t begun = now_ns(), end_ns = in_two_minutes();
    while (back < total) {
        int64_t now = now_ns();
        for (int i = 0; i < total; i++)
            if (all[i].fd < 0 && retry_ns[i] <= now) {
                all[i] = (follower){.number = i + 1, .fd = connected(port, SOCK_NONBLOCK)};
                watch(all[i].fd, EPOLLOUT, i, EPOLL_CTL_ADD);
            }
        pump(20);
        if (now > end_ns)
            fail("not all are back after two minutes");
    }
    for (int i = 0; i < total; i++)
        back_ns[i] -= begun;
    qsort(back_ns, total, sizeof *back_ns, ascending);
    printf("%.0f %.0f %d\n", back_ns[total - 1] / 1e3, back_ns[total / 2] / 1e3, lost);
    free(back_ns);
    free(retry_ns);
    awaited = 0;
    lost = 0;
}

static void open_all(void)
{
    uint64_t ready = 0;
    int64_t end_ns = in_two_minutes();
    for (int i = 0; i < total; i++) {
        all[i].number = i + 1;
        all[i].fd = connected(port, 0);
        watch(all[i].fd, EPOLLIN, i, EPOLL_CTL_ADD);
        say_hello(all + i);
        while (!all[i].greeted) {
            pump(100);
            require("greeted", i, total, end_ns);
        }
    }
    while (ready < (uint64_t)total) {
        pump(100);
        require("ready", ready, total, end_ns);
        while (ready < (uint64_t)total && all[ready].followings >= (uint64_t)channels)
            ready++;
    }
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int control_port = atoi(argv[2]);
    port = atoi(argv[1]), total = atoi(argv[3]), channels = atoi(argv[4]), follow_text = argv[5];
    all = calloc(total, sizeof *all);
    poll_fd = epoll_create1(0);
    open_all();
    int control = connected(control_port, 0);
    puts("ready");
    fflush(stdout);
    char line[1000], name[500], kind[60];
    while (fgets(line, sizeof line, stdin)) {
        int first, second, third;
        if (sscanf(line, "round %d %d", &first, &second) == 2) {
            play_rounds(control, first, second);
        } else if (sscanf(line, "write %d %d %499s %59s %d", &first, &second, name, kind, &third) == 5) {
            write_all(control_port, first, second, name, kind, third);
        } else if (!strcmp(line, "leave\n")) {
            leave();
        } else if (sscanf(line, "again %d", &first) == 1) {
            come_back(first);
        } else if (sscanf(line, "hold %d", &first) == 1) {
            int64_t end = now_ns() + first * 1000000000LL;
            pings = updates_in = 0;
            while (now_ns() < end)
                pump(50);
            printf("%lu %d %lu\n", pings, lost, updates_in);
        }
        fflush(stdout);
    }
    return 0;
}
