// Socket addresses and messages.
#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <string>

#include "base/quote.h"
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kAfUnix = 1, kAfInet = 2, kAfInet6 = 10, kAfNetlink = 16, kAfPacket = 17,
                        kAfBluetooth = 31, kAfAlg = 38, kAfVsock = 40, kAfQipcrtr = 42, kAfXdp = 44,
                        kAfMctp = 45;
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

Value little(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
  return Value::natural(number_at(bytes, offset, size));
}

}  // namespace

// --- parts of addresses -----------------------------------------------------------------------

Value interface_index(CallContext& context, const CustomInput& input) {
  // As in strace, ttrace's own network namespace tells the name.
  std::array<char, IF_NAMESIZE> name{};
  if (input.value == 0 ||
      if_indextoname(static_cast<unsigned>(input.value), name.data()) == nullptr)
    return Value::natural(input.value);
  return call(context, "if_nametoindex", Value::string(context.text(name.data()), false));
}

Value inet_address(CallContext& context, const CustomInput& input) {
  std::array<char, INET_ADDRSTRLEN> text{};
  const auto address = static_cast<std::uint32_t>(input.value);
  inet_ntop(AF_INET, &address, text.data(), text.size());
  return call(context, "inet_addr", Value::string(context.text(text.data()), false));
}

Value network16(CallContext& context, const CustomInput& input) {
  return call(context, "htons", Value::natural(ntohs(static_cast<std::uint16_t>(input.value))));
}

Value network32(CallContext& context, const CustomInput& input) {
  return call(context, "htonl", Value::natural(ntohl(static_cast<std::uint32_t>(input.value))));
}

Value netlink_groups(CallContext& context, const CustomInput& input) {
  if (input.value == 0) return Value::verbatim("00000000");
  return Value::verbatim(format(context.arena(), "{:#08x}", input.value));
}

Value inet6_address(CallContext& context, std::span<const std::byte> bytes,
                    std::string_view variable) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  ValueList<3> parts;
  parts.add(Value::symbol("AF_INET6", kAfInet6));
  parts.add(Value::string(context.text(text.data()), false));
  if (!variable.empty()) parts.add(Value::verbatim(variable));
  Value value = parts.make(Value::Kind::Call, context.arena());
  value.text = "inet_pton";
  return value;
}

// "01:02:03:04:05:06"
Value hardware_address(CallContext& context, std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    if (!text.empty()) text += ':';
    fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned>(byte));
  }
  return Value::verbatim(context.text(text));
}

// --- addresses --------------------------------------------------------------------------------

