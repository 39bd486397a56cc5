// Waiting for descriptors and for what happens to files: with every command, every flag and valid
// structures.
//
//   calls-polls [native|i386]
#include "calls.h"

static uint64_t polls(int after) {
  static const uint64_t kEvents[] = {1,      2,      4,    0x40,  0x8,    0x10, 0x20,
                                     0x2000, 0x8000, 0x80, 0x400, 0x1000, 0x5};
  const uint64_t at = here();
  for (EACH(i, kEvents)) {
    u32(i == 3 ? kNone : i);
    u16(kEvents[i]);
    u16(after && i % 3 == 0 ? kEvents[i] : 0);
  }
  return at;
}

static void polling(void) {
  static const int64_t kResults[] = {0, 4, -EINTR, -EINVAL};
  static const enum Call kNames[] = {CALL_poll, CALL_ppoll, CALL_ppoll_time64};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      const uint64_t at = polls(0);
      uint64_t third = 1000, mask = 0;
      if (n != 0) {
        third = here();
        if (n == 2)
          u64(5), u64(100);
        else
          word(5), word(100);
        mask = u64(0x4002);
      }
      answer_at(at);
      polls(1);
      if (n != 0) {
        here();
        if (n == 2)
          u64(3), u64(99);
        else
          word(3), word(99);
        u64(0x4002);
      }
      answer_ends();
      make(kResults[i], kNames[n], (const uint64_t[6]){at, 13, third, mask, 8});
    }
  }
  CALL(0, poll, 0, 0, kNone);
  CALL(1, poll, 0, 1, 0);
  CALL(0, ppoll, 0, 0, 0, 0, 0);
  uint64_t at = at_end(20);
  zeros(20);
  CALL(0, poll, at, 4, 5);
  at = zeros(40 * 8);
  CALL(0, poll, at, 40, 5);
  at = here();
  for (int i = 0; i < 40; ++i)
    u32((uint64_t)i), u16(1), u16(0);
  answer_at(at);
  for (int i = 0; i < 40; ++i)
    u32((uint64_t)i), u16(1), u16(1);
  answer_ends();
  CALL(40, poll, at, 40, 5);
}

static void selecting(void) {
  static const int64_t kResults[] = {0, 3, -EINTR, -EINVAL};
  static const enum Call kNames[] = {CALL_select, CALL__newselect, CALL_pselect6,
                                     CALL_pselect6_time64};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      uint64_t sets[3], timeout = 0, mask = 0;
      for (int round = 0; round < 2; ++round) {
        if (round == 1) answer_at(sets[0]);
        for (int set = 0; set < 3; ++set) {
          sets[set] = u64(round == 0 ? (uint64_t)0x8000000f << set : (uint64_t)set << 1);
          u64(1);
        }
        timeout = here();
        if (n == 3)
          u64(5), u64(100);
        else
          word(5), word(round == 0 ? 100 : 99);
        const uint64_t signals = u64(0x4002);
        here();
        mask = word(signals);
        word(8);
      }
      answer_ends();
      if (n == 0 && narrow) {
        const uint64_t all = here();
        u32(65);
        for (int set = 0; set < 3; ++set)
          u32(sets[set]);
        u32(timeout);
        CALL(i == 1 ? 5 : kResults[i], select, all);
        continue;
      }
      make(kResults[i], kNames[n],
           (const uint64_t[6]){65, sets[0], i == 1 ? 0 : sets[1], sets[2], timeout,
                               n > 1 ? mask : 0});
    }
  }
  CALL(0, _newselect, 0, 0, 0, 0, 0);
  CALL(0, pselect6, kNone, 0, here(), 0, 0, 0);
  CALL(0, pselect6, 5, 0, zeros(8), 0, 0, zeros(16));
  static const uint64_t kCounts[] = {0,    1,       64,         1024,       1025,        4096,
                                     5000, 0x80000, 0x7fffffff, 0x80000000, (uint64_t)-1};
  for (EACH(i, kCounts)) {
    fresh();
    const uint64_t set = u64(0x8000000000000005);
    cursor = 4096 / 8 - 8;
    u64(0x8000000000000000);
    cursor = 5000 / 8;
    u8(7);
    CALL(0, pselect6, kCounts[i], set, 0, set + 8, 0, 0);
    CALL(0, _newselect, kCounts[i], set, here(), 0, 0);
  }
  CALL(0, pselect6, 5, at_end(4), at_end(1), at_end(8), 0, 0);
}

static void epolls(void) {
  for (uint64_t operation = 0; operation < 5; ++operation) {
    const uint64_t at = u32(1);
#if !defined(__x86_64__)
    u32(0);
#endif
    u64(0x1122334455667788);
    CALL(0, epoll_ctl, 3, operation, 4, at);
  }
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    const uint64_t at = u32(bit);
#if !defined(__x86_64__)
    u32(0);
#endif
    u64(5);
    CALL(0, epoll_ctl, 3, 1, 4, at);
  }
  CALL(0, epoll_ctl, 3, 1, 4, 0);
  CALL(0, epoll_ctl_old, 3, 1, 4, 0);
  CALL(0, epoll_wait_old, 3, 1, 4, 0);
  CALL(0, epoll_create1, 0x80000);
  CALL(0, epoll_create1, 1);
  CALL(0, epoll_create, 5);
  static const int64_t kResults[] = {0, 2, -EINTR};
  static const enum Call kNames[] = {CALL_epoll_wait, CALL_epoll_pwait, CALL_epoll_pwait2};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      uint64_t timeout = 100;
      if (n == 2) {
        timeout = u64(5);
        u64(7);
      }
      const uint64_t mask = u64(0x4002);
      answer_begins();
      const uint64_t at = u32(1);
#if !defined(__x86_64__)
      u32(0);
#endif
      u64(0x1122334455667788);
      u32(0x80002011);
#if !defined(__x86_64__)
      u32(0);
#endif
      u64(4);
      answer_ends();
      make(kResults[i], kNames[n], (const uint64_t[6]){3, at, 10, timeout, mask, 8});
    }
  }
  CALL(0, epoll_pwait2, 3, here(), 10, 0, 0, 8);
}

static void notifications(void) {
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    CALL(0, inotify_add_watch, 3, text("name"), bit);
    CALL(0, fanotify_init, bit, 0);
    if (narrow)
      CALL(0, fanotify_mark, 3, bit, HALVES(bit), kHere, text("name"));
    else
      CALL(0, fanotify_mark, 3, bit, bit, kHere, text("name"));
  }
  CALL(0, inotify_add_watch, 3, text("name"), 0xfff);
  CALL(0, inotify_init1, 0x80800);
  CALL(0, inotify_init);
  CALL(0, inotify_rm_watch, 3, 5);
  for (uint64_t class = 0; class < 4; ++class)
    CALL(0, fanotify_init, class << 2 | 3, 0x80802);
  CALL(0, fanotify_init, 0x7fff, 0x8000);
  for (uint64_t type = 0; type < 4; ++type) {
    const uint64_t flags = 1 | (type & 1) << 4 | (type & 2) << 7;
    if (narrow)
      CALL(0, fanotify_mark, 3, flags, HALVES(0x4800003b), 5, 0);
    else
      CALL(0, fanotify_mark, 3, flags, 0x4800003b, 5, 0);
  }
  if (!narrow) {
    CALL(0, fanotify_mark, 3, 0x80, 0, kNone, 0);
    CALL(0, fanotify_mark, 3, 2, 0x7fffffffff, (uint64_t)-2, text("name"));
  }
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(polling, selecting, epolls, notifications);
  return end_calls();
}
