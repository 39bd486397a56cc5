#include "functions/go_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number.h"

namespace ttrace {

namespace {

constexpr std::size_t kWord = 8;
constexpr unsigned kDeepest = 8;  // errors around errors
constexpr std::size_t kLongestField =
    1024;  // bytes; an error with a longer one is not put together
constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kMostJoined = 16;

/// How Error() puts its text together. {field} is a field's text: a string, an error's or an
/// address's; {field!q} the same in quotes; {} the value itself. Of [one|other] the first whose
/// fields have all a text, or nothing.
struct Recipe {
  std::string_view type;  // with the whole path of its package, as Type::tag has it
  std::string_view text;
};
constexpr std::array kRecipes{
    Recipe{"*errors.errorString", "{s}"},
    Recipe{"*errors.joinError", "{errs}"},
    Recipe{"*os/exec.Error", "exec: {Name!q}: {Err}"},
    Recipe{"*fmt.wrapError", "{msg}"},
    Recipe{"*fmt.wrapErrors", "{msg}"},
    Recipe{"*io/fs.PathError", "{Op} {Path}: {Err}"},
    Recipe{"*net/http.ProtocolError", "{ErrorString}"},
    Recipe{"*net/http.httpError", "{err}"},
    Recipe{"*encoding/json.SyntaxError", "{msg}"},
    Recipe{"*net.AddrError", "[address {Addr}: ]{Err}"},
    Recipe{"*net.DNSError", "lookup {Name}[ on {Server}]: {Err}"},
    Recipe{"*net.OpError", "{Op}[ {Net}][ {Source}->{Addr}| {Source}| {Addr}]: {Err}"},
    Recipe{"*net.ParseError", "invalid {Type}: {Text}"},
    Recipe{"*net.timeoutError", "i/o timeout"},
    Recipe{"*os.LinkError", "{Op} {Old} {New}: {Err}"},
    Recipe{"*os.SyscallError", "{Syscall}: {Err}"},
    Recipe{"*internal/poll.DeadlineExceededError", "i/o timeout"},
    Recipe{"*strconv.NumError", "strconv.{Func}: parsing {Num!q}: {Err}"},
    Recipe{"*net/url.Error", "{Op} {URL!q}: {Err}"},
    Recipe{"context.deadlineExceededError", "context deadline exceeded"},
    Recipe{"net.InvalidAddrError", "{}"},
    Recipe{"net.UnknownNetworkError", "unknown network {}"},
    Recipe{"net.canceledError", "operation was canceled"},
    Recipe{"internal/poll.errNetClosing", "use of closed network connection"},
    Recipe{"runtime.plainError", "{}"},
    Recipe{"runtime.errorString", "runtime error: {}"},
};

std::uint64_t word(std::span<const std::byte> bytes, std::size_t index) {
  return load_number(bytes.subspan(index * kWord, kWord));
}

/// As strconv.Quote does it for what is ASCII; nullopt: more than that, or not to be printed.
std::optional<std::string> quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
      return std::nullopt;
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

/// A value: its type, and its bytes.
struct Object {
  const Type* type = nullptr;
  std::vector<std::byte> bytes;
};

class ErrorText {
 public:
  explicit ErrorText(ObjectReader& reader) : reader_(reader) {}

  std::optional<std::string> of(const GoDynamic& error, unsigned depth) {
    if (depth == kDeepest) return std::nullopt;
    const std::string& name = error.type->tag;
    if (name == "syscall.Errno") {
      auto object = whole(error);
      if (!object || object->bytes.size() != kWord) return std::nullopt;
      return go_errno_text(word(object->bytes, 0));
    }
    const auto* recipe = std::ranges::find(kRecipes, std::string_view(name), &Recipe::type);
    if (recipe == kRecipes.end()) return std::nullopt;
    auto object = pointee(error);
    return object ? cook(recipe->text, *object, depth) : std::nullopt;
  }

 private:
  // What an interface holds.
  std::optional<Object> whole(const GoDynamic& held) {
    if (!held.direct) return at(held.type, held.at);
    Object object{held.type, std::vector<std::byte>(kWord)};
    std::memcpy(object.bytes.data(), &held.word, kWord);
    return object;
  }

  // ... or what the pointer points to that it holds.
  std::optional<Object> pointee(const GoDynamic& held) {
    auto object = whole(held);
    if (!object || object->type->go != GoKind::Pointer) return object;
    return at(object->type->target, Address(word(object->bytes, 0)));
  }

