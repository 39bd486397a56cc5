"""Clients of a redis server which know what each answer must be."""

import random
import socket
import threading


class WrongAnswer(Exception):
    pass


class Client:
    """One connection, and a model of the keys that only it uses."""

    def __init__(self, path, number, seed):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.name = f"c{number}"
        self.random = random.Random(f"{seed}-{number}")
        self.text, self.number, self.list, self.hash, self.scores = b"", 0, [], {}, {}
        self.answers = 0

    def close(self):
        self.file.close()
        self.socket.close()

    def ask(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.answer()

    def answer(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind in (b"+", b"-"):
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        raise WrongAnswer(f"{self.name}: not an answer: {line!r}")

    def check(self, expected, *words):
        got = self.ask(*words)
        self.answers += 1
        if got != expected:
            raise WrongAnswer(f"{self.name}: {words}: {got!r} instead of {expected!r}")

    # --- what it asks ----------------------------------------------------------------------------

    def text_key(self):
        added = bytes(self.random.randrange(256) for _ in range(self.random.randrange(40)))
        if len(self.text) > 2000:
            self.text = b""
            self.check(b"OK", "set", self.name + "t", b"")
        self.text += added
        self.check(len(self.text), "append", self.name + "t", added)
        self.check(self.text, "get", self.name + "t")
        self.check(self.text[3:20], "getrange", self.name + "t", 3, 19)

    def number_key(self):
        by = self.random.randrange(-1000, 1000)
        self.number += by
        self.check(self.number, "incrby", self.name + "n", by)

    def list_key(self):
        value = b"%d" % self.random.randrange(10**9)
        self.list.insert(0, value)
        self.check(len(self.list), "lpush", self.name + "l", value)
        self.check(self.list[:5], "lrange", self.name + "l", 0, 4)
        if len(self.list) > 50:
            self.check(self.list.pop(), "rpop", self.name + "l")

    def hash_key(self):
        field, value = b"f%d" % self.random.randrange(30), b"%x" % self.random.randrange(10**6)
        self.check(int(field not in self.hash), "hset", self.name + "h", field, value)
        self.hash[field] = value
        self.check(len(self.hash), "hlen", self.name + "h")
        self.check(self.hash[field], "hget", self.name + "h", field)

    def scores_key(self):
        member, score = b"m%d" % self.random.randrange(30), self.random.randrange(10**6)
        self.check(int(member not in self.scores), "zadd", self.name + "z", score, member)
        self.scores[member] = score
        self.check(sorted(self.scores, key=lambda m: (self.scores[m], m)), "zrange", self.name + "z", 0, -1)

    def script(self):
        n = self.random.randrange(30)
        self.check([n * (n + 1) // 2, b"x" * n], "eval", "local s = 0 for i = 1, ARGV[1] do s = s + i end return {s, string.rep('x', ARGV[1])}", 0, n)
        # Lua's errors are longjmps.
        self.check(1, "eval", "return pcall(function() error('on purpose') end) and 0 or 1", 0)

    def transaction(self):
        self.check(b"OK", "multi")
        self.check(b"QUEUED", "incr", self.name + "n")
        self.check(b"QUEUED", "echo", "inside")
        self.number += 1
        self.check([self.number, b"inside"], "exec")

    def error(self):
        self.check(b"WRONGTYPE Operation against a key holding the wrong kind of value", "lpush", self.name + "h2", "x") \
            if self.ask("set", self.name + "h2", "text") == b"OK" else None

    def go_on_until(self, end):
        kinds = (self.text_key, self.number_key, self.list_key, self.hash_key, self.scores_key, self.script,
                 self.transaction, self.error)
        while not end.is_set():
            self.random.choice(kinds)()


class Load:
    """So many clients at once, until stop()."""

    def __init__(self, path, clients, seed):
        self.end = threading.Event()
        self.clients = [Client(path, number, seed) for number in range(clients)]
        self.wrong = []
        self.threads = [threading.Thread(target=self.run, args=(client,)) for client in self.clients]
        for thread in self.threads:
            thread.start()

    def run(self, client):
        try:
            client.go_on_until(self.end)
        except (WrongAnswer, OSError, ValueError) as error:
            self.wrong.append(f"{type(error).__name__}: {error}")

    @property
    def answers(self):
        return sum(client.answers for client in self.clients)

    def stop(self):
        self.end.set()
        for thread in self.threads:
            thread.join(60)
        for client in self.clients:
            client.close()
        return self.wrong
