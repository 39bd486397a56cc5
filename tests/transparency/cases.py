"""Programs to run untraced and traced: what each needs, how it is started, which of its functions are traced.

Each does the same every time it is run: the same output, the same status, the same files.
"""

import os
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "compare"))
import workloads as programs  # noqa: E402  what tests/compare runs: files, projects, repositories

LIBC = "@libc.so*"
LIBSTDCXX = "@libstdc++.so*"
LOADER = "@ld-linux*"
EXECUTABLE = "."
EVERYTHING = (EXECUTABLE, "@*")

SQL = """
create table item(id integer primary key, name text, price real, stock integer);
create table sale(id integer primary key, item integer references item, amount integer, day text);
create index sale_item on sale(item); create index item_name on item(name collate nocase);
with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
  insert into item select i, 'item ' || (i * 7919 % 1000), i * 1.5, i % 17 from n;
with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
  insert into sale select i, i * 31 % {rows} + 1, i % 9, date('2020-01-01', '+' || i || ' days') from n;
begin; update item set price = price * 1.1 where stock > 5; delete from item where stock = 3; commit;
begin; insert into item values(1, 'twice', 0, 0);
rollback;
select count(*), sum(price), group_concat(distinct stock) from item;
select i.name, sum(s.amount * i.price) as total, rank() over (order by sum(s.amount * i.price) desc)
  from sale s join item i on i.id = s.item where i.name like 'item 1%' group by i.id order by total desc limit 10;
create view report as select strftime('%Y-%m', day) as month, count(*) as n from sale group by month;
select * from report order by month limit 5; explain query plan select * from sale where item = 3;
select json_extract('{{"a": [1, 2, {{"b": "x"}}]}}', '$.a[2].b'), hex(zeroblob(3)), printf('%08.3f', 3.14159), upper('abc');
insert into nowhere values(1);
create trigger t after insert on sale begin update item set stock = stock - new.amount where id = new.item; end;
insert into sale values(null, 5, 2, '2021-01-01'); select changes(), total_changes(); pragma integrity_check; vacuum;
.mode csv
.output dump.csv
select * from item order by name, id;
.output
.dump report
"""
PYTHON = """
import collections, decimal, functools, hashlib, itertools, json, os, random, re, struct, subprocess, sys, tempfile, threading, zlib
random.seed({n}); numbers = [random.randrange(10**9) for _ in range({n})]
print(sum(numbers), sorted(numbers)[:3], hashlib.sha256(json.dumps(numbers).encode()).hexdigest())
print(zlib.crc32(zlib.compress(b'abc' * {n})), struct.unpack('<dI', struct.pack('<dI', 1.5, 7)), decimal.Decimal(2).sqrt())
words = collections.Counter(re.findall('[a-z]+', 'the quick brown fox jumps over the lazy dog ' * ({n} // 10)))
print(words.most_common(3), functools.reduce(lambda a, b: a * 31 % 1000003 + b, numbers))
def deep(n):
    if n == 0: raise ValueError('bottom')
    try: return deep(n - 1)
    finally: words['left'] += 1
for n in range(20):
    try: deep(n * 3)
    except ValueError as error: print(error, words['left'])
def gen():
    for i in range(50): yield i * i
print(list(itertools.islice(gen(), 3, 7)), 2 ** 500 % 10**9, round(1e300 * 1.1, 3), float('nan') != float('nan'))
results = []
def work(k):
    for i in range(50): results.append(k * i)
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]; print(len(results), sum(results))
print(subprocess.run(['sh', '-c', 'cat; exit 3'], input=b'child', capture_output=True))
pid = os.fork()
if pid == 0: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
open('out.txt', 'w').write(repr(words)); sys.exit(5)
"""
PERL = """
use strict; use warnings; use POSIX; my %h; my $n = 0;
for my $i (1 .. 300) { $h{sprintf('%04x', $i * 7919 % 1000)} = join ',', map { $_ * 2 } 1 .. $i % 7; }
print join(' ', map { "$_=$h{$_}" } (sort keys %h)[0 .. 9]), "\\n";
for my $i (1 .. 60) { eval { die { code => $i } if $i % 3; $n += $i; 1 } or do { $n += $@->{code} * 2 }; }
sub deep { my $d = shift; local $_ = $d; die "bottom\\n" unless $d; return deep($d - 1) + 1 } eval { deep(40) }; print "$n $@";
my $text = 'a1b22c333' x 20; (my $copy = $text) =~ s/(\\d+)/<@{[length $1]}>/g; print length $copy, "\\n";
my $caught = 0; local $SIG{USR1} = sub { $caught++ }; kill USR1 => $$ for 1 .. 10; print "$caught\\n";
local $SIG{ALRM} = sub { die "alarm\\n" }; for (1 .. 3) { eval { kill ALRM => $$; pause() if 0; 1 }; print $@; }
pipe(my $r, my $w); my $pid = fork; if (!$pid) { close $r; print $w 'child'; close $w; POSIX::_exit(3) }
close $w; print <$r>; waitpid $pid, 0; print $? >> 8, ' ', `echo sub; exit 4`, $? >> 8, "\\n";
open my $f, '>', 'out' or die; print $f pack('NnC*', 1, 2, 3, 4), "\\n" x 10; close $f; exit 6;
"""
BASH = """
fib() { local n=$1; if ((n < 2)); then echo $n; else echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); fi; }
fib 4; declare -A map; for i in {1..60}; do map[$((i * 7919 % 100))]=$i; done; echo ${#map[@]} ${map[19]}
trap 'echo usr1' USR1; kill -USR1 $BASHPID; trap 'echo leaving' EXIT; echo x | while read -r y; do echo "got $y"; done
for f in tree/*; do [[ -f $f ]] && wc -c < "$f"; done | sort -n | tail -3; diff <(echo a; echo b) <(echo a; echo c); echo $?
cat <<END > out; (exit 3); echo $?; { sh -c 'kill -9 $$'; } 2> killed; echo $?; rm killed; x=$(printf '%s-' {a..e}); echo "${x//-/+}"; exec 9>out2; echo nine >&9
$x
END
sleep 0 & wait $!; echo $?; set -e; false || true; eval 'echo "${BASH_VERSINFO[0]}" > version'; ( set -u; : $nothing ) 2>/dev/null || echo unset; exit 4
"""
MAKEFILE = "all: prog lib.a\n\nprog: main.o answer.o\n\t$(CC) -o $@ $^\n" + \
    "lib.a: one.o two.o three.o\n\tar rcD $@ $^\n%.o: %.c\n\t$(CC) -O1 -c -o $@ $<\n"
