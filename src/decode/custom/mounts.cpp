// Mounts, swap space, quotas, and being told of changes.
#include <algorithm>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// mount(2): with MS_REMOUNT, MS_BIND, MS_MOVE and the propagation types the file system's type says
// nothing, and the data only with MS_REMOUNT.
constexpr std::uint64_t kRemount = 0x20;
constexpr std::uint64_t kNoFileSystem = 0x1000 | 0x2000 | 0x20000 | 0x40000 | 0x80000 | 0x100000;

std::uint64_t mount_flags_of(CallContext& context) {
  constexpr std::uint64_t kMagic = 0xc0ed0000;  // MS_MGC_VAL, which old programs add
  constexpr std::uint64_t kMask = 0xffff0000;
  const std::uint64_t flags = context.argument(3);
  return (flags & kMask) == kMagic ? flags & ~kMask : flags;
}

// --- statmount ----------------------------------------------------------------------------------

enum class Show : std::uint8_t {
  Natural,
  Hex,
  Mask,
  Magic,
  Super,
  Attributes,
  Propagation,
  Text,
  Texts
};

// A field of struct statmount (linux/mount.h). Texts are offsets from the structure's end; an array
// of them has its count in the field before.
struct StatusField {
  std::string_view name;
  std::size_t offset;
  std::size_t size;
  std::uint64_t asked;  // the mask's bit that says it is there; 0: always
  Show show;
};

constexpr std::size_t kStatusSize = 512;
constexpr std::array<StatusField, 31> kStatusFields{{
    {"size", 0, 4, 0, Show::Natural},
    {"mnt_opts", 4, 4, 0x80, Show::Text},
    {"mask", 8, 8, 0, Show::Mask},
    {"sb_dev_major", 16, 4, 0x1, Show::Natural},
    {"sb_dev_minor", 20, 4, 0x1, Show::Natural},
    {"sb_magic", 24, 8, 0x1, Show::Magic},
    {"sb_flags", 32, 4, 0x1, Show::Super},
    {"fs_type", 36, 4, 0x20, Show::Text},
    {"mnt_id", 40, 8, 0x2, Show::Hex},
    {"mnt_parent_id", 48, 8, 0x2, Show::Hex},
    {"mnt_id_old", 56, 4, 0x2, Show::Hex},
    {"mnt_parent_id_old", 60, 4, 0x2, Show::Hex},
    {"mnt_attr", 64, 8, 0x2, Show::Attributes},
    {"mnt_propagation", 72, 8, 0x2, Show::Propagation},
    {"mnt_peer_group", 80, 8, 0x2, Show::Hex},
    {"mnt_master", 88, 8, 0x2, Show::Hex},
    {"propagate_from", 96, 8, 0x4, Show::Hex},
    {"mnt_root", 104, 4, 0x8, Show::Text},
    {"mnt_point", 108, 4, 0x10, Show::Text},
    {"mnt_ns_id", 112, 8, 0x40, Show::Hex},
    {"fs_subtype", 120, 4, 0x100, Show::Text},
    {"sb_source", 124, 4, 0x200, Show::Text},
    {"opt_num", 128, 4, 0x400, Show::Natural},
    {"opt_array", 132, 4, 0x400, Show::Texts},
    {"opt_sec_num", 136, 4, 0x800, Show::Natural},
    {"opt_sec_array", 140, 4, 0x800, Show::Texts},
    {"supported_mask", 144, 8, 0x1000, Show::Mask},
    {"mnt_uidmap_num", 152, 4, 0x2000, Show::Natural},
    {"mnt_uidmap", 156, 4, 0x2000, Show::Texts},
    {"mnt_gidmap_num", 160, 4, 0x4000, Show::Natural},
    {"mnt_gidmap", 164, 4, 0x4000, Show::Texts},
}};

