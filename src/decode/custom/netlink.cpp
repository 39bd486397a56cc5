// Messages of netlink sockets: headers, and what RTM_… messages are about.
#include <algorithm>
#include <string>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kHeader = 16, kAttribute = 4, kAlignment = 4;
// What looks like a longer message is something else; nothing that is sent is.
constexpr std::uint64_t kLongest = 1 << 20;
// Values are not made any more when the call's arena has less left than this.
constexpr std::size_t kReserve = std::size_t{1} << 16;
constexpr int kRoute = 0, kSockDiag = 4, kUevent = 15, kGeneric = 16;
constexpr std::uint64_t kError = 2, kDone = 3, kFirstOfFamily = 16;

std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

Bytes from(Bytes bytes, std::size_t offset) {
  return bytes.subspan(std::min(offset, bytes.size()));
}

Value hexadecimal(CallContext& context, Bytes bytes) {
  const std::size_t shown = std::min(bytes.size(), context.options().string_limit);
  return hex_string(context, bytes.first(shown), bytes.size());
}

// Values that stand in brackets when they are several.
class Sequence {
 public:
  explicit Sequence(CallContext& context) : context_(context) {}
  void add(const Value& value) {
    if (count_ == values_.size()) grow();
    values_[count_++] = value;
  }
  void cut() { cut_ = true; }
  // No more than an array has, nor than the arena takes.
  [[nodiscard]] bool full() const {
    return count_ == context_.shown_elements(count_ + 1) || context_.arena().left() < kReserve;
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] Value make() const {
    if (count_ == 1 && !cut_) return values_.front();
    return Value::list(Value::Kind::Array, values_.first(count_), cut_);
  }

 private:
  void grow() {
    auto larger = context_.arena().allocate<Value>(std::max<std::size_t>(4, 2 * values_.size()));
    std::ranges::copy(values_.first(count_), larger.begin());
    values_ = larger;
  }

  CallContext& context_;
  std::span<Value> values_;
  std::size_t count_ = 0;
  bool cut_ = false;
};

Value pair(CallContext& context, const Value& first, const Value& second) {
  return Value::list(Value::Kind::Array, context.list(std::array{first, second}));
}

// --- attributes -------------------------------------------------------------------------------

struct AttributeSet;

enum class Form : std::uint8_t {
  U8,
  U16,
  U32,
  U64,
  S32,
  Port,       // two bytes in network order
  Interface,  // its index
  Text,
  Hardware,  // 01:02:03:04:05:06
  Address,   // of the message's address family
  Symbol,    // of the set `ref`, in `size` bytes; 0: in as many as there are
  Flags,
  Structure,  // `ref`
  Nested,     // `inner`
  Settings,   // numbers of four bytes, named by the set `ref` and counted from 1
  Settings0,  // the same, counted from 0
  Counters,   // the same of eight bytes
};

struct AttributeRow {
  std::uint16_t type;
  Form form;
  tables::Index ref = tables::kNone;
  std::uint8_t size = 4;
  const AttributeSet* inner = nullptr;
};

struct AttributeSet {
  tables::Index names;
  std::span<const AttributeRow> rows;
};

Value attributes(CallContext& context, Bytes bytes, const AttributeSet& set, std::uint64_t family);

constexpr AttributeRow kMetricRows[] = {
    {1, Form::U32},  {2, Form::U32},  {3, Form::U32},  {4, Form::U32},
    {5, Form::U32},  {6, Form::U32},  {7, Form::U32},  {8, Form::U32},
    {9, Form::U32},  {10, Form::U32}, {11, Form::U32}, {12, Form::U32},
    {13, Form::U32}, {14, Form::U32}, {15, Form::U32}, {16, Form::Text}};
constexpr AttributeSet kMetrics{known::set::route_metric, kMetricRows};

constexpr AttributeRow kLinkInfoRows[] = {{1, Form::Text}, {4, Form::Text}};
constexpr AttributeSet kLinkInfo{known::set::link_info_attribute, kLinkInfoRows};

