// System V IPC, message queues, signals, clocks and timers, futexes: each call with each command
// and flag, with structures that mean something, with NULL and with addresses that cannot be read.
//
//   calls-ipc [native|i386]
#include "calls.h"

static void ids(void) {
  static const uint32_t flags[] = {0,      0600,   01666,  03777,   07000,   010400,
                                   014000, 020000, 040600, 0x54006, 0x74007, 0xfc000000};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i) {
    CALL(5, semget, i, 3, flags[i]);
    CALL(6, shmget, i * 0x11111111, 4096, flags[i]);
    CALL(7, msgget, i, flags[i]);
    CALL(0x20001000, shmat, i, i * 0x1000, flags[i]);
  }
  CALL(0, shmdt, 0x20001000);
  CALL(-EACCES, shmat, 6, 0, 0x5000);
}

static uint64_t operations(size_t count) {
  const uint64_t at = here();
  for (size_t i = 0; i < count; ++i) {
    u16(i);
    u16(i % 2 ? (uint64_t)-1 : i);
    u16(i == 1 ? 0x800 : i == 2 ? 0x1000 : i == 3 ? 0x1800 : i == 4 ? 0x2000 : 0);
  }
  return at;
}

static void semaphores(void) {
  CALL(0, semop, 5, operations(6), 6);
  CALL(0, semop, 5, operations(1), 0);
  CALL(-EFAULT, semop, 5, 0, 2);
  CALL(-EFAULT, semop, 5, kBad - 8, 4);
  CALL(0, semop, 5, operations(40), 40);
  const uint64_t one = operations(1);
  const enum Call timed = narrow ? CALL_semtimedop_time64 : CALL_semtimedop;
  make(0, timed, (const uint64_t[6]){5, one, 1, WORDS(3, narrow ? 0 : 500, 3, 4)});
  make(-EAGAIN, timed, (const uint64_t[6]){5, one, 1, 0});
  make(-EFAULT, timed, (const uint64_t[6]){5, one, 1, kBad});
  for (uint64_t command = 0; command < 22; ++command) {
    const uint64_t at = INTS(0x1234, 1000, 100, 1001, 101, 0600, 7, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0,
                             13, 0, 14, 0, 15, 0, 16, 0, 17, 0, 18, 0, 19, 20);
    CALL(0, semctl, 5, 1, command, at);
    CALL(0, semctl, 5, 1, command | 0x100, at);
    CALL(-EINVAL, semctl, 5, 1, command, at);
    CALL(-EFAULT, semctl, 5, 1, command, 0);
    CALL(0, semctl, 5, 1, command, kBad - 8);
    CALL(0, shmctl, 6, command, at);
    CALL(0, shmctl, 6, command | 0x100, at);
    CALL(-EINVAL, shmctl, 6, command, at);
    CALL(0, shmctl, 6, command, 0);
    CALL(0, msgctl, 7, command, at);
    CALL(0, msgctl, 7, command | 0x100, at);
    CALL(-EINVAL, msgctl, 7, command, at);
    CALL(0, msgctl, 7, command, 0);
  }
}