// The texts behind the structure: the first `count` at `offset`; fewer when they end before.
std::span<const Value> texts_at(CallContext& context, std::string_view all, std::uint64_t offset,
                                std::uint64_t count) {
  auto values = context.arena().allocate<Value>(context.shown_elements(count));
  std::size_t found = 0;
  for (auto at = static_cast<std::size_t>(offset); found < values.size() && !context.spent();) {
    const std::size_t end = at < all.size() ? all.find('\0', at) : std::string_view::npos;
    if (end == std::string_view::npos) break;
    const auto text = all.substr(at, end - at);
    values[found++] = Value::string(text, false);
    at = end + 1;
  }
  return values.first(found);
}

Value status_field(CallContext& context, const StatusField& field, std::span<const std::byte> fixed,
                   std::string_view texts) {
  const std::uint64_t value = number_at(fixed, field.offset, field.size);
  switch (field.show) {
    case Show::Natural:
      return Value::natural(value);
    case Show::Hex:
      return Value::hex(value);
    case Show::Mask:
      return context.flags(known::set::statmount_mask, value);
    case Show::Magic: {
      const Value magic = context.symbol(known::set::file_system_magic, value);
      return magic.kind == Value::Kind::Symbol ? magic : Value::hex(value);
    }
    case Show::Super:
      return context.flags(known::set::super_flags, value);
    case Show::Attributes:
      return context.flags(known::set::mount_attributes, value);
    case Show::Propagation:
      return context.flags(known::set::propagations, value);
    case Show::Text: {
      const auto one = texts_at(context, texts, value, 1);
      return one.empty() ? Value::hex(value) : one.front();
    }
    case Show::Texts: {
      const std::uint64_t count = number_at(fixed, field.offset - 4, 4);
      const auto several = texts_at(context, texts, value, count);
      if (several.empty()) return Value::hex(value);
      return Value::list(Value::Kind::Array, several, several.size() < count);
    }
  }
  return Value::hex(value);
}

// --- requests about mounts and namespaces -------------------------------------------------------

Value id_value(CallContext& context, tables::Index special, std::uint64_t id) {
  const Value name = context.symbol(special, id);
  return name.kind == Value::Kind::Symbol ? name : Value::hex(id);
}

Value mount_request(CallContext& context, const CustomInput& input, bool has_mask) {
  constexpr std::size_t kFirst = 24;   // MNT_ID_REQ_SIZE_VER0
  constexpr std::size_t kSecond = 32;  // MNT_ID_REQ_SIZE_VER1
  const Address at(input.value);
  const auto head = context.read(at, 4);
  if (at.null() || head.size() != 4) return Value::address(at);
  const std::uint64_t size = number_at(head, 0, 4);
  ValueList<6> fields;
  fields.add("size", Value::natural(size));
  if (size < kFirst) return fields.structure(context.arena());
  const std::size_t known = size < kSecond ? kFirst : kSecond;
  const auto bytes = context.read(at, known);
  if (bytes.size() != known) {
    fields.add(Value::verbatim("???"));
    return fields.structure(context.arena());
  }
  const std::uint64_t parameter = number_at(bytes, 16, 8);
  fields.add("mnt_ns_fd", context.descriptor(static_cast<std::int32_t>(number_at(bytes, 4, 4))));
  const std::uint64_t mount = number_at(bytes, 8, 8);
  fields.add("mnt_id",
             has_mask ? Value::hex(mount) : id_value(context, known::set::special_mount, mount));
  fields.add("param", has_mask ? context.flags(known::set::statmount_mask, parameter)
                               : Value::hex(parameter));
  if (known == kSecond) fields.add("mnt_ns_id", Value::hex(number_at(bytes, 24, 8)));
  return with_field(context, fields.structure(context.arena()),
                    unknown_fields(context, at, known, size));
}

// --- quotas -------------------------------------------------------------------------------------

enum class QuotaData : std::uint8_t { Structure, Path, Format, State, Types };

// What a command passes in or gets out.
struct QuotaRow {
  std::uint64_t command;
  bool gets;
  QuotaData data;
  tables::Index type;
};

