// Socket addresses, options and messages.
#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "base/quote.h"
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kAfUnix = 1, kAfInet = 2, kAfInet6 = 10, kAfNetlink = 16;
constexpr std::size_t kAddressMax = 128;  // sizeof(struct sockaddr_storage)

std::uint64_t big_endian(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size && offset + i < bytes.size(); ++i) {
    value = value << 8 | static_cast<std::uint64_t>(bytes[offset + i]);
  }
  return value;
}

Value call(CallContext& context, std::string_view name, const Value& argument) {
  return Value::call(name, context.list({&argument, 1}));
}

Value unix_path(CallContext& context, std::span<const std::byte> bytes) {
  std::string_view path(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  path.remove_prefix(2);
  // An abstract name begins with a NUL and may hold more of them.
  if (!path.empty() && path.front() == '\0') {
    std::string name = "@";
    append_quoted(path.substr(1), name);
    return Value::verbatim(context.text(name));
  }
  return Value::string(path.substr(0, path.find('\0')), false);
}

void inet(CallContext& context, std::span<const std::byte> bytes, ValueList<6>& fields) {
  std::array<char, INET_ADDRSTRLEN> text{};
  fields.add("sin_port", call(context, "htons", Value::natural(big_endian(bytes, 2, 2))));
  inet_ntop(AF_INET, bytes.data() + 4, text.data(), text.size());
  fields.add("sin_addr",
             call(context, "inet_addr", Value::string(context.text(text.data()), false)));
}

void inet6(CallContext& context, std::span<const std::byte> bytes, ValueList<6>& fields) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  fields.add("sin6_port", call(context, "htons", Value::natural(big_endian(bytes, 2, 2))));
  fields.add("sin6_flowinfo", call(context, "htonl", Value::natural(big_endian(bytes, 4, 4))));
  inet_ntop(AF_INET6, bytes.data() + 8, text.data(), text.size());
  const std::array parts{Value::symbol("AF_INET6", kAfInet6),
                         Value::string(context.text(text.data()), false),
                         Value::verbatim("&sin6_addr")};
  fields.add(Value::call("inet_pton", context.list(parts)));
  if (bytes.size() >= 28) fields.add("sin6_scope_id", Value::natural(number_at(bytes, 24, 4)));
}

// --- options ----------------------------------------------------------------------------------

constexpr std::uint64_t kSolSocket = 1, kSolTcp = 6;
constexpr std::uint64_t kSoError = 4, kSoLinger = 13, kSoPeercred = 17, kSoBindtodevice = 25;
constexpr std::uint64_t kTcpCongestion = 13;

// --- messages ---------------------------------------------------------------------------------

constexpr std::uint64_t kScmRights = 1;
constexpr std::uint64_t kScmCredentials = 2;
constexpr std::uint64_t kControlMax = 4096;
constexpr std::size_t kMessagesMax = 16;

Value control_data(CallContext& context, std::uint64_t level, std::uint64_t type,
                   std::span<const std::byte> data) {
  if (level == kSolSocket && type == kScmRights && data.size() % 4 == 0) {
    auto values = context.arena().allocate<Value>(data.size() / 4);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = context.descriptor(static_cast<std::int32_t>(number_at(data, i * 4, 4)));
    }
    return Value::list(Value::Kind::Array, values);
  }
  if (level == kSolSocket && type == kScmCredentials && data.size() == 12) {
    return context.load(tables::kTypes[known::type::credentials], data);
  }
  const auto shown = std::min(data.size(), context.options().string_limit);
  return Value::string({reinterpret_cast<const char*>(data.data()), shown}, shown < data.size());
}

Value control(CallContext& context, Address at, std::uint64_t length) {
  const std::size_t word = context.word();
  const std::size_t header = word + 8;
  const auto bytes = context.read(at, static_cast<std::size_t>(std::min(length, kControlMax)));
  if (at.null() || bytes.size() < header) return Value::unreadable(at);
  ValueList<kMessagesMax> messages;
  for (std::size_t offset = 0; offset + header <= bytes.size();) {
    const std::uint64_t size = number_at(bytes, offset, word);
    if (size < header || size > bytes.size() - offset) break;
    const std::uint64_t level = number_at(bytes, offset + word, 4);
    const std::uint64_t type = number_at(bytes, offset + word + 4, 4);
    ValueList<4> fields;
    fields.add("cmsg_len", Value::natural(size));
    fields.add("cmsg_level", context.symbol(known::set::socket_level, level));
    fields.add("cmsg_type", level == kSolSocket ? context.symbol(known::set::control_message, type)
                                                : Value::hex(type));
    fields.add("cmsg_data",
               control_data(context, level, type, bytes.subspan(offset + header, size - header)));
    messages.add(fields.structure(context.arena()));
    offset += (size + word - 1) / word * word;
  }
  return messages.make(Value::Kind::Array, context.arena());
}

}  // namespace

