#include "functions/unwinder.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "os/proc.h"
#include "os/stopped_tracee.h"

namespace ttrace {

struct Unwinder::Walk {
  const Registers* registers = nullptr;
  Memory* memory = nullptr;
  std::size_t most = 0;
  std::vector<Frame> frames;
  std::uint64_t signature = 0;           // bits of an address of code: see read_word
  bool behind_stub = false;              // the first frame is called by a stub: see is_in_stub
  std::optional<Registers> interrupted;  // by the signal whose handler's frames come before these
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

// A return address that its function has signed becomes what it was. libdwfl does not know of
// signatures, and does not say what it reads: it can only be recognised.
Dwarf_Addr unsigned_address(Dwfl* dwfl, Dwarf_Addr number, std::uint64_t signature) {
  const Dwarf_Addr clear = number & ~signature;
  return clear != number && dwfl_addrmodule(dwfl, clear) != nullptr ? clear : number;
}

constexpr unsigned kLinkRegister = 30;
constexpr std::uint64_t kCallLength = 4;

// On arm64, entries of a procedure linkage table have no call frame information. They only compute
// and jump: what called them is in the link register, and its frame is as it was at the call.
bool is_in_stub(const Registers& regs, Memory& memory) {
  if (regs.machine() != Abi::Aarch64) return false;
  struct Form {
    std::uint32_t mask, value;
  };
  static constexpr std::array<Form, 5> kForms{{
      {0xfffff01f, 0xd503201f},  // a landing pad, an authentication
      {0x9f00001f, 0x90000010},  // adrp x16, page
      {0xffc003ff, 0xf9400211},  // ldr x17, [x16, n]
      {0xffc003ff, 0x91000210},  // add x16, x16, n
      {0xfffff7ff, 0xd71f0a30},  // braa x17, x16
  }};
  constexpr std::uint32_t kJump = 0xd61f0220;  // br x17
  constexpr unsigned kMost = 6;
  for (unsigned i = 0; i < kMost; ++i) {
    const auto word = memory.read_number(regs.pc() + i * sizeof(kJump), sizeof(kJump));
    if (!word) return false;
    const auto is = [&](const Form& form) { return (*word & form.mask) == form.value; };
    if (*word == kJump || is(kForms.back())) return true;
    if (std::ranges::none_of(kForms, is)) return false;
  }
  return false;
}

// arm64's kernel says nowhere how to unwind a signal's frame (since 5.10 not in the vdso either),
// so that libdwfl would go on behind the function that was interrupted. What the handler returns to
// is known by its code, and what is on the stack there by the kernel's ABI: struct rt_sigframe.
std::optional<Registers> interrupted_by_signal(Dwfl_Frame* frame, Address pc, const Registers& regs,
                                               Memory& memory) {
  if (regs.machine() != Abi::Aarch64) return std::nullopt;
  constexpr std::uint64_t kReturn = 0xd4000001'd2801168;  // mov x8, #139 (rt_sigreturn); svc #0
  constexpr unsigned kSp = 31;
  if (memory.read_number(pc, sizeof(kReturn)) != kReturn) return std::nullopt;
  Dwarf_Word sp = 0;
  if (dwfl_frame_reg(frame, kSp, &sp) != 0) return std::nullopt;
  // siginfo_t; uc_flags, uc_link, uc_stack, uc_sigmask with its reserve, to 16 bytes;
  // fault_address.
  constexpr std::uint64_t kRegisters = 128 + (8 + 8 + 24 + 128 + 8) + 8;
  Registers interrupted(Abi::Aarch64);
  auto block = interrupted.raw();  // laid out like struct sigcontext
  if (memory.read(Address(sp) + kRegisters, block) != block.size()) return std::nullopt;
  return interrupted;
}

}  // namespace

bool Unwinder::read_word(Dwfl* dwfl, Dwarf_Addr address, Dwarf_Word* result, void* arg) {
  Walk& walk = *static_cast<Walk*>(arg);
  auto number = walk.memory->read_number(Address(address), word_size(walk.registers->machine()));
  if (!number) return false;
  *result = unsigned_address(dwfl, *number, walk.signature);
  return true;
}

bool Unwinder::set_registers(Dwfl_Thread* thread, void* arg) {
  const Walk& walk = *static_cast<Walk*>(arg);
  const Registers& regs = *walk.registers;
  // The general registers in DWARF's order; x86's program counter comes behind them.
  static constexpr std::array<unsigned, kAbiCount> kCounts{17, 9, 32, 16};
  const unsigned count = kCounts.at(static_cast<std::size_t>(regs.machine()));
  const bool arm = regs.machine() == Abi::Aarch64 || regs.machine() == Abi::Arm;
  std::vector<Dwarf_Word> values(count);
  for (unsigned i = 0; i < count; ++i) {
    bool pc = !arm && i == count - 1;
    values[i] = pc ? regs.pc().value()
                   : unsigned_address(dwfl_thread_dwfl(thread), regs.get(i), walk.signature);
  }
  if (arm) dwfl_thread_state_register_pc(thread, regs.pc().value());
  return dwfl_thread_state_registers(thread, 0, count, values.data());
}

int Unwinder::add_frame(Dwfl_Frame* frame, void* arg) {
  Walk& walk = *static_cast<Walk*>(arg);
  Dwarf_Addr pc = 0;
  bool exact = false;
  if (!dwfl_frame_pc(frame, &pc, &exact)) return DWARF_CB_ABORT;
  if (std::exchange(walk.behind_stub, false)) {
    walk.frames.push_back({Address(pc) + kCallLength, false});
    return walk.frames.size() < walk.most ? DWARF_CB_OK : DWARF_CB_ABORT;
  }
  walk.frames.push_back({Address(pc), exact});
  walk.interrupted = interrupted_by_signal(frame, Address(pc), *walk.registers, *walk.memory);
  if (walk.interrupted) return DWARF_CB_ABORT;
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
  signature_ = StoppedTracee(tid).arm64_signature_mask().value_or(0);
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
  *walk_ = {&regs, &memory, most, {}, signature_, false, {}};
  if (!attached_) return {{{regs.pc(), true}}, false};
  std::optional<Registers> from = regs;
  while (from && walk_->frames.size() < most) {
    walk_->behind_stub = is_in_stub(*from, memory) && !has_rules(from->pc());
    if (walk_->behind_stub) {
      walk_->frames.push_back({from->pc(), true});
      const auto caller = unsigned_address(dwfl_.get(), from->get(kLinkRegister), signature_);
      from->set_pc(Address(caller) - kCallLength);
    }
    walk_->registers = &*from;
    walk_->interrupted.reset();
    dwfl_getthread_frames(dwfl_.get(), kThread, add_frame, walk_.get());
    from = walk_->interrupted;
  }
  std::vector<Frame> frames = std::move(walk_->frames);
  bool complete = frames.size() >= most || (!frames.empty() && is_outermost(frames.back()));
  return {std::move(frames), complete};
}

bool Unwinder::has_rules(Address pc) const {
  Dwfl_Module* module = dwfl_addrmodule(dwfl_.get(), pc.value());
  Dwarf_Addr bias = 0;
  for (auto* find : {dwfl_module_eh_cfi, dwfl_module_dwarf_cfi}) {
    Dwarf_CFI* cfi = module == nullptr ? nullptr : find(module, &bias);
    Dwarf_Frame* rules = nullptr;
    if (cfi == nullptr || dwarf_cfi_addrframe(cfi, pc.value() - bias, &rules) != 0) continue;
    free(rules);
    return true;
  }
  return false;
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
