// bpf, perf_event_open, io_uring, keys, landlock and seccomp with arguments that mean something.
//
//   calls-bpf [native|i386 [ERROR [PART]]]
//
// ERROR is what the calls return: 0, or an errno. PART is the name of a function, without _calls.
#include "calls.h"

static int64_t result;

static const uint64_t at = 0x20000000, string = 0x20006000;

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
    CALL(result, bpf, command, 0, 0, 0, 0, 0);
    CALL(result, bpf, command, 0, 64, 0, 0, 0);
    CALL(result, bpf, command, kBad, 64, 0, 0, 0);
    CALL(result, bpf, command, kBad - 60, 64, 0, 0, 0);
    CALL(result, bpf, command, at, 5000, 0, 0, 0);
    for (uint32_t seed = 0; seed < 12; ++seed) {
      fill_fields(seed, 512);
      for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        CALL(result, bpf, command, at, sizes[i], 0, 0, 0);
      }
    }
  }
}

// perf_event_open with every event type, every bit of the attributes, every size.
static void perf_calls(void) {
  static const uint32_t sizes[] = {0, 63, 64, 72, 80, 92, 96, 104, 112, 120, 128, 136, 144, 160};
  memset(memory, 0, 512);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
    put32(4, sizes[i]);
    CALL(result, perf_event_open, at, 0, (uint64_t)-1, (uint64_t)-1, 0, 0);
  }
  put32(4, 144);
  for (uint32_t type = 0; type < 8; ++type) {
    for (uint64_t event = 0; event < 14; ++event) {
      put32(0, type);
      put64(8, event);
      CALL(result, perf_event_open, at, 1, 2, 3, 1ull << event, 0);
    }
    put64(8, 0x400010203);
    CALL(result, perf_event_open, at, 1, 2, 3, 0, 0);
  }
  for (size_t offset = 16; offset < 144; offset += 8) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      memset(memory + 8, 0, 136);
      put32(0, bit % 6);
      put64(24, 0x2800);
      put64(offset, 1ull << bit);
      CALL(result, perf_event_open, at, 0, 0, (uint64_t)-1, 8, 0);
    }
  }
  CALL(result, perf_event_open, 0, 0, 0, 0, 0, 0);
  CALL(result, perf_event_open, kBad - 4, 0, 0, 0, 0, 0);
}

static void uring_calls(void) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    memset(memory, 0, 256);
    put32(8, 1u << bit);
    put32(20, 1u << bit);
    CALL(result, io_uring_setup, 4, at, 0, 0, 0, 0);
    put64(0, string);
    put32(8, 8);
    put64(16, 0);
    if ((1u << bit & 0x48) != 0x48) CALL(result, io_uring_enter, 3, 1, 2, 1u << bit, at, 8);
  }
  for (uint32_t operation = 0; operation < 40; ++operation) {
    for (uint32_t count = 0; count < 3; ++count) {
      memset(memory, 0, 4096);
      put32(0, 1);
      put64(8, at + 0x1000);
      put32(24, 2);
      if (operation == 8) memset(memory, 0, 256);
      // Those that strace shows again after the call, whether or not that changed anything.
      if (operation == 19 || operation == 27 || operation == 29) continue;
      // Not described.
      if (operation >= 31 && operation != 34) continue;
      CALL(result, io_uring_register, 3, operation, at, count == 2 ? 32 : count, 0, 0);
      CALL(result, io_uring_register, 3, operation | 0x80000000, 0, count, 0, 0);
    }
  }
}

static void key_calls(void) {
  strcpy((char*)memory, "user");
  strcpy((char*)memory + 16, "a description\n");
  for (int key = -9; key < 2; ++key) {
    CALL(result, add_key, at, at + 16, string, 7, (uint64_t)key, 0);
    CALL(result, request_key, at, at + 16, string, (uint64_t)key, 0, 0);
  }
  CALL(result, add_key, 0, kBad, 0, 5, 7, 0);
  for (uint64_t operation = 0; operation < 35; ++operation) {
    CALL(result, keyctl, operation, at, string, 5, (uint64_t)-3, 0);
    CALL(result, keyctl, operation, (uint64_t)-2, at, string, 1, 0);
    CALL(result, keyctl, operation, (uint64_t)-1, 0, 0, 0, 0);
    CALL(result, keyctl, operation, 5, at + 0x1000, 0, (uint64_t)-1, 0);
  }
  for (unsigned bit = 0; bit < 32; ++bit)
    CALL(result, keyctl, 5, 1, 1u << bit, 0, 0, 0);
}

static void landlock_calls(void) {
  memset(memory, 0, 64);
  for (unsigned bit = 0; bit < 20; ++bit) {
    for (size_t offset = 0; offset < 48; offset += 8)
      put64(offset, 1ull << bit);
    CALL(result, landlock_create_ruleset, at, 8 + 4 * (bit % 11), bit, 0, 0, 0);
    CALL(result, landlock_add_rule, 3, bit % 4, at, bit % 3, 0, 0);
    CALL(result, landlock_restrict_self, 3, 1u << bit, 0, 0, 0, 0);
  }
  CALL(result, landlock_create_ruleset, 0, 0, 1, 0, 0, 0);
  CALL(result, landlock_create_ruleset, at, 4, 0, 0, 0, 0);
  CALL(result, landlock_add_rule, (uint64_t)-1, 1, kBad - 8, 0, 0, 0);
}

// All codes of the old machine's instructions, in a filter.
static void seccomp_calls(void) {
  struct sock_filter* const program = (struct sock_filter*)(memory + 0x1000);
  for (unsigned code = 0; code < 256; ++code) {
    program[code] = (struct sock_filter){(unsigned short)code, (unsigned char)(code % 3 == 0),
                                         (unsigned char)(code % 5 == 0), code << 12};
  }
  static const uint32_t counts[] = {0, 1, 256};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
    put64(0, counts[i]);
    if (narrow)
      put32(4, (uint32_t)(at + 0x1000));
    else
      put64(8, at + 0x1000);
    for (unsigned flag = 0; flag < 8; ++flag)
      CALL(result, seccomp, 1, 1u << flag, at, 0, 0, 0);
  }
  static const uint32_t actions[] = {0,          0x80000000, 0x30000,    0x50000,
                                     0x7fc00000, 0x7ff00000, 0x7ffc0000, 0x7fff0000};
  for (size_t i = 0; i < sizeof actions / sizeof *actions; ++i) {
    put32(0, actions[i]);
    CALL(result, seccomp, 2, 0, at, 0, 0, 0);
  }
  CALL(result, seccomp, 0, 0, 0, 0, 0, 0);
  CALL(result, seccomp, 3, 0, at, 0, 0, 0);
  CALL(result, seccomp, 4, 1, at, 0, 0, 0);
}

int main(int argc, char** argv) {
  static const struct {
    const char* name;
    void (*calls)(void);
  } parts[] = {{"bpf", bpf_calls},  {"perf", perf_calls},         {"uring", uring_calls},
               {"keys", key_calls}, {"landlock", landlock_calls}, {"seccomp", seccomp_calls}};
  result = argc > 2 ? -atoi(argv[2]) : 0;
  begin_calls(argc, argv);
  for (EACH(i, parts)) {
    if (argc > 3 && strcmp(argv[3], parts[i].name) != 0) continue;
    fresh();
    strcpy((char*)memory + 0x6000, "a text\n");
    parts[i].calls();
  }
  return end_calls();
}
