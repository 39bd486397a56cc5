"""Two traces of one program, line beside line.

A program is never run twice alike: pids, times, ports and random bytes differ. What differs is
learnt, not listed: the oracle traces the program twice, and the words that differ between its own
two traces are those that may differ in ours.
"""

import difflib
import os
import re

import tally
from tally import name_of

# A quoted string, a descriptor's path, a number, a word, or one other character.
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|(?<=[\dD])</[^>]*>|0x[0-9a-f]+|\d+|[A-Za-z_]\w*|\s+|.', re.DOTALL)
# A racy program's lines that are in one run only differ when there are more than ALONE_TIMES as many of
# them as strace's two runs have, and ALONE_MORE: two runs show how much differs from run to run, but
# as a sample of one, which is 0 by luck for a program that does something else only now and then.
ALONE_TIMES, ALONE_MORE = 3, 20
CHILD = re.compile(r"^(?:clone3?|v?fork)\(.* = (\d+)(?: \(|$)")


def streams(folder, prefix):
    """{place in the tree of processes: lines} of what -ff -o folder/prefix wrote.

    The first process is (), its second child (1,), and so on; pids in lines become these places.
    """
    texts = {}
    for name in os.listdir(folder):
        stem, _, pid = name.rpartition(".")
        if stem == prefix and pid.isdigit():
            with open(os.path.join(folder, name), encoding="utf-8", errors="backslashreplace") as file:
                texts[int(pid)] = file.read().splitlines()
    places = {}

    def visit(pid, place):
        places[pid] = place
        children = [int(m.group(1)) for m in map(CHILD.match, texts.get(pid, [])) if m]
        for number, child in enumerate(c for c in children if c in texts):
            if child not in places:
                visit(child, (*place, number))

    for pid in sorted(texts):
        if pid not in places:
            visit(pid, () if not places else ("lost", pid))
    names = {str(pid): "PID" + ".".join(map(str, place)) for pid, place in places.items()}
    return {places[pid]: [normal(line, names) for line in lines] for pid, lines in texts.items()}


def normal(line, names):
    """A line without what tells one tracer's run from another's: pids, the column of results."""
    line = re.sub(r"\b\d+\b", lambda word: names.get(word.group(), word.group()), line)
    # How long a child computed, in ticks of the clock.
    line = re.sub(r"(si_[us]time=)\d+( /\* [\d.]+ s \*/)?", r"\1TICKS", line)
    # What the machine is doing besides.
    line = re.sub(r"(f_bfree|f_bavail|f_ffree)=\d+", r"\1=N", line)
    line = re.sub(r"^(?:sysinfo|getrusage)\(.*", lambda whole: re.sub(r"\d+", "N", whole.group()), line)
    # The kernel's number for the processor among those of the program (rseq, Linux 6.3).
    line = re.sub(r"(mm_cid)=\d+", r"\1=N", line)
    # The tracer's own child makes the first execve, with the tracer's environment.
    line = re.sub(r"^(execve\(.*\], )0x[0-9a-f]+ (/\* \d+ vars \*/\) += 0)$", r"\1ENVIRON \2", line)
    return re.sub(r"\) += ", ") = ", line)


def aligned(left, right):
    """Pairs of indices of lines that belong together, None for a line that has no partner."""
    pairs = []
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for what, l0, l1, r0, r1 in matcher.get_opcodes():
        if what == "equal":
            pairs += zip(range(l0, l1), range(r0, r1))
            continue
        names = difflib.SequenceMatcher(None, [name_of(x) for x in left[l0:l1]],
                                        [name_of(x) for x in right[r0:r1]], autojunk=False)
        for same, a0, a1, b0, b1 in names.get_opcodes():
            if same == "equal":
                pairs += zip(range(l0 + a0, l0 + a1), range(r0 + b0, r0 + b1))
            else:
                pairs += [(i, None) for i in range(l0 + a0, l0 + a1)]
                pairs += [(None, i) for i in range(r0 + b0, r0 + b1)]
    return pairs


def kind(word):
    """What a word is, when its value may differ."""
    if word[0] == '"':
        return "string"
    if word.startswith("</"):
        return "path"
    if word.startswith("0x") or word.isdigit():
        return "number"
    return word


def shape(line):
    """A line without the values of its strings and numbers."""
    return tuple(kind(word) for word in WORD.findall(line))


def same_but_for(ours, line, other):
    """Whether `ours` is `line`, but for words that differ between `line` and `other` too."""
    if other is None:
        return False
    a, b, c = WORD.findall(ours), WORD.findall(line), WORD.findall(other)
    if len(b) != len(c):
        # A list of another length: what is around the difference has to agree.
        start = os.path.commonprefix([b, c])
        end = os.path.commonprefix([b[::-1], c[::-1]])
        end = end[:min(len(b), len(c)) - len(start)]
        return a[:len(start)] == start and a[::-1][:len(end)] == end
    return len(a) == len(b) and all(x == y or (y != z and kind(x) == kind(y))
                                    for x, y, z in zip(a, b, c))


def count_alone(pairs):
    return sum(i is None or j is None for i, j in pairs)


def compare(ours, oracle, again, racy=False, excuse=lambda name, line, ours: None):
    """The Tally of {place: lines} of ttrace beside the oracle's, whose second run is `again`.

    `racy`: what the program does, and in which order, differs from run to run.
    """
    result = tally.Tally()
    shapes = {shape(line) for run in (oracle, again) for own in run.values() for line in own} \
        if racy else set()
    alone, usual = [], 0
    for place in sorted(set(ours) | set(oracle) | set(again), key=str):
        left, right, second = (run.get(place, []) for run in (oracle, ours, again))
        own = aligned(left, second)
        usual += count_alone(own)
        twin = {i: second[j] for i, j in own if i is not None and j is not None}
        for i, j in aligned(left, right):
            line = left[i] if i is not None else ""
            mine = right[j] if j is not None else ""
            name = name_of(line or mine)
            if racy and not (line and mine):
                alone.append((name, line, mine))
                continue
            result.compared[name] += 1
            if line == mine or same_but_for(mine, line, twin.get(i)):
                continue
            if excuse(name, line, mine):
                result.excepted[name] += 1
            elif shape(mine) in shapes:
                result.shaped[name] += 1
            else:
                result.different[name].append((line, mine))
    if len(alone) <= ALONE_TIMES * usual + ALONE_MORE:
        result.alone.update(name for name, _, _ in alone)
        return result
    for name, line, mine in alone:
        result.compared[name] += 1
        result.different[name].append((line, mine))
    return result