constexpr AttributeRow kXdpRows[] = {{1, Form::S32},
                                     {2, Form::Symbol, known::set::xdp_attached, 1},
                                     {3, Form::Flags, known::set::xdp_link_flags},
                                     {4, Form::U32},
                                     {5, Form::U32},
                                     {6, Form::U32},
                                     {7, Form::U32},
                                     {8, Form::S32}};
constexpr AttributeSet kXdp{known::set::xdp_attribute, kXdpRows};

constexpr AttributeRow kInetRows[] = {{1, Form::Settings, known::set::ipv4_setting}};
constexpr AttributeSet kInet{known::set::inet_attribute, kInetRows};

constexpr AttributeRow kInet6Rows[] = {
    {1, Form::Flags, known::set::inet6_flags},
    {2, Form::Settings0, known::set::ipv6_setting},
    {3, Form::Counters, known::set::ip_statistic},
    {5, Form::Structure, known::type::inet6_usage},
    {6, Form::Counters, known::set::icmp6_statistic},
    {7, Form::Address},
    {8, Form::Symbol, known::set::address_generation, 1},
    {9, Form::U32},
};
constexpr AttributeSet kInet6{known::set::inet6_attribute, kInet6Rows};

constexpr AttributeRow kFamilyRows[] = {{2, Form::Nested, tables::kNone, 4, &kInet},
                                        {10, Form::Nested, tables::kNone, 4, &kInet6}};
constexpr AttributeSet kFamilies{known::set::address_family, kFamilyRows};

extern const AttributeSet kLink;
constexpr AttributeRow kLinkRows[] = {
    {1, Form::Hardware},
    {2, Form::Hardware},
    {3, Form::Text},
    {4, Form::U32},
    {5, Form::U32},
    {6, Form::Text},
    {7, Form::Structure, known::type::link_statistics},
    {10, Form::U32},
    {13, Form::U32},
    {14, Form::Structure, known::type::link_map},
    {15, Form::U32},
    {16, Form::U8},
    {17, Form::U8},
    {18, Form::Nested, tables::kNone, 4, &kLinkInfo},
    {19, Form::U32},
    {20, Form::Text},
    {21, Form::U32},
    {23, Form::Structure, known::type::link_statistics64},
    {26, Form::Nested, tables::kNone, 4, &kFamilies},
    {27, Form::U32},
    {28, Form::U32},
    {29, Form::Flags, known::set::link_filter},
    {30, Form::U32},
    {31, Form::U32},
    {32, Form::U32},
    {33, Form::U8},
    {35, Form::U32},
    {37, Form::S32},
    {38, Form::Text},
    {39, Form::U8},
    {40, Form::U32},
    {41, Form::U32},
    {43, Form::Nested, tables::kNone, 4, &kXdp},
    {44, Form::Symbol, known::set::link_event},
    {45, Form::S32},
    {46, Form::S32},
    {47, Form::U32},
    {48, Form::U32},
    {49, Form::Interface},
    {50, Form::U32},
    {51, Form::U32},
    {52, Form::Nested, tables::kNone, 4, &kLink},
    {53, Form::Text},
    {54, Form::Hardware},
    {56, Form::Text},
    {57, Form::Text},
    {58, Form::U32},
    {59, Form::U32},
    {60, Form::U32},
    {61, Form::U32},
    {62, Form::U32},
    {63, Form::U32},
    {64, Form::U32},
    {66, Form::U64},
    {67, Form::U8},
    {68, Form::U16},
    {69, Form::U16},
};
const AttributeSet kLink{known::set::link_attribute, kLinkRows};

constexpr AttributeRow kAddressRows[] = {
    {1, Form::Address}, {2, Form::Address},
    {3, Form::Text},    {4, Form::Address},
    {5, Form::Address}, {6, Form::Structure, known::type::address_lifetime},
    {7, Form::Address}, {8, Form::Flags, known::set::interface_address_flags},
    {9, Form::U32},     {10, Form::S32},
};
constexpr AttributeSet kAddress{known::set::address_attribute, kAddressRows};

