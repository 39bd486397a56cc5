// System V IPC, message queues, signals, clocks and timers, futexes: each call with each command
// and flag, with structures that mean something, with NULL and with addresses that cannot be read.
//
//   calls-ipc [i386]
#include "calls.h"

static void ids(void) {
  static const uint32_t flags[] = {0,      0600,   01666,  03777,   07000,   010400,
                                   014000, 020000, 040600, 0x54006, 0x74007, 0xfc000000};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i) {
    CALL(SYS_semget, 393, 5, i, 3, flags[i]);
    CALL(SYS_shmget, 395, 6, i * 0x11111111, 4096, flags[i]);
    CALL(SYS_msgget, 399, 7, i, flags[i]);
    CALL(SYS_shmat, 397, 0x20001000, i, i * 0x1000, flags[i]);
  }
  CALL(SYS_shmdt, 398, 0, 0x20001000);
  CALL(SYS_shmat, 397, -EACCES, 6, 0, 0x5000);
}

static uint64_t operations(size_t count) {
  const uint64_t at = begin();
  for (size_t i = 0; i < count; ++i) {
    put(2, i);
    put(2, i % 2 ? (uint64_t)-1 : i);
    put(2, i == 1 ? 0x800 : i == 2 ? 0x1000 : i == 3 ? 0x1800 : i == 4 ? 0x2000 : 0);
  }
  return at;
}

static void semaphores(void) {
  CALL(SYS_semop, -1, 0, 5, operations(6), 6);
  CALL(SYS_semop, -1, 0, 5, operations(1), 0);
  CALL(SYS_semop, -1, -EFAULT, 5, 0, 2);
  CALL(SYS_semop, -1, -EFAULT, 5, kBad - 8, 4);
  CALL(SYS_semop, -1, 0, 5, operations(40), 40);
  const uint64_t one = operations(1);
  CALL(SYS_semtimedop, 420, 0, 5, one, 1, WORDS(3, i386 ? 0 : 500, 3, 4));
  CALL(SYS_semtimedop, 420, -EAGAIN, 5, one, 1, 0);
  CALL(SYS_semtimedop, 420, -EFAULT, 5, one, 1, kBad);
  for (uint64_t command = 0; command < 22; ++command) {
    const uint64_t at = INTS(0x1234, 1000, 100, 1001, 101, 0600, 7, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0,
                             13, 0, 14, 0, 15, 0, 16, 0, 17, 0, 18, 0, 19, 20);
    CALL(SYS_semctl, 394, 0, 5, 1, command, at);
    CALL(SYS_semctl, 394, 0, 5, 1, command | 0x100, at);
    CALL(SYS_semctl, 394, -EINVAL, 5, 1, command, at);
    CALL(SYS_semctl, 394, -EFAULT, 5, 1, command, 0);
    CALL(SYS_semctl, 394, 0, 5, 1, command, kBad - 8);
    CALL(SYS_shmctl, 396, 0, 6, command, at);
    CALL(SYS_shmctl, 396, 0, 6, command | 0x100, at);
    CALL(SYS_shmctl, 396, -EINVAL, 6, command, at);
    CALL(SYS_shmctl, 396, 0, 6, command, 0);
    CALL(SYS_msgctl, 402, 0, 7, command, at);
    CALL(SYS_msgctl, 402, 0, 7, command | 0x100, at);
    CALL(SYS_msgctl, 402, -EINVAL, 7, command, at);
    CALL(SYS_msgctl, 402, 0, 7, command, 0);
  }
}

