// What is known of a file and its file system; times of files.
#include <algorithm>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// What utimensat takes for "now" and "as it is" (linux/stat.h).
constexpr std::uint64_t kNow = 0x3fffffff;
constexpr std::uint64_t kOmit = 0x3ffffffe;

// How two times are given to a call.
struct TimesForm {
  tables::Index type;
  int digits;      // of the fraction
  bool has_marks;  // UTIME_NOW, UTIME_OMIT
};

Value times_value(CallContext& context, const CustomInput& input, const TimesForm& form) {
  const Address at(input.value);
  const auto& type = tables::kTypes[form.type];
  const std::size_t size = type.size[context.abi_index()];
  const auto bytes = context.read(at, 2 * size);
  if (at.null() || bytes.size() != 2 * size) return Value::unreadable(at);
  ValueList<2> times;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto one = bytes.subspan(i * size, size);
    const std::uint64_t seconds = number_at(one, 0, size / 2);
    const std::uint64_t fraction = number_at(one, size / 2, size / 2);
    if (form.has_marks && (fraction == kNow || fraction == kOmit)) {
      times.add(Value::symbol(fraction == kNow ? "UTIME_NOW" : "UTIME_OMIT", fraction));
      continue;
    }
    Value value = context.load(type, one);
    value.comment = date(context.arena(), sign_extend(seconds, size / 2), fraction, form.digits);
    times.add(value);
  }
  return times.make(Value::Kind::Array, context.arena());
}

}  // namespace

void add_dates(Arena& arena, const tables::Type& type, std::span<Value> fields, Value& structure) {
  auto comment = [&](const Value& seconds, std::uint64_t nanoseconds) {
    return date(arena, static_cast<std::int64_t>(seconds.number), nanoseconds);
  };
  if (type.ref == tables::kTypes[known::type::statx_timestamp].ref && fields.size() == 2) {
    structure.comment = comment(fields[0], fields[1].number);
    return;
  }
  // st_atime, and st_atime_nsec where there is one.
  constexpr std::string_view kFraction = "_nsec";
  const bool whole_seconds = type.ref == tables::kTypes[known::type::old_stat].ref;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string_view name = fields[i].name;
    if (whole_seconds && name.ends_with("time")) fields[i].comment = comment(fields[i], 0);
    if (i == 0 || !name.ends_with(kFraction)) continue;
    Value& seconds = fields[i - 1];
    if (name.substr(0, name.size() - kFraction.size()) != seconds.name) continue;
    seconds.comment = comment(seconds, fields[i].number);
  }
}

Value not_told(CallContext&, const CustomInput&) {
  return Value::natural(0);
}

Value statfs64_answer(CallContext& context, const CustomInput& input) {
  const auto& type = tables::kTypes[known::type::statfs64];
  const std::size_t size = type.size[context.abi_index()];
  // Some C libraries count the alignment in.
  const bool fits = input.length == size || input.length == size + 4;
  const Address at(input.value);
  return fits ? context.pointee(type, at) : Value::address(at);
}

Value file_times(CallContext& context, const CustomInput& input) {
  return times_value(context, input, {known::type::timespec, 9, true});
}

Value file_times64(CallContext& context, const CustomInput& input) {
  return times_value(context, input, {known::type::timespec64, 9, true});
}

Value file_times_us(CallContext& context, const CustomInput& input) {
  return times_value(context, input, {known::type::timeval, 6, false});
}

Value utime_times(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const auto bytes = context.read(at, 2 * word);
  if (at.null() || bytes.size() != 2 * word) return Value::unreadable(at);
  ValueList<2> fields;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    Value time = Value::integer(sign_extend(number_at(bytes, i * word, word), word));
    time.comment = date(context.arena(), static_cast<std::int64_t>(time.number), 0);
    fields.add(i == 0 ? "actime" : "modtime", time);
  }
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
