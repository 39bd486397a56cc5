"""Reads a trace that `ttrace -f -o FILE --funcs …` wrote, and checks that it is well formed.

What must hold, for each thread:
  - a line's depth (two spaces each) is the number of calls that are open there,
  - `} name` ends the innermost open call, and that call has this name,
  - after the thread's end nothing comes of it, and every thread has an end.
So each entry has at most one end, and what has none is what was open when the thread ended or executed
another program. A fork child inherits the calls that were open in its creator: it begins at their depth, and
what ends them there must be what was open in some thread at that moment.
"""

import collections
import glob
import re

LINE = re.compile(r"^(\d+)( +)(.*)$")
# What the kernel, the linker's stubs and handlers' returns enter, by a jump.
NOT_CALLED = re.compile(r"^(_start|_dl_runtime_(resolve|profile)\w*|_dl_tlsdesc_\w+|__restore_rt|__restore|__start_context|__kernel_\w+)(@|$)")
PID_WIDTH = 5  # the number is padded to it
PLAIN = re.compile(r"^[\w@.:~-]+(?<!operator)(?=\()")
OPERATOR = re.compile(r"operator(\(\)|<=>|->\*?|<<=?|>>=?|[<>]=?)?")
EXECS = ("execve(", "execveat(", "<... execve resumed>", "<... execveat resumed>")
MOST_PROBLEMS = 20


def name_of(text):
    """The function's name in front of its arguments; empty: there is none."""
    plain = PLAIN.match(text)
    if plain:
        return plain.group()
    at, depth = 0, 0  # inside <> and {}
    while at < len(text):
        operator = OPERATOR.match(text, at)
        if operator:
            at = operator.end()
        elif text.startswith("(anonymous namespace)", at):
            at += len("(anonymous namespace)")
        elif text[at] == "(" and depth == 0:
            return text[:at]
        else:
            depth += {"<": 1, "{": 1, ">": -1, "}": -1}.get(text[at], 0)
            at += 1
    return ""


class Thread:
    """What one thread has open, outermost first; None: inherited, of a name that is not known."""

    def __init__(self, inherited):
        self.open = [None] * inherited
        self.others = []  # what is open on other stacks
        self.ended = False

    def change_stack(self, depth, ends):
        """To one where `depth` calls are open, the last of which `ends` accepts."""
        for other in self.others:
            if len(other) == depth and (not ends or ends(other[-1])):
                self.others.remove(other)
                break
        else:
            if depth != 0:
                return
            other = []
        if self.open:
            self.others.append(self.open)
        self.open = other


