// What sendmsg(2), recvmsg(2) and their kin carry: headers and control messages.
#include <algorithm>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kSolIp = 0, kSolSocket = 1;
constexpr std::uint64_t kControlMax = 16384;  // of which messages are shown

// --- control messages -------------------------------------------------------------------------

// The data of one, while it is being decoded.
struct Control {
  CallContext& context;
  std::span<const std::byte> data;
  tables::Index type;  // of the row
};

Value descriptors(const Control& control) {
  auto values = control.context.arena().allocate<Value>(control.data.size() / 4);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] =
        control.context.descriptor(static_cast<std::int32_t>(number_at(control.data, i * 4, 4)));
  }
  return Value::list(Value::Kind::Array, values);
}

Value whole_numbers(const Control& control) {
  auto values = control.context.arena().allocate<Value>(control.data.size() / 4);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = Value::integer(sign_extend(number_at(control.data, i * 4, 4), 4));
  return Value::list(Value::Kind::Array, values);
}

Value descriptor(const Control& control) {
  return control.context.descriptor(static_cast<std::int32_t>(number_at(control.data, 0, 4)));
}

Value byte_values(const Control& control) {
  const std::size_t shown = control.context.shown_elements(control.data.size());
  auto values = control.context.arena().allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i)
    values[i] = Value::hex(static_cast<std::uint64_t>(control.data[i]));
  return Value::list(Value::Kind::Array, values, shown < control.data.size());
}

Value whole_text(const Control& control) {
  return Value::string({reinterpret_cast<const char*>(control.data.data()), control.data.size()},
                       false);
}

Value structure(const Control& control) {
  const auto& type = tables::kTypes[control.type];
  return control.context.load(type, control.data.first(type.size[control.context.abi_index()]));
}

// A time; strace prints question marks where it is cut short.
Value time(const Control& control) {
  const std::size_t size = tables::kTypes[control.type].size[control.context.abi_index()];
  return control.data.size() < size ? Value::verbatim("???") : structure(control);
}

Value three_times(const Control& control) {
  const auto& type = tables::kTypes[control.type];
  const std::size_t size = type.size[control.context.abi_index()];
  if (control.data.size() < 3 * size) return Value::verbatim("???");
  ValueList<3> times;
  for (std::size_t i = 0; i < 3; ++i)
    times.add(control.context.load(type, control.data.subspan(i * size, size)));
  return times.make(Value::Kind::Array, control.context.arena());
}

Value address(const Control& control) {
  return socket_address_in(control.context, control.data);
}

Value extended_error(const Control& control) {
  const auto& type = tables::kTypes[known::type::extended_error];
  const std::size_t size = type.size[control.context.abi_index()];
  const Value error = control.context.load(type, control.data.first(size));
  ValueList<8> fields;
  for (const Value& field : error.children)
    fields.add(field.name, field);
  fields.add("offender", socket_address_in(control.context, control.data.subspan(size)));
  return fields.structure(control.context.arena());
}

struct ControlRow {
  std::uint64_t level, type;
  std::size_t size;  // with fewer bytes they are shown as they are
  Value (*decode)(const Control&);
  tables::Index ref = tables::kNone;
};
constexpr std::array<ControlRow, 19> kControls{{
    {kSolSocket, 1, 4, descriptors},
    {kSolSocket, 2, 12, structure, known::type::credentials},
    {kSolSocket, 3, 1, whole_text},
    {kSolSocket, 4, 4, descriptor},
    {kSolSocket, 29, 1, time, known::type::timeval},
    {kSolSocket, 35, 1, time, known::type::timespec},
    {kSolSocket, 37, 1, three_times, known::type::timespec},
    {kSolSocket, 63, 1, time, known::type::timeval64},
    {kSolSocket, 64, 1, time, known::type::timespec64},
    {kSolSocket, 65, 1, three_times, known::type::timespec64},
    {kSolIp, 1, 1, byte_values},
    {kSolIp, 2, 4, whole_numbers},
    {kSolIp, 3, 1, whole_text},
    {kSolIp, 6, 1, byte_values},
    {kSolIp, 7, 1, byte_values},
    {kSolIp, 8, 12, structure, known::type::in_pktinfo},
    {kSolIp, 11, 32, extended_error},
    {kSolIp, 20, 16, address},
    {kSolIp, 23, 4, whole_numbers},
}};

Value control_data(CallContext& context, std::uint64_t level, std::uint64_t type,
                   std::span<const std::byte> data) {
  for (const ControlRow& row : kControls) {
    if (row.level == level && row.type == type && data.size() >= row.size) {
      return row.decode({context, data, row.ref});
    }
  }
  return hex_string(context, data, data.size());
}

