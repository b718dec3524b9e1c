#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Clients and servers on the Linux side of vsock, for test_vsock.sh and, where a
PATH is tcp:HOST, of TCP for test_net.sh.

  echo PATH, sink PATH       serve a UNIX socket: send back; take nothing
  many PATH PORT N           open, use and close N connections, one by one
  at-once PATH PORT N        N connections together, each with bytes of its own
  stall PATH PORT            one client that does not read, one that works on
  crowd PATH PORT N          N clients that say nothing, then one that works
  pump PATH PORT             send and receive until the other side is gone
"""
import os
import resource
import socket
import sys
import threading

PATIENCE = 120


def connect(path, port):
    if path.startswith("tcp:"):
        return socket.create_connection((path[4:], port), PATIENCE)
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)  # waits if many do
    s.settimeout(PATIENCE)
    if port is None:
        return s
    s.sendall(b"CONNECT %d\n" % port)
    line = b""
    while not line.endswith(b"\n"):
        c = s.recv(1)
        if not c:
            raise SystemExit("refused after %r" % line)
        line += c
    if not line.startswith(b"OK "):
        raise SystemExit("got %r" % line)
    return s


def receive(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            raise SystemExit("ended after %d of %d bytes" % (len(data), n))
        data += more
    return data


def exchange(s, data):
    s.sendall(data)
    if receive(s, len(data)) != data:
        raise SystemExit("other bytes came back")


def serve(path, handler):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(128)
    print("ready", flush=True)
    while True:
        conn = listener.accept()[0]
        threading.Thread(target=handler, args=(conn,), daemon=True).start()


def echo_one(conn):
    try:
        while True:
            data = conn.recv(65536)
            if not data:
                break
            conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    conn.close()


def sink_one(conn):
    threading.Event().wait()


def many(path, port, n):
    for i in range(n):
        s = connect(path, port)
        exchange(s, b"number %d" % i)
        s.close()


def at_once(path, port, n):
    socks = [connect(path, port) for _ in range(n)]
    for i, s in enumerate(socks):
        s.sendall(b"client %4d " % i * 500)
    for i, s in reversed(list(enumerate(socks))):
        if receive(s, 6000) != b"client %4d " % i * 500:
            raise SystemExit("client %d got other bytes" % i)


def stall(path, port):
    a = connect(path, port)
    a.setblocking(False)
    pattern = os.urandom(4096)
    sent = 0
    idle = 0
    b = connect(path, port)
    # Until everything on the way is full, b working all the time.
    while idle < 50:
        try:
            sent += a.send(pattern[sent % 4096:])
            idle = 0
        except BlockingIOError:
            idle += 1
            exchange(b, os.urandom(5000))
    if sent < 100000:
        raise SystemExit("only %d bytes were taken" % sent)
    b.shutdown(socket.SHUT_WR)
    if b.recv(1):
        raise SystemExit("bytes after the end")
    # The stalled one wakes up and finds everything in order.
    a.settimeout(PATIENCE)
    a.shutdown(socket.SHUT_WR)
    got = receive(a, sent)
    if got != (pattern * (sent // 4096 + 1))[:sent]:
        raise SystemExit("the stalled connection lost bytes")
    if a.recv(1):
        raise SystemExit("bytes after the end")


def crowd(path, port, n):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    silent = [connect(path, None) for _ in range(n)]
    # The last ones were hung up on, the first ones were not.
    if silent[-1].recv(1):
        raise SystemExit("bytes for a client that said nothing")
    silent[0].setblocking(False)
    try:
        silent[0].recv(1)
        raise SystemExit("the first client was hung up on")
    except BlockingIOError:
        pass
    for s in silent:
        s.close()
    for _ in range(100):
        try:
            exchange(connect(path, port), b"works")
            return
        except (SystemExit, ConnectionError):
            pass
    raise SystemExit("nothing works any more")


def pump(path, port):
    s = connect(path, port)
    print("pumping", flush=True)
    try:
        while True:
            exchange(s, b"x" * 10000)
    except (SystemExit, ConnectionError):
        print("gone")


def main():
    what, path, *numbers = sys.argv[1:]
    numbers = [int(n) for n in numbers]
    {
        "echo": lambda p: serve(p, echo_one),
        "sink": lambda p: serve(p, sink_one),
        "many": many, "at-once": at_once, "stall": stall, "crowd": crowd,
        "pump": pump,
    }[what](path, *numbers)


main()
