"""Compiles descriptions of syscalls (*.syscalls) into C++ tables.

The language, by example; `#` begins a comment, line ends mean nothing:

    include <linux/fcntl.h>             a kernel header for the checks of constants and layouts
    enum whence "SEEK_???" { SEEK_SET = 0 ... }
                                        one value of several; the text stands for unknown ones
    enum lock_type : s16 "F_???" { }    held in an s16 where nothing else is said (default u32)
    flags open_flags "O_???" {
        O_RDONLY|O_WRONLY of 0x3 = 0 1  values of the bits 0x3, which exclude each other
        O_DIRECTORY = 0x10000 arm:0x4000 i386:none
        use other_flags                 its entries, here
        use signal of 0xff              an enum in some of the bits
        blank                           an empty text when no bit is left here
    }
    flags file_mode octal { }           what has no name is octal: S_IFREG|0644
    enum io_op "OP_???" decimal { }     unknown ones are decimal: 99 /* OP_??? */
    enum ioctl_name joined { }          several names of a value are all printed: A or B
    struct stack [x86_64 arm] {         of these architectures; without the list, of all
        ss_sp: addr  ss_flags: stack_flags(u16)  _pad: u16[3]     _names are not shown
        st_rdev: device if st_mode of 0170000 == S_IFCHR|S_IFBLK  or: if a & X, if a != X, if a > 16, if a
        iov_base: in bytes[iov_len]     a pointer, followed; `out`: after the call only;
                                        `in64`, `out64`: one of 64 bits everywhere
        len: changing u32               of an `inout` structure: printed 4 => 1 where the call changed it
        id: filled u32                  of one: shown after a call that succeeded
        spare: nonzero hex32[7]         shown when it is not 0
        next: hidden u32                known, but not shown
        union {                         members at the same place; each shown if ...
            tid: pid if notify == SIGEV_THREAD_ID
            { function: addr  attributes: addr } if notify == SIGEV_THREAD
            inline more: other_struct if notify == X
            _pad: int[12]               the fields of a group in braces and of an inline
            raw: hex64 else             structure have no name around them; `else`: no other is shown
        }                               without any condition all are shown; `union { } if ...`
    } order (...)                       printed in this order
      brief (...)                       printed without -v
      packed [x86_64]                   without alignment there
      is "struct kernels" in <asm/x.h>  compared with this one when ttrace is built
        as (tid "_un._tid"  raw none)   where the kernel names a field otherwise, or has none
    struct message(cmd) {               used as `in message(cmd)`: its conditions and lengths can name
        union { a: x if cmd == FOO }    what it was given: an argument, *argument, number, or a field of
        inner: in other(cmd, n)[n]      the structure around it
        n: u32
    }
    custom device: u64                  a value that custom::device() decodes (src/decode/custom/)
    custom vectors: memory              the same, for what is at an address
    custom host_name: text              the same, shown even where structures are not (-e verbose=none)

    name(arg: type, ...) -> result (note, label note)
    one, two(...) -> status             the same for several calls
    [i386 arm] name(...)                only there
    name @462 (...)                     a number that libseccomp may not know yet
    [i386] mmap(addr: addr, ...) in memory -> hex
                                        the first register points to the arguments
    fcntl$getfd(fd: fd, cmd: const F_GETFD) -> hex (flags descriptor_state)
                                        a variant, chosen by its `const` arguments; `of MASK` after
                                        the constants compares some bits only; `const(T) X` is shown
                                        as a T

    class %file, file of path|T {       calls that -e trace=%file selects: those that have an argument
        mount umount2 %other            or result of these types, or point to one, and those named here
    } without { mq_open }

An argument is held in a register (`fd: fd`), or points to something: `in` is read when the call
begins, `out` when it returned without an error, `inout` both times. `[n]` after a type is an array,
its length a number, an argument, what an argument points to (`*n`), a field, or `ret`. `[n bytes]`
after a structure says how much of it the program has: the rest is 0, and what it has more is shown as
`...` or, with -v, as extra_data.
`if flags & O_CREAT` makes an argument appear, `if verbose` with -v; `if ret == EINTR` says when an `out` one is filled.
`arg@3` is held in register 3, counted from 0; `arg=:` is printed with its name. Several arguments can
share a register: `lock@2: in flock if cmd == F_SETLK, arg@2: hex else`, the last for when no other is
there. A result that depends on an argument is that of a variant.

Types: s8 u8 ... s64 u64 int uint long ulong size ssize status (decimal), hex hex8 hex16 hex32 hex64, octal,
addr addr64, fd, pid, uid, gid, uid16; in memory: str, path (never cut), bytes[n], char[16].
"""