C_PLUS_PLUS = """
#include <algorithm>
#include <map>
#include <numeric>
#include <regex>
#include <sstream>
#include <iostream>
int main() {
  std::map<std::string, std::vector<double>> all;
  for (int i = 0; i < 300; ++i) all["k" + std::to_string(i * 7919 % 100)].push_back(i / 3.0);
  std::ostringstream out;
  for (auto& [key, list] : all) { std::ranges::sort(list); out << key << '=' << std::accumulate(list.begin(), list.end(), 0.0) << ' '; }
  std::string text = out.str();
  std::smatch match; std::regex number("k([0-9]+)=([0-9.]+)"); int found = 0;
  for (auto at = text.cbegin(); std::regex_search(at, text.cend(), match, number); at = match[0].second) ++found;
  std::cout << text.substr(0, 100) << found << std::endl;
  std::istringstream in("1 2 x"); int value = 0, sum = 0;
  in.exceptions(std::ios::failbit);
  try { for (;;) { in >> value; sum += value; } } catch (const std::ios_base::failure&) { std::cout << "failure " << sum << '\\n'; }
  return found % 50;
}
"""
C_TO_COMPILE = """
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
struct node { struct node *left, *right; int key; };
static struct node *insert(struct node *n, int key) {
  if (!n) { n = calloc(1, sizeof *n); n->key = key; return n; }
  if (key < n->key) n->left = insert(n->left, key); else n->right = insert(n->right, key);
  return n;
}
static long sum(const struct node *n) { return n ? sum(n->left) + n->key + sum(n->right) : 0; }
int main(void) {
  struct node *root = NULL; char text[64];
  for (int i = 0; i < 100; i++) root = insert(root, i * 37 % 101);
  switch (snprintf(text, sizeof text, "%ld", sum(root))) { case 1: return 1; case 4: puts(text); break; default: abort(); }
  return 0;
}
"""
RUST = """
use std::collections::{BTreeMap, HashMap}; use std::panic; use std::sync::{mpsc, Arc, Mutex}; use std::thread;
#[derive(Debug, Clone, PartialEq)] enum Shape { Circle(f64), Square { side: f64 }, Nothing }
fn area(s: &Shape) -> Option<f64> { match s { Shape::Circle(r) => Some(3.0 * r * r), Shape::Square { side } => Some(side * side), Shape::Nothing => None } }
fn deep(n: u32) -> u32 { let kept = vec![n; 3]; if n == 0 { panic!("bottom"); } deep(n - 1) + kept[1] }
fn main() {
    panic::set_hook(Box::new(|_| {}));
    let caught = (0..200).filter(|n| panic::catch_unwind(|| deep(n % 20)).is_err()).count();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for i in 0..500u32 { *words.entry(format!("w{}", i * 7919 % 97)).or_default() += 1; }
    let (send, receive) = mpsc::channel(); let total = Arc::new(Mutex::new(0u64));
    let threads: Vec<_> = (0..4u64).map(|k| { let send = send.clone(); let total = Arc::clone(&total);
        thread::spawn(move || { for i in 0..50 { *total.lock().unwrap() += k * i; send.send(k * i).unwrap(); } if k == 3 { panic!("thread") } k }) }).collect();
    drop(send); let got: u64 = receive.iter().sum();
    let ends: Vec<_> = threads.into_iter().map(|t| t.join().is_ok()).collect();
    let shapes = [Shape::Circle(1.5), Shape::Square { side: 2.0 }, Shape::Nothing];
    println!("{caught} {:?} {got} {} {ends:?} {:?}", words.iter().take(3).collect::<Vec<_>>(), total.lock().unwrap(), shapes.iter().map(area).collect::<Vec<_>>());
    let numbers: HashMap<u32, u32> = (0..100).map(|n| (n, n * n)).collect(); println!("{}", numbers.values().sum::<u32>());
    std::process::exit(if "x".parse::<i32>().is_err() { 9 } else { 0 });
}
"""
NODE = """
const out = []; function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
for (let i = 0; i < 5; i++) out.push(fib(18)); const map = new Map(); for (let i = 0; i < 20000; i++) map.set(i % 97, (map.get(i % 97) || 0) + i);
try { JSON.parse('{x'); } catch (error) { out.push(error.name); }
const text = 'abc123def'.repeat(50).replace(/[0-9]+/g, (m) => `<${m.length}>`); out.push(text.length, [...map.values()].reduce((a, b) => a + b));
class A { constructor(x) { this.x = x; } get y() { return this.x * 2; } } let sum = 0; for (let i = 0; i < 30000; i++) sum += new A(i).y; out.push(sum);
setTimeout(() => { console.log(out.join(' ')); process.exitCode = 3; }, 1);
"""
JAVA = """
import java.util.*; import java.util.stream.*;
public class Main {
  static int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
  public static void main(String[] args) throws Exception {
    Map<String, Integer> map = new TreeMap<>(); for (int i = 0; i < 20000; i++) map.merge("k" + i % 97, i, Integer::sum);
    int caught = 0; for (int i = 0; i < 2000; i++) try { Object o = i % 2 == 0 ? null : "x"; if (o.hashCode() != 0) caught++; } catch (NullPointerException e) { caught += 2; }
    Thread[] threads = new Thread[4]; long[] sums = new long[4];
    for (int k = 0; k < 4; k++) { int me = k; (threads[k] = new Thread(() -> { for (int i = 0; i < 1000; i++) sums[me] += fib(i % 12); })).start(); } for (Thread t : threads) t.join();
    System.out.println(fib(20) + " " + map.get("k5") + " " + caught + " " + Arrays.toString(sums) + " " + IntStream.range(0, 1000).boxed().collect(Collectors.summingInt(x -> x * 3))); System.exit(6);
  }
}
"""