constexpr AttributeRow kRouteRows[] = {
    {1, Form::Address},
    {2, Form::Address},
    {3, Form::Interface},
    {4, Form::Interface},
    {5, Form::Address},
    {6, Form::U32},
    {7, Form::Address},
    {8, Form::Nested, tables::kNone, 4, &kMetrics},
    {10, Form::U32},
    {11, Form::U32},
    {12, Form::Structure, known::type::route_usage},
    {14, Form::U32},
    {15, Form::Flags, known::set::route_table},
    {16, Form::U32},
    {19, Form::Address},
    {20, Form::U8},
    {21, Form::Symbol, known::set::tunnel_encapsulation, 2},
    {23, Form::U64},
    {25, Form::U32},
    {26, Form::U8},
    {27, Form::U8},
    {28, Form::U16},
    {29, Form::U16},
    {30, Form::U32},
};
constexpr AttributeSet kRouteAttributes{known::set::route_attribute, kRouteRows};

constexpr AttributeRow kNeighbourRows[] = {
    {1, Form::Address},
    {2, Form::Hardware},
    {3, Form::Structure, known::type::neighbour_usage},
    {4, Form::U32},
    {5, Form::U16},
    {6, Form::Port},
    {7, Form::U32},
    {8, Form::Interface},
    {9, Form::Interface},
    {10, Form::U32},
    {11, Form::U32},
    {12, Form::Symbol, known::set::ip_protocol, 0},
    {13, Form::U32},
    {16, Form::Flags, known::set::neighbour_state, 2},
    {17, Form::Flags, known::set::neighbour_flags, 1},
};
constexpr AttributeSet kNeighbour{known::set::neighbour_attribute, kNeighbourRows};

// One attribute's data.
class Data {
 public:
  Data(CallContext& context, Bytes bytes, std::uint64_t family)
      : context_(context), bytes_(bytes), family_(family) {}

  // What is too short for its form is shown as it is.
  Value decode(const AttributeRow* row) const {
    Value value;
    if (row != nullptr) value = formed(*row);
    return value.kind == Value::Kind::None ? hexadecimal(context_, bytes_) : value;
  }

 private:
  [[nodiscard]] Value formed(const AttributeRow& row) const {
    switch (row.form) {
      case Form::U8:
        return number(1);
      case Form::U16:
        return number(2);
      case Form::U32:
        return number(4);
      case Form::U64:
        return number(8);
      case Form::S32:
        return has(4) ? Value::integer(sign_extend(number_at(bytes_, 0, 4), 4)) : Value::none();
      case Form::Port:
        return has(2) ? network16(context_, {.value = number_at(bytes_, 0, 2)}) : Value::none();
      case Form::Interface:
        return has(4) ? interface_index(context_, {.value = number_at(bytes_, 0, 4)})
                      : Value::none();
      case Form::Text:
        return text();
      case Form::Hardware:
        return bytes_.size() <= 32 ? hardware_address(context_, bytes_) : Value::none();
      case Form::Address:
        return address();
      case Form::Symbol:
      case Form::Flags:
        return constant(row);
      case Form::Structure:
        return structure(row.ref);
      case Form::Nested:
        return has(kAttribute) ? attributes(context_, bytes_, *row.inner, family_) : Value::none();
      case Form::Settings:
        return settings(row.ref, 4, "-1");
      case Form::Settings0:
        return settings(row.ref, 4, "");
      case Form::Counters:
        return settings(row.ref, 8, "");
    }
    return Value::none();
  }