constexpr std::array<QuotaRow, 15> kQuotaRows{{
    {0x800002, false, QuotaData::Path, 0},
    {0x800004, true, QuotaData::Format, 0},
    {0x800005, true, QuotaData::Structure, known::type::if_dqinfo},
    {0x800006, false, QuotaData::Structure, known::type::if_dqinfo},
    {0x800007, true, QuotaData::Structure, known::type::if_dqblk},
    {0x800008, false, QuotaData::Structure, known::type::if_dqblk},
    {0x800009, true, QuotaData::Structure, known::type::if_nextdqblk},
    {0x5801, false, QuotaData::State, 0},
    {0x5802, false, QuotaData::State, 0},
    {0x5803, true, QuotaData::Structure, known::type::fs_disk_quota},
    {0x5804, false, QuotaData::Structure, known::type::fs_disk_quota},
    {0x5805, true, QuotaData::Structure, known::type::fs_quota_stat},
    {0x5806, false, QuotaData::Types, 0},
    {0x5808, true, QuotaData::Structure, known::type::fs_quota_statv},
    {0x5809, true, QuotaData::Structure, known::type::fs_disk_quota},
}};

Value quota_number(CallContext& context, QuotaData data, Address at) {
  const auto bytes = context.read(at, 4);
  if (at.null() || bytes.size() != 4) return Value::unreadable(at);
  const std::uint64_t number = number_at(bytes, 0, 4);
  const Value value = data == QuotaData::Format
                          ? context.symbol(known::set::quota_format, number)
                          : context.flags(data == QuotaData::State ? known::set::xfs_quota_state
                                                                   : known::set::xfs_quota_types,
                                          number);
  return Value::list(Value::Kind::Array, context.list({&value, 1}));
}

Value quota_value(CallContext& context, std::uint64_t request, Address at) {
  const std::uint64_t command = (request & 0xffffffff) >> 8;
  auto it = std::ranges::find(kQuotaRows, command, &QuotaRow::command);
  if (it == kQuotaRows.end() || (it->gets && !context.at_exit())) return Value::address(at);
  switch (it->data) {
    case QuotaData::Path:
      return context.string(at, 4095);
    case QuotaData::Structure:
      return context.pointee(tables::kTypes[it->type], at);
    case QuotaData::Format:
    case QuotaData::State:
    case QuotaData::Types:
      return quota_number(context, it->data, at);
  }
  return Value::address(at);
}

}  // namespace

Value mount_type(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if ((mount_flags_of(context) & (kRemount | kNoFileSystem)) != 0) return Value::address(at);
  return context.string(at, context.options().string_limit);
}

Value mount_data(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::uint64_t flags = mount_flags_of(context);
  if ((flags & kRemount) == 0 && (flags & kNoFileSystem) != 0) return Value::address(at);
  return context.string(at, context.options().string_limit);
}

Value swap_flags(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kPriority = 0x7fff;  // SWAP_FLAG_PRIO_MASK
  const Value priority = Value::natural(input.value & kPriority);
  const std::uint64_t flags = input.value & ~kPriority;
  if (flags == 0) return priority;
  return Value::list(
      Value::Kind::Flags,
      context.list(std::array{context.flags(known::set::swap_flag_bits, flags), priority}));
}

Value config_value(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  constexpr std::int64_t kMax = 1 << 20;  // of the kernel's
  const std::int64_t size = sign_extend(input.length, 4);
  if (at.null() || size < 0 || size > kMax) return Value::address(at);
  const auto length = static_cast<std::size_t>(size);
  const std::size_t shown = std::min(length, context.options().string_limit);
  const auto bytes = context.read(at, shown);
  if (bytes.size() != shown) return Value::unreadable(at);
  return hex_string(context, bytes, length);
}

Value mount_attr_argument(CallContext& context, const CustomInput& input) {
  return sized_structure(context, known::type::mount_attr, Address(input.value), input.length);
}