  std::optional<Object> at(const Type* type, Address address) {
    if (type == nullptr || type->kind == Type::Kind::Unknown || type->size > kMostBytes)
      return std::nullopt;
    Object object{type, std::vector<std::byte>(type->size)};
    if (!object.bytes.empty() && (address.null() || !reader_.fetch(address, object.bytes)))
      return std::nullopt;
    return object;
  }

  // A recipe over the fields of an object.
  std::optional<std::string> cook(std::string_view recipe, const Object& object, unsigned depth) {
    std::string text;
    while (!recipe.empty()) {
      auto special = std::min(recipe.find_first_of("{["), recipe.size());
      text += recipe.substr(0, special);
      recipe.remove_prefix(special);
      if (recipe.empty()) break;
      const bool group = recipe.front() == '[';
      const auto end = recipe.find(group ? ']' : '}');
      const std::string_view inside = recipe.substr(1, end - 1);
      recipe.remove_prefix(end + 1);
      auto part = group ? first_of(inside, object, depth) : field(inside, object, depth);
      if (!part || text.size() + part->size() > kLongestText) return std::nullopt;
      text += *part;
    }
    return text;
  }

  // The first alternative whose fields are all there and not empty.
  std::optional<std::string> first_of(std::string_view alternatives, const Object& object,
                                      unsigned depth) {
    while (true) {
      auto end = std::min(alternatives.find('|'), alternatives.size());
      std::string_view one = alternatives.substr(0, end);
      auto there = all_there(one, object);
      if (!there) return std::nullopt;
      if (*there) return cook(one, object, depth);
      if (end == alternatives.size()) return "";
      alternatives.remove_prefix(end + 1);
    }
  }

  // nullopt: a field does not exist.
  static std::optional<bool> all_there(std::string_view recipe, const Object& object) {
    bool there = true;
    for (auto at = recipe.find('{'); at != std::string_view::npos; at = recipe.find('{', at + 1)) {
      auto name = recipe.substr(at + 1, recipe.find('}', at) - at - 1);
      auto part = member(name, object);
      if (!part) return std::nullopt;
      // The second word of a string is its length; a nil interface's first is null.
      bool string = part->type->go == GoKind::String;
      if (part->bytes.size() != 2 * kWord) return std::nullopt;
      there = there && word(part->bytes, string ? 1 : 0) != 0;
    }
    return there;
  }

  static std::optional<Object> member(std::string_view name, const Object& object) {
    for (const Member& each : object.type->members) {
      if (each.name != name || each.type == nullptr) continue;
      if (each.offset > object.bytes.size() || each.type->size > object.bytes.size() - each.offset)
        return std::nullopt;
      auto begin = object.bytes.begin() + static_cast<std::ptrdiff_t>(each.offset);
      return Object{each.type, {begin, begin + static_cast<std::ptrdiff_t>(each.type->size)}};
    }
    return std::nullopt;
  }

  std::optional<std::string> field(std::string_view name, const Object& object, unsigned depth) {
    constexpr std::string_view kQuoted = "!q";
    const bool quote = name.ends_with(kQuoted);
    if (quote) name.remove_suffix(kQuoted.size());
    auto part = name.empty() ? std::optional(object) : member(name, object);
    auto text = part ? text_of(*part, depth) : std::nullopt;
    return text && quote ? quoted(*text) : text;
  }

  std::optional<std::string> text_of(const Object& object, unsigned depth) {
    if (object.type->go == GoKind::String) return string(object.bytes);
    if (object.type->go == GoKind::Interface) return interface(object, depth);
    if (object.type->go == GoKind::Slice) return joined(object, depth);
    return std::nullopt;
  }

  std::optional<std::string> string(std::span<const std::byte> bytes) {
    if (bytes.size() != 2 * kWord || word(bytes, 1) > kLongestField) return std::nullopt;
    std::string text(word(bytes, 1), '\0');
    if (!text.empty() &&
        !reader_.fetch(Address(word(bytes, 0)), std::as_writable_bytes(std::span(text))))
      return std::nullopt;
    return text;
  }

  std::optional<std::string> interface(const Object& object, unsigned depth) {
    if (object.bytes.size() != 2 * kWord || word(object.bytes, 0) == 0) return std::nullopt;
    auto held = go_dynamic(word(object.bytes, 0), word(object.bytes, 1),
                           is_empty_interface(*object.type), reader_);
    if (!held) return std::nullopt;
    if (auto text = address(*held)) return text;
    return of(*held, depth + 1);
  }