class TraceFile:
    """`syscalls`: the names that are no functions. `many_stacks`: threads of the program have several stacks, each
    with calls of its own, from depth 0 on. `attached`: to a running program, that goes on when its tracer ends."""

    def __init__(self, syscalls, many_stacks=False, attached=False):
        self.syscalls = syscalls
        self.many_stacks = many_stacks
        self.attached = attached
        self.entered = collections.Counter()  # calls by the name of the function, as printed
        self.endless = collections.Counter()  # those of them that are not entered by a call
        self.returned = self.unwound = 0  # how they ended
        self.left_open = self.inherited = self.executed = 0
        self.threads = {}
        self.signals = 0
        self.problems = []
        self.lines = 0

    # --- what happened ---------------------------------------------------------------------------

    def problem(self, what, text):
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(f"line {self.lines}: {what}: {text[:200]}")
        elif len(self.problems) == MOST_PROBLEMS:
            self.problems.append("... and more")

    def end_thread(self, thread):
        for one in (thread.open, *thread.others):
            self.left_open += sum(name is not None for name in one)
        thread.open, thread.others = [], []

    def is_syscall(self, text):
        # A static program has functions of the same names, without types: their arguments are registers.
        at = text.find("(")
        return text[:at] in self.syscalls and not text.endswith(" {") and not text.startswith("(rdi=", at)

    def enter(self, thread, text, opens):
        name = name_of(text)
        self.entered[name] += 1
        if opens:
            thread.open.append(text)
        elif text.endswith(" <unwound>"):
            self.unwound += 1
        elif text.endswith(" <no return>"):
            self.endless[name] += 1
        else:
            self.returned += 1

    @staticmethod
    def ends(closing, opening):
        """Whether `closing`, the text behind "} ", names the function of the line `opening`."""
        at = closing.find(" = ")
        while at != -1:
            if opening.startswith(closing[:at] + "("):
                return True
            at = closing.find(" = ", at + 1)
        return opening.startswith(closing + "(")

    def leave(self, thread, text):
        unwound = text.endswith(" <unwound>")
        closing = text[:-len(" <unwound>")] if unwound else text
        if not thread.open:
            self.problem("an end without a beginning", text)
            return
        opening = thread.open.pop()
        if opening is None:
            self.inherited += 1
            return
        if not self.ends(closing, opening):
            self.problem(f"ends {opening[:80]!r}", text)
        if unwound:
            self.unwound += 1
        else:
            self.returned += 1

    # --- lines -----------------------------------------------------------------------------------

    def add(self, line, pid=None):
        """A line of `pid`, or one that begins with a number."""
        self.lines += 1
        if pid is None:
            match = LINE.match(line)
            if not match:
                self.problem("what is this", line)
                return
            pid, text = match.group(1), match.group(3)
            indent = len(match.group(2)) - 1 - max(0, PID_WIDTH - len(pid))
        else:
            text = line.lstrip(" ")
            indent = len(line) - len(text)
        if indent % 2:
            self.problem("an odd indentation", line)
        thread = self.threads.get(pid)
        if thread is None or (thread.ended and not text.startswith("+++")):
            # The number of a thread that has ended is given out again.
            thread = self.threads[pid] = Thread(indent // 2 + text.startswith("} "))
        if text.startswith("+++ "):
            if thread.ended:
                self.problem("a second end", line)
            if not text.startswith("+++ superseded"):
                thread.ended = True
            self.end_thread(thread)
            return
        if self.many_stacks:
            self.find_stack(thread, indent // 2, text)
        depth = len(thread.open) - (1 if text.startswith("} ") else 0)
        # An exec's end comes when what was open has gone with the old program.
        if indent != 2 * depth and not (indent == 0 and text.startswith(EXECS)):
            self.problem(f"at depth {indent / 2:g}, but {depth} calls are open", line)
        if text.startswith("--- "):
            self.signals += 1
        elif text.startswith("} "):
            self.leave(thread, text[2:])
        elif text.startswith("<... "):
            self.after_syscall(thread, text)
        elif self.is_syscall(text):
            self.after_syscall(thread, text)
        elif name_of(text):
            opens = text.endswith(" {")
            self.enter(thread, text[:-2] if opens else text, opens)
        else:
            self.problem("what is this", line)

    def find_stack(self, thread, depth, text):
        if not text.startswith("} "):
            if depth != len(thread.open):
                thread.change_stack(depth, None)
            return
        closing = text[2:].removesuffix(" <unwound>")

        def ends(opening):
            return opening is None or self.ends(closing, opening)

        if depth + 1 != len(thread.open) or not ends(thread.open[-1]):
            thread.change_stack(depth + 1, ends)

    def after_syscall(self, thread, text):
        if text.startswith(EXECS) and text.endswith(" = 0"):
            self.executed += 1
            self.end_thread(thread)

    def finish(self):
        for pid, thread in self.threads.items():
            if not thread.ended and not self.attached:
                self.problem("has no end", f"thread {pid}")
            self.end_thread(thread)
        for name in self.endless:
            if not NOT_CALLED.match(name):
                self.problem("no return", name)
        ends = self.returned + self.unwound + self.endless.total() + self.left_open
        if ends != self.calls:
            self.problem("entries and ends", f"{self.calls} entered, {ends} ended or left open")

    @property
    def calls(self):
        return sum(self.entered.values())


def add_file(trace, path, pid=None):
    with open(path, encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for line in file:
            trace.add(line.rstrip("\n"), pid)


def read(path, syscalls, many_stacks=False):
    trace = TraceFile(syscalls, many_stacks)
    add_file(trace, path)
    trace.finish()
    return trace


def read_separate(path, syscalls, many_stacks=False):
    """What `--output-separately` wrote while it was attached to a program."""
    trace = TraceFile(syscalls, many_stacks, attached=True)
    for name in glob.glob(glob.escape(path) + ".*"):
        add_file(trace, name, name.rpartition(".")[2])
    trace.finish()
    return trace
