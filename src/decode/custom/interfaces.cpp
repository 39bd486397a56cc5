// The requests of ioctl about network interfaces.
#include <algorithm>
#include <array>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::size_t kNameSize = 16;

// linux/sockios.h: what of the union in struct ifreq a request is about.
struct Request {
  enum class Member : std::uint8_t { Address, Hardware, Flags, Number, Map, Name };
  std::uint64_t get;
  std::uint64_t set;
  std::string_view name;
  Member member;
};
constexpr std::uint64_t kGetName = 0x8910;
constexpr std::array kRequests{
    Request{0x8913, 0x8914, "ifr_flags", Request::Member::Flags},
    Request{0x8915, 0x8916, "ifr_addr", Request::Member::Address},
    Request{0x8917, 0x8918, "ifr_dstaddr", Request::Member::Address},
    Request{0x8919, 0x891a, "ifr_broadaddr", Request::Member::Address},
    Request{0x891b, 0x891c, "ifr_netmask", Request::Member::Address},
    Request{0x891d, 0x891e, "ifr_metric", Request::Member::Number},
    Request{0x8921, 0x8922, "ifr_mtu", Request::Member::Number},
    Request{0, 0x8923, "ifr_newname", Request::Member::Name},
    Request{0x8927, 0x8924, "ifr_hwaddr", Request::Member::Hardware},
    Request{0x8929, 0x8930, "ifr_slave", Request::Member::Name},
    Request{0, 0x8931, "ifr_hwaddr", Request::Member::Hardware},
    Request{0, 0x8932, "ifr_hwaddr", Request::Member::Hardware},
    Request{0x8933, 0, "ifr_ifindex", Request::Member::Number},
    Request{0, 0x8937, "ifr_hwaddr", Request::Member::Hardware},
    Request{0x8942, 0x8943, "ifr_qlen", Request::Member::Number},
    Request{0x8970, 0x8971, "ifr_map", Request::Member::Map},
};
constexpr std::uint64_t kAddToBridge = 0x89a2;
constexpr std::uint64_t kRemoveFromBridge = 0x89a3;

Value name_value(CallContext& context, std::span<const std::byte> bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto end = text.find('\0');
  const bool ends = end != std::string_view::npos;
  return Value::string(context.text(text.substr(0, ends ? end : text.size() - 1)), !ends);
}

// Bytes of an address of this type of hardware; of others all 14 are shown.
struct HardwareSize {
  std::uint64_t type;
  std::size_t size;
};
constexpr std::array kHardwareSizes{
    HardwareSize{0, 7},   HardwareSize{1, 6},   HardwareSize{3, 7},   HardwareSize{6, 6},
    HardwareSize{7, 1},   HardwareSize{15, 2},  HardwareSize{27, 8},  HardwareSize{270, 5},
    HardwareSize{271, 5}, HardwareSize{290, 1}, HardwareSize{768, 4}, HardwareSize{772, 6},
    HardwareSize{773, 1}, HardwareSize{774, 6}, HardwareSize{776, 4}, HardwareSize{777, 4},
    HardwareSize{778, 4}, HardwareSize{779, 4}, HardwareSize{780, 6}, HardwareSize{783, 4},
    HardwareSize{801, 6}, HardwareSize{802, 6}, HardwareSize{803, 6}, HardwareSize{804, 8},
    HardwareSize{805, 8}, HardwareSize{820, 1}, HardwareSize{821, 1}, HardwareSize{822, 1},
    HardwareSize{825, 8}, HardwareSize{826, 8}};

Value hardware_value(CallContext& context, std::span<const std::byte> bytes) {
  Arena& arena = context.arena();
  const auto* known_size =
      std::ranges::find(kHardwareSizes, number_at(bytes, 0, 2), &HardwareSize::type);
  const std::size_t size = known_size == kHardwareSizes.end() ? 14 : known_size->size;
  fmt::basic_memory_buffer<char, 64> text;
  for (std::size_t i = 2; i < size + 2; ++i) {
    fmt::format_to(std::back_inserter(text), "{}{:02x}", i > 2 ? ":" : "",
                   static_cast<unsigned>(bytes[i]));
  }
  ValueList<2> fields;
  fields.add("sa_family", context.symbol(known::set::hardware_type, number_at(bytes, 0, 2)));
  fields.add("sa_data", Value::verbatim(arena.copy(std::string_view(text.data(), text.size()))));
  return fields.structure(arena);
}