static void messages(void) {
  const uint64_t at = begin();
  put_word(3);
  put_bytes("a message\n\0\1", 13);
  CALL(SYS_msgsnd, 400, 0, 7, at, 12, 0);
  CALL(SYS_msgsnd, 400, 0, 7, at, 12, 04000);
  CALL(SYS_msgsnd, 400, 0, 7, at, 0, 010000);
  CALL(SYS_msgsnd, 400, -EFAULT, 7, 0, 12, 0);
  CALL(SYS_msgsnd, 400, -EFAULT, 7, kBad, 12, 0);
  CALL(SYS_msgsnd, 400, -EFAULT, 7, kBad - 8, 12, 0);
  CALL(SYS_msgrcv, 401, 12, 7, at, 100, 0, 0);
  CALL(SYS_msgrcv, 401, 5, 7, at, 100, (uint64_t)-3, 04000);
  CALL(SYS_msgrcv, 401, 0, 7, at, 100, 3, 010000 | 020000 | 040000);
  CALL(SYS_msgrcv, 401, -ENOMSG, 7, at, 100, 3, 04000);
  CALL(SYS_msgrcv, 401, -EFAULT, 7, 0, 100, 3, 0);
  const uint64_t name = text("/queue");
  const uint64_t attributes = WORDS(0x800, 10, 8192, 3, 0, 0, 0, 0);
  CALL(SYS_mq_open, 277, 3, name, 0);
  CALL(SYS_mq_open, 277, 3, name, 0x8c2, 0600, attributes);
  CALL(SYS_mq_open, 277, 3, name, 0x42, 0666, 0);
  CALL(SYS_mq_open, 277, -EFAULT, name, 0x40, 0, kBad);
  CALL(SYS_mq_unlink, 278, 0, name);
  const uint64_t message = text("text\n");
  const uint64_t time = WORDS(3, i386 ? 0 : 5, 5, 0);
  CALL(SYS_mq_timedsend, 279, 0, 3, message, 5, 1, time);
  CALL(SYS_mq_timedsend, 279, 0, 3, message, 5, 1, 0);
  CALL(-1, 418, 0, 3, message, 5, 1, time);
  const uint64_t priority = INTS(9);
  CALL(SYS_mq_timedreceive, 280, 5, 3, message, 8192, priority, time);
  CALL(SYS_mq_timedreceive, 280, 5, 3, message, 8192, 0, 0);
  CALL(SYS_mq_timedreceive, 280, -ETIMEDOUT, 3, message, 8192, priority, time);
  CALL(-1, 419, 5, 3, message, 8192, priority, time);
  CALL(SYS_mq_getsetattr, 282, 0, 3, attributes, attributes);
  CALL(SYS_mq_getsetattr, 282, 0, 3, 0, attributes);
  CALL(SYS_mq_getsetattr, 282, -EBADF, 3, attributes, attributes);
}

// struct sigevent.
static uint64_t event(uint32_t how, uint32_t signal) {
  const uint64_t at = begin();
  put_word(0x4433221155);
  put(4, signal);
  put(4, how);
  put_word(how == 4 ? 777 : 0x401000);
  put_word(0x402000);
  return at;
}

static void timers(void) {
  const uint64_t id = INTS(2);
  for (uint32_t how = 0; how < 7; ++how) {
    CALL(SYS_timer_create, 259, 0, how, event(how, 10 + how), id);
    CALL(SYS_mq_notify, 281, 0, 3, event(how, 10 + how));
  }
  CALL(SYS_timer_create, 259, 0, 1, 0, id);
  CALL(SYS_timer_create, 259, -EINVAL, (uint64_t)-6, event(0, 100), id);
  CALL(SYS_timer_create, 259, 0, (uint64_t)-2, kBad, kBad);
  CALL(SYS_mq_notify, 281, 0, 3, 0);
  const uint64_t times = WORDS(1, 2, 3, 4, 5, 6, 7, 8);
  CALL(SYS_timer_settime, 260, 0, 2, 0, times, times);
  CALL(SYS_timer_settime, 260, 0, 2, 1, times, 0);
  CALL(SYS_timer_gettime, 261, 0, 2, times);
  CALL(SYS_timer_gettime, 261, -EINVAL, 2, times);
  CALL(-1, 408, 0, 2, times);
  CALL(-1, 409, 0, 2, 1, times, times);
  CALL(SYS_timerfd_settime, 325, 0, 2, 1, times, times);
  CALL(SYS_timerfd_settime, 325, 0, 2, 3, times, 0);
  CALL(SYS_timerfd_gettime, 326, 0, 2, times);
  CALL(-1, 410, 0, 2, times);
  CALL(-1, 411, 0, 2, 0, times, times);
  CALL(SYS_timerfd_create, 322, 3, 1, 0x80800);
  CALL(SYS_timer_getoverrun, 262, 4, 2);
  CALL(SYS_timer_delete, 263, 0, 2);
  for (uint64_t which = 0; which < 4; ++which) {
    CALL(SYS_getitimer, 105, 0, which, times);
    CALL(SYS_setitimer, 104, 0, which, times, times);
  }
  CALL(SYS_setitimer, 104, 0, 0, times, 0);
  CALL(SYS_alarm, 27, 3, 10);
  CALL(SYS_times, 43, 1234, WORDS(1, 250, 3, 0x7fffffff));
  CALL(SYS_times, 43, 1234, 0);
}