  // Those of several errors, a line each.
  std::optional<std::string> joined(const Object& object, unsigned depth) {
    const Type* element = object.type->target;
    if (object.bytes.size() != 3 * kWord || element == nullptr ||
        element->go != GoKind::Interface || word(object.bytes, 1) > kMostJoined)
      return std::nullopt;
    std::string text;
    for (std::uint64_t i = 0; i < word(object.bytes, 1); ++i) {
      auto each = at(element, Address(word(object.bytes, 0)) + i * element->size);
      auto part = each ? interface(*each, depth) : std::nullopt;
      if (!part) return std::nullopt;
      if (i != 0) text += '\n';
      text += *part;
    }
    return text;
  }

  // String() of package net's addresses.
  std::optional<std::string> address(const GoDynamic& held) {
    const std::string& name = held.type->tag;
    bool port = name == "*net.TCPAddr" || name == "*net.UDPAddr";
    if (!port && name != "*net.IPAddr" && name != "*net.UnixAddr") return std::nullopt;
    auto object = pointee(held);
    if (!object) return std::nullopt;
    if (name == "*net.UnixAddr") return cook("{Name}", *object, 0);
    auto ip = member("IP", *object);
    auto zone = cook("{Zone}", *object, 0);
    auto host = ip && zone ? host_of(*ip, *zone) : std::nullopt;
    if (!host || !port) return host;
    auto number = member("Port", *object);
    if (!number || number->bytes.size() != kWord) return std::nullopt;
    bool brackets = host->find(':') != std::string::npos;
    const std::string shown = brackets ? '[' + *host + ']' : *host;
    return fmt::format("{}:{}", shown, static_cast<std::int64_t>(word(number->bytes, 0)));
  }

  std::optional<std::string> host_of(const Object& ip, const std::string& zone) {
    constexpr std::size_t kLongest = 16;
    if (ip.bytes.size() != 3 * kWord || word(ip.bytes, 1) > kLongest) return std::nullopt;
    std::vector<std::byte> bytes(word(ip.bytes, 1));
    if (bytes.empty()) return zone.empty() ? "" : '%' + zone;
    if (!reader_.fetch(Address(word(ip.bytes, 0)), bytes)) return std::nullopt;
    auto text = go_ip_text(bytes);
    if (!text) return std::nullopt;
    return zone.empty() ? *text : *text + '%' + zone;
  }

  ObjectReader& reader_;
};

// RFC 5952: the longest run of zeros, of two groups at least, is left out.
std::string ip6_text(const std::array<unsigned, 8>& groups) {
  std::size_t best = 0;
  std::size_t longest = 1;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t end = i;
    while (end < groups.size() && groups.at(end) == 0)
      ++end;
    if (end - i <= longest) continue;
    best = i;
    longest = end - i;
  }
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (longest > 1 && i == best) {
      text += "::";
      i += longest - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups.at(i));
  }
  return text;
}

}  // namespace

std::optional<std::string> go_error_text(const GoDynamic& error, ObjectReader& reader) {
  return ErrorText(reader).of(error, 0);
}

// mkerrors.sh makes Go's table from the C library's texts, with a small first letter where a word
// begins with it.
std::string go_errno_text(std::uint64_t number) {
  constexpr std::uint64_t kMostErrors = 4096;
  const char* known =
      number != 0 && number < kMostErrors ? strerrordesc_np(static_cast<int>(number)) : nullptr;
  if (known == nullptr) return fmt::format("errno {}", static_cast<std::int64_t>(number));
  std::string text = known;
  auto is_between = [](char c, char first, char last) { return c >= first && c <= last; };
  if (text.size() > 1 && is_between(text[0], 'A', 'Z') && is_between(text[1], 'a', 'z'))
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::optional<std::string> go_ip_text(std::span<const std::byte> bytes) {
  auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  auto ip4 = [&](std::size_t at) {
    return fmt::format("{}.{}.{}.{}", byte(at), byte(at + 1), byte(at + 2), byte(at + 3));
  };
  if (bytes.size() == 4) return ip4(0);
  if (bytes.size() != 16) return std::nullopt;
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups.at(i) = byte(2 * i) << 8U | byte(2 * i + 1);
  bool mapped = groups[5] == 0xffff && std::all_of(groups.begin(), groups.begin() + 5,
                                                   [](unsigned group) { return group == 0; });
  return mapped ? ip4(12) : ip6_text(groups);
}

}  // namespace ttrace
