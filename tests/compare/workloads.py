"""Programs to trace: what each needs, how it is started, and what is done to it meanwhile."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

PORT = 18471  # of the servers, on the loopback interface

C_PROGRAM = """#include <stdio.h>
int answer(void);
int main(void) { printf("%d\\n", answer()); return 0; }
"""
GO_PROGRAM = """package main

import (
	"fmt"
	"os"
	"sync"
)

func main() {
	var wait sync.WaitGroup
	total := make(chan int, 4)
	for i := 0; i < 4; i++ {
		wait.Add(1)
		go func(n int) { defer wait.Done(); total <- n * n }(i)
	}
	wait.Wait()
	os.WriteFile("out.txt", []byte(fmt.Sprintln(len(total))), 0o644)
	text, _ := os.ReadFile("out.txt")
	fmt.Print(string(text))
}
"""
THREADS = """#include <chrono>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>
int main() {
  std::mutex mutex;
  int sum = 0;
  for (int round = 0; round < 4; ++round) {
    std::vector<std::thread> threads;
    threads.emplace_back([&] { std::ofstream("f" + std::to_string(round)) << round;
                               std::lock_guard lock(mutex); sum += round;
                               // The other waits for its end by then, and has been told of its beginning.
                               std::this_thread::sleep_for(std::chrono::milliseconds(100)); });
    for (auto &t : threads) t.join();
  }
  return sum == 6 ? 0 : 1;
}
"""
PYTHON = """
import hashlib, json, os, socket, sqlite3, subprocess, tempfile, threading, zlib
a, b = socket.socketpair(); a.send(b'x' * 10); b.recv(100)
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen(1)
client = socket.create_connection(server.getsockname()); peer, _ = server.accept()
client.sendall(b'hello'); print(peer.recv(10)); client.close(); peer.close()
with tempfile.TemporaryDirectory(dir='.') as d:
    open(d + '/a', 'w').write(json.dumps({'x': 1})); os.rename(d + '/a', d + '/b')
    os.symlink('b', d + '/c'); print(os.stat(d + '/c').st_size, os.listdir(d))