Value statmount_request(CallContext& context, const CustomInput& input) {
  return mount_request(context, input, true);
}

Value listmount_request(CallContext& context, const CustomInput& input) {
  return mount_request(context, input, false);
}

Value mount_status(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  // The kernel fills in what there is room for.
  const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(input.length, kStatusSize));
  const auto filled = context.read(at, room);
  if (at.null() || room == 0 || filled.size() != room) return Value::address(at);
  auto fixed = context.arena().allocate<std::byte>(kStatusSize);
  std::ranges::fill(fixed, std::byte{0});
  std::ranges::copy(filled, fixed.begin());
  const std::uint64_t end = std::min(number_at(fixed, 0, 4), input.length);
  std::string_view texts;
  if (end > kStatusSize) {
    constexpr std::uint64_t kTextsMax = 1 << 20;
    const auto size = static_cast<std::size_t>(std::min(end - kStatusSize, kTextsMax));
    const auto behind = context.read(at + kStatusSize, size);
    if (behind.size() == size) texts = {reinterpret_cast<const char*>(behind.data()), size};
  }
  const std::uint64_t mask = number_at(fixed, 8, 8);
  ValueList<kStatusFields.size()> fields;
  for (const StatusField& field : kStatusFields) {
    if (field.asked != 0 && (field.asked & mask) == 0) continue;
    fields.add(field.name, status_field(context, field, fixed, texts));
  }
  return fields.structure(context.arena());
}

Value namespace_request(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kSize = 32;  // NS_ID_REQ_SIZE_VER0
  const Address at(input.value);
  const auto head = context.read(at, 4);
  if (at.null() || head.size() != 4) return Value::address(at);
  const std::uint64_t size = number_at(head, 0, 4);
  ValueList<7> fields;
  fields.add("size", Value::natural(size));
  if (size < kSize) return fields.structure(context.arena());
  const auto bytes = context.read(at, kSize);
  if (bytes.size() != kSize) {
    fields.add(Value::verbatim("???"));
    return fields.structure(context.arena());
  }
  auto add_spare = [&](std::string_view name, std::size_t offset) {
    const std::uint64_t spare = number_at(bytes, offset, 4);
    if (spare != 0) fields.add(name, Value::hex(spare));
  };
  add_spare("spare", 4);
  fields.add("ns_id", Value::hex(number_at(bytes, 8, 8)));
  fields.add("ns_type", context.flags(known::set::namespace_types, number_at(bytes, 16, 4)));
  add_spare("spare2", 20);
  fields.add("user_ns_id",
             id_value(context, known::set::special_user_namespace, number_at(bytes, 24, 8)));
  return with_field(context, fields.structure(context.arena()),
                    unknown_fields(context, at, kSize, size));
}

Value quota_request(CallContext& context, const CustomInput& input) {
  const std::array parts{context.symbol(known::set::quota_command, input.value >> 8),
                         context.symbol(known::set::quota_type, input.value & 0xff)};
  return Value::call("QCMD", context.list(parts));
}

Value quota_data(CallContext& context, const CustomInput& input) {
  return quota_value(context, context.argument(0), Address(input.value));
}

Value quota_data_of_fd(CallContext& context, const CustomInput& input) {
  return quota_value(context, context.argument(1), Address(input.value));
}

Value fanotify_directory(CallContext& context, const CustomInput& input) {
  const auto fd = static_cast<std::int32_t>(input.value);
  return fd == -1 ? Value::symbol("FAN_NOFD", input.value) : context.directory_descriptor(fd);
}

Value fanotify_init_flags(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kClass = 0xc;
  const Value kind = context.symbol(known::set::fanotify_class, input.value & kClass);
  const std::uint64_t bits = input.value & ~kClass;
  if (bits == 0) return kind;
  const Value rest = context.flags(known::set::fanotify_init_bits, bits);
  return Value::list(Value::Kind::Flags, context.list(std::array{kind, rest}));
}

}  // namespace ttrace::custom
