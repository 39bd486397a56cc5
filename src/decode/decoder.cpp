#include "decode/decoder.h"

#include <algorithm>
#include <cstring>

#include "decode/call_context.h"
#include "decode/custom/custom.h"
#include "decode/known.h"
#include "decode/multiplexed.h"
#include "decode/names.h"
#include "decode/tables.h"

namespace ttrace {

using tables::Direction;
using tables::kNone;

namespace {

constexpr int kRestartBlock = 516;

// Results that only a tracer sees: the kernel restarts the call or turns them into EINTR.
struct Restart {
  int error;
  std::string_view text;
};
constexpr std::array<Restart, 4> kRestarts{{
    {512, "To be restarted if SA_RESTART is set"},
    {513, "To be restarted"},
    {514, "To be restarted if no handler"},
    {kRestartBlock, "Interrupted by signal"},
}};

std::span<const tables::Argument> arguments_of(const SyscallDescription& description) {
  return tables::kArguments.subspan(description.arguments.first, description.arguments.count);
}

// The variant of a call that its command argument asks for: variants come first, the call itself
// matches always.
const SyscallDescription* choose_variant(const SyscallDescription* first, CallContext& context,
                                         PendingSyscall& pending) {
  if (first == nullptr) return nullptr;
  const auto* end = tables::kCalls.data() + tables::kCalls.size();
  for (const auto* row = first; row != end && row->name == first->name; ++row) {
    pending.description = row;
    if (!row->has(context.abi())) continue;
    auto matches = [&](const tables::Argument& a) { return context.holds(a.match); };
    if (std::ranges::all_of(arguments_of(*row), matches)) return row;
  }
  return nullptr;
}

SyscallEntered enter_undescribed(PendingSyscall& pending) {
  pending.count = pending.request.args.size();
  for (std::size_t i = 0; i < pending.count; ++i) {
    pending.args[i] =
        Value::raw(truncate_to(pending.request.args[i], word_size(pending.request.abi)));
  }
  pending.shown_at_entry = pending.count;
  return {pending.name, std::span(pending.args).first(pending.count), true};
}

// Puts the arguments of a call that has them in memory where those of other calls are. False when
// they cannot be read.
bool fetch_arguments(const SyscallDescription& description, PendingSyscall& pending,
                     Memory& memory) {
  auto& args = pending.request.args;
  const std::size_t word = word_size(pending.request.abi);
  std::array<std::byte, 6 * 8> buffer;
  const auto words = std::span(buffer).first(description.arguments.count * word);
  if (memory.read(Address(truncate_to(args[0], word)), words) != words.size()) return false;
  for (std::size_t i = 0; i < description.arguments.count; ++i)
    args[i] = load_number(words.subspan(i * word, word));
  return true;
}

// Nothing but where they would be is known of arguments that could not be read.
SyscallEntered enter_unreadable(PendingSyscall& pending) {
  pending.description = nullptr;
  pending.count = 1;
  pending.shown_at_entry = 1;
  const std::uint64_t at = truncate_to(pending.request.args[0], word_size(pending.request.abi));
  pending.args[0] = Value::unreadable(Address(at));
  return {pending.name, std::span(pending.args).first(1), true};
}

Value named(Value value, const tables::Argument& row) {
  value.name = row.name;
  value.show_name = row.show_name;
  return value;
}

Value decode_input(CallContext& context, std::size_t index, const tables::Argument& row) {
  const std::uint64_t raw = context.argument(index);
  const auto& type = tables::kTypes[row.type];
  if (row.direction == Direction::Value) return context.scalar(type, raw);
  if (row.direction == Direction::Out) return Value::address(Address(raw));
  return context.pointee(type, Address(raw));
}

bool same(const Value& a, const Value& b) {
  return a.kind == b.kind && a.number == b.number && a.text == b.text && a.name == b.name &&
         std::ranges::equal(a.children, b.children, same);
}

// What an `inout` argument holds now, with what it held before where they differ.
Value decode_changed(CallContext& context, const tables::Argument& row, Address at, Value before) {
  const auto& type = tables::kTypes[row.type];
  Value after = context.pointee(type, at, &before);
  const bool by_field =
      type.kind == tables::Type::Kind::Struct && tables::kStructs[type.ref].changing;
  if (by_field || type.kind >= tables::Type::Kind::CustomMemory || before.kind != after.kind ||
      before.children.empty() || same(before, after.named(before.name))) {
    return after;
  }
  auto change = [&](const Value& from, const Value& to) {
    return Value::list(Value::Kind::Change, context.list(std::array{from.named({}), to.named({})}));
  };
  if (type.kind >= tables::Type::Kind::String) {
    before.show_name = false;
    return change(before, after);
  }
  // A number that is pointed to: [128 => 16].
  const Value both = change(before.children.front(), after.children.front());
  return Value::list(Value::Kind::Array, context.list({&both, 1}));
}

Value decode_output(CallContext& context, std::size_t index, const tables::Argument& row,
                    const Value& before) {
  const Address at(context.argument(index));
  const bool filled = row.filled == kNone ? context.error() == 0 : context.holds(row.filled);
  if (row.direction == Direction::InOut) {
    return filled ? decode_changed(context, row, at, before) : before;
  }
  return filled ? context.pointee(tables::kTypes[row.type], at) : Value::address(at);
}

bool has_name(const Value& value) {
  return value.kind != Value::Kind::Number &&
         (value.kind != Value::Kind::Symbol || !value.text.empty());
}

std::span<const Value> decode_notes(CallContext& context, const SyscallDescription& description,
                                    std::int64_t rval) {
  auto notes = context.arena().allocate<Value>(description.notes.count);
  std::size_t count = 0;
  for (const auto& row : tables::kNotes.subspan(description.notes.first, description.notes.count)) {
    const Value note = context.scalar(tables::kTypes[row.type], static_cast<std::uint64_t>(rval));
    // Without a label a note only says the number with names: not one more time as a number.
    const bool nothing = note.kind == Value::Kind::None ||
                         (note.kind == Value::Kind::Flags && note.children.empty()) ||
                         (row.label.empty() && !has_name(note));
    if (!nothing) notes[count++] = note.named(row.label);
  }
  return notes.first(count);
}

SyscallResult failure(int error) {
  SyscallResult result;
  result.error = error;
  result.error_name = errno_name(error);
  for (const Restart& restart : kRestarts) {
    if (restart.error != error) continue;
    result.kind = SyscallResult::Kind::Restart;
    result.error_text = restart.text;
    return result;
  }
  result.kind = SyscallResult::Kind::Error;
  result.value = Value::integer(-1);
  if (const char* text = strerrordesc_np(error)) result.error_text = text;
  return result;
}

SyscallResult decode_result(CallContext& context, const PendingSyscall& pending,
                            const SyscallOutcome& outcome) {
  if (outcome.is_error) return failure(static_cast<int>(-outcome.rval));
  SyscallResult result;
  result.kind = SyscallResult::Kind::Value;
  if (pending.description == nullptr) {
    result.value =
        Value::hex(truncate_to(static_cast<std::uint64_t>(outcome.rval), context.word()));
    return result;
  }
  const auto& type = tables::kTypes[pending.description->result];
  if (type.kind == tables::Type::Kind::None) {
    result.kind = SyscallResult::Kind::Unknown;
    return result;
  }
  result.value = context.scalar(type, static_cast<std::uint64_t>(outcome.rval));
  result.notes = decode_notes(context, *pending.description, outcome.rval);
  return result;
}

SyscallReturned returned(PendingSyscall& pending, SyscallResult result) {
  SyscallReturned event;
  event.name = pending.name;
  event.first = pending.shown_at_entry;
  event.args = std::span<const Value>(pending.args)
                   .subspan(pending.shown_at_entry, pending.count - pending.shown_at_entry);
  event.result = result;
  const SyscallRequest& request = pending.request;
  if (names::is_named(request.abi, request.number)) event.number = request.number;
  event.bits = word_size(request.abi) * 8;
  return event;
}

}  // namespace

std::string_view Decoder::name(Abi abi, std::uint64_t number) {
  return names::lookup(abi, number).name;
}

SyscallEntered Decoder::enter(const SyscallRequest& request, PendingSyscall& pending,
                              Memory& memory) const {
  pending.request = request;
  pending.count = 0;
  pending.verbose = !options_.abbreviated.wants(request.abi, request.number);
  pending.arena.reset(arena_budget(options_, pending.verbose));
  pending.dereference = options_.dereferenced.wants(request.abi, request.number);
  const auto entry = names::lookup(request.abi, request.number);
  pending.name = entry.name;
  const SyscallDescription* description = entry.description;
  if (const InnerCall inner = unpack_call(pending.request, memory); !inner.name.empty()) {
    pending.name = inner.name;
    description = names::description(request.abi, inner.described_as);
  }
  if (options_.names_only) {
    pending.shown_at_entry = 0;
    return {pending.name, {}, true};
  }
  if (description != nullptr && description->in_memory &&
      !fetch_arguments(*description, pending, memory)) {
    return enter_unreadable(pending);
  }
  CallContext context(options_, pending, memory);
  pending.description = choose_variant(description, context, pending);
  if (pending.description == nullptr) return enter_undescribed(pending);
  const auto rows = arguments_of(*pending.description);
  std::size_t known = rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    if (!context.holds(row.present)) continue;
    if (row.direction == Direction::Out || row.direction == Direction::InOut) {
      known = std::min(known, pending.count);
    }
    const std::size_t slot = pending.count++;
    pending.rows[slot] = static_cast<std::uint8_t>(i);
    Value& value = pending.args[slot];
    value = decode_input(context, i, row);
    value.name = row.name;
    value.show_name = row.show_name;
  }
  pending.shown_at_entry = std::min(known, pending.count);
  return {pending.name, std::span<const Value>(pending.args).first(pending.shown_at_entry),
          pending.shown_at_entry == pending.count};
}

SyscallReturned Decoder::exit(const SyscallOutcome& outcome, PendingSyscall& pending,
                              Memory& memory) const {
  if (outcome.rval == -kRestartBlock) pending.interrupted = pending.name;
  if (options_.names_only) {
    SyscallResult result = failure(static_cast<int>(-outcome.rval));
    if (!outcome.is_error) result = {.kind = SyscallResult::Kind::Value};
    return returned(pending, result);
  }
  CallContext context(options_, pending, memory, outcome);
  if (pending.description != nullptr) {
    const auto rows = arguments_of(*pending.description);
    for (std::size_t slot = pending.shown_at_entry; slot < pending.count; ++slot) {
      const std::size_t index = pending.rows[slot];
      const auto& row = rows[index];
      if (row.direction != Direction::Out && row.direction != Direction::InOut) continue;
      // Kept apart: a decoder may look at what was there at the entry.
      const Value now = decode_output(context, index, row, pending.args[slot]);
      pending.args[slot] = named(now, row);
    }
  }
  return returned(pending, decode_result(context, pending, outcome));
}

std::string_view errno_name(int error) {
  return lookup_symbol(known::set::errors, static_cast<std::uint64_t>(error), Abi::X86_64).text;
}

}  // namespace ttrace