static void messages(void) {
  const uint64_t at = here();
  word(3);
  put("a message\n\0\1", 13);
  CALL(0, msgsnd, 7, at, 12, 0);
  CALL(0, msgsnd, 7, at, 12, 04000);
  CALL(0, msgsnd, 7, at, 0, 010000);
  CALL(-EFAULT, msgsnd, 7, 0, 12, 0);
  CALL(-EFAULT, msgsnd, 7, kBad, 12, 0);
  CALL(-EFAULT, msgsnd, 7, kBad - 8, 12, 0);
  CALL(12, msgrcv, 7, at, 100, 0, 0);
  CALL(5, msgrcv, 7, at, 100, (uint64_t)-3, 04000);
  CALL(0, msgrcv, 7, at, 100, 3, 010000 | 020000 | 040000);
  CALL(-ENOMSG, msgrcv, 7, at, 100, 3, 04000);
  CALL(-EFAULT, msgrcv, 7, 0, 100, 3, 0);
  const uint64_t name = text("/queue");
  const uint64_t attributes = WORDS(0x800, 10, 8192, 3, 0, 0, 0, 0);
  CALL(3, mq_open, name, 0);
  CALL(3, mq_open, name, 0x8c2, 0600, attributes);
  CALL(3, mq_open, name, 0x42, 0666, 0);
  CALL(-EFAULT, mq_open, name, 0x40, 0, kBad);
  CALL(0, mq_unlink, name);
  const uint64_t message = text("text\n");
  const uint64_t time = WORDS(3, narrow ? 0 : 5, 5, 0);
  CALL(0, mq_timedsend, 3, message, 5, 1, time);
  CALL(0, mq_timedsend, 3, message, 5, 1, 0);
  CALL(0, mq_timedsend_time64, 3, message, 5, 1, time);
  const uint64_t priority = INTS(9);
  CALL(5, mq_timedreceive, 3, message, 8192, priority, time);
  CALL(5, mq_timedreceive, 3, message, 8192, 0, 0);
  CALL(-ETIMEDOUT, mq_timedreceive, 3, message, 8192, priority, time);
  CALL(5, mq_timedreceive_time64, 3, message, 8192, priority, time);
  CALL(0, mq_getsetattr, 3, attributes, attributes);
  CALL(0, mq_getsetattr, 3, 0, attributes);
  CALL(-EBADF, mq_getsetattr, 3, attributes, attributes);
}

// struct sigevent.
static uint64_t event(uint32_t how, uint32_t signal) {
  const uint64_t at = here();
  word(0x4433221155);
  u32(signal);
  u32(how);
  word(how == 4 ? 777 : 0x401000);
  word(0x402000);
  return at;
}

static void timers(void) {
  const uint64_t id = INTS(2);
  for (uint32_t how = 0; how < 7; ++how) {
    CALL(0, timer_create, how, event(how, 10 + how), id);
    CALL(0, mq_notify, 3, event(how, 10 + how));
  }
  CALL(0, timer_create, 1, 0, id);
  CALL(-EINVAL, timer_create, (uint64_t)-6, event(0, 100), id);
  CALL(0, timer_create, (uint64_t)-2, kBad, kBad);
  CALL(0, mq_notify, 3, 0);
  const uint64_t times = WORDS(1, 2, 3, 4, 5, 6, 7, 8);
  CALL(0, timer_settime, 2, 0, times, times);
  CALL(0, timer_settime, 2, 1, times, 0);
  CALL(0, timer_gettime, 2, times);
  CALL(-EINVAL, timer_gettime, 2, times);
  CALL(0, timer_gettime64, 2, times);
  CALL(0, timer_settime64, 2, 1, times, times);
  CALL(0, timerfd_settime, 2, 1, times, times);
  CALL(0, timerfd_settime, 2, 3, times, 0);
  CALL(0, timerfd_gettime, 2, times);
  CALL(0, timerfd_gettime64, 2, times);
  CALL(0, timerfd_settime64, 2, 0, times, times);
  CALL(3, timerfd_create, 1, 0x80800);
  CALL(4, timer_getoverrun, 2);
  CALL(0, timer_delete, 2);
  for (uint64_t which = 0; which < 4; ++which) {
    CALL(0, getitimer, which, times);
    CALL(0, setitimer, which, times, times);
  }
  CALL(0, setitimer, 0, times, 0);
  CALL(3, alarm, 10);
  CALL(1234, times, WORDS(1, 250, 3, 0x7fffffff));
  CALL(1234, times, 0);
}

static uint64_t timex(uint32_t modes, uint32_t status) {
  const uint64_t at = here();
  u32(modes);
  const uint64_t values[] = {1, (uint64_t)-2, 3, 4};
  for (size_t i = 0; i < 4; ++i)
    word(values[i]);
  u32(status);
  for (uint64_t i = 6; i < 18; ++i) {
    if (i == 14) {
      u32(99);
    } else {
      word(i);
    }
  }
  u32(37);
  return at;
}