Value member_value(CallContext& context, const Request& request, Address at,
                   std::span<const std::byte> bytes) {
  using Member = Request::Member;
  switch (request.member) {
    case Member::Address:
      return socket_address_value(context, at, kNameSize);
    case Member::Hardware:
      return hardware_value(context, bytes);
    case Member::Flags:
      return context.flags(known::set::interface_flags, number_at(bytes, 0, 2));
    case Member::Number:
      return Value::integer(sign_extend(number_at(bytes, 0, 4), 4));
    case Member::Map: {
      const auto& type = tables::kTypes[known::type::interface_map];
      return context.load(type, bytes.first(type.size[context.abi_index()]));
    }
    case Member::Name:
      return name_value(context, bytes.first(kNameSize));
  }
  return Value::address(at);
}

}  // namespace

Value interface_request(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  // The union is as large as its map.
  const std::size_t size =
      kNameSize + tables::kTypes[known::type::interface_map].size[context.abi_index()];
  const auto bytes = context.read(at, size);
  if (at.null() || bytes.size() != size) return Value::unreadable(at);
  const auto member = bytes.subspan(kNameSize);
  const std::uint64_t command = context.argument(1) & 0xffffffff;
  const bool answered = context.at_exit() && context.error() == 0;
  ValueList<2> fields;
  if (command == kAddToBridge || command == kRemoveFromBridge) {
    fields.add("ifr_ifindex", interface_index(context, {.value = number_at(member, 0, 4)}));
    return fields.structure(context.arena());
  }
  if (command == kGetName) {
    fields.add("ifr_ifindex", Value::integer(sign_extend(number_at(member, 0, 4), 4)));
    if (answered) fields.add("ifr_name", name_value(context, bytes.first(kNameSize)));
    return fields.structure(context.arena());
  }
  fields.add("ifr_name", name_value(context, bytes.first(kNameSize)));
  auto it = std::ranges::find_if(
      kRequests, [&](const Request& r) { return r.get == command || r.set == command; });
  if (it != kRequests.end() && (it->set == command || answered))
    fields.add(it->name, member_value(context, *it, at + kNameSize, member));
  return fields.structure(context.arena());
}

Value interface_list(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const auto bytes = context.read(at, 2 * word);
  if (at.null() || bytes.size() != 2 * word) return Value::unreadable(at);
  const std::uint64_t length = number_at(bytes, 0, 4);
  const Address buffer(number_at(bytes, word, word));
  const std::size_t each =
      kNameSize + tables::kTypes[known::type::interface_map].size[context.abi_index()];
  Value size = Value::integer(sign_extend(length, 4));
  if (length != 0 && length % each == 0)
    size.comment = format(context.arena(), "{} * sizeof(struct ifreq)", length / each);
  ValueList<2> fields;
  const Value* before = field_of(input.before, "ifc_len");
  const bool changed = before != nullptr && before->number != size.number && !buffer.null();
  fields.add("ifc_len", changed ? Value::list(Value::Kind::Change,
                                              context.list(std::array{before->named({}), size}))
                                : size);
  if (!context.at_exit() || context.error() != 0 || buffer.null()) {
    fields.add("ifc_buf", Value::address(buffer));
    return fields.structure(context.arena());
  }
  Address next = buffer;
  const Value interfaces = array_value(
      context, buffer, length > 0x7fffffff ? 0 : length / each, each,
      [&](std::span<const std::byte> interface) {
        ValueList<2> parts;
        parts.add("ifr_name", name_value(context, interface.first(kNameSize)));
        parts.add("ifr_addr", socket_address_value(context, next + kNameSize, kNameSize));
        next = next + each;
        return parts.structure(context.arena());
      });
  fields.add("ifc_buf", interfaces);
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