static uint64_t timex(uint32_t modes, uint32_t status) {
  const uint64_t at = begin();
  put(4, modes);
  const uint64_t values[] = {1, (uint64_t)-2, 3, 4};
  for (size_t i = 0; i < 4; ++i)
    put_word(values[i]);
  put(4, status);
  for (uint64_t i = 6; i < 18; ++i) {
    if (i == 14) {
      put(4, 99);
    } else {
      put_word(i);
    }
  }
  put(4, 37);
  return at;
}

static void clocks(void) {
  static const uint32_t ids[] = {
      0, 1, 11, 12, (uint32_t)-6, (uint32_t)-1005, (uint32_t)-30, (uint32_t)-29, (uint32_t)-1};
  const uint64_t time = WORDS(1000000000, i386 ? 0 : 5, 5, 0, 7, 8);
  for (size_t i = 0; i < sizeof ids / sizeof *ids; ++i) {
    CALL(SYS_clock_gettime, 265, 0, ids[i], time);
    CALL(SYS_clock_settime, 264, 0, ids[i], time);
    CALL(SYS_clock_getres, 266, 0, ids[i], time);
    CALL(-1, 403, 0, ids[i], time);
    CALL(-1, 404, 0, ids[i], time);
    CALL(-1, 406, 0, ids[i], time);
  }
  CALL(SYS_clock_gettime, 265, -EINVAL, 0, time);
  CALL(SYS_clock_nanosleep, 267, 0, 0, 0, time, time);
  CALL(SYS_clock_nanosleep, 267, 0, 1, 1, time, time);
  CALL(SYS_clock_nanosleep, 267, -EINTR, 1, 0, time, time);
  CALL(-1, 407, -EINTR, 1, 0, time, time);
  CALL(SYS_nanosleep, 162, 0, time, time);
  CALL(SYS_nanosleep, 162, -EINTR, time, time);
  CALL(SYS_nanosleep, 162, -EINTR, time, 0);
  CALL(SYS_time, 13, 1000000000, 0);
  CALL(SYS_time, 13, 1000000000, time);
  CALL(-1, 25, 0, time);
  CALL(-1, 25, 0, 0);
  CALL(SYS_gettimeofday, 78, 0, time, INTS(60, 1));
  CALL(SYS_settimeofday, 79, 0, time, 0);
  static const uint32_t modes[] = {0, 1, 0x43ff, 0x8001, 0xa001, 0x3000, 0x80};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
    const uint64_t at = timex(modes[i], i == 0 ? 0xffff : 1u << i);
    CALL(SYS_adjtimex, 124, i, at);
    CALL(SYS_clock_adjtime, 343, i, 0, at);
    CALL(-1, 405, i, 0,
         INTS(modes[i], 0, 1, 0, 2, 0, 3, 0, 4, 0, 1u << i, 0, 6, 0, 7, 0, 8, 0, 9, 0, 10, 0, 11, 0,
              12, 0, 13, 0, 14, 0, 15, 0, 16, 0, 17, 0, 18, 0, 19, 20, 21, 22));
  }
  CALL(SYS_adjtimex, 124, -EFAULT, 0);
  CALL(SYS_adjtimex, 124, -EPERM, timex(1, 0));
  CALL(SYS_clock_adjtime, 343, -EFAULT, 0, kBad);
}