Value control_type(CallContext& context, std::uint64_t level, std::uint64_t type) {
  if (level == kSolSocket) return context.symbol(known::set::socket_control, type);
  if (level == kSolIp) return context.symbol(known::set::ip_control, type);
  return Value::hex(type);
}

Value control(CallContext& context, Address at, std::uint64_t length) {
  const std::size_t word = context.word();
  const std::size_t header = word + 8;
  const auto shown = static_cast<std::size_t>(std::min(length, kControlMax));
  const auto bytes = context.read(at, shown);
  // The kernel takes no longer ones (INT_MAX).
  if (at.null() || bytes.size() < std::max(header, shown) || length > 0x7fffffff) {
    return Value::unreadable(at);
  }
  auto values = context.arena().allocate<Value>(bytes.size() / header + 1);
  std::size_t count = 0, offset = 0;
  while (offset < bytes.size()) {
    const std::size_t rest = bytes.size() - offset;
    if (rest < header && shown < length) break;
    if (rest < header) {
      values[count++] = missing(context.arena(), at + offset);
      break;
    }
    const std::uint64_t claimed = number_at(bytes, offset, word);
    const std::uint64_t level = number_at(bytes, offset + word, 4);
    const std::uint64_t type = number_at(bytes, offset + word + 4, 4);
    if (shown < length && claimed > rest) break;  // its end is beyond what is shown
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(claimed, rest));
    ValueList<4> fields;
    fields.add("cmsg_len", Value::natural(claimed));
    fields.add("cmsg_level", context.symbol(known::set::control_level, level));
    fields.add("cmsg_type", control_type(context, level, type));
    if (size > header) {
      fields.add("cmsg_data",
                 control_data(context, level, type, bytes.subspan(offset + header, size - header)));
    }
    values[count++] = fields.structure(context.arena());
    if (claimed < header) {
      // What follows cannot be found.
      if (rest > header) values[count++] = missing(context.arena(), at + (offset + header));
      break;
    }
    offset += (size + word - 1) / word * word;
  }
  return Value::list(Value::Kind::Array, values.first(count), shown < length);
}

// --- headers ----------------------------------------------------------------------------------

// struct msghdr: pointer, int (padded), pointer, size, pointer, size, int.
std::size_t header_size(CallContext& context) {
  return 6 * context.word() + 4;
}

// The buffers of a message, the data of which is shown as it stands in the socket; `budget` bytes
// of it there are.
Value buffers(CallContext& context, Address at, std::uint64_t count, std::uint64_t budget) {
  const std::size_t word = context.word();
  return array_value(context, at, count, 2 * word, [&](std::span<const std::byte> one) {
    const std::uint64_t length = number_at(one, word, word);
    const std::uint64_t filled = std::min(length, budget);
    budget -= filled;
    ValueList<2> fields;
    fields.add("iov_base", socket_bytes(context, static_cast<int>(context.argument(0)),
                                        Address(number_at(one, 0, word)), filled));
    fields.add("iov_len", Value::natural(length));
    return fields.structure(context.arena());
  });
}

// `budget` bytes were received in all; `before` is the room that there was for the name.
Value header_value(CallContext& context, std::span<const std::byte> bytes, std::uint64_t budget,
                   const Value* before) {
  const std::size_t word = context.word();
  auto member = [&](std::size_t index) { return number_at(bytes, index * word, word); };
  const std::uint64_t name_length = number_at(bytes, word, 4);
  const Value length = Value::integer(sign_extend(name_length, 4));
  ValueList<8> fields;
  fields.add("msg_name", socket_address_value(context, Address(member(0)), name_length));
  if (before != nullptr && before->number != length.number) {
    const std::array both{before->named({}), length};
    fields.add("msg_namelen", Value::list(Value::Kind::Change, context.list(both)));
  } else {
    fields.add("msg_namelen", length);
  }
  fields.add("msg_iov", buffers(context, Address(member(2)), member(3), budget));
  fields.add("msg_iovlen", Value::natural(member(3)));
  if (member(5) != 0) fields.add("msg_control", control(context, Address(member(4)), member(5)));
  fields.add("msg_controllen", Value::natural(member(5)));
  fields.add("msg_flags", context.flags(known::set::message_flags, number_at(bytes, 6 * word, 4)));
  return fields.structure(context.arena());
}

constexpr std::uint64_t kAll = ~std::uint64_t{0};

}  // namespace

Value message_header(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto bytes = context.read(at, header_size(context));
  if (at.null() || bytes.size() != header_size(context)) return Value::unreadable(at);
  const bool received = input.before != nullptr;
  const auto budget = received ? static_cast<std::uint64_t>(context.returned()) : kAll;
  return header_value(context, bytes, budget, field_of(input.before, "msg_namelen"));
}

