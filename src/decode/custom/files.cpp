// Devices, directories, vectors of buffers, memory offsets.
#include <algorithm>
#include <span>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// Longer answers are not looked into: no program reads directories in larger pieces.
constexpr std::uint64_t kDirectoryMax = 1 << 20;

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
  if (at.null() || input.length > kDirectoryMax) return Value::address(at);
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

Value file_times(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kNow = 0x3fffffff;  // linux/stat.h
  constexpr std::uint64_t kOmit = 0x3ffffffe;
  const Address at(input.value);
  const auto& type = tables::kTypes[known::type::timespec];
  const std::size_t size = type.size[context.abi_index()];
  const auto bytes = context.read(at, 2 * size);
  if (at.null() || bytes.size() != 2 * size) return Value::unreadable(at);
  ValueList<2> times;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto one = bytes.subspan(i * size, size);
    const std::uint64_t seconds = number_at(one, 0, size / 2);
    const std::uint64_t nanoseconds = number_at(one, size / 2, size / 2);
    if (nanoseconds == kNow || nanoseconds == kOmit) {
      times.add(Value::symbol(nanoseconds == kNow ? "UTIME_NOW" : "UTIME_OMIT", nanoseconds));
      continue;
    }
    Value value = context.load(type, one);
    value.comment = date(context.arena(), sign_extend(seconds, size / 2), nanoseconds);
    times.add(value);
  }
  return times.make(Value::Kind::Array, context.arena());
}

void add_dates(Arena& arena, const tables::Type& type, std::span<Value> fields, Value& structure) {
  auto comment = [&](const Value& seconds, const Value& nanoseconds) {
    return date(arena, static_cast<std::int64_t>(seconds.number), nanoseconds.number);
  };
  if (type.ref == tables::kTypes[known::type::statx_timestamp].ref && fields.size() == 2) {
    structure.comment = comment(fields[0], fields[1]);
    return;
  }
  // st_atime, st_atime_nsec
  constexpr std::string_view kFraction = "_nsec";
  for (std::size_t i = 1; i < fields.size(); ++i) {
    const std::string_view name = fields[i].name;
    if (!name.ends_with(kFraction)) continue;
    Value& seconds = fields[i - 1];
    if (name.substr(0, name.size() - kFraction.size()) != seconds.name) continue;
    seconds.comment = comment(seconds, fields[i]);
  }
}

Value random_bytes(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto shown = std::min<std::uint64_t>(input.length, context.options().string_limit);
  const auto bytes = context.read(at, static_cast<std::size_t>(shown));
  if (at.null() || bytes.size() != shown) return Value::unreadable(at);
  // Not one is a character, even where it happens to look like one.
  auto text = context.arena().allocate<char>(bytes.size() * 4 + 5);
  std::size_t length = 0;
  text[length++] = '"';
  for (const std::byte byte : bytes) {
    const auto value = static_cast<unsigned>(byte);
    for (const char c :
         {'\\', 'x', "0123456789abcdef"[value >> 4], "0123456789abcdef"[value & 15]}) {
      text[length++] = c;
    }
  }
  text[length++] = '"';
  if (shown < input.length) {
    for (int i = 0; i < 3; ++i)
      text[length++] = '.';
  }
  return Value::verbatim({text.data(), length});
}

Value vectors_value(CallContext& context, Address at, std::uint64_t count, std::uint64_t budget) {
  if (at.null()) return Value::address(at);
  const std::size_t word = context.word();
  const auto limit = context.options().array_limit;
  const auto shown = static_cast<std::size_t>(std::min<std::uint64_t>(count, limit));
  const auto bytes = context.read(at, shown * 2 * word);
  if (bytes.size() != shown * 2 * word) return Value::unreadable(at);
  auto values = context.arena().allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0 && context.spent()) return Value::list(Value::Kind::Array, values.first(i), true);
    const std::uint64_t length = number_at(bytes, (2 * i + 1) * word, word);
    const std::uint64_t filled = std::min(length, budget);
    budget -= filled;
    ValueList<2> fields;
    fields.add("iov_base", context.bytes(Address(number_at(bytes, 2 * i * word, word)), filled));
    fields.add("iov_len", Value::natural(length));
    values[i] = fields.structure(context.arena());
  }
  return Value::list(Value::Kind::Array, values, shown < count);
}

Value vectors(CallContext& context, const CustomInput& input) {
  const bool filled = context.at_exit() && context.error() == 0;
  const auto budget = filled ? static_cast<std::uint64_t>(context.returned()) : ~std::uint64_t{0};
  return vectors_value(context, Address(input.value), input.length, budget);
}

}  // namespace ttrace::custom
