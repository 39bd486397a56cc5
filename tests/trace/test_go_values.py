#!/usr/bin/env python3
"""Values of Go's arguments and results: the same whatever compiled the program, and however."""

import os
import re

import go_programs
import harness

FUNCTIONS = r"^main\.(t[A-Z]\w*|Map.*|Max.*|\(\*List.*|\(\*Point\)\.Move|Point\.Sum)$"

# Addresses of the heap and of stacks are ADDRESS. What begins with OLD or NEW is of Go before 1.20,
# or from then on: in its debug information, parameters without a name are left out, or are there.
EXPECTED = r"""
NEW main.tErrors(a=*errors.joinError("EOF\nio: read/write on closed pipe"), b=nil, c=nil, d=nil) = *errors.joinError("EOF\nio: read/write on closed pipe")
main.tInts(a=1, b=-2, c=3, d=0x1234, e=5, f=120, g=true, h=18446744073709551615) = (-1, nil)
main.tFloats(a=1.1, b=2.25, c=(1+2i), d=(3-4.5i)) = (x=3.350000023841858, err=*errors.errorString("EOF"))
main.tStrings(a="hello \"you\"\n", b="bytes", c=["a", "b"], d="", e="01234567890123456789012345678901"...) = (n=12)
main.tSlices(a=[1, 2, 3], b=[{X=1, Y=2}], c=[&{X=3, Y=4}], d=[4, 5, 6], e=["q"], f=nil, g=[[1], [], nil], h=["n"]) = [1]
main.tLong(a=[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...] /* 40 elements */, b="01234567890123456789012345678901"...) = ("01234567890123456789012345678901"..., [])
main.tMaps(a=map[string]int(len=2), b=map[int]main.Point(len=0), c=nil, d=main.Table(len=1)) = map[string]int(len=2)
main.tStructs(a={X=1, Y=2}, b=&{X=3, Y=4}, c={Base={ID=1, Name="n"}, Tags=["t"], next=nil}, d=nil, e={}, f={a=1, b=2, c=3, d=4.5, e=[6]}) = ({X=1, Y=2}, &{X=3, Y=4})
main.tDeep(a={a={b={c={...}}}}, b=&{a={b={c={...}}}}, c=&{Base={ID=0, Name=""}, Tags=nil, next=ADDRESS}) = {a=1, b=2, c=3, d=4.5, e=[6]}
main.tInterfaces(a=int(5), b=string("x"), c=*main.Point(&{X=2, Y=3}), d=main.Square(2), e=*main.ownError(&{code=7}), f=nil) = (s=*main.Point(&{X=2, Y=3}), x=int(5))
main.tDynamic(args=[int(1), string("two"), nil, float64(2.5), []int([1]), map[string]int(len=0), main.Point{X=1, Y=2}, *main.Point(nil), func()(main.tNothing), main.Color(3), uintptr(0x10), []interface {}([int(1), string("x")]), struct { A int; b int }{A=1, b=2}, main.Table(len=0), [2]bool([true, false]), *[]int(ADDRESS), main.List[int]{head=nil, n=2}, complex64((0+1i))]) = complex64((0+1i))
main.tErrors(a=*errors.errorString("plain"), b=*fs.PathError("open /nonexistent/file: no such file or directory"), c=*net.OpError("dial tcp 127.0.0.1:1: connect: connection refused"), d=*strconv.NumError("strconv.Atoi: parsing \"x\": invalid syntax")) = *errors.errorString("plain")
main.tErrors(a=syscall.Errno(EPERM, "operation not permitted"), b=*fmt.wrapError("wrapped: EOF"), c=*url.Error("Get \"http://a/\": context deadline exceeded"), d=*os.LinkError("rename /nonexistent/a /nonexistent/b: no such file or directory")) = syscall.Errno(EPERM, "operation not permitted")
main.tErrors(a=*net.OpError("read udp6 [fe80::1%lo]:5->[2001:db8::1:0:0]:6: recv: connection reset by peer"), b=*net.DNSError("lookup a.invalid: no such host"), c=*fs.PathError(&{Op="op", Path="p", Err=*main.ownError(ADDRESS)}), d=nil) = *net.OpError("read udp6 [fe80::1%lo]:5->[2001:db8::1:0:0]:6: recv: connection reset by peer")
main.tErrors(a=*main.ownError(nil), b=*net.AddrError("address a: missing port in address"), c=*poll.DeadlineExceededError("i/o timeout"), d=poll.errNetClosing("use of closed network connection")) = *main.ownError(nil)
main.tChannels(a=chan int(len=1, cap=3), b=nil, c=chan struct {}(len=0, cap=0)) = chan int(len=1, cap=3)
main.tFunctions(a=main.main.func1, b=main.tNothing, c=nil, d=main.main.func2, e=main.Point.Sum-fm) = 4
main.tPointers(a=nil, b=nil, c=ADDRESS, d=ADDRESS, e=&[1, 2], f=ADDRESS) = 0x10
main.tTimes(a=1.5s, b=2026-11-23T02:18:34.5Z, c=0s, d=0001-01-01T00:00:00Z, e=&2026-11-23T02:18:34.5Z) = -1h30m0s
main.tNames(a=3, b=nil, c={any=int(1), err=*errors.errorString("EOF"), f=main.tNothing, m=nil, c=nil, t=1µs}, d=127.0.0.1, e=::1) = 4
main.(*Point).Move(p=&{X=1, Y=1}, dx=3, dy=4) = (4, ok=true)
main.Point.Sum(p={X=4, Y=5}) = 9
main.Map[...](xs=[1, 2], f=strconv.Itoa) = ["1", "2"]
main.Max[...](a=1, b=2) = 2
main.Max[...](a=1.5, b=2) = 2
main.(*List[...]).Push(l=&{head=nil, n=0}, v="v") = 1
main.(*List[...]).Push(l=&{head=nil, n=0}, v=8) = 1
main.tMany(a=1, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11, l="twelve") = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "twelve")
main.tReals(a=1, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11, l=12, m=13, n=14, o=15, p=16, q=17) = 16
main.tStack(a=1, b=[0x2, 0x3], c=4) = (d={x=0x1, y=[0x2, 0x3]}, e="e")
OLD main.tBlank(a=2, b=3) = (5, nil)
NEW main.tBlank(1, a=2, "x", b=3) = (5, nil)
OLD main.tBehindBlank(a=1, b=<optimized out>) = (r=<optimized out>)
NEW main.tBehindBlank(a=1, [10, 20], b=[30, 40]) = (r=[31, 40])
OLD main.tBeforeBlank(a=1) = (r=<optimized out>)
NEW main.tBeforeBlank(a=1, [10, 20]) = (r=[71, 80])
main.tNothings(x={a=[...], b=3, c=1.5}, y=9) = 12
main.tBad(a=0x5000, b=0x5000, c={_type=0x5000, data=0x3}, d={tab=0x5000, data=0x3}, e=0x5000, f=0x5000, g=0x5000, h=0x5000) = 1
main.tBad(a={str=0x5000, len=0xffffffffffffffff}, b={array=0x5000, len=0x4, cap=0x3}, c=nil, d=nil, e=nil, f=nil, g=nil, h=nil) = 1
main.tNothing()
"""