def text_files(folder):
    """Something to compress, sort and search: 200 kB, the same each time."""
    programs.tree(folder)
    with open(os.path.join(folder, "numbers"), "w", encoding="utf-8") as file:
        for i in range(20000):
            file.write(f"{i * 7919 % 20011} line {i % 17}\n")


def big_text(folder):
    with open(os.path.join(folder, "numbers"), "w", encoding="utf-8") as file:
        for i in range(400000):
            file.write(f"{i * 7919 % 400009} line {i % 17}\n")


def c_files(folder):
    programs.c_project(folder)
    programs.write(folder, "Makefile", MAKEFILE)
    programs.write(folder, "tree.c", C_TO_COMPILE)
    for name in ("one", "two", "three"):
        programs.write(folder, f"{name}.c", f"int {name}(int n) {{ return n * {len(name)}; }}\n")


def sql(rows):
    def setup(folder):
        programs.write(folder, "work.sql", SQL.format(rows=rows))
    return setup


def java(folder):
    programs.write(folder, "Main.java", JAVA)
    subprocess.run(["javac", "Main.java"], cwd=folder, check=True)


def target(name):
    return os.path.join(os.environ.get("TTRACE_TARGETS", "."), name)


class Workload:
    """`functions`: one --funcs each; `some`: (object's glob, how many): instead, that many functions of it, drawn at
    random. `least`: how many different functions must have been called, and how many calls. `ignored`: files that
    are not the same each time. `stacks`: its threads have several. `short`: part of `meson test`."""

    def __init__(self, *command, functions=(EXECUTABLE,), some=None, least=(100, 1000), setup=None, needs=(), ignored=(),
                 stacks=False, short=False, threads=False, stdin=None):
        self.command = command
        self.functions = functions
        self.some = some
        self.least_functions, self.least_calls = least
        self.setup = setup
        self.needs = needs
        self.ignored = ignored
        self.stacks = stacks
        self.short = short
        self.threads = threads
        self.stdin = stdin

    def missing(self):
        """What it takes and this machine has not, or None."""
        if self.command[0].endswith("-32") and os.uname().machine == "aarch64":
            return "breakpoint in 32-bit ARM code"
        return next((program for program in (self.command[0], *self.needs)
                     if not program.startswith("./") and not shutil.which(program)), None)


