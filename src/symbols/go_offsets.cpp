#include "symbols/go_offsets.h"

#include <algorithm>
#include <string_view>

namespace ttrace {
namespace {

constexpr std::uint64_t kWord = 8;

const Member* find_member(const Type& type, std::string_view name) {
  auto found = std::ranges::find(type.members, name, &Member::name);
  const bool fits = found != type.members.end() && type.size >= kWord && found->bit_size == 0 &&
                    found->offset <= type.size - kWord;
  return fits ? &*found : nullptr;
}

void take(const Type& type, std::string_view name, std::uint64_t& offset) {
  if (const Member* member = find_member(type, name)) offset = member->offset;
}

}  // namespace

// Go 1.16 to 1.27 src/runtime/runtime2.go; those of 1.19 and 1.27 agree with their own DWARF.
void set_runtime_offsets(GoProgram& program) {
  constexpr unsigned kNewest = 1000;
  const unsigned minor = program.minor == 0 ? kNewest : program.minor;
  // gobuf: sp, pc, g, ctxt, ret (until 1.24), lr, bp
  const std::uint64_t gobuf = (minor <= 24 ? 7 : 6) * kWord;
  // g: stack, two guards, _panic, _defer, m, sched; then syscallsp, syscallpc, syscallbp (since
  // 1.23), stktopsp, param, and two of 4 bytes
  program.g_panic = 4 * kWord;
  program.g_m = 6 * kWord;
  program.g_goid = 7 * kWord + gobuf + (minor >= 23 ? 5 : 4) * kWord + kWord;
  // m: g0, morebuf, divmod, procid, gsignal; goSigStack, sigmask, tls, mstartfn, curg
  program.m_g0 = 0;
  program.m_gsignal = kWord + gobuf + 2 * kWord;
  program.m_curg = program.m_gsignal + (1 + 5 + 1 + 6 + 1) * kWord;
}

void take_runtime_offsets(GoProgram& program, const Type& g) {
  take(g, "goid", program.g_goid);
  take(g, "_panic", program.g_panic);
  const Member* pointer = find_member(g, "m");
  if (pointer == nullptr) return;
  program.g_m = pointer->offset;
  const Type* m = pointer->type != nullptr ? pointer->type->target : nullptr;
  if (m == nullptr) return;
  take(*m, "g0", program.m_g0);
  take(*m, "gsignal", program.m_gsignal);
  take(*m, "curg", program.m_curg);
}

}  // namespace ttrace