namespace {

using Fields = ValueList<10>;

void unix_path(CallContext& context, std::span<const std::byte> bytes, Fields& fields) {
  std::string_view path(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  path.remove_prefix(2);
  // An abstract name begins with a NUL and may hold more of them.
  if (!path.empty() && path.front() == '\0') {
    std::string name = "@";
    append_quoted(path.substr(1), name);
    fields.add("sun_path", Value::verbatim(context.text(name)));
  } else {
    fields.add("sun_path", Value::string(path.substr(0, path.find('\0')), false));
  }
}

void inet6(CallContext& context, std::span<const std::byte> bytes, Fields& fields) {
  fields.add("sin6_port", call(context, "htons", Value::natural(big_endian(bytes, 2, 2))));
  fields.add("sin6_flowinfo", call(context, "htonl", Value::natural(big_endian(bytes, 4, 4))));
  fields.add(inet6_address(context, bytes.subspan(8, 16), "&sin6_addr"));
  if (bytes.size() < 28) return;
  // Only an address of a link's scope is one of an interface.
  const std::uint64_t head = big_endian(bytes, 8, 2);
  const bool of_link = (head & 0xffc0) == 0xfe80 || (head & 0xff0f) == 0xff02;
  const std::uint64_t scope = number_at(bytes, 24, 4);
  fields.add("sin6_scope_id", of_link ? interface_index(context, CustomInput{.value = scope})
                                      : Value::natural(scope));
}

void packet(CallContext& context, std::span<const std::byte> bytes, Fields& fields) {
  constexpr std::size_t kAddress = 12;
  fields.add("sll_protocol", ethernet_value(context, number_at(bytes, 2, 2)));
  fields.add("sll_ifindex", interface_index(context, CustomInput{.value = number_at(bytes, 4, 4)}));
  fields.add("sll_hatype", context.symbol(known::set::hardware_type, number_at(bytes, 8, 2)));
  fields.add("sll_pkttype", context.symbol(known::set::packet_type, number_at(bytes, 10, 1)));
  fields.add("sll_halen", little(bytes, 11, 1));
  const std::size_t claimed = number_at(bytes, 11, 1);
  if (claimed == 0) return;
  const auto there = bytes.subspan(kAddress, std::min(claimed, bytes.size() - kAddress));
  fields.add("sll_addr", byte_array(context, there, there.size() < claimed));
}

void bluetooth(CallContext& context, std::span<const std::byte> bytes, Fields& fields) {
  auto htobs = [&](std::size_t offset) { return call(context, "htobs", little(bytes, offset, 2)); };
  auto named = [&](std::size_t offset, tables::Index set) {
    return call(context, "htobs", context.symbol(set, number_at(bytes, offset, 2)));
  };
  auto address = [&](std::size_t offset) {
    return hardware_address(context, bytes.subspan(offset, 6));
  };
  if (bytes.size() >= 14) {
    fields.add("l2_psm", named(2, known::set::bluetooth_psm));
    fields.add("l2_bdaddr", address(4));
    fields.add("l2_cid", named(10, known::set::bluetooth_cid));
    fields.add("l2_bdaddr_type",
               context.symbol(known::set::bluetooth_address_type, number_at(bytes, 12, 1)));
  } else if (bytes.size() >= 10) {
    fields.add("rc_bdaddr", address(2));
    fields.add("rc_channel", little(bytes, 8, 1));
  } else if (bytes.size() >= 8) {
    fields.add("sco_bdaddr", address(2));
  } else {
    fields.add("hci_dev", htobs(2));
    fields.add("hci_channel",
               context.symbol(known::set::bluetooth_channel, number_at(bytes, 4, 2)));
  }
}

// What follows a family; `size` bytes must be there, or it is not decoded.
struct FamilyRow {
  std::uint64_t family;
  std::size_t size;
  void (*decode)(CallContext&, std::span<const std::byte>, Fields&);  // or:
  tables::Index type = tables::kNone;  // a structure that begins with the family
};
constexpr std::array<FamilyRow, 11> kFamilies{{
    {kAfUnix, 3, unix_path},
    {kAfInet, 16, nullptr, known::type::sockaddr_in},
    {kAfInet6, 24, inet6},
    {kAfNetlink, 12, nullptr, known::type::sockaddr_nl},
    {kAfPacket, 20, packet},
    {kAfBluetooth, 6, bluetooth},
    {kAfAlg, 88, nullptr, known::type::sockaddr_alg},
    {kAfVsock, 16, nullptr, known::type::sockaddr_vm},
    {kAfQipcrtr, 12, nullptr, known::type::sockaddr_qrtr},
    {kAfXdp, 16, nullptr, known::type::sockaddr_xdp},
    {kAfMctp, 12, nullptr, known::type::sockaddr_mctp},
}};

}  // namespace

Value ethernet_value(CallContext& context, std::uint64_t in_network_order) {
  const auto type = ntohs(static_cast<std::uint16_t>(in_network_order));
  return call(context, "htons", context.symbol(known::set::ethernet_protocol, type));
}

Value byte_array(CallContext& context, std::span<const std::byte> bytes, bool more) {
  auto values = context.arena().allocate<Value>(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint64_t>(bytes[i]);
    values[i] = byte == 0 ? Value::verbatim("00") : Value::hex(byte);
  }
  return Value::list(Value::Kind::Array, values, more);
}

Value socket_address_in(CallContext& context, std::span<const std::byte> bytes) {
  const std::uint64_t family = number_at(bytes, 0, 2);
  Fields fields;
  fields.add("sa_family", context.symbol(known::set::address_family, family));
  const auto row = std::ranges::find(kFamilies, family, &FamilyRow::family);
  const bool known = row != kFamilies.end() && bytes.size() >= row->size;
  if (known && row->decode == nullptr) {
    return context.load(tables::kTypes[row->type], bytes.first(row->size));
  }
  if (known) {
    row->decode(context, bytes, fields);
  } else if (bytes.size() > 2) {
    const auto rest = bytes.subspan(2);
    fields.add("sa_data",
               Value::string({reinterpret_cast<const char*>(rest.data()), rest.size()}, false));
  }
  return fields.structure(context.arena());
}

Value socket_address_value(CallContext& context, Address at, std::uint64_t length) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(length, kAddressMax));
  if (at.null() || size < 2) return Value::address(at);
  const auto bytes = context.read(at, size);
  return bytes.size() == size ? socket_address_in(context, bytes) : Value::unreadable(at);
}

Value socket_address(CallContext& context, const CustomInput& input) {
  // A length is a socklen_t, which the kernel takes as an int.
  const std::uint64_t length = input.length > 0x7fffffff ? 0 : input.length;
  return socket_address_value(context, Address(input.value), length);
}

namespace {

struct ProtocolRow {
  std::uint64_t family;
  tables::Index set;
};
constexpr std::array<ProtocolRow, 14> kProtocols{{
    {2, known::set::ip_protocol},
    {3, known::set::ax25_protocol},
    {10, known::set::ip_protocol},
    {16, known::set::netlink_family},
    {23, known::set::irda_protocol},
    {29, known::set::can_protocol},
    {31, known::set::bluetooth_protocol},
    {33, known::set::address_family},
    {34, known::set::isdn_protocol},
    {35, known::set::phonet_protocol},
    {37, known::set::caif_protocol},
    {39, known::set::nfc_protocol},
    {41, known::set::kcm_protocol},
    {43, known::set::smc_protocol},
}};

}  // namespace

// What kind of socket, and flags; the bits of an unknown kind are left to the flags.
Value socket_type(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kKindMask = 0xf;
  const std::uint64_t bits = input.value & ~kKindMask;
  const Value kind = context.symbol(known::set::socket_kind, input.value & kKindMask);
  if (kind.kind != Value::Kind::Symbol) return context.flags(known::set::accept_flags, input.value);
  if (bits == 0) return kind;
  const Value flags = context.flags(known::set::accept_flags, bits);
  ValueList<4> parts;
  parts.add(kind);
  for (const Value& flag : flags.children)
    parts.add(flag);
  if (flags.kind != Value::Kind::Flags) parts.add(flags);
  return parts.make(Value::Kind::Flags, context.arena());
}

Value socket_protocol(CallContext& context, const CustomInput& input) {
  const std::uint64_t family = context.argument(0) & 0xffffffff;
  if (family == kAfPacket) return ethernet_value(context, input.value);
  for (const ProtocolRow& row : kProtocols) {
    if (row.family == family) return context.symbol(row.set, input.value);
  }
  return Value::natural(input.value);
}

}  // namespace ttrace::custom