static void clocks(void) {
  static const uint32_t ids[] = {
      0, 1, 11, 12, (uint32_t)-6, (uint32_t)-1005, (uint32_t)-30, (uint32_t)-29, (uint32_t)-1};
  const uint64_t time = WORDS(1000000000, narrow ? 0 : 5, 5, 0, 7, 8);
  for (size_t i = 0; i < sizeof ids / sizeof *ids; ++i) {
    CALL(0, clock_gettime, ids[i], time);
    CALL(0, clock_settime, ids[i], time);
    CALL(0, clock_getres, ids[i], time);
    CALL(0, clock_gettime64, ids[i], time);
    CALL(0, clock_settime64, ids[i], time);
    CALL(0, clock_getres_time64, ids[i], time);
  }
  CALL(-EINVAL, clock_gettime, 0, time);
  CALL(0, clock_nanosleep, 0, 0, time, time);
  CALL(0, clock_nanosleep, 1, 1, time, time);
  CALL(-EINTR, clock_nanosleep, 1, 0, time, time);
  CALL(-EINTR, clock_nanosleep_time64, 1, 0, time, time);
  CALL(0, nanosleep, time, time);
  CALL(-EINTR, nanosleep, time, time);
  CALL(-EINTR, nanosleep, time, 0);
  CALL(1000000000, time, 0);
  CALL(1000000000, time, time);
  CALL(0, stime, time);
  CALL(0, stime, 0);
  CALL(0, gettimeofday, time, INTS(60, 1));
  CALL(0, settimeofday, time, 0);
  static const uint32_t modes[] = {0, 1, 0x43ff, 0x8001, 0xa001, 0x3000, 0x80};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
    const uint64_t at = timex(modes[i], i == 0 ? 0xffff : 1u << i);
    CALL(i, adjtimex, at);
    CALL(i, clock_adjtime, 0, at);
    CALL(i, clock_adjtime64, 0,
         INTS(modes[i], 0, 1, 0, 2, 0, 3, 0, 4, 0, 1u << i, 0, 6, 0, 7, 0, 8, 0, 9, 0, 10, 0, 11, 0,
              12, 0, 13, 0, 14, 0, 15, 0, 16, 0, 17, 0, 18, 0, 19, 20, 21, 22));
  }
  CALL(-EFAULT, adjtimex, 0);
  CALL(-EPERM, adjtimex, timex(1, 0));
  CALL(-EFAULT, clock_adjtime, 0, kBad);
}

static uint64_t siginfo(uint32_t signal, uint32_t code) {
  const uint64_t at = here();
  u32(signal);
  u32(0);
  u32(code);
  if (!narrow) u32(0);
  for (uint32_t i = 0; i < 8; ++i)
    u32(100 + i);
  return at;
}