Value socket_address_value(CallContext& context, Address at, std::uint64_t length) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length, kAddressMax));
  if (at.null() || size < 2) return Value::address(at);
  const auto bytes = context.read(at, size);
  if (bytes.size() != size) return Value::unreadable(at);
  const std::uint64_t family = number_at(bytes, 0, 2);
  ValueList<6> fields;
  fields.add("sa_family", context.symbol(known::set::address_family, family));
  if (family == kAfUnix && size > 2) {
    fields.add("sun_path", unix_path(context, bytes));
  } else if (family == kAfInet && size >= 16) {
    inet(context, bytes, fields);
  } else if (family == kAfInet6 && size >= 24) {
    inet6(context, bytes, fields);
  } else if (family == kAfNetlink && size >= 12) {
    fields.add("nl_pid", Value::integer(sign_extend(number_at(bytes, 4, 4), 4)));
    // As printf's %#08x, which gives 0 no prefix.
    const std::uint64_t groups = number_at(bytes, 8, 4);
    fields.add(
        "nl_groups",
        Value::verbatim(groups == 0 ? "00000000" : format(context.arena(), "{:#08x}", groups)));
  } else if (size > 2) {
    fields.add("sa_data", context.bytes(at + 2, size - 2));
  }
  return fields.structure(context.arena());
}

Value socket_address(CallContext& context, const CustomInput& input) {
  // A length is a socklen_t, which the kernel takes as an int.
  const std::uint64_t length = input.length > 0x7fffffff ? 0 : input.length;
  return socket_address_value(context, Address(input.value), length);
}

Value option_value(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  const std::uint64_t level = context.argument(1);
  const std::uint64_t name = context.argument(2);
  auto is = [&](std::uint64_t l, std::uint64_t n) { return level == l && name == n; };
  if (is(kSolSocket, kSoLinger) && input.length == 8) {
    return context.pointee(tables::kTypes[known::type::linger], at);
  }
  if (is(kSolSocket, kSoPeercred) && input.length == 12) {
    return context.pointee(tables::kTypes[known::type::credentials], at);
  }
  const bool text = is(kSolSocket, kSoBindtodevice) || is(kSolTcp, kTcpCongestion);
  if (input.length != 4 || text) return context.bytes(at, input.length);
  std::int32_t number = 0;
  if (!context.memory().read_object(at, number)) return Value::unreadable(at);
  Value value = Value::integer(number);
  if (is(kSolSocket, kSoError)) {
    value = context.symbol(known::set::errors, static_cast<std::uint32_t>(number));
  }
  return Value::list(Value::Kind::Array, context.list({&value, 1}));
}

Value message_header(CallContext& context, const CustomInput& input) {
  // struct msghdr: pointer, int (padded), pointer, size, pointer, size, int.
  const Address at(input.value);
  const std::size_t word = context.word();
  const auto bytes = context.read(at, 6 * word + 4);
  if (at.null() || bytes.size() != 6 * word + 4) return Value::unreadable(at);
  auto member = [&](std::size_t index) { return number_at(bytes, index * word, word); };
  const bool received = input.before != nullptr;
  const auto budget = received ? static_cast<std::uint64_t>(context.returned()) : ~std::uint64_t{0};
  const std::uint64_t name_length = number_at(bytes, word, 4);
  const Value length = Value::integer(sign_extend(name_length, 4));
  const Value* before = field_of(input.before, "msg_namelen");
  ValueList<8> fields;
  fields.add("msg_name", socket_address_value(context, Address(member(0)), name_length));
  if (before != nullptr && before->number != length.number) {
    const std::array both{before->named({}), length};
    fields.add("msg_namelen", Value::list(Value::Kind::Change, context.list(both)));
  } else {
    fields.add("msg_namelen", length);
  }
  fields.add("msg_iov", vectors_value(context, Address(member(2)), member(3), budget));
  fields.add("msg_iovlen", Value::natural(member(3)));
  if (member(5) != 0) fields.add("msg_control", control(context, Address(member(4)), member(5)));
  fields.add("msg_controllen", Value::natural(member(5)));
  fields.add("msg_flags", context.flags(known::set::message_flags, number_at(bytes, 6 * word, 4)));
  return fields.structure(context.arena());
}

Value received_message(CallContext& context, const CustomInput& input) {
  if (input.before != nullptr) return message_header(context, input);
  // Before the call only the room for the sender's address means anything.
  const Address at(input.value);
  std::int32_t length = 0;
  if (at.null() || !context.memory().read_object(at + context.word(), length)) {
    return Value::unreadable(at);
  }
  ValueList<1> fields;
  fields.add("msg_namelen", Value::integer(length));
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
