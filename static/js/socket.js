// One WebSocket: opened, listened to, ended. It knows no channel.

const OPEN_WITHIN_MS = 6_000;

/**
 * Opens one. `on` is {opened(), frame(object), closed(code)}; `closed` comes once, also when it never opened (then
 * 1006), and not after `close`. Returns {send(object) → whether it went out, close()}.
 */
export function openSocket(url, on) {
  let socket;
  let ended = false;
  const end = (code) => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    socket?.close();
    on.closed(code);
  };
  const timer = setTimeout(() => end(1006), OPEN_WITHIN_MS);
  try {
    socket = new WebSocket(url, ["forum.v1.html"]);
  } catch {
    queueMicrotask(() => end(1006));
    return { send: () => false, close: () => (ended = true) };
  }
  socket.onopen = () => {
    clearTimeout(timer);
    if (!ended) on.opened();
  };
  socket.onmessage = ({ data }) => {
    if (!ended) on.frame(JSON.parse(data));
  };
  socket.onclose = ({ code }) => end(code);
  return {
    send(message) {
      if (ended || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message));
      return true;
    },
    close() {
      ended = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}