STRIPPED = {"amd64": """
main.tMany(rax=0x1, rbx=0x2, rcx=0x3, rdi=0x4, rsi=0x5, r8=0x6, r9=0x7, r10=0x8, r11=0x9, ...)
main.tBlank(rax=0x1, rbx=0x2, rcx=ADDRESS, rdi=0x1, rsi=0x3)
main.Map[...](rbx=ADDRESS, rcx=0x2, rdi=0x2, rsi=ADDRESS)
main.tNothing()
""", "arm64": """
main.tMany(x0=0x1, x1=0x2, x2=0x3, x3=0x4, x4=0x5, x5=0x6, x6=0x7, x7=0x8, x8=0x9, x9=0xa, ...)
main.tBlank(x0=0x1, x1=0x2, x2=ADDRESS, x3=0x1, x4=0x3)
main.Map[...](x1=ADDRESS, x2=0x2, x3=0x2, x4=ADDRESS)
main.tNothing()
"""}


def without_addresses(line):
    return re.sub(r"0x[0-9a-f]{5,15}\b", "ADDRESS", line)


@go_programs.for_each_toolchain
class Values(go_programs.GoCase):
    def expected(self):
        """Those of this version, in order."""
        new = self.toolchain.minor() >= 20
        lines = []
        for line in EXPECTED.strip().splitlines():
            age = line[:4] if line.startswith(("OLD ", "NEW ")) else ""
            if not age or (age == "NEW ") == new:
                lines.append(line[len(age):])
        return lines

    def trace_values(self, *flags, options=(), **build):
        """The functions' lines without what says whose they are."""
        program = self.build("values", *flags, **build)
        # Goroutines are then not interrupted while they are in a function.
        environment = dict(os.environ, GODEBUG="asyncpreemptoff=1")
        run = self.ttrace("-e", "trace=none", *options, "--funcs", FUNCTIONS, "-o", "trace", program,
                          env=environment)
        self.assertEqual(run.status, 0, run.err)
        lines = [re.sub(r"^(\[pid +\d+( g \d+)?\]|\d+( +g \d+)?) +", "", line) for line in self.lines("trace")]
        return [without_addresses(line) for line in lines if line.startswith("main.")]

    def check(self, *flags, **build):
        self.assert_same_lines(self.expected(), self.trace_values(*flags, **build))

    def test_optimised(self):
        self.check()

    def test_not_optimised(self):
        self.check("-gcflags=all=-N -l")

    def test_position_independent(self):
        self.check("-buildmode=pie")

    def test_without_paths(self):
        self.check("-trimpath")

    def test_with_cgo(self):
        self.check(cgo=True)

    def test_without_debug_information_registers_are_shown(self):
        got = self.trace_values("-ldflags=-s -w")
        for line in STRIPPED[go_programs.MACHINE].strip().splitlines():
            self.assertIn(line, got)

    def test_the_limit_of_strings_and_lists(self):
        got = self.trace_values(options=["-s", "2"])
        self.assertIn('main.tStrings(a="he"..., b="by"..., c=["a", "b"], d="", e="01"...) = (n=12)', got)
        self.assertIn('main.tLong(a=[0, 0, ...] /* 40 elements */, b="01"...) = ("01"..., [])', got)
        # Not of errors: they are for reading.
        self.assertIn('main.tFloats(a=1.1, b=2.25, c=(1+2i), d=(3-4.5i)) = '
                      '(x=3.350000023841858, err=*errors.errorString("EOF"))', got)


if __name__ == "__main__":
    harness.main()
