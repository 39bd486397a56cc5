// The control blocks of io_submit and io_cancel.
#include <algorithm>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// struct iocb (linux/aio_abi.h), the same on every architecture.
constexpr std::size_t kBlockSize = 64;
constexpr std::uint64_t kHasEventfd = 1;   // IOCB_FLAG_RESFD
constexpr std::uint64_t kHasPriority = 2;  // IOCB_FLAG_IOPRIO

enum class Command : std::uint16_t {
  Read = 0,
  Write = 1,
  Poll = 5,
  ReadVectors = 7,
  WriteVectors = 8
};

using Block = std::span<const std::byte>;

Value priority_value(CallContext& context, std::uint64_t priority, std::uint64_t flags) {
  if ((flags & kHasPriority) == 0) return Value::integer(sign_extend(priority, 2));
  constexpr unsigned kClassShift = 13;
  const std::array parts{
      context.symbol(known::set::aio_priority_class, priority >> kClassShift),
      Value::natural(priority & ((1U << kClassShift) - 1)),
  };
  return Value::call("IOPRIO_PRIO_VALUE", context.list(parts));
}

Value command_value(CallContext& context, std::uint64_t command) {
  const Value known = context.symbol(known::set::aio_command, command);
  if (!known.text.empty()) return known;
  Value number = Value::natural(command);
  number.comment = known.comment;
  return number;
}

Value buffer_value(CallContext& context, Command command, std::uint64_t buffer,
                   std::uint64_t size) {
  switch (command) {
    case Command::Write:
      return context.bytes(Address(buffer), size);
    case Command::Poll:
      return context.flags(known::set::poll_events, buffer);
    case Command::ReadVectors:
      return vectors_value(context, Address(buffer), size, std::nullopt);
    case Command::WriteVectors:
      return vectors_value(context, Address(buffer), size, ~std::uint64_t{0});
    case Command::Read:
      break;
  }
  return Value::address(Address(buffer));
}

bool has_buffer(std::uint64_t command) {
  constexpr std::array kCommands{Command::Read, Command::Write, Command::Poll, Command::ReadVectors,
                                 Command::WriteVectors};
  return std::ranges::find(kCommands, static_cast<Command>(command)) != kCommands.end();
}

// What a command with a buffer says beyond what all commands say.
void add_transfer(CallContext& context, Block block, ValueList<12>& fields) {
  const auto command = static_cast<Command>(number_at(block, 16, 2));
  const std::uint64_t size = number_at(block, 32, 8);
  const std::uint64_t flags = number_at(block, 56, 4);
  const std::uint64_t eventfd = number_at(block, 60, 4);
  fields.add("aio_buf", buffer_value(context, command, number_at(block, 24, 8), size));
  if (command == Command::Read || command == Command::Write) {
    fields.add("aio_nbytes", Value::natural(size));
  }
  if (command != Command::Poll) {
    fields.add("aio_offset", Value::integer(static_cast<std::int64_t>(number_at(block, 40, 8))));
  }
  if (flags != 0) fields.add("aio_flags", context.flags(known::set::aio_flags, flags));
  if ((flags & kHasEventfd) != 0) {
    fields.add("aio_resfd", context.descriptor(static_cast<std::int32_t>(eventfd)));
  } else if (eventfd != 0) {
    fields.add("aio_resfd", Value::hex(eventfd));
  }
}

Value block_value(CallContext& context, Address at, bool whole) {
  const auto block = context.read(at, kBlockSize);
  if (at.null() || block.size() != kBlockSize) return Value::unreadable(at);
  const std::uint64_t data = number_at(block, 0, 8);
  const std::uint64_t key = number_at(block, 8, 4);
  const std::uint64_t transfer = number_at(block, 12, 4);
  const std::uint64_t command = number_at(block, 16, 2);
  const std::uint64_t priority = number_at(block, 18, 2);
  ValueList<12> fields;
  if (data != 0) fields.add("aio_data", Value::hex(data));
  if (key != 0) fields.add("aio_key", Value::natural(key));
  if (transfer != 0)
    fields.add("aio_rw_flags", context.flags(known::set::transfer_flags, transfer));
  fields.add("aio_lio_opcode", command_value(context, command));
  const std::uint64_t flags = number_at(block, 56, 4);
  if (priority != 0 || (flags & kHasPriority) != 0) {
    fields.add("aio_reqprio", priority_value(context, priority, flags));
  }
  const auto fd = static_cast<std::int32_t>(number_at(block, 20, 4));
  fields.add("aio_fildes", context.descriptor(fd));
  if (whole && has_buffer(command)) add_transfer(context, block, fields);
  return fields.structure(context.arena());
}

}  // namespace

Value control_block(CallContext& context, const CustomInput& input) {
  return block_value(context, Address(input.value), false);
}

Value control_blocks(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const auto count = static_cast<std::uint64_t>(sign_extend(input.length, word));
  if (at.null() || static_cast<std::int64_t>(count) < 0) return Value::address(at);
  return array_value(context, at, count, word, [&](std::span<const std::byte> one) {
    return block_value(context, Address(number_at(one, 0, word)), true);
  });
}

}  // namespace ttrace::custom