static void signals(void) {
  const uint64_t set = INTS(0x14003, 0x80000001), other = INTS(0xfffffffe, 0xffffffff);
  const uint64_t action = WORDS(0x401000, 0x54000007, 0x402000, 0x10001, 0x80000000);
  const uint64_t plain = WORDS(1, 0, 0, 0, 0);
  CALL(0, rt_sigaction, 2, action, plain, 8);
  CALL(0, rt_sigaction, 34, plain, action, 8);
  CALL(-EINVAL, rt_sigaction, 9, action, plain, 8);
  CALL(0, rt_sigaction, 65, 0, plain, 4);
  CALL(0, sigaction, 2, action, plain);
  CALL(-EINVAL, sigaction, 2, 0, plain);
  CALL(0, signal, 10, 1);
  CALL(0x401000, signal, 10, 0x401000);
  CALL(1, signal, 10, 0);
  CALL(0x10003, sgetmask);
  CALL(0x10003, ssetmask, 0x4002);
  CALL(-514, sigsuspend, 1, 2, 0x4002);
  CALL(0, sigpending, set);
  for (uint64_t how = 0; how < 4; ++how) {
    CALL(0, rt_sigprocmask, how, set, other, 8);
    CALL(0, rt_sigprocmask, how, 0, set, 8);
    CALL(0, sigprocmask, how, set, other);
  }
  CALL(0, sigprocmask, 0, 0, 0);
  CALL(-EINVAL, rt_sigprocmask, 0, set, other, 16);
  CALL(0, rt_sigpending, set, 8);
  CALL(0, rt_sigpending, set, 4);
  CALL(-514, rt_sigsuspend, set, 8);
  const uint64_t time = WORDS(3, narrow ? 0 : 5, 5, 0);
  CALL(10, rt_sigtimedwait, set, siginfo(10, 0), time, 8);
  CALL(10, rt_sigtimedwait, set, 0, 0, 8);
  CALL(-EAGAIN, rt_sigtimedwait, set, siginfo(10, 0), time, 8);
  CALL(10, rt_sigtimedwait_time64, set, siginfo(10, 0), time, 8);
  static const uint32_t codes[][2] = {{10, 0},
                                      {10, (uint32_t)-1},
                                      {34, (uint32_t)-2},
                                      {10, (uint32_t)-6},
                                      {17, 1},
                                      {17, 2},
                                      {17, 5},
                                      {11, 1},
                                      {11, 3},
                                      {7, 4},
                                      {29, 1},
                                      {31, 1},
                                      {8, 1},
                                      {5, 2},
                                      {10, 0x80},
                                      {12, 77},
                                      {17, 99},
                                      {40, (uint32_t)-3},
                                      {11, 4},
                                      {40, 1},
                                      {29, 0x80},
                                      {17, 0x80},
                                      {31, 0x80},
                                      {5, 0x80},
                                      {11, 0x80},
                                      {29, 9},
                                      {12, 3}};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; ++i) {
    CALL(0, rt_sigqueueinfo, 77, codes[i][0], siginfo(codes[i][0], codes[i][1]));
    CALL(0, rt_tgsigqueueinfo, 77, 78, codes[i][0], siginfo(codes[i][0], codes[i][1]));
  }
  CALL(0, sigaltstack, WORDS(0x401000, 0, 8192), WORDS(0, 2, 0));
  CALL(0, sigaltstack, 0, WORDS(0, 0x80000001, 0));
  CALL(4, signalfd, (uint64_t)-1, set, 8);
  CALL(4, signalfd4, (uint64_t)-1, set, 8, 0x80800);
  CALL(4, signalfd4, 4, set, 8, 1);
  CALL(-EINVAL, signalfd4, 4, 0, 4, 0);
  CALL(0, kill, (uint64_t)-77, 15);
  CALL(0, tkill, 77, 0);
  CALL(0, tgkill, 77, 78, 64);
  CALL(-514, pause, 0);
  CALL(3, pidfd_open, 77, 0);
  CALL(3, pidfd_open, 77, 0x800);
  CALL(3, pidfd_open, 77, 0x880);
  CALL(3, pidfd_open, 77, 1);
  CALL(4, pidfd_getfd, 3, 7, 0);
  CALL(4, pidfd_getfd, 3, 7, 0x81);
  CALL(0, pidfd_send_signal, 3, 9, 0, 0);
  CALL(0, pidfd_send_signal, 3, 9, siginfo(9, 0), 1);
  CALL(0, pidfd_send_signal, 3, 9, kBad, 2);
  CALL(0, pidfd_send_signal, (uint64_t)-10000, 10, siginfo(10, (uint32_t)-1), 7);
}