  [[nodiscard]] bool has(std::size_t size) const { return bytes_.size() >= size; }
  [[nodiscard]] Value number(std::size_t size) const {
    return has(size) ? Value::natural(number_at(bytes_, 0, size)) : Value::none();
  }
  [[nodiscard]] Value text() const {
    const bool ends = bytes_.back() == std::byte{0};
    const std::size_t length = bytes_.size() - (ends ? 1 : 0);
    const std::size_t shown = std::min(length, context_.options().string_limit);
    return Value::string({reinterpret_cast<const char*>(bytes_.data()), shown},
                         !ends || shown < length);
  }
  [[nodiscard]] Value address() const {
    constexpr std::uint64_t kInetFamily = 2, kInet6Family = 10;
    if (family_ == kInetFamily && has(4)) {
      return inet_address(context_, {.value = number_at(bytes_, 0, 4)});
    }
    if (family_ == kInet6Family && has(16)) {
      return inet6_address(context_, bytes_.first(16), {});
    }
    return Value::none();
  }
  [[nodiscard]] Value constant(const AttributeRow& row) const {
    const std::size_t size = row.size != 0 ? row.size : std::min<std::size_t>(bytes_.size(), 8);
    if (!has(size) || (row.size == 0 && bytes_.size() > 8)) return Value::none();
    const std::uint64_t value = number_at(bytes_, 0, size);
    return row.form == Form::Flags ? context_.flags(row.ref, value)
                                   : context_.symbol(row.ref, value);
  }
  [[nodiscard]] Value structure(tables::Index ref) const {
    const auto& type = tables::kTypes[ref];
    const std::size_t size = type.size[context_.abi_index()];
    return has(size) ? context_.load(type, bytes_.first(size)) : Value::none();
  }
  // [[DEVCONF_MTU6]=65536, ...]
  [[nodiscard]] Value settings(tables::Index names, std::size_t size,
                               std::string_view after) const {
    if (!has(size)) return Value::none();
    const std::size_t all = bytes_.size() / size;
    auto values = context_.arena().allocate<Value>(context_.shown_elements(all));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto name = context_.symbol(names, i).text;
      const std::uint64_t number = number_at(bytes_, i * size, size);
      const std::int64_t value = sign_extend(number, size);
      values[i] =
          Value::verbatim(name.empty() ? format(context_.arena(), "[{}]={}", i, value)
                                       : format(context_.arena(), "[{}{}]={}", name, after, value));
    }
    return Value::list(Value::Kind::Array, values, values.size() < all);
  }

  CallContext& context_;
  Bytes bytes_;
  std::uint64_t family_;
};

Value attribute_name(CallContext& context, std::uint64_t type, tables::Index names) {
  constexpr std::uint64_t kMask = 0x3fff;
  const Value name = context.symbol(names, type & kMask);
  const Value flags = context.flags(known::set::attribute_type, type & ~kMask);
  if (flags.children.empty()) return name;
  ValueList<4> parts;
  for (const Value& flag : flags.children)
    parts.add(flag);
  parts.add(name);
  return parts.make(Value::Kind::Flags, context.arena());
}

Value attributes(CallContext& context, Bytes bytes, const AttributeSet& set, std::uint64_t family) {
  Sequence all(context);
  while (bytes.size() >= kAttribute) {
    if (all.full()) {
      all.cut();
      return all.make();
    }
    const auto claimed = static_cast<std::size_t>(number_at(bytes, 0, 2));
    const std::uint64_t type = number_at(bytes, 2, 2);
    const auto row = std::ranges::find(set.rows, type & 0x3fff, &AttributeRow::type);
    ValueList<2> fields;
    fields.add("nla_len", Value::natural(claimed));
    fields.add("nla_type", attribute_name(context, type, set.names));
    const Value head = fields.structure(context.arena());
    const std::size_t size = std::min(claimed, bytes.size());
    // The attributes of a family's settings are nested under the family.
    const std::uint64_t of = &set == &kFamilies ? type & 0x3fff : family;
    if (size > kAttribute) {
      const Data data(context, bytes.subspan(kAttribute, size - kAttribute), of);
      all.add(pair(context, head, data.decode(row == set.rows.end() ? nullptr : &*row)));
    } else {
      all.add(head);
    }
    if (claimed < kAttribute) return all.make();
    bytes = from(bytes, aligned(claimed));
  }
  if (!bytes.empty()) all.add(hexadecimal(context, bytes));
  return all.make();
}

