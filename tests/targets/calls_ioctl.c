// ioctl with commands that are decoded, and what each of them points to.
//
//   calls-ioctl [native|i386 [ERROR [FILE [once]]]]
//
// ERROR is what the calls return: 0, or an errno. With FILE, which holds hexadecimal numbers, the
// commands are those; with "once" each is made with NULL alone.
#include "calls.h"

// Those whose argument is decoded, with the sizes of x86-64.
static const uint32_t kCommands[] = {
    // clang-format off
    // terminals
    0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408, 0x5409, 0x540a, 0x540b, 0x540c,
    0x540d, 0x540e, 0x540f, 0x5410, 0x5411, 0x5412, 0x5413, 0x5414, 0x5415, 0x5416, 0x5417, 0x5418,
    0x5419, 0x541a, 0x541b, 0x541c, 0x541d, 0x541e, 0x541f, 0x5420, 0x5421, 0x5422, 0x5423, 0x5424,
    0x5425, 0x5427, 0x5428, 0x5429, 0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d, 0x80045430,
    0x40045431, 0x5437, 0x5450, 0x5451, 0x5452, 0x5456, 0x5457,
    // files and block devices
    0x125d, 0x125e, 0x125f, 0x1260, 0x1261, 0x1262, 0x1263, 0x1267, 0x1268, 0x80081270, 0x40081271,
    0x80081272, 0x1277, 0x1278, 0x127e, 0x127f, 0x301, 0x40049409, 0x4020940d, 0xc0189436,
    0xc020660b, 0xc0185879, 0xc0045877, 0xc0045878, 0x80086601, 0x40086602, 0x80046601, 0x40046602,
    0x801c581f, 0x401c5820, 0x81009431, 0x41009432, 0x8004587d, 0x4c00, 0x4c01, 0x4c04, 0x4c05,
    0x4c06, 0x4c0a, 0x4c80, 0x4c82,
    // clocks, random numbers
    0x7001, 0x80247009, 0x4024700a, 0x80247008, 0x40247007, 0x80287010, 0x4028700f, 0x80047013,
    0x80045200, 0x40045201, 0x40085203, 0x5206,
    // sockets
    0x8901, 0x8903, 0x8905, 0x8906, 0x8910, 0x8912, 0x8913, 0x8914, 0x8915, 0x8916, 0x8917, 0x8919,
    0x891b, 0x891d, 0x8921, 0x8922, 0x8923, 0x8924, 0x8927, 0x8931, 0x8933, 0x8942, 0x8946, 0x8970,
    0x89a0, 0x89a2,
    // userfaultfd, namespaces, perf, seccomp, evdev
    0xc018aa3f, 0xc020aa00, 0x8010aa01, 0x8010aa02, 0xc028aa03, 0xc020aa04, 0xc018aa06, 0xc020aa07,
    0xc020aa08, 0xb701, 0xb702, 0xb703, 0xb704, 0x8008b705, 0x2400, 0x2401, 0x40082404, 0x2403,
    0xc0182101, 0x40082102, 0x40182103, 0x81004506, 0x80604520, 0x80404541,
    // unknown
    0x12345678, 0xc0de, 0xffffffff,
    // clang-format on
};

static void made_up_calls(int64_t result, uint32_t command) {
  const uint64_t at = 0x20001000;
  CALL(result, ioctl, 3, command, 0);
  CALL(result, ioctl, 3, command, 7);
  CALL(result, ioctl, kNone, command, kBad);
  for (uint64_t seed = 0; seed < 6; ++seed) {
    fill_fields(seed, kSize);
    CALL(result, ioctl, 3, command, at);
    CALL(result, ioctl, 3, command, kBad - 8);
  }
}

int main(int argc, char** argv) {
  static uint32_t read_commands[1 << 20];
  const uint32_t* commands = kCommands;
  size_t count = sizeof kCommands / sizeof *kCommands;
  if (argc > 3) {
    FILE* file = fopen(argv[3], "r");
    if (file == NULL) {
      perror(argv[3]);
      return 1;
    }
    commands = read_commands;
    count = 0;
    while (count < 1 << 20 && fscanf(file, "%x", &read_commands[count]) == 1)
      ++count;
    fclose(file);
  }
  const int64_t result = argc > 2 ? -atoi(argv[2]) : 0;
  begin_calls(argc, argv);
  for (size_t i = 0; i < count; ++i) {
    if (argc > 4)
      CALL(result, ioctl, 3, commands[i], 0);
    else
      made_up_calls(result, commands[i]);
  }
  return end_calls();
}