Value received_message(CallContext& context, const CustomInput& input) {
  if (input.before != nullptr) return message_header(context, input);
  // Before the call only the room for the sender's address means anything.
  const Address at(input.value);
  const auto bytes = context.read(at, header_size(context));
  if (at.null() || bytes.size() != header_size(context)) return Value::unreadable(at);
  ValueList<1> fields;
  fields.add("msg_namelen", Value::integer(sign_extend(number_at(bytes, context.word(), 4), 4)));
  return fields.structure(context.arena());
}

// --- several messages -------------------------------------------------------------------------

namespace {

// struct mmsghdr: a header and the number of bytes that were sent or received.
class Messages {
 public:
  Messages(CallContext& context, Address at)
      : context_(context), at_(at), length_(7 * context.word()), size_(8 * context.word()) {}
  [[nodiscard]] std::span<const std::byte> read(std::size_t index) const {
    const auto bytes = context_.read(place(index), size_);
    return bytes.size() == size_ ? bytes : std::span<const std::byte>();
  }
  [[nodiscard]] Address place(std::size_t index) const { return at_ + index * size_; }
  [[nodiscard]] std::uint64_t length(std::span<const std::byte> bytes) const {
    return number_at(bytes, length_, 4);
  }
  [[nodiscard]] Value element(std::span<const std::byte> bytes, std::uint64_t budget,
                              const Value* before, bool with_length) const {
    ValueList<2> fields;
    fields.add("msg_hdr", header_value(context_, bytes, budget, before));
    if (with_length) fields.add("msg_len", Value::natural(length(bytes)));
    return fields.structure(context_.arena());
  }

 private:
  CallContext& context_;
  Address at_;
  std::size_t length_;  // where the number of bytes is, behind the padded header
  std::size_t size_;
};

}  // namespace

Value sent_messages(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  const Messages messages(context, at);
  const std::size_t shown = context.shown_elements(input.length);
  const auto sent = context.at_exit() && context.error() == 0
                        ? static_cast<std::uint64_t>(context.returned())
                        : 0;
  auto values = context.arena().allocate<Value>(shown + 1);
  std::size_t count = 0;
  for (; count < shown && (count == 0 || !context.spent()); ++count) {
    const auto bytes = messages.read(count);
    if (bytes.empty() && count == 0) return Value::unreadable(at);
    if (bytes.empty()) {
      values[count] = missing(context.arena(), messages.place(count));
      return Value::list(Value::Kind::Array, values.first(count + 1));
    }
    values[count] = messages.element(bytes, kAll, nullptr, count < sent);
  }
  return Value::list(Value::Kind::Array, values.first(count), count < input.length);
}

Value received_messages(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  const Messages messages(context, at);
  const auto done = input.before != nullptr ? static_cast<std::uint64_t>(context.returned()) : 0;
  const std::size_t shown = context.shown_elements(input.before != nullptr ? done : input.length);
  auto values = context.arena().allocate<Value>(shown + 1);
  std::size_t count = 0;
  for (; count < shown && (count == 0 || !context.spent()); ++count) {
    const auto bytes = messages.read(count);
    if (bytes.empty()) break;
    if (input.before == nullptr) {
      values[count] = Value::integer(sign_extend(number_at(bytes, context.word(), 4), 4));
      continue;
    }
    const auto& rooms = input.before->children;
    values[count] = messages.element(bytes, messages.length(bytes),
                                     count < rooms.size() ? &rooms[count] : nullptr, true);
  }
  if (input.before == nullptr) {
    // Shown when the call fails; the rooms for names are for the exit.
    Value before = Value::unreadable(at);
    before.children = values.first(count);
    return before;
  }
  if (count < shown && count == 0) return Value::unreadable(at);
  if (count < shown) {
    values[count] = missing(context.arena(), messages.place(count));
    ++count;
  }
  return Value::list(Value::Kind::Array, values.first(count), shown < done);
}

namespace {

constexpr std::size_t kTimeoutArgument = 4;  // of recvmmsg(2)

// What is left of the timeout; nothing when it is over or when there was none.
Value left(CallContext& context, std::uint64_t received, tables::Index type) {
  const Address at(context.argument(kTimeoutArgument));
  if (received == 0 || at.null()) return Value::none();
  return context.pointee(tables::kTypes[type], at);
}

}  // namespace

Value time_left(CallContext& context, const CustomInput& input) {
  return left(context, input.value, known::type::timespec);
}

Value time_left64(CallContext& context, const CustomInput& input) {
  return left(context, input.value, known::type::timespec64);
}

Value timeout_note(CallContext&, const CustomInput& input) {
  return input.value == 0 ? Value::verbatim("Timeout") : Value::none();
}

}  // namespace ttrace::custom