print(subprocess.run(['echo', 'child'], capture_output=True).stdout)
t = threading.Thread(target=lambda: None); t.start(); t.join()
r, w = os.pipe(); os.write(w, b'abc'); print(os.read(r, 9)); os.umask(0o22)
"""
PERL = """
use strict; use POSIX; use Socket; use Fcntl ':flock';
open(my $f, '>', 'out') or die; flock($f, LOCK_EX); print $f "x\\n" x 10; close $f;
utime 1, 2, 'out'; chmod 0600, 'out'; rename 'out', 'out2'; print -s 'out2', "\\n";
pipe(my $r, my $w); my $pid = fork; if (!$pid) { print $w "child"; exit 3 }
close $w; print <$r>; waitpid $pid, 0; print $? >> 8, "\\n";
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC); syswrite $a, 'hi'; sysread $b, my $got, 9;
$SIG{ALRM} = sub { print "alarm\\n" }; alarm 1; select undef, undef, undef, 3; print `echo x`;
"""
NGINX = """worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 64; }}
http {{ access_log {folder}/access.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def tree(folder):
    """A few files, folders, links."""
    os.makedirs(os.path.join(folder, "tree/deep/er"))
    for number in range(5):
        write(folder, f"tree/file{number}", f"line {number}\n" * 50)
    write(folder, "tree/deep/er/leaf", "x" * 5000)
    os.symlink("file1", os.path.join(folder, "tree/link"))
    os.chmod(os.path.join(folder, "tree/file2"), 0o755)
    os.utime(os.path.join(folder, "tree/file3"), (1000000000, 1000000001))


def c_project(folder):
    write(folder, "main.c", C_PROGRAM)
    write(folder, "answer.c", "int answer(void) { return 42; }\n")
    write(folder, "Makefile", "prog: main.o answer.o\n\t$(CC) -o $@ $^\n%.o: %.c\n\t$(CC) -c -o $@ $<\n")


def repository(folder):
    """Files that are older than git's index, or git reads them again."""
    tree(folder)
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            os.utime(os.path.join(path, name), (1000000000, 1000000000), follow_symlinks=False)
    os.environ.update(GIT_AUTHOR_DATE="1000000000 +0000", GIT_COMMITTER_DATE="1000000000 +0000")
    for words in (["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "n"],
                  ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    write(folder, "tree/file1", "changed\n")
    os.utime(os.path.join(folder, "tree/file1"), (1100000000, 1100000000))


def compiled(name, text, *command):
    """A set-up that writes a source file and compiles it; the program is ./prog."""
    def setup(folder):
        write(folder, name, text)
        subprocess.run(command, cwd=folder, check=True)
    return setup


def listening(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nobody listens at port {port}")


def use_nginx(folder):
    listening(PORT)
    for path in ("tree/file1", "tree/", "missing"):
        subprocess.run(["curl", "-s", f"http://127.0.0.1:{PORT}/{path}"], stdout=subprocess.DEVNULL,
                       check=False)
    with open(os.path.join(folder, "nginx.pid"), encoding="utf-8") as file:
        os.kill(int(file.read()), signal.SIGQUIT)


def use_redis(folder):
    listening(PORT)
    for command in ("set a 1", "get a", "lpush l x y z", "lrange l 0 -1", "save", "info server",
                    "shutdown nosave"):
        subprocess.run(["redis-cli", "-p", str(PORT), *command.split()], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)


class WebServer:
    """Answers curl and wget, each with one packet; started before, ended after."""

    ANSWER = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", PORT))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                client.recv(10000)
                client.sendall(self.ANSWER)

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Workload:
    def __init__(self, *command, setup=None, meanwhile=None, server=None, racy=False, needs=()):
        self.command = command  # "{folder}" stands for the folder it runs in
        self.needs = needs  # programs that it takes besides
        self.setup = setup
        self.meanwhile = meanwhile
        self.server = server
        self.racy = racy  # does not do the same in the same order each time

    def missing(self):
        """What it takes and this machine has not, or None."""
        return next((program for program in (self.command[0], *self.needs)
                     if not program.startswith("./") and not shutil.which(program)), None)


def nginx_setup(folder):
    tree(folder)
    write(folder, "nginx.conf", NGINX.format(folder=folder, port=PORT))


def python():
    """The system's own, not a shim that runs others first."""
    return "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"


WORKLOADS = {
    "ls": Workload("ls", "-laR", "tree", setup=tree),
    "cat": Workload("cat", "tree/file0", "tree/missing", "tree/deep", setup=tree),
    "cp": Workload("cp", "-a", "tree", "copy", setup=tree),
    "mv-rm": Workload("sh", "-c", "mv tree/file0 tree/deep; rm -r tree; mkdir -m 700 x; rmdir x", setup=tree),
    "tar": Workload("tar", "czf", "out.tgz", "tree", setup=tree, needs=("gzip",)),
    "untar": Workload("sh", "-c", "tar cf a.tar tree; mkdir o; tar xf a.tar -C o", setup=tree,
                      needs=("tar",)),
    "bash": Workload("bash", "-c", "for f in tree/*; do echo $f; done | sort -r | head -3; "
                     "cat < tree/file0 > out; (exit 3); echo $?; wait; ulimit -n; umask; type ls; "
                     "echo x | while read y; do echo $y; done; kill -l 3; trap 'echo int' INT; kill -INT $$",
                     setup=tree),
    "make": Workload("make", "CC=gcc", setup=c_project, needs=("gcc",)),
    "gcc": Workload("gcc", "-O2", "-o", "prog", "main.c", "answer.c", setup=c_project),
    "git-status": Workload("git", "status", setup=repository),
    "git-commit": Workload("git", "commit", "-qam", "two", setup=repository),
    "git-log": Workload("git", "log", "-p", setup=repository),
    "python": Workload(python(), "-c", PYTHON, racy=True),
    "perl": Workload("perl", "-e", PERL, racy=True),
    "curl": Workload("curl", "-s", f"http://127.0.0.1:{PORT}/", server=WebServer, racy=True),
    "curl-name": Workload("curl", "-s", f"http://localhost:{PORT}/", server=WebServer, racy=True),
    "wget": Workload("wget", "-q", "-O", "out", f"http://127.0.0.1:{PORT}/", server=WebServer, racy=True),
    "ssh": Workload("ssh", "-V"),
    "nginx": Workload("nginx", "-c", "{folder}/nginx.conf", "-e", "{folder}/error.log", setup=nginx_setup,
                      meanwhile=use_nginx, racy=True, needs=("curl",)),
    "redis": Workload("redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--dir", "{folder}",
                      meanwhile=use_redis, racy=True, needs=("redis-cli",)),
    "sqlite": Workload("sqlite3", "db", "create table t(a, b); insert into t values(1, 'x'), (2, 'y'); "
                       "begin; update t set b = 'z'; commit; select * from t; vacuum;"),
    "go": Workload("./prog", setup=compiled("main.go", GO_PROGRAM, "go", "build", "-o", "prog", "main.go"), racy=True,
                   needs=("go",)),
    "threads": Workload("./prog", setup=compiled("main.cpp", THREADS, "g++", "-O1", "-pthread", "-o", "prog",
                                                 "main.cpp"), needs=("g++",)),
}