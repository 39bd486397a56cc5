// The names of socket options and their values.
#include <algorithm>
#include <bit>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kSolIp = 0, kSolSocket = 1, kSolIpv6 = 41, kSolRaw = 255, kSolPacket = 263,
                        kSolNetlink = 270, kSolTipc = 271;

struct LevelRow {
  std::uint64_t level;
  tables::Index set, get;  // the names of options, for setsockopt and getsockopt
};
constexpr std::array<LevelRow, 29> kLevels{{
    {0, known::set::set_ip_option, known::set::get_ip_option},
    {1, known::set::set_socket_option, known::set::get_socket_option},
    {6, known::set::tcp_option, known::set::tcp_option},
    {17, known::set::udp_option, known::set::udp_option},
    {40, known::set::vsock_option, known::set::vsock_option},
    {41, known::set::set_ipv6_option, known::set::get_ipv6_option},
    {101, known::set::can_raw_option, known::set::can_raw_option},
    {132, known::set::sctp_option, known::set::sctp_option},
    {255, known::set::raw_option, known::set::raw_option},
    {256, known::set::ipx_option, known::set::ipx_option},
    {257, known::set::ax25_option, known::set::ax25_option},
    {263, known::set::packet_option, known::set::packet_option},
    {266, known::set::irda_option, known::set::irda_option},
    {268, known::set::llc_option, known::set::llc_option},
    {269, known::set::dccp_option, known::set::dccp_option},
    {270, known::set::netlink_option, known::set::netlink_option},
    {271, known::set::tipc_option, known::set::tipc_option},
    {272, known::set::rxrpc_option, known::set::rxrpc_option},
    {273, known::set::pppol2tp_option, known::set::pppol2tp_option},
    {274, known::set::bluetooth_option, known::set::bluetooth_option},
    {275, known::set::pnpipe_option, known::set::pnpipe_option},
    {276, known::set::rds_option, known::set::rds_option},
    {277, known::set::iucv_option, known::set::iucv_option},
    {278, known::set::caif_option, known::set::caif_option},
    {279, known::set::alg_option, known::set::alg_option},
    {280, known::set::nfc_option, known::set::nfc_option},
    {281, known::set::kcm_option, known::set::kcm_option},
    {282, known::set::tls_option, known::set::tls_option},
    {283, known::set::xdp_option, known::set::xdp_option},
}};

const LevelRow* find_level(std::uint64_t level) {
  const auto* row = std::ranges::lower_bound(kLevels, level, {}, &LevelRow::level);
  return row != kLevels.end() && row->level == level ? row : nullptr;
}

// --- values -----------------------------------------------------------------------------------

// An option's value while it is being decoded.
struct Option {
  CallContext& context;
  Address at;
  std::uint64_t length;
  tables::Index ref;  // of the row: a type or a set
  bool set;           // by setsockopt

  [[nodiscard]] std::span<const std::byte> bytes(std::size_t size) const {
    const auto read = context.read(at, size);
    return read.size() == size ? read : std::span<const std::byte>();
  }
  [[nodiscard]] Value address() const { return Value::unreadable(at); }
};

Value in_brackets(CallContext& context, const Value& value) {
  return Value::list(Value::Kind::Array, context.list({&value, 1}));
}

// Bytes of what should have been longer, or shorter.
Value part(const Option& option) {
  const auto limit = option.context.options().string_limit;
  const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(option.length, limit));
  const auto bytes = option.context.read(option.at, shown);
  if (bytes.size() != shown) return option.address();
  return hex_string(option.context, bytes, option.length);
}

Value raw(const Option& option) {
  if (option.length == 4) {
    const auto bytes = option.bytes(4);
    if (bytes.empty()) return option.address();
    return in_brackets(option.context, Value::integer(sign_extend(number_at(bytes, 0, 4), 4)));
  }
  return option.context.bytes(option.at, option.length);
}

Value integer(const Option& option) {
  if (option.length < 4) return option.set ? option.address() : part(option);
  const auto bytes = option.bytes(4);
  if (bytes.empty()) return option.address();
  const std::uint64_t number = number_at(bytes, 0, 4);
  return in_brackets(option.context, option.ref == tables::kNone
                                         ? Value::integer(sign_extend(number, 4))
                                         : option.context.symbol(option.ref, number));
}

// A number whatever its size is said to be.
Value any_integer(const Option& option) {
  const auto bytes = option.bytes(4);
  if (bytes.empty() || (option.set && option.length < 4)) return option.address();
  return in_brackets(option.context, Value::integer(sign_extend(number_at(bytes, 0, 4), 4)));
}

// A symbol of exactly four bytes.
Value symbol(const Option& option) {
  if (option.length != 4) return part(option);
  return integer(option);
}

Value integers(const Option& option) {
  const std::uint64_t all = option.length / 4;
  const std::size_t count = option.context.shown_elements(all);
  const auto bytes = option.context.read(option.at, count * 4);
  auto values = option.context.arena().allocate<Value>(bytes.size() / 4);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = Value::natural(number_at(bytes, 4 * i, 4));
  return Value::list(Value::Kind::Array, values, count < all);
}

// A structure that is at least as long as it should be.
Value structure(const Option& option) {
  const auto& type = tables::kTypes[option.ref];
  if (option.length < type.size[option.context.abi_index()]) return option.address();
  return option.context.pointee(type, option.at);
}

Value exact_structure(const Option& option) {
  const auto& type = tables::kTypes[option.ref];
  if (option.length != type.size[option.context.abi_index()]) return option.address();
  return option.context.pointee(type, option.at);
}

// A structure of numbers of four bytes, of which the last ones may be missing.
Value numbers(const Option& option) {
  const auto& type = tables::kTypes[option.ref];
  const std::size_t size = type.size[option.context.abi_index()];
  const auto there = static_cast<std::size_t>(std::min<std::uint64_t>(option.length, size));
  const auto bytes = option.bytes(there);
  if (bytes.empty()) return option.address();
  auto whole = option.context.arena().allocate<std::byte>(size);
  std::ranges::copy(bytes, whole.begin());
  const Value all = option.context.load(type, whole);
  ValueList<4> fields;
  for (std::size_t i = 0; 4 * i < there && i < all.children.size(); ++i) {
    const Value& field = all.children[i];
    fields.add(field.name, 4 * i + 4 <= there
                               ? field
                               : hex_string(option.context, bytes.subspan(4 * i), there - 4 * i));
  }
  return fields.structure(option.context.arena());
}

// numbers() of getsockopt, where setsockopt needs the whole structure.
Value linger(const Option& option) {
  return option.set ? structure(option) : numbers(option);
}

Value instructions(const Option& option) {
  return custom::socket_filter(option.context,
                               {.value = option.at.value(), .length = option.length});
}

Value group_request(const Option& option) {
  constexpr std::size_t kStorage = 128;
  const std::size_t word = option.context.word();
  const auto bytes = option.bytes(word + kStorage);
  if (option.length < word + kStorage || bytes.empty()) return option.address();
  ValueList<2> fields;
  fields.add("gr_interface",
             interface_index(option.context, CustomInput{.value = number_at(bytes, 0, 4)}));
  fields.add("gr_group", socket_address_in(option.context, bytes.subspan(word)));
  return fields.structure(option.context.arena());
}

Value ipv6_membership(const Option& option) {
  constexpr std::size_t kSize = 20;
  const auto bytes = option.bytes(kSize);
  if (option.length < kSize || bytes.empty()) return option.address();
  ValueList<2> fields;
  fields.add(inet6_address(option.context, bytes.first(16), "&ipv6mr_multiaddr"));
  fields.add("ipv6mr_interface",
             interface_index(option.context, CustomInput{.value = number_at(bytes, 16, 4)}));
  return fields.structure(option.context.arena());
}

Value packet_membership(const Option& option) {
  constexpr std::size_t kSize = 16, kAddress = 8;
  const auto bytes = option.bytes(kSize);
  if (option.length != kSize || bytes.empty()) return option.address();
  const auto length = static_cast<std::size_t>(number_at(bytes, 6, 2));
  ValueList<4> fields;
  fields.add("mr_ifindex",
             interface_index(option.context, CustomInput{.value = number_at(bytes, 0, 4)}));
  fields.add("mr_type",
             option.context.symbol(known::set::packet_membership, number_at(bytes, 4, 2)));
  fields.add("mr_alen", Value::natural(length));
  fields.add("mr_address",
             hardware_address(option.context, bytes.subspan(kAddress, std::min(length, kAddress))));
  return fields.structure(option.context.arena());
}

// Two ports in one number, the lower one first.
Value port_range(const Option& option) {
  const auto bytes = option.bytes(4);
  if (option.length != 4 || bytes.empty()) return part(option);
  Value value = Value::hex(number_at(bytes, 0, 4));
  auto port = [&](std::size_t offset) {
    const std::uint64_t number = number_at(bytes, offset, 2);
    return number == 0 ? std::string_view() : format(option.context.arena(), "{}", number);
  };
  value.comment = format(option.context.arena(), "{}..{}", port(0), port(2));
  return in_brackets(option.context, value);
}

