// Extended attributes, file attributes and file handles.
#include <algorithm>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kAttributeMax = 65536;  // XATTR_SIZE_MAX, XATTR_LIST_MAX
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kHandleMax = 128;  // MAX_HANDLE_SZ

// Many are strings with their NUL, which is not shown.
Value attribute_text(CallContext& context, Address at, std::uint64_t length, bool cut_nul) {
  if (at.null() || length > kAttributeMax) return Value::address(at);
  const std::size_t shown =
      std::min(static_cast<std::size_t>(length), context.options().string_limit);
  const auto bytes = context.read(at, shown);
  if (bytes.size() != shown) return Value::unreadable(at);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool ends = cut_nul && text.ends_with('\0');
  if (ends) text.remove_suffix(1);
  return Value::string(text, !ends && shown < length);
}

Value answer_value(CallContext& context, const CustomInput& input, bool cut_nul) {
  // With a size of 0 the call only tells how much there is.
  const Address at(input.value);
  if (input.length == 0) return Value::address(at);
  return attribute_text(context, at, static_cast<std::uint64_t>(context.returned()), cut_nul);
}

// {value="...", size=7, flags=0} of xattr_args; `shown` bytes of the value are known.
Value arguments_value(CallContext& context, const CustomInput& input,
                      std::optional<std::uint64_t> shown) {
  constexpr std::size_t kSize = 16;
  const Address at(input.value);
  if (at.null() || input.length < kSize) return Value::address(at);
  const auto bytes = context.read(at, kSize);
  if (bytes.size() != kSize) return Value::unreadable(at);
  const Address value(number_at(bytes, 0, 8));
  const std::uint64_t size = number_at(bytes, 8, 4);
  ValueList<3> fields;
  const bool readable = shown && (size > 0 || !context.at_exit());
  fields.add("value", readable ? attribute_text(context, value, std::min(size, *shown), true)
                               : Value::address(value));
  fields.add("size", Value::natural(size));
  fields.add("flags", context.flags(known::set::xattr_flags, number_at(bytes, 12, 4)));
  return with_field(context, fields.structure(context.arena()),
                    unknown_fields(context, at, kSize, input.length));
}

// The kernel takes no more than a page.
Value file_attr_value(CallContext& context, tables::Index type, const CustomInput& input) {
  const Address at(input.value);
  return input.length > kPage ? Value::address(at)
                              : sized_structure(context, type, at, input.length);
}

// The number of bytes that a handle has room for or holds; nothing when it cannot be read.
std::optional<std::uint64_t> handle_length(CallContext& context, Address at) {
  const auto bytes = context.read(at, 4);
  if (at.null() || bytes.size() != 4) return std::nullopt;
  return number_at(bytes, 0, 4);
}

void add_handle(CallContext& context, Address at, std::uint64_t length, ValueList<3>& fields) {
  const auto type = context.read(at + 4, 4);
  const auto shown = static_cast<std::size_t>(std::min(length, kHandleMax));
  const auto bytes = context.read(at + 8, shown);
  fields.add("handle_type", type.size() == 4 ? Value::integer(sign_extend(number_at(type, 0, 4), 4))
                                             : Value::verbatim("???"));
  fields.add("f_handle",
             bytes.size() == shown ? hex_string(context, bytes, length) : Value::verbatim("???"));
}

}  // namespace

Value attribute_value(CallContext& context, const CustomInput& input) {
  return attribute_text(context, Address(input.value), input.length, true);
}

Value attribute_answer(CallContext& context, const CustomInput& input) {
  return answer_value(context, input, true);
}

Value attribute_list(CallContext& context, const CustomInput& input) {
  return answer_value(context, input, false);
}

Value attribute_arguments(CallContext& context, const CustomInput& input) {
  return arguments_value(context, input, ~std::uint64_t{0});
}

Value attribute_request(CallContext& context, const CustomInput& input) {
  std::optional<std::uint64_t> shown;
  if (context.at_exit()) shown = static_cast<std::uint64_t>(context.returned());
  return arguments_value(context, input, shown);
}

Value file_attr_answer(CallContext& context, const CustomInput& input) {
  return file_attr_value(context, known::type::file_attr, input);
}

Value file_attr_setting(CallContext& context, const CustomInput& input) {
  return file_attr_value(context, known::type::file_attr_set, input);
}

Value file_handle(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto length = handle_length(context, at);
  if (!length) return Value::unreadable(at);
  ValueList<3> fields;
  fields.add("handle_bytes", Value::natural(*length));
  add_handle(context, at, *length, fields);
  return fields.structure(context.arena());
}

// Before the call it says how much room there is, afterwards how much was needed: also where
// there was not enough of it.
Value wanted_handle(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kOverflow = 75;  // EOVERFLOW
  const Address at(input.value);
  if (context.error() != 0 && context.error() != kOverflow) return *input.before;
  const auto length = handle_length(context, at);
  if (!length) return Value::unreadable(at);
  Value bytes = Value::natural(*length);
  if (context.at_exit() && input.before != nullptr && input.before->children.size() == 1) {
    const Value before = input.before->children.front();
    if (before.number != *length) {
      bytes = Value::list(Value::Kind::Change, context.list(std::array{before, bytes}));
    }
  }
  ValueList<3> fields;
  fields.add("handle_bytes", bytes);
  if (context.at_exit() && context.error() != kOverflow) add_handle(context, at, *length, fields);
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