python = programs.python

WORKLOADS = {
    "sqlite": Workload("sqlite3", "db", ".read work.sql", functions=("@libsqlite3*",), least=(150, 10000), setup=sql(150),
                       short=True),
    "sqlite-long": Workload("sqlite3", "db", ".read work.sql", functions=("@libsqlite3*", LIBC, LOADER),
                            least=(250, 50000), setup=sql(1500)),
    "python": Workload(python(), "-c", PYTHON.format(n=50), functions=("^Py", LIBC), least=(500, 10000)),
    "python-long": Workload(python(), "-c", PYTHON.format(n=1000), functions=EVERYTHING, least=(800, 100000)),
    "gcc": Workload("gcc", "-O2", "-c", "tree.c", functions=("^(main|do_|process|x|ggc|lex|c_parser|build)", "^(m|c|re)alloc$@libc.so*",
                                                             "^str@libc.so*"), least=(100, 10000), setup=c_files),
    "gcc-link": Workload("gcc", "-O0", "-g", "-o", "prog", "tree.c", functions=EVERYTHING, least=(1000, 100000), setup=c_files),
    "g++": Workload("g++", "-std=c++20", "-fsyntax-only", "main.cpp", functions=("^(build|finish|cp_|lookup|push|pop|tsubst|grok)", "^(mmap|read|open)@libc.so*"),
                    least=(100, 1000), setup=lambda folder: programs.write(folder, "main.cpp", C_PLUS_PLUS)),
    "make": Workload("make", "-sj4", "CC=gcc", functions=("^[a-c]", "^(exec|posix_|vfork|fork|wait|mem|str)@libc.so*"), least=(100, 5000), setup=c_files,
                     needs=("gcc", "ar"), ignored=(), threads=True),
    "exceptions-O0": Workload(target("throwing-O0"), "2", functions=EVERYTHING, least=(300, 10000), threads=True),
    "exceptions-O2": Workload(target("throwing-O2"), "2", functions=(EXECUTABLE, LIBSTDCXX, "@libgcc_s*"), least=(100, 10000), short=True,
                              threads=True),
    "exceptions-many": Workload(target("throwing-O2"), "250", functions=(EXECUTABLE, "__cxa|terminate@libstdc++.so*", "_Unwind@libgcc_s*"),
                                least=(60, 200000), threads=True),
    "edges-O0": Workload(target("edges-O0"), functions=EVERYTHING, least=(300, 10000), threads=True, stacks=True),
    "edges-O2": Workload(target("edges-O2"), "6", functions=EVERYTHING, least=(150, 5000), short=True, threads=True, stacks=True),
    "edges-static": Workload(target("edges-static"), functions=EVERYTHING, least=(300, 10000), threads=True, stacks=True),
    "edges-static-pie": Workload(target("edges-static-pie"), "4", functions=EVERYTHING, least=(300, 4000), short=True, threads=True, stacks=True),
    "edges-32": Workload(target("edges-32"), functions=EVERYTHING, least=(300, 10000), threads=True, stacks=True),
    "c++": Workload("./prog", functions=(EXECUTABLE, LIBSTDCXX), least=(150, 10000), short=True, needs=("g++",),
                    setup=programs.compiled("main.cpp", C_PLUS_PLUS, "g++", "-std=c++20", "-O1", "-o", "prog", "main.cpp")),
    "rust": Workload("./prog", functions=(EXECUTABLE, "^(pthread|mem|_Unwind)@*"), least=(100, 5000), needs=("rustc",), threads=True,
                     setup=programs.compiled("main.rs", RUST, "rustc", "-O", "-g", "-o", "prog", "main.rs")),
    "bash": Workload("bash", "-c", BASH, functions=(EXECUTABLE, "^(fork|exec|wait|sig|pipe|dup|read|write|_?longjmp|siglongjmp|__sigsetjmp)@libc.so*"),
                     least=(300, 10000), setup=programs.tree, short=True),
    "bash-all": Workload("bash", "-c", BASH, functions=EVERYTHING, least=(500, 50000), setup=programs.tree),
    "perl": Workload("perl", "-e", PERL, functions=(EXECUTABLE, "^_?(sig)?(longjmp|setjmp)@libc.so*"), least=(300, 10000)),
    "perl-all": Workload("perl", "-e", PERL, functions=EVERYTHING, least=(500, 50000)),
    "git": Workload("sh", "-c", "git status; git add -A; git commit -qm two; git log -p --stat; git gc -q; git fsck; git grep line | wc -l",
                    functions=(LIBC, "@libz.so*"), least=(150, 10000), setup=programs.repository, needs=("git",),
                    ignored=(".git/index", ".git/gc.log", ".git/logs")),
    "tar": Workload("sh", "-c", "tar --sort=name --mtime=@0 --owner=0 --group=0 -cf a.tar tree numbers; gzip -nk a.tar; mkdir o; "
                    "tar xzf a.tar.gz -C o; tar tvf a.tar | wc -l; cmp numbers o/numbers", functions=(LIBC,), least=(100, 5000),
                    setup=text_files, needs=("tar", "gzip"), short=True, ignored=("a.tar",)),
    "loader": Workload("sh", "-c", "ls tree; cat tree/file1 tree/missing", functions=(LOADER, LIBC), least=(100, 1000), setup=programs.tree, short=True),
    "xz": Workload("xz", "-T4", "--block-size=500KiB", "-k", "-1", "numbers", functions=("@liblzma*", "^(pthread|mmap|malloc|free)@libc.so*"), least=(20, 100),
                   setup=big_text, threads=True),
    "zstd": Workload("zstd", "-q", "-T4", "-B512K", "-k", "numbers", functions=(LIBC,), least=(50, 500),
                     setup=big_text, threads=True),
    "sort": Workload("sort", "--parallel=4", "-S", "4M", "-n", "-o", "sorted", "numbers", functions=("^(pthread|f|mem|mmap|malloc|un|_?_?exit|set)@libc.so*",),
                     least=(15, 100), setup=big_text, threads=True),
    "jq": Workload("jq", "-n", "[range(300) | {a: ., b: (. * 7 % 11 | tostring)}] | group_by(.b) | map({(.[0].b): (map(.a) | add)}) | add",
                   functions=("@libjq*", "@libonig*"), least=(50, 5000)),
    "awk": Workload("awk", "{ n[$1 % 13] += $3 } END { for (i = 0; i < 13; i++) print i, n[i] }", "numbers", functions=(LIBC, "@libm.so*"), least=(20, 5000),
                    setup=text_files),
    "openssl": Workload("sh", "-c", "openssl dgst -sha256 numbers; openssl enc -aes-256-cbc -pbkdf2 -iter 10 -S 0102030405060708 -k x -in numbers -out e; "
                        "openssl prime 1000003", functions=("^(EVP|BIO|OPENSSL|CRYPTO_[a-s]|ERR|OBJ)@libcrypto*",), least=(100, 5000), setup=text_files, needs=("openssl",)),
    "node": Workload("node", "-e", NODE, functions=("^v8::internal::(Runtime_|JSFunction|Compiler|Heap::)", "^(uv__|node::)"), least=(100, 5000), threads=True),
    "java": Workload("java", "-Xshare:auto", "-cp", ".", "Main", functions=("^(pthread|mmap|mprotect|sig|sem|malloc)@libc.so*", "^(JVM_|JNI_)@libjvm*"),
                     least=(30, 1000), setup=java, needs=("javac",), threads=True),
    "some-of-libc-python": Workload(python(), "-c", PYTHON.format(n=50), some=("libc.so*", 300), least=(10, 100)),
    "some-of-libc-perl": Workload("perl", "-e", PERL, some=("libc.so*", 300), least=(10, 100)),
    "some-of-libc-bash": Workload("bash", "-c", BASH, some=("libc.so*", 300), least=(10, 100), setup=programs.tree),
    "some-of-libc-edges": Workload(target("edges-O2"), some=("libc.so*", 300), least=(10, 100), threads=True, stacks=True, short=True),
    "some-of-libstdc++": Workload(target("throwing-O2"), "20", some=("libstdc++.so*", 1000), least=(3, 100), threads=True),
}
