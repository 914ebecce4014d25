/* The reference for fan-out: a server that sends the same bytes to every connection with one send() each.
 *
 *   send_loop PORT CONTROL_PORT FRAMES_FILE COUNT
 *
 * PORT takes WebSocket handshakes (any) and answers each text frame with a short one. Each byte that arrives on the
 * connection to CONTROL_PORT makes it send FRAMES_FILE's bytes, COUNT times, one send() each, to all connections.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FDS = 65536, MAX_FRAME = 1 << 20 };
static const char HELLO[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char READY[] = "\x81\x14{\"type\":\"following\"}";

static char greeted[MAX_FDS];
static int followers[MAX_FDS], count;

static int listening(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (void *)&address, sizeof address) || listen(fd, 4096)) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static void watch(int poll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
    static char frames[MAX_FRAME], read_buffer[65536];
    static struct epoll_event events[256];
    if (argc != 5)
        return 2;
    FILE *file = fopen(argv[3], "rb");
    if (!file)
        return 2;
    size_t size = fread(frames, 1, sizeof frames, file);
    fclose(file);
    int times = atoi(argv[4]), one = 1;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int server = listening(atoi(argv[1])), control = listening(atoi(argv[2])), commander = -1;
    int poll_fd = epoll_create1(0);
    watch(poll_fd, server);
    watch(poll_fd, control);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == server || fd == control) {
                int client = accept4(fd, 0, 0, SOCK_NONBLOCK);
                if (client < 0)
                    continue;
                if (client >= MAX_FDS) {
                    close(client);
                    continue;
                }
                setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                greeted[client] = 0;
                if (fd == control)
                    commander = client;
                watch(poll_fd, client);
                continue;
            }
            ssize_t got = recv(fd, read_buffer, sizeof read_buffer, 0);
            if (got < 0 && errno == EAGAIN)
                continue;
            if (got <= 0) {
                close(fd);
                for (int j = 0; j < count; j++)
                    if (followers[j] == fd)
                        followers[j--] = followers[--count];
                continue;
            }
            if (fd == commander) {
                for (ssize_t k = 0; k < got; k++)
                    for (int t = 0; t < times; t++)
                        for (int j = 0; j < count; j++)
                            if (send(followers[j], frames, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size) {
                                fprintf(stderr, "a send was cut short\n");
                                exit(1);
                            }
            } else if (!greeted[fd]) {
                greeted[fd] = 1;
                followers[count++] = fd;
                send(fd, HELLO, sizeof HELLO - 1, MSG_NOSIGNAL);
            } else {
                send(fd, READY, sizeof READY - 1, MSG_NOSIGNAL);
            }
        }
    }
}