// --- messages ---------------------------------------------------------------------------------

struct RouteRow {
  std::uint64_t first;  // the first of four types: RTM_NEW…, RTM_DEL…, RTM_GET…, RTM_SET…
  tables::Index head;   // a structure that begins with a family of one byte
  const AttributeSet* attributes;
};
constexpr RouteRow kRouteMessages[] = {
    {16, known::type::link_message, &kLink},
    {20, known::type::address_message, &kAddress},
    {24, known::type::route_message_head, &kRouteAttributes},
    {28, known::type::neighbour_message, &kNeighbour},
    {108, known::type::link_message, &kLink},
};

// What follows the header of a message of NETLINK_ROUTE.
void route_payload(CallContext& context, std::uint64_t type, Bytes bytes, Sequence& parts) {
  const std::uint64_t family = number_at(bytes, 0, 1);
  const auto row = std::ranges::find(kRouteMessages, type & ~std::uint64_t{3}, &RouteRow::first);
  const bool named = !context.symbol(known::set::route_message, type).text.empty();
  if (row == std::end(kRouteMessages) || !named) {
    ValueList<2> fields;
    fields.add("family", context.symbol(known::set::address_family, family));
    if (bytes.size() > 1) fields.add("data", hexadecimal(context, bytes.subspan(1)));
    parts.add(fields.structure(context.arena()));
    return;
  }
  const auto& head = tables::kTypes[row->head];
  const std::size_t size = head.size[context.abi_index()];
  if (bytes.size() < size) {
    // Only the family means something to a question.
    auto padded = context.arena().allocate<std::byte>(size);
    std::ranges::fill(padded, std::byte{0});
    std::ranges::copy(bytes, padded.begin());
    const Value whole = context.load(head, padded);
    parts.add(Value::list(Value::Kind::Struct, whole.children.first(1), true));
    return;
  }
  parts.add(context.load(head, bytes.first(size)));
  if (bytes.size() > size) {
    parts.add(attributes(context, from(bytes, aligned(size)), *row->attributes, family));
  }
}

Value message(CallContext& context, Bytes bytes, int family);

constexpr AttributeRow kErrorRows[] = {
    {1, Form::Text}, {2, Form::U32}, {5, Form::U32}, {6, Form::U32}};
constexpr AttributeSet kErrors{known::set::error_attribute, kErrorRows};

// {error=-ENOENT, msg={...}}, and what the kernel says about it
Value error_payload(CallContext& context, Bytes bytes, std::uint64_t flags, int socket_family) {
  constexpr std::size_t kNumber = 4;
  constexpr std::uint64_t kCapped = 0x100;  // only the header of the message came back
  if (bytes.size() < kNumber + kHeader) return hexadecimal(context, bytes);
  const auto claimed = static_cast<std::size_t>(number_at(bytes, kNumber, 4));
  const std::size_t size = (flags & kCapped) != 0 ? kHeader : std::max(claimed, kHeader);
  const Bytes inner = from(bytes, kNumber);
  const std::int64_t error = sign_extend(number_at(bytes, 0, kNumber), kNumber);
  const auto name = errno_name(static_cast<int>(-error));
  ValueList<2> fields;
  fields.add("error", error < 0 && !name.empty()
                          ? Value::symbol(format(context.arena(), "-{}", name),
                                          static_cast<std::uint64_t>(error))
                          : Value::integer(error));
  fields.add("msg", message(context, inner.first(std::min(size, inner.size())), socket_family));
  Sequence parts(context);
  parts.add(fields.structure(context.arena()));
  const Bytes rest = from(inner, aligned(size));
  if (!rest.empty()) parts.add(attributes(context, rest, kErrors, 0));
  return parts.make();
}

Value message_type(CallContext& context, std::uint64_t type, int family) {
  tables::Index set = known::set::netlink_message;
  if (type >= kFirstOfFamily && family == kRoute) set = known::set::route_message;
  if (type >= kFirstOfFamily && family == kSockDiag) set = known::set::sock_diag_message;
  if (type >= kFirstOfFamily && family == kGeneric) set = known::set::generic_message;
  return context.symbol(set, type);
}

