#include "functions/unwinder.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/fd.h"
#include "os/proc.h"

namespace ttrace {

struct Unwinder::Walk {
  const Registers* registers = nullptr;
  Memory* memory = nullptr;
  std::size_t most = 0;
  std::vector<Frame> frames;
};

namespace {

// The number that the one thread has for libdwfl.
constexpr pid_t kThread = 1;

// Call frame information is in the files themselves; the rest is looked up by us.
int no_debug_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*,
                  GElf_Word, char**) {
  return -1;
}

int no_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) {
  return -1;
}

const Dwfl_Callbacks kCallbacks{no_file, no_debug_file, nullptr, nullptr};

pid_t next_thread(Dwfl*, void* arg, void** thread_arg) {
  bool first = *thread_arg == nullptr;
  *thread_arg = arg;
  return first ? kThread : 0;
}

bool get_thread(Dwfl*, pid_t, void* arg, void** thread_arg) {
  *thread_arg = arg;
  return true;
}

}  // namespace

bool Unwinder::read_word(Dwfl*, Dwarf_Addr address, Dwarf_Word* result, void* arg) {
  Walk& walk = *static_cast<Walk*>(arg);
  auto number = walk.memory->read_number(Address(address), word_size(walk.registers->machine()));
  if (!number) return false;
  *result = *number;
  return true;
}

bool Unwinder::set_registers(Dwfl_Thread* thread, void* arg) {
  const Registers& regs = *static_cast<Walk*>(arg)->registers;
  // The general registers in DWARF's order; x86's program counter comes behind them.
  bool arm = regs.machine() == Abi::Aarch64;
  unsigned count = arm ? 32 : regs.machine() == Abi::X86_64 ? 17 : 9;
  std::vector<Dwarf_Word> values(count);
  for (unsigned i = 0; i < count; ++i) {
    bool pc = !arm && i == count - 1;
    values[i] = pc ? regs.pc().value() : regs.get(i);
  }
  if (arm) dwfl_thread_state_register_pc(thread, regs.pc().value());
  return dwfl_thread_state_registers(thread, 0, count, values.data());
}

int Unwinder::add_frame(Dwfl_Frame* frame, void* arg) {
  Walk& walk = *static_cast<Walk*>(arg);
  Dwarf_Addr pc = 0;
  bool exact = false;
  if (!dwfl_frame_pc(frame, &pc, &exact)) return DWARF_CB_ABORT;
  walk.frames.push_back({Address(pc), exact});
  return walk.frames.size() < walk.most ? DWARF_CB_OK : DWARF_CB_ABORT;
}

Unwinder::Unwinder(const MappedText& mapped, Tid tid, Memory& memory)
    : dwfl_(dwfl_begin(&kCallbacks)), walk_(std::make_unique<Walk>()) {
  static const Dwfl_Thread_Callbacks threads{next_thread,   get_thread, read_word,
                                             set_registers, nullptr,    nullptr};
  if (!dwfl_) return;
  dwfl_report_begin(dwfl_.get());
  for (const LoadedModule& module : mapped.modules)
    report(module);
  report_vdso(tid, memory);
  dwfl_report_end(dwfl_.get(), nullptr, nullptr);
  attached_ = dwfl_attach_state(dwfl_.get(), nullptr, kThread, &threads, walk_.get());
}

Unwinder::~Unwinder() = default;

void Unwinder::report(const LoadedModule& module) {
  UniqueFd copy(fcntl(module.module->descriptor(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return;
  const char* path = module.module->path().c_str();
  // A descriptor that libdwfl takes is its own.
  if (dwfl_report_elf(dwfl_.get(), path, path, copy.get(), module.bias, true) != nullptr) {
    (void)copy.release();
  }
}

// The kernel's own code in each process is an ELF file that is only in memory.
void Unwinder::report_vdso(Tid tid, Memory& memory) {
  constexpr std::uint64_t kMost = 1 << 20;
  auto maps = read_maps(tid);
  auto vdso = std::ranges::find(maps, "[vdso]", &Mapping::path);
  if (vdso == maps.end() || vdso->end - vdso->start > kMost) return;
  std::vector<std::byte> image(vdso->end - vdso->start);
  if (memory.read(vdso->start, image) != image.size()) return;
  UniqueFd file(memfd_create("vdso", MFD_CLOEXEC));
  if (!file.valid() ||
      ::write(file.get(), image.data(), image.size()) != static_cast<ssize_t>(image.size())) {
    return;
  }
  if (dwfl_report_elf(dwfl_.get(), "[vdso]", "[vdso]", file.get(), vdso->start.value(), true) !=
      nullptr) {
    (void)file.release();
  }
}

Unwinder::Stack Unwinder::unwind(const Registers& regs, Memory& memory, std::size_t most) {
  if (most == 0) return {{}, true};
  *walk_ = {&regs, &memory, most, {}};
  if (!attached_) return {{{regs.pc(), true}}, false};
  dwfl_getthread_frames(dwfl_.get(), kThread, add_frame, walk_.get());
  std::vector<Frame> frames = std::move(walk_->frames);
  bool complete = frames.size() >= most || (!frames.empty() && is_outermost(frames.back()));
  return {std::move(frames), complete};
}

// libdwfl does not tell the end of a stack from a caller that it could not work out (it forgets rbx
// on the way, which the dynamic loader's trampoline needs). The outermost function says that its
// return address is undefined.
bool Unwinder::is_outermost(const Frame& frame) const {
  Dwarf_Addr pc = frame.exact ? frame.pc.value() : frame.pc.value() - 1;
  Dwfl_Module* module = dwfl_addrmodule(dwfl_.get(), pc);
  if (module == nullptr) return false;
  Dwarf_Addr bias = 0;
  for (auto* find : {dwfl_module_eh_cfi, dwfl_module_dwarf_cfi}) {
    Dwarf_CFI* cfi = find(module, &bias);
    Dwarf_Frame* rules = nullptr;
    if (cfi == nullptr || dwarf_cfi_addrframe(cfi, pc - bias, &rules) != 0) continue;
    std::unique_ptr<Dwarf_Frame, decltype(&free)> owned(rules, free);
    int return_address = dwarf_frame_info(rules, nullptr, nullptr, nullptr);
    Dwarf_Op memory[3];
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_register(rules, return_address, memory, &operations, &count) != 0) continue;
    return operations == memory && count == 0;
  }
  return false;
}

}  // namespace ttrace
