"""A broker that does as it is told: MQTT 3.1.1 and 5, as much of it as the gateway speaks.

A real broker cannot be asked to be slow, to refuse one message, or to cut a connection between two
packets. Here the test holds acknowledgements until it lets go of them, so that "slow" needs no time. It
runs in threads of the test; what it saw is in `published`, in the order of arrival.
"""
import socket
import struct
import threading

import plant

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14


def length(n):
    out = bytearray()
    while True:
        n, low = divmod(n, 128)
        out.append(low | (128 if n else 0))
        if not n:
            return bytes(out)


def packet(kind, body, flags=0):
    return bytes([kind << 4 | flags]) + length(len(body)) + body


def text(value):
    return struct.pack(">H", len(value)) + value


class Reader:
    """What stands in a packet, from front to back."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, n):
        self.at += n
        return self.body[self.at - n:self.at]

    def number(self):
        return struct.unpack(">H", self.take(2))[0]

    def text(self):
        return self.take(self.number())

    def properties(self):
        n = shift = 0
        while True:
            byte = self.take(1)[0]
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return self.take(n)


class Message:
    def __init__(self, topic, payload, is_dup, connection, packet_id):
        self.topic, self.payload, self.is_dup = topic, payload, is_dup
        self.connection, self.packet_id = connection, packet_id
        self.is_answered = False


class Connection:
    def __init__(self, broker, s):
        self.broker, self.socket = broker, s
        self.is_5, self.client_id = False, ""
        self.lock = threading.Lock()

    def write(self, data):
        try:
            with self.lock:
                self.socket.sendall(data)
        except OSError:
            pass                                  # gone: its thread sees that too

    def read(self, n):
        out = b""
        while len(out) < n:
            got = self.socket.recv(n - len(out))
            if not got:
                raise ConnectionError
            out += got
        return out

    def run(self):
        try:
            while True:
                head = self.read(1)[0]
                size = shift = 0
                while True:
                    byte = self.read(1)[0]
                    size |= (byte & 127) << shift
                    shift += 7
                    if byte < 128:
                        break
                self.take(head >> 4, head & 15, Reader(self.read(size)))
        except OSError:
            pass
        finally:
            self.broker.ended(self)

    def take(self, kind, flags, r):
        if kind == CONNECT:
            self.on_connect(r)
        elif kind == PUBLISH:
            self.on_publish(flags, r)
        elif kind == SUBSCRIBE:
            self.on_subscribe(r)
        elif kind == UNSUBSCRIBE:
            self.write(packet(UNSUBACK, r.take(2) + (b"\0\0" if self.is_5 else b"")))
        elif kind == PINGREQ:
            self.write(packet(PINGRESP, b""))
        elif kind == PUBACK:
            self.broker.n_acknowledged += 1
        elif kind == DISCONNECT:
            raise ConnectionError

    def on_connect(self, r):
        r.text()
        self.is_5 = r.take(1)[0] == 5
        r.take(3)
        if self.is_5:
            r.properties()
        self.client_id = r.text().decode()
        self.broker.n_connects += 1
        code = self.broker.connack
        body = bytes([1 if self.broker.has_session and not code else 0, code])
        self.write(packet(CONNACK, body + (b"\0" if self.is_5 else b"")))
        if code:
            self.close()
            raise ConnectionError
        self.broker.came_up(self)

    def on_publish(self, flags, r):
        topic = r.text().decode()
        packet_id = r.number() if flags & 6 else 0
        if self.is_5:
            r.properties()
        m = Message(topic, r.body[r.at:], bool(flags & 8), self, packet_id)
        self.broker.came(m)

    def on_subscribe(self, r):
        packet_id = r.take(2)
        if self.is_5:
            r.properties()
        codes = []
        while r.at < len(r.body):
            name = r.text().decode()
            r.take(1)
            codes.append(self.broker.suback(name))
            self.broker.filters.append(name)
        self.write(packet(SUBACK, packet_id + (b"\0" if self.is_5 else b"") + bytes(codes)))

    def acknowledge(self, m, reason=0):
        m.is_answered = True
        body = struct.pack(">H", m.packet_id)
        self.write(packet(PUBACK, body + (bytes([reason, 0]) if self.is_5 and reason else b"")))

    def close(self):
        """Without a word, as a broken wire does."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class FakeBroker:
    def __init__(self, port=None):
        self.lock = threading.RLock()
        self.connack = 0                    # the answer to each CONNECT; else than 0 refuses it
        self.has_session = False            # what each CONNACK says of the session
        self.is_holding = False             # acknowledgements of summaries wait until let_go
        self.puback = lambda _: 0           # the reason a PUBACK carries, by message; MQTT 5
        self.suback = lambda _: 1           # the QoS granted, by filter; from 128 on: refused
        self.cuts_after = None              # messages after which a connection is cut
        self.cuts_connections = False       # each as soon as it is up
        self.published, self.filters, self.connections = [], [], []
        self.n_connects = self.n_acknowledged = self.most_held = 0
        self.server = socket.create_server(("127.0.0.1", port or 0))
        self.port = self.server.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                s, _ = self.server.accept()
            except OSError:
                return
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            c = Connection(self, s)
            threading.Thread(target=c.run, daemon=True).start()

    def url(self):
        return f"mqtt://127.0.0.1:{self.port}"

    def came_up(self, c):
        with self.lock:
            self.connections.append(c)
            c.n = 0
        if self.cuts_connections:
            c.close()

    def ended(self, c):
        with self.lock:
            if c in self.connections:
                self.connections.remove(c)
        c.close()
        c.socket.close()

    def came(self, m):
        with self.lock:
            self.published.append(m)
            m.connection.n += 1
            if self.cuts_after and m.connection.n > self.cuts_after:
                m.connection.close()
            elif m.packet_id and not (self.is_holding and "/summary/" in m.topic):
                m.connection.acknowledge(m, self.puback(m))
            self.most_held = max(self.most_held, len(self.held()))

    def held(self):
        """Those that wait for their acknowledgement on a connection that still stands."""
        with self.lock:
            return [m for m in self.published
                    if m.packet_id and not m.is_answered and m.connection in self.connections]

    def let_go(self, n=None):
        """Acknowledges what is held, the first n of it; all, and what comes from now on."""
        with self.lock:
            self.is_holding = n is not None
            for m in self.held()[:n]:
                m.connection.acknowledge(m, self.puback(m))

    def say(self, topic, payload, retain=False):
        """Sends a message at QoS 0 to everyone; the gateway's subscriptions are not looked at."""
        with self.lock:
            for c in self.connections:
                body = text(topic.encode()) + (b"\0" if c.is_5 else b"") + payload
                c.write(packet(PUBLISH, body, 1 if retain else 0))

    def goodbye(self, code):
        """MQTT 5's DISCONNECT with its reason, then the end of the connection."""
        with self.lock:
            for c in list(self.connections):
                c.write(packet(DISCONNECT, bytes([code, 0])))
                c.close()

    def cut(self):
        with self.lock:
            for c in list(self.connections):
                c.close()

    def summaries(self, place):
        """(sequence, message) of each summary that came, in order of arrival."""
        _, summary_pb2, _ = plant.protocol(place)
        with self.lock:
            return [(summary_pb2.SiteSummary.FromString(m.payload).sequence, m)
                    for m in self.published if "/summary/" in m.topic]

    def status(self, place):
        _, _, status_pb2 = plant.protocol(place)
        with self.lock:
            told = [m.payload for m in self.published if m.topic.endswith("/status")]
        return status_pb2.GatewayStatus.FromString(told[-1]) if told else None

    def end(self):
        self.server.close()
        self.cut()