Value message_flags(CallContext& context, std::uint64_t type, std::uint64_t flags, int family) {
  constexpr std::uint64_t kDeleteAction = 49;  // asks for many actions as a question does
  tables::Index set = known::set::netlink_flags;
  if (type == kError) {
    set = known::set::netlink_error_flags;
  } else if (type >= kFirstOfFamily && family == kRoute) {
    const std::uint64_t kind = type == kDeleteAction ? 2 : type & 3;
    if (kind == 0) set = known::set::netlink_new_flags;
    if (kind == 1) set = known::set::netlink_delete_flags;
    if (kind == 2) set = known::set::netlink_get_flags;
  } else if (type >= kFirstOfFamily) {
    set = known::set::netlink_get_flags;
  }
  return context.flags(set, flags);
}

Value message(CallContext& context, Bytes bytes, int family) {
  const std::uint64_t type = number_at(bytes, 4, 2);
  const std::uint64_t flags = number_at(bytes, 6, 2);
  ValueList<5> fields;
  fields.add("nlmsg_len", Value::natural(number_at(bytes, 0, 4)));
  fields.add("nlmsg_type", message_type(context, type, family));
  fields.add("nlmsg_flags", message_flags(context, type, flags, family));
  fields.add("nlmsg_seq", Value::natural(number_at(bytes, 8, 4)));
  fields.add("nlmsg_pid", Value::integer(sign_extend(number_at(bytes, 12, 4), 4)));
  Sequence parts(context);
  parts.add(fields.structure(context.arena()));
  const Bytes payload = bytes.subspan(kHeader);
  if (payload.empty()) return parts.make();
  if (type == kError) {
    parts.add(error_payload(context, payload, flags, family));
  } else if (type == kDone && payload.size() == 4) {
    parts.add(Value::integer(sign_extend(number_at(payload, 0, 4), 4)));
  } else if (type >= kFirstOfFamily && family == kRoute) {
    route_payload(context, type, payload, parts);
  } else {
    parts.add(hexadecimal(context, payload));
  }
  return parts.make();
}

Value messages(CallContext& context, Bytes bytes, int family) {
  Sequence all(context);
  while (bytes.size() >= kHeader) {
    if (all.full()) {
      all.cut();
      return all.make();
    }
    const auto claimed = static_cast<std::size_t>(number_at(bytes, 0, 4));
    all.add(message(context, bytes.first(std::clamp(claimed, kHeader, bytes.size())), family));
    if (claimed < kHeader) return all.make();
    bytes = from(bytes, aligned(claimed));
  }
  if (!bytes.empty()) all.add(hexadecimal(context, bytes));
  return all.make();
}

// Whether bytes begin as a message does; most of what is sent does not, and the socket need not be
// looked at.
bool plausible(CallContext& context, Address at, std::uint64_t length) {
  std::uint32_t claimed = 0;
  return length >= kHeader && !at.null() && context.memory().read_object(at, claimed) &&
         claimed >= kHeader && claimed <= kLongest;
}

}  // namespace

Value socket_bytes(CallContext& context, int fd, Address at, std::uint64_t length) {
  auto* sockets = context.options().netlink_sockets;
  if (sockets == nullptr || !context.dereferences() || !plausible(context, at, length)) {
    return context.bytes(at, length);
  }
  const auto family = sockets->family(context.tid(), fd);
  if (!family || *family == kUevent) return context.bytes(at, length);
  const auto size = static_cast<std::size_t>(std::min(length, kLongest));
  const auto bytes = context.read(at, size);
  if (bytes.size() != size) return Value::unreadable(at);
  return messages(context, bytes, *family);
}

Value socket_data(CallContext& context, const CustomInput& input) {
  return socket_bytes(context, static_cast<int>(context.argument(0)), Address(input.value),
                      input.length);
}

}  // namespace ttrace::custom
