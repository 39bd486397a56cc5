// Devices, directories, vectors of buffers, memory offsets.
#include <algorithm>
#include <span>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// Longer answers are not looked into: no program reads directories in larger pieces.
constexpr std::uint64_t kDirectoryMax = 1 << 20;
constexpr std::size_t kPathMax = 4096;
constexpr std::uint64_t kNameMax = 255;

Value make_device(CallContext& context, std::uint64_t major, std::uint64_t minor) {
  return Value::call("makedev", context.list(std::array{Value::hex(major), Value::hex(minor)}));
}

// Where a directory entry's members are, in the form of getdents64 and that of getdents.
struct EntryForm {
  std::size_t number_size;  // of d_ino and d_off
  std::size_t name_offset;
  bool type_at_end;  // d_type is the entry's last byte instead of standing before the name
};

Value entry_value(CallContext& context, const EntryForm& form, std::span<const std::byte> entry) {
  const std::size_t n = form.number_size;
  const std::size_t type_at = form.type_at_end ? entry.size() - 1 : form.name_offset - 1;
  std::string_view name(reinterpret_cast<const char*>(entry.data()), entry.size());
  name = name.substr(form.name_offset);
  name = name.substr(0, name.find('\0'));
  ValueList<5> fields;
  fields.add("d_ino", Value::natural(number_at(entry, 0, n)));
  fields.add("d_off", Value::integer(sign_extend(number_at(entry, n, n), n)));
  fields.add("d_reclen", Value::natural(entry.size()));
  const Value type = context.symbol(known::set::directory_entry_type, number_at(entry, type_at, 1));
  const Value text = Value::string(name, false);
  if (form.type_at_end) {
    fields.add("d_name", text);
    fields.add("d_type", type);
  } else {
    fields.add("d_type", type);
    fields.add("d_name", text);
  }
  return fields.structure(context.arena());
}

Value directory(CallContext& context, const CustomInput& input, const EntryForm& form) {
  const Address at(input.value);
  if (input.length > kDirectoryMax) return Value::address(at);
  const auto size = static_cast<std::size_t>(input.length);
  const auto bytes = context.read(at, size);
  if (bytes.size() != size) return Value::unreadable(at);
  std::size_t count = 0;
  // While use(entry) returns true.
  auto each = [&](auto&& use) {
    for (std::size_t offset = 0; offset + form.name_offset < size;) {
      const std::size_t length = number_at(bytes, offset + 2 * form.number_size, 2);
      if (length <= form.name_offset || offset + length > size) break;
      if (!use(bytes.subspan(offset, length))) break;
      offset += length;
    }
  };
  each([&](auto) { return ++count, true; });
  if (context.verbose()) {
    auto values = context.arena().allocate<Value>(count);
    std::size_t i = 0;
    each([&](auto entry) {
      if (context.spent()) return false;
      values[i++] = entry_value(context, form, entry);
      return true;
    });
    return Value::list(Value::Kind::Array, values.first(i), i < count);
  }
  Value value = Value::address(at);
  value.comment = format(context.arena(), "{} entr{}", count, count == 1 ? "y" : "ies");
  return value;
}

}  // namespace

// The kernel gives user space 12 bits of major and 20 of minor number.
Value device(CallContext& context, const CustomInput& input) {
  const std::uint64_t d = input.value;
  return make_device(context, (d >> 8 & 0xfff) | (d >> 32 & 0xfffff000),
                     (d & 0xff) | (d >> 12 & 0xffffff00));
}

Value device32(CallContext& context, const CustomInput& input) {
  return device(context, input);
}

Value at_fd(CallContext& context, const CustomInput& input) {
  return context.directory_descriptor(static_cast<std::int32_t>(input.value));
}

Value device16(CallContext& context, const CustomInput& input) {
  return make_device(context, input.value >> 8 & 0xff, input.value & 0xff);
}

Value file_system_type(CallContext& context, const CustomInput& input) {
  const Value type = context.symbol(known::set::file_system_magic, input.value);
  return type.kind == Value::Kind::Symbol ? type : Value::hex(input.value);
}

Value file_system_type32(CallContext& context, const CustomInput& input) {
  return file_system_type(context, input);
}

Value high_and_low(CallContext& context, const CustomInput& input) {
  const auto& args = context.request().args;
  return Value::integer(static_cast<std::int64_t>(args[1] << 32 | (input.value & 0xffffffff)));
}