static uint64_t siginfo(uint32_t signal, uint32_t code) {
  const uint64_t at = begin();
  put(4, signal);
  put(4, 0);
  put(4, code);
  if (!i386) put(4, 0);
  for (uint32_t i = 0; i < 8; ++i)
    put(4, 100 + i);
  return at;
}

static void signals(void) {
  const uint64_t set = INTS(0x14003, 0x80000001), other = INTS(0xfffffffe, 0xffffffff);
  const uint64_t action = WORDS(0x401000, 0x54000007, 0x402000, 0x10001, 0x80000000);
  const uint64_t plain = WORDS(1, 0, 0, 0, 0);
  CALL(SYS_rt_sigaction, 174, 0, 2, action, plain, 8);
  CALL(SYS_rt_sigaction, 174, 0, 34, plain, action, 8);
  CALL(SYS_rt_sigaction, 174, -EINVAL, 9, action, plain, 8);
  CALL(SYS_rt_sigaction, 174, 0, 65, 0, plain, 4);
  CALL(-1, 67, 0, 2, action, plain);
  CALL(-1, 67, -EINVAL, 2, 0, plain);
  CALL(-1, 48, 0, 10, 1);
  CALL(-1, 48, 0x401000, 10, 0x401000);
  CALL(-1, 48, 1, 10, 0);
  CALL(-1, 68, 0x10003);
  CALL(-1, 69, 0x10003, 0x4002);
  CALL(-1, 72, -514, 1, 2, 0x4002);
  CALL(-1, 73, 0, set);
  for (uint64_t how = 0; how < 4; ++how) {
    CALL(SYS_rt_sigprocmask, 175, 0, how, set, other, 8);
    CALL(SYS_rt_sigprocmask, 175, 0, how, 0, set, 8);
    CALL(-1, 126, 0, how, set, other);
  }
  CALL(-1, 126, 0, 0, 0, 0);
  CALL(SYS_rt_sigprocmask, 175, -EINVAL, 0, set, other, 16);
  CALL(SYS_rt_sigpending, 176, 0, set, 8);
  CALL(SYS_rt_sigpending, 176, 0, set, 4);
  CALL(SYS_rt_sigsuspend, 179, -514, set, 8);
  const uint64_t time = WORDS(3, i386 ? 0 : 5, 5, 0);
  CALL(SYS_rt_sigtimedwait, 177, 10, set, siginfo(10, 0), time, 8);
  CALL(SYS_rt_sigtimedwait, 177, 10, set, 0, 0, 8);
  CALL(SYS_rt_sigtimedwait, 177, -EAGAIN, set, siginfo(10, 0), time, 8);
  CALL(-1, 421, 10, set, siginfo(10, 0), time, 8);
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
    CALL(SYS_rt_sigqueueinfo, 178, 0, 77, codes[i][0], siginfo(codes[i][0], codes[i][1]));
    CALL(SYS_rt_tgsigqueueinfo, 335, 0, 77, 78, codes[i][0], siginfo(codes[i][0], codes[i][1]));
  }
  CALL(SYS_sigaltstack, 186, 0, WORDS(0x401000, 0, 8192), WORDS(0, 2, 0));
  CALL(SYS_sigaltstack, 186, 0, 0, WORDS(0, 0x80000001, 0));
  CALL(SYS_signalfd, 321, 4, (uint64_t)-1, set, 8);
  CALL(SYS_signalfd4, 327, 4, (uint64_t)-1, set, 8, 0x80800);
  CALL(SYS_signalfd4, 327, 4, 4, set, 8, 1);
  CALL(SYS_signalfd4, 327, -EINVAL, 4, 0, 4, 0);
  CALL(SYS_kill, 37, 0, (uint64_t)-77, 15);
  CALL(SYS_tkill, 238, 0, 77, 0);
  CALL(SYS_tgkill, 270, 0, 77, 78, 64);
  CALL(SYS_pause, 29, -514, 0);
  CALL(434, 434, 3, 77, 0);
  CALL(434, 434, 3, 77, 0x800);
  CALL(434, 434, 3, 77, 0x880);
  CALL(434, 434, 3, 77, 1);
  CALL(438, 438, 4, 3, 7, 0);
  CALL(438, 438, 4, 3, 7, 0x81);
  CALL(424, 424, 0, 3, 9, 0, 0);
  CALL(424, 424, 0, 3, 9, siginfo(9, 0), 1);
  CALL(424, 424, 0, 3, 9, kBad, 2);
  CALL(424, 424, 0, (uint64_t)-10000, 10, siginfo(10, (uint32_t)-1), 7);
}

