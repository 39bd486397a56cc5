#!/usr/bin/env python3
"""Makes a large C++ program with debug information: what a start of `--funcs` costs is measured with it.

big_program.py FOLDER [--megabytes 500]

Compiling so much would take an hour. So a few sources are compiled, each in a namespace with a name of
fixed length, and their objects are copied under other names: the name of the namespace is written over
wherever it stands, in symbols, in the groups of templates and in the debug information. What is linked
is what a compiler made, and every function has a name, code and debug information of its own.
"""

import argparse
import os
import subprocess

NAME = "shard0000"  # its length is part of mangled names
SOURCES = 4  # different ones: half of them of a few heavy functions, half of many light ones
FLAGS = ["-std=c++17", "-g", "-O1", "-fno-inline-functions"]

# Templates over many types: long names, deep scopes, and units of some hundred kilobytes.
SOURCE = """
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
namespace shard0000 {{
template <int N> struct Tag {{ int value = N; }};
template <class K, class V> class Table {{
 public:
  __attribute__((noinline)) V* find(const K& key) {{
    for (auto& [k, v] : entries_) if (k.value == key.value) return &v;
    return nullptr;
  }}
  __attribute__((noinline)) void insert(K key, V value) {{ entries_.emplace_back(key, value); }}
  __attribute__((noinline)) std::size_t size() const {{ return entries_.size(); }}
 private:
  std::vector<std::pair<K, V>> entries_;
}};
template <class T> struct Handler {{
  virtual ~Handler() = default;
  __attribute__((noinline)) virtual long handle(const T& request, std::string_view name, std::uint64_t flags) {{
    return request.value + static_cast<long>(name.size() + flags);
  }}
}};
{functions}
long run_{source}(int times) {{
  long sum = 0;
  for (int i = 0; i < times; ++i) {{
{calls}
  }}
  return sum;
}}
}}
"""
# The other extreme: no headers, and a name for each few hundred bytes.
LIGHT_SOURCE = """
namespace shard0000 {{
template <int N> struct Point {{ int x; long y; const char* name; Point* next; }};
template <int N> class Shape {{
 public:
  __attribute__((noinline)) long area(const Point<N>& from, long scale) const {{ return from.x * scale + width_; }}
  __attribute__((noinline)) void resize(long width, unsigned flags) {{ width_ = width + flags; }}
 private:
  long width_ = N;
}};
{functions}
long run_{source}(int times) {{
  long sum = 0;
  for (int i = 0; i < times; ++i) {{
{calls}
  }}
  return sum;
}}
}}
"""
LIGHT_FUNCTION = """
__attribute__((noinline)) long step_{source}_{i}(int n, const char* text, unsigned char kind) {{
  Point<{i}> point{{n, kind, text, nullptr}};
  Shape<{i}> shape;
  shape.resize(n, kind);
  return shape.area(point, n);
}}
"""
LIGHT_CALL = """    sum += step_{source}_{i}(i, "request", 7);"""
FUNCTION = """
__attribute__((noinline)) long step_{source}_{i}(int n, const std::string& text, std::vector<long>& out) {{
  Table<Tag<{i}>, std::string> table;
  table.insert({{}}, text);
  auto handler = std::make_unique<Handler<Tag<{i}>>>();
  out.push_back(handler->handle({{}}, text, static_cast<std::uint64_t>(n)));
  std::map<int, Tag<{i}>> ordered{{{{n, {{}}}}}};
  return static_cast<long>(table.size() + ordered.size() + (table.find({{}}) != nullptr));
}}
"""
CALL = """    {{ std::vector<long> out; sum += step_{source}_{i}(i, "request", out); sum += out[0]; }}"""
MAIN = """
#include <cstdio>
#include <cstdlib>
{declarations}
int main(int argc, char** argv) {{
  int times = argc > 1 ? std::atoi(argv[1]) : 1;
  long sum = 0;
{calls}
  std::printf("%ld\\n", sum);
}}
"""


def compile_sources(folder, functions):
    """Compiles the sources at once; returns the objects' contents."""
    jobs, objects = [], []
    for source in range(SOURCES):
        path = os.path.join(folder, f"source{source}.cpp")
        light = source >= SOURCES // 2
        many = range(100 * functions if light else functions)
        whole, function, call = (LIGHT_SOURCE, LIGHT_FUNCTION, LIGHT_CALL) if light else (SOURCE, FUNCTION, CALL)
        bodies = "".join(function.format(source=source, i=i) for i in many)
        calls = "\n".join(call.format(source=source, i=i) for i in many)
        with open(path, "w", encoding="utf-8") as file:
            file.write(whole.format(source=source, functions=bodies, calls=calls))
        objects.append(path[:-3] + "o")
        jobs.append(subprocess.Popen(["g++", *FLAGS, "-c", path, "-o", objects[-1]]))
    for job in jobs:
        if job.wait() != 0:
            raise SystemExit("cannot compile")
    contents = []
    for path in objects:
        with open(path, "rb") as file:
            contents.append(file.read())
    return contents


def copy_objects(folder, contents, shards):
    """Writes `shards` objects, each with names of its own."""
    paths = []
    for shard in range(shards):
        path = os.path.join(folder, f"shard{shard:04}.o")
        with open(path, "wb") as file:
            file.write(contents[shard % SOURCES].replace(NAME.encode(), f"shard{shard:04}".encode()))
        paths.append(path)
    return paths


def make(folder, megabytes, functions=8):
    """Returns the path of the program."""
    contents = compile_sources(folder, functions)
    # Linked, an object is about half of what it was: relocations go, strings are shared.
    average = sum(map(len, contents)) / len(contents)
    shards = int(megabytes * 1e6 / (0.51 * average))
    if shards > 9999:
        raise SystemExit("too many objects: more functions are needed in each")
    objects = copy_objects(folder, contents, shards)
    declarations = "\n".join(f"namespace shard{s:04} {{ long run_{s % SOURCES}(int); }}" for s in range(shards))
    calls = "\n".join(f"  sum += shard{s:04}::run_{s % SOURCES}(times);" for s in range(shards))
    main = os.path.join(folder, "main.cpp")
    with open(main, "w", encoding="utf-8") as file:
        file.write(MAIN.format(declarations=declarations, calls=calls))
    program = os.path.join(folder, "big")
    listing = os.path.join(folder, "objects.txt")
    with open(listing, "w", encoding="utf-8") as file:
        file.write("\n".join(objects))
    subprocess.run(["g++", "-g", "-O1", "-o", program, main, f"@{listing}"], check=True)
    for path in objects:
        os.unlink(path)
    return program


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--functions", type=int, default=8, help="of each source")
    chosen = parser.parse_args()
    os.makedirs(chosen.folder, exist_ok=True)
    made = make(chosen.folder, chosen.megabytes, chosen.functions)
    print(f"{made}: {os.path.getsize(made) / 1e6:.0f} MB")