// A mask with a bit for each type of ICMP message.
Value icmp_filter(const Option& option) {
  const auto bytes = option.bytes(4);
  if (bytes.empty()) return option.address();
  const auto mask = static_cast<std::uint32_t>(number_at(bytes, 0, 4));
  const bool inverted = std::popcount(mask) >= 32 * 2 / 3;
  const std::uint32_t listed = inverted ? ~mask : mask;
  ValueList<32> types;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((listed >> bit & 1) != 0) types.add(option.context.symbol(known::set::icmp_type, bit));
  }
  Value value = types.make(Value::Kind::Set, option.context.arena());
  value.inverted = inverted;
  return value;
}

enum class When : std::uint8_t { Set, Get, Both };
struct OptionRow {
  std::uint64_t level, name;
  When when;
  Value (*decode)(const Option&);
  tables::Index ref = tables::kNone;
};
// The options whose values are not raw().
constexpr std::array<OptionRow, 28> kOptions{{
    {kSolIp, 35, When::Set, structure, known::type::ip_mreq},
    {kSolIp, 36, When::Set, structure, known::type::ip_mreq},
    {kSolIp, 42, When::Set, group_request},
    {kSolIp, 45, When::Set, group_request},
    {kSolIp, 51, When::Both, port_range},
    {kSolIp, 52, When::Get, symbol, known::set::ip_protocol},
    {kSolSocket, 4, When::Get, integer, known::set::errors},
    {kSolSocket, 13, When::Both, linger, known::type::linger},
    {kSolSocket, 17, When::Get, numbers, known::type::credentials},
    {kSolSocket, 26, When::Set, exact_structure, known::type::sock_fprog},
    {kSolSocket, 26, When::Get, instructions},
    {kSolSocket, 51, When::Set, exact_structure, known::type::sock_fprog},
    {kSolSocket, 74, When::Both, integer, known::set::transmit_hash},
    {kSolSocket, 77, When::Get, integer},
    {kSolIpv6, 20, When::Set, ipv6_membership},
    {kSolIpv6, 21, When::Set, ipv6_membership},
    {kSolIpv6, 27, When::Set, ipv6_membership},
    {kSolIpv6, 28, When::Set, ipv6_membership},
    {kSolIpv6, 42, When::Set, group_request},
    {kSolIpv6, 45, When::Set, group_request},
    {kSolRaw, 1, When::Both, icmp_filter},
    {kSolPacket, 1, When::Set, packet_membership},
    {kSolPacket, 2, When::Set, packet_membership},
    {kSolPacket, 5, When::Set, exact_structure, known::type::tpacket_req},
    {kSolPacket, 6, When::Get, numbers, known::type::tpacket_stats},
    {kSolPacket, 13, When::Set, exact_structure, known::type::tpacket_req},
    {kSolNetlink, 9, When::Get, integers},
    {kSolTipc, 127, When::Both, integer, known::set::tipc_importance},
}};

Value option_value(CallContext& context, const CustomInput& input, bool set) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  const std::uint64_t level = context.argument(1) & 0xffffffff;
  const std::uint64_t name = context.argument(2) & 0xffffffff;
  // A getsockopt that had no room filled in nothing.
  const bool negative = (input.length & 0x80000000) != 0;
  if (!set && (input.length == 0 || negative)) return Value::unreadable(at);
  // As strace: to raw() a negative length is a huge one.
  Option option{context, at, input.length, tables::kNone, set};
  if (negative) option.length = input.length | ~std::uint64_t{0xffffffff};
  for (const OptionRow& row : kOptions) {
    if (row.level != level || row.name != name) continue;
    if (row.when != When::Both && (row.when == When::Set) != set) continue;
    if (negative && row.decode != port_range && row.decode != raw) return Value::unreadable(at);
    option.ref = row.ref;
    return row.decode(option);
  }
  const bool number =
      level == kSolSocket && !context.symbol(known::set::integer_option, name).text.empty();
  if (negative && (number || level == kSolNetlink)) return Value::unreadable(at);
  if (number) return integer(option);
  if (level == kSolNetlink || level == kSolTipc) return any_integer(option);
  return raw(option);
}

Value option_name(CallContext& context, std::uint64_t name, tables::Index LevelRow::*names) {
  const LevelRow* row = find_level(context.argument(1) & 0xffffffff);
  return row == nullptr ? Value::natural(name) : context.symbol(row->*names, name);
}

}  // namespace

Value set_option_name(CallContext& context, const CustomInput& input) {
  return option_name(context, input.value, &LevelRow::set);
}

Value get_option_name(CallContext& context, const CustomInput& input) {
  return option_name(context, input.value, &LevelRow::get);
}

Value set_option_value(CallContext& context, const CustomInput& input) {
  return option_value(context, input, true);
}

Value get_option_value(CallContext& context, const CustomInput& input) {
  return option_value(context, input, false);
}

}  // namespace ttrace::custom