static void futexes(void) {
  const uint64_t word = INTS(1, 2), time = WORDS(3, narrow ? 0 : 5, 5, 0);
  for (uint64_t op = 0; op < 16; ++op) {
    for (uint64_t flags = 0; flags < 4; ++flags) {
      CALL(1, futex, word, op | flags << 7, 1, time, word + 4, 0xffffffff);
      CALL(-EAGAIN, futex, word, op | flags << 7, 0x80000000, 0, word + 4, 0x12345678);
      CALL(1, futex_time64, word, op | flags << 7, 1, time, word + 4, 0xffffffff);
    }
  }
  for (uint64_t op = 0; op < 10; ++op)
    CALL(1, futex, word, 5, 1, 1, word + 4, op << 28 | (op + 1) % 8 << 24 | 0x7001);
  const uint64_t waits = here();
  for (uint64_t i = 0; i < 5; ++i) {
    u64(i);
    u64(word);
    u32(i == 0 ? 2 : i == 1 ? 0x82 : i == 2 ? 0x86 : i == 3 ? 0x100 : 3);
    u32(i == 4);
  }
  CALL(1, futex_waitv, waits, 5, 0, time, 1);
  CALL(-ETIMEDOUT, futex_waitv, waits, 1, 1, 0, 0);
  CALL(-EFAULT, futex_waitv, 0, 1, 0, kBad, 7);
  CALL(1, futex_wake, word, 1, 1, 0x82);
  CALL(1, futex_wake, word, 0xffffffff, 2, 0x1000);
  CALL(0, futex_wait, word, 1, 0xffffffff, 0x82, time, 1);
  CALL(-EAGAIN, futex_wait, word, 1, 2, 0x2, 0, 0);
  CALL(0, futex_requeue, waits, 0, 1, 2);
  CALL(0, futex_requeue, waits, 7, 1, 2);
  CALL(-EFAULT, futex_requeue, 0, 0, 1, 2);
  const uint64_t head = WORDS(0x401000, (uint64_t)-32, 0);
  CALL(0, set_robust_list, head, narrow ? 12 : 24);
  CALL(0, get_robust_list, 77, WORDS(head), WORDS(24));
  CALL(-EPERM, get_robust_list, 77, WORDS(head), WORDS(24));
  CALL(0, rseq_slice_yield, 0);
  CALL(1, rseq_slice_yield, 0);
}

#define IPC(call, first, second, third, pointer, fifth) \
  CALL(0, ipc, call, first, second, third, pointer, fifth)

// i386's one call for all of System V IPC.
static void multiplexed(void) {
  const uint64_t time = WORDS(3, 5, 5, 0), at = INTS(0x1234, 1000, 100, 1001, 101, 0600, 7, 8, 9,
                                                     10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20);
  IPC(1, 5, 2, 0, operations(2), 0);
  IPC(2, 1, 3, 01600, 0, 0);
  IPC(4, 5, 2, 0, operations(2), time);
  IPC(11, 7, 12, 04000, WORDS(3, 0x65676173), 0);
  IPC(12, 7, 12, 04000, WORDS(at, 3), 0);
  IPC(0x1000c, 7, 12, 04000, at, 3);
  CALL(4, ipc, 12, 7, 12, 04000, WORDS(at, 3), 0);
  CALL(4, ipc, 0x1000c, 7, 12, 04000, at, 3);
  IPC(13, 0, 01600, 0, 0, 0);
  IPC(21, 6, 010000, WORDS(0x20003000), 0, 0);
  CALL(-EINVAL, ipc, 21, 6, 010000, WORDS(0x20003000), 0x20003000, 0);
  IPC(22, 0, 0, 0, 0x20003000, 0);
  IPC(23, 0, 4096, 01600, 0, 0);
  for (uint64_t command = 0; command < 20; ++command) {
    IPC(3, 5, 1, command, WORDS(at), 0);
    IPC(3, 5, 1, command | 0x100, WORDS(at), 0);
    CALL(-EINVAL, ipc, 3, 5, 1, command, WORDS(at), 0);
    IPC(14, 7, command, 0, at, 0);
    IPC(14, 7, command | 0x100, 0, at, 0);
    IPC(24, 6, command, 0, at, 0);
    IPC(24, 6, command | 0x100, 0, at, 0);
  }
  for (uint64_t call = 0; call < 30; ++call) {
    IPC(call, 1, 2, 3, 0, 0);
    IPC(call, 1, 2, 3, WORDS(0), 0);
    IPC(call, 1, 2, 0x103, kBad, kBad);
  }
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(ids, semaphores, messages, timers, clocks, signals, futexes, multiplexed);
  return end_calls();
}
