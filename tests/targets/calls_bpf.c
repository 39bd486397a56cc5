// bpf, perf_event_open, io_uring, keys, landlock and seccomp with arguments that mean something
// (tests/targets/made_calls.h).
//
//   calls_bpf native|i386 ERROR [PART]
//
// ERROR is what the calls return: 0, or an errno.
#include "made_calls.h"

struct numbers {
  uint32_t bpf, perf_event_open, uring_setup, uring_enter, uring_register, add_key, request_key,
      keyctl, landlock_create, landlock_add, landlock_restrict, seccomp;
};
static const struct numbers kNative = {SYS_bpf,     SYS_perf_event_open, 425,        426, 427,
                                       SYS_add_key, SYS_request_key,     SYS_keyctl, 444, 445,
                                       446,         SYS_seccomp};
static const struct numbers kI386 = {357, 336, 425, 426, 427, 286, 287, 288, 444, 445, 446, 354};
static struct numbers number;

static const uint64_t at = 0x20000000;
static const uint64_t text = 0x20006000, unreadable = 0x20010000;

static void call(uint32_t which, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                 uint64_t f) {
  make(which, a, b, c, d, e, f);
}

static void put32(size_t offset, uint32_t value) {
  memcpy(memory + offset, &value, sizeof value);
}
static void put64(size_t offset, uint64_t value) {
  memcpy(memory + offset, &value, sizeof value);
}

// Every command with attributes of every size, up to where the memory ends.
static void bpf_calls(void) {
  static const uint32_t sizes[] = {0,  1,  4,   7,   8,   12,  16,  20,  24,  28,
                                   32, 36, 40,  44,  48,  52,  56,  64,  68,  72,
                                   76, 80, 100, 112, 128, 136, 144, 152, 160, 200};
  for (uint32_t command = 0; command < 42; ++command) {
    call(number.bpf, command, 0, 0, 0, 0, 0);
    call(number.bpf, command, 0, 64, 0, 0, 0);
    call(number.bpf, command, unreadable, 64, 0, 0, 0);
    call(number.bpf, command, unreadable - 60, 64, 0, 0, 0);
    call(number.bpf, command, at, 5000, 0, 0, 0);
    for (uint32_t seed = 0; seed < 12; ++seed) {
      fill(seed, 512);
      if (seed == 0) memset(memory, 0, 512);
      for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        call(number.bpf, command, at, sizes[i], 0, 0, 0);
      }
    }
  }
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: calls_bpf native|i386 ERROR [PART]\n");
    return 2;
  }
  made_for_i386 = strcmp(argv[1], "i386") == 0;
  number = made_for_i386 ? kI386 : kNative;
  map_memory();
  strcpy((char*)memory + 0x6000, "a text\n");
  answer(atoi(argv[2]), (const uint32_t*)&number, sizeof number / sizeof(uint32_t));
  const char* part = argc > 3 ? argv[3] : "";
  if (*part == '\0' || strcmp(part, "bpf") == 0) bpf_calls();
  return 0;
}