static void futexes(void) {
  const uint64_t word = INTS(1, 2), time = WORDS(3, i386 ? 0 : 5, 5, 0);
  for (uint64_t op = 0; op < 16; ++op) {
    for (uint64_t flags = 0; flags < 4; ++flags) {
      CALL(SYS_futex, 240, 1, word, op | flags << 7, 1, time, word + 4, 0xffffffff);
      CALL(SYS_futex, 240, -EAGAIN, word, op | flags << 7, 0x80000000, 0, word + 4, 0x12345678);
      CALL(-1, 422, 1, word, op | flags << 7, 1, time, word + 4, 0xffffffff);
    }
  }
  for (uint64_t op = 0; op < 10; ++op)
    CALL(SYS_futex, 240, 1, word, 5, 1, 1, word + 4, op << 28 | (op + 1) % 8 << 24 | 0x7001);
  const uint64_t waits = begin();
  for (uint64_t i = 0; i < 5; ++i) {
    put(8, i);
    put(8, word);
    put(4, i == 0 ? 2 : i == 1 ? 0x82 : i == 2 ? 0x86 : i == 3 ? 0x100 : 3);
    put(4, i == 4);
  }
  CALL(449, 449, 1, waits, 5, 0, time, 1);
  CALL(449, 449, -ETIMEDOUT, waits, 1, 1, 0, 0);
  CALL(449, 449, -EFAULT, 0, 1, 0, kBad, 7);
  CALL(454, 454, 1, word, 1, 1, 0x82);
  CALL(454, 454, 1, word, 0xffffffff, 2, 0x1000);
  CALL(455, 455, 0, word, 1, 0xffffffff, 0x82, time, 1);
  CALL(455, 455, -EAGAIN, word, 1, 2, 0x2, 0, 0);
  CALL(456, 456, 0, waits, 0, 1, 2);
  CALL(456, 456, 0, waits, 7, 1, 2);
  CALL(456, 456, -EFAULT, 0, 0, 1, 2);
  const uint64_t head = WORDS(0x401000, (uint64_t)-32, 0);
  CALL(SYS_set_robust_list, 311, 0, head, i386 ? 12 : 24);
  CALL(SYS_get_robust_list, 312, 0, 77, WORDS(head), WORDS(24));
  CALL(SYS_get_robust_list, 312, -EPERM, 77, WORDS(head), WORDS(24));
  CALL(471, 471, 0, 0);
  CALL(471, 471, 1, 0);
}

#define IPC(call, first, second, third, pointer, fifth) \
  CALL(-1, 117, 0, call, first, second, third, pointer, fifth)

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
  CALL(-1, 117, 4, 12, 7, 12, 04000, WORDS(at, 3), 0);
  CALL(-1, 117, 4, 0x1000c, 7, 12, 04000, at, 3);
  IPC(13, 0, 01600, 0, 0, 0);
  IPC(21, 6, 010000, WORDS(0x20003000), 0, 0);
  CALL(-1, 117, -EINVAL, 21, 6, 010000, WORDS(0x20003000), 0x20003000, 0);
  IPC(22, 0, 0, 0, 0x20003000, 0);
  IPC(23, 0, 4096, 01600, 0, 0);
  for (uint64_t command = 0; command < 20; ++command) {
    IPC(3, 5, 1, command, WORDS(at), 0);
    IPC(3, 5, 1, command | 0x100, WORDS(at), 0);
    CALL(-1, 117, -EINVAL, 3, 5, 1, command, WORDS(at), 0);
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
  begin_answering(argc, argv);
  ids();
  semaphores();
  messages();
  timers();
  clocks();
  signals();
  futexes();
  multiplexed();
  end_answering();
  return 1;
}