Value memfd_creation(CallContext& context, const CustomInput& input) {
  constexpr unsigned kShift = 26;  // MFD_HUGE_SHIFT: above it, the logarithm of the pages' size
  const std::uint64_t size = input.value >> kShift;
  const std::uint64_t low = input.value & ((1U << kShift) - 1);
  const Value flags = context.flags(known::set::memfd_flags, low);
  if (size == 0) return flags;
  const Value huge = Value::verbatim(format(context.arena(), "{}<<MFD_HUGE_SHIFT", size));
  if (low == 0) return huge;
  return Value::list(Value::Kind::Flags, context.list(std::array{flags, huge}));
}

Value directory_entries64(CallContext& context, const CustomInput& input) {
  return directory(context, input, {8, 19, false});
}

Value directory_entries(CallContext& context, const CustomInput& input) {
  const std::size_t word = context.word();
  return directory(context, input, {word, 2 * word + 2, true});
}

Value page_offset(CallContext&, const CustomInput& input) {
  constexpr std::uint64_t kUnit = 4096;  // of mmap2, whatever the page size is
  return Value::hex(input.value * kUnit);
}

Value hex_string(CallContext& context, std::span<const std::byte> bytes, std::uint64_t length) {
  auto text = context.arena().allocate<char>(bytes.size() * 4 + 5);
  std::size_t at = 0;
  text[at++] = '"';
  for (const std::byte byte : bytes) {
    const auto value = static_cast<unsigned>(byte);
    for (const char c :
         {'\\', 'x', "0123456789abcdef"[value >> 4], "0123456789abcdef"[value & 15]}) {
      text[at++] = c;
    }
  }
  text[at++] = '"';
  for (int i = 0; bytes.size() < length && i < 3; ++i)
    text[at++] = '.';
  return Value::verbatim({text.data(), at});
}

Value random_bytes(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto shown = std::min<std::uint64_t>(input.length, context.options().string_limit);
  const auto bytes = context.read(at, static_cast<std::size_t>(shown));
  if (at.null() || bytes.size() != shown) return Value::unreadable(at);
  return hex_string(context, bytes, input.length);
}

Value vectors_value(CallContext& context, Address at, std::uint64_t count,
                    std::optional<std::uint64_t> budget) {
  constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};
  const std::size_t word = context.word();
  if (at.null() || count > kUnlimited / (2 * word)) return Value::address(at);
  return array_value(context, at, count, 2 * word, [&](std::span<const std::byte> one) {
    const Address base(number_at(one, 0, word));
    const std::uint64_t length = number_at(one, word, word);
    const std::uint64_t filled = std::min(length, budget.value_or(0));
    if (budget && *budget != kUnlimited) *budget -= filled;
    ValueList<2> fields;
    fields.add("iov_base", budget ? context.bytes(base, filled) : Value::address(base));
    fields.add("iov_len", Value::natural(length));
    return fields.structure(context.arena());
  });
}

Value vectors(CallContext& context, const CustomInput& input) {
  return vectors_value(context, Address(input.value), input.length, ~std::uint64_t{0});
}

// What was read into them; without an answer only where they are.
Value filled_vectors(CallContext& context, const CustomInput& input) {
  std::optional<std::uint64_t> budget;
  if (context.at_exit()) budget = static_cast<std::uint64_t>(context.returned());
  return vectors_value(context, Address(input.value), input.length, budget);
}

Value working_directory(CallContext& context, const CustomInput& input) {
  // The result counts the NUL.
  const std::size_t shown = std::max<std::size_t>(static_cast<std::size_t>(input.length), 1) - 1;
  if (shown == 0 && input.value != 0) return Value::string({}, true);
  return context.string(Address(input.value), std::min<std::size_t>(shown, kPathMax));
}

Value old_directory_entry(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const auto head = context.read(at, 2 * word + 2);
  if (at.null() || input.length == 0 || head.size() != 2 * word + 2) return Value::address(at);
  const std::uint64_t length = number_at(head, 2 * word, 2);
  ValueList<4> fields;
  fields.add("d_ino", Value::natural(number_at(head, 0, word)));
  fields.add("d_off", Value::natural(number_at(head, word, word)));
  fields.add("d_reclen", Value::natural(length));
  fields.add("d_name", context.bytes(at + head.size(), std::min<std::uint64_t>(length, kNameMax)));
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
