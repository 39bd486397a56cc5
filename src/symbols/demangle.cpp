// Names as ttrace shows and matches them. Mangling: Itanium C++ ABI section 5.1, Rust RFC 2603;
// both are decoded by libiberty. A name comes from the traced program's file, so its length, the
// size of what it expands to and the time that takes are all bounded here: libiberty bounds only
// its recursion.
#include <libiberty/demangle.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/quote.h"
#include "symbols/pattern.h"

namespace ttrace {
namespace {

// A mangled name longer than this is shown as it stands. libiberty's parser recurses about once
// for every three characters.
constexpr std::size_t kLongestMangled = 8192;
// A name may say "the same type as before, twice" again and again: what it expands to is bounded.
constexpr std::size_t kLongestShown = 32768;
constexpr std::uint32_t kMostNodes = 1U << 17;
// Each conversion operator nested in another's type makes libiberty's parser try twice.
constexpr int kMostConversions = 12;

/// A suffix that compilers append to a symbol: `.word` or `.word.NUMBER`.
struct Suffix {
  std::string_view word;
  bool clone;  // takes other arguments than the source says
  bool cold;
};
constexpr auto kSuffixes = std::to_array<Suffix>({
    {"isra", true, false},
    {"constprop", true, false},
    {"part", true, false},
    {"specialized", true, false},
    {"argprom", true, false},
    {"argelim", true, false},
    {"lto_priv", false, false},
    {"localalias", false, false},
    {"llvm", false, false},
    {"__uniq", false, false},
    {"cold", false, true},
});

struct SplitName {
  std::string_view base;
  bool clone = false;
  bool cold = false;
};

/// The name without its symbol version (`@@GLIBC_2.2.5`) and without the suffixes above.
SplitName split(std::string_view name) {
  SplitName result;
  result.base = unversioned(name);
  for (;;) {
    std::string_view rest = result.base;
    auto last = rest.find_last_not_of("0123456789");
    // ".isra.0": drop the number and its dot, if there is a number.
    bool numbered = last != std::string_view::npos && rest[last] == '.' && last + 1 < rest.size();
    if (numbered) rest = rest.substr(0, last);
    auto dot = rest.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return result;
    auto word = rest.substr(dot + 1);
    const auto* suffix = std::find_if(kSuffixes.begin(), kSuffixes.end(),
                                      [&](const Suffix& s) { return s.word == word; });
    if (suffix == kSuffixes.end()) return result;
    result.base = rest.substr(0, dot);
    result.clone = result.clone || suffix->clone;
    result.cold = result.cold || suffix->cold;
  }
}

/// Collects what libiberty prints, and leaves it by longjmp when that is too much: its callbacks
/// cannot say stop. Only C frames lie between print and callback.
struct Printed {
  std::string text;
  std::jmp_buf stop;
};

extern "C" void append_printed(const char* text, std::size_t length, void* opaque) {
  auto* printed = static_cast<Printed*>(opaque);
  if (printed->text.size() + length > kLongestShown) std::longjmp(printed->stop, 1);
  printed->text.append(text, length);
}

/// Both of these have no object with a destructor, which longjmp would skip.
bool print_tree(demangle_component* tree, Printed& printed) {
  if (setjmp(printed.stop) != 0) return false;
  return cplus_demangle_print_callback(DMGL_PARAMS | DMGL_ANSI, tree, append_printed, &printed) !=
         0;
}

bool print_rust(const char* mangled, Printed& printed) {
  if (setjmp(printed.stop) != 0) return false;
  return rust_demangle_callback(mangled, DMGL_NO_OPTS, append_printed, &printed) != 0;
}

using Kind = demangle_component_type;

/// Components that have no subtree.
bool is_leaf(Kind kind) {
  static constexpr auto kLeaves = std::to_array<Kind>({
      DEMANGLE_COMPONENT_NAME,
      DEMANGLE_COMPONENT_TEMPLATE_PARAM,
      DEMANGLE_COMPONENT_FUNCTION_PARAM,
      DEMANGLE_COMPONENT_SUB_STD,
      DEMANGLE_COMPONENT_BUILTIN_TYPE,
      DEMANGLE_COMPONENT_OPERATOR,
      DEMANGLE_COMPONENT_CHARACTER,
      DEMANGLE_COMPONENT_NUMBER,
      DEMANGLE_COMPONENT_UNNAMED_TYPE,
      DEMANGLE_COMPONENT_EXTENDED_BUILTIN_TYPE,
  });
  return std::find(kLeaves.begin(), kLeaves.end(), kind) != kLeaves.end();
}

/// The qualifiers of a member function: `const`, `&` and so on after its parameters.
bool is_function_qualifier(Kind kind) {
  static constexpr auto kQualifiers = std::to_array<Kind>({
      DEMANGLE_COMPONENT_RESTRICT_THIS,
      DEMANGLE_COMPONENT_VOLATILE_THIS,
      DEMANGLE_COMPONENT_CONST_THIS,
      DEMANGLE_COMPONENT_REFERENCE_THIS,
      DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS,
      DEMANGLE_COMPONENT_TRANSACTION_SAFE,
      DEMANGLE_COMPONENT_NOEXCEPT,
      DEMANGLE_COMPONENT_THROW_SPEC,
  });
  return std::find(kQualifiers.begin(), kQualifiers.end(), kind) != kQualifiers.end();
}

/// Components whose subtrees are names of functions or scopes, so that a function type found there
/// is a parameter list to drop, and not a type that a template argument mentions.
bool holds_names(Kind kind) {
  static constexpr auto kHolders = std::to_array<Kind>({
      DEMANGLE_COMPONENT_QUAL_NAME,
      DEMANGLE_COMPONENT_LOCAL_NAME,
      DEMANGLE_COMPONENT_THUNK,
      DEMANGLE_COMPONENT_VIRTUAL_THUNK,
      DEMANGLE_COMPONENT_COVARIANT_THUNK,
      DEMANGLE_COMPONENT_GUARD,
      DEMANGLE_COMPONENT_TLS_INIT,
      DEMANGLE_COMPONENT_TLS_WRAPPER,
      DEMANGLE_COMPONENT_HIDDEN_ALIAS,
      DEMANGLE_COMPONENT_TRANSACTION_CLONE,
      DEMANGLE_COMPONENT_NONTRANSACTION_CLONE,
      DEMANGLE_COMPONENT_CLONE,
      DEMANGLE_COMPONENT_DEFAULT_ARG,
  });
  return std::find(kHolders.begin(), kHolders.end(), kind) != kHolders.end();
}

/// A demangled tree, with everything removed that display_name() does not show.
class NameTree {
 public:
  explicit NameTree(const char* mangled) {
    void* memory = nullptr;
    root_ = cplus_demangle_v3_components(mangled, DMGL_PARAMS | DMGL_ANSI, &memory);
    memory_.reset(memory);
  }

  /// The name, or an empty string when it could not be printed within the bounds.
  std::string print() {
    if (root_ == nullptr) return {};
    std::string suffix = strip_clones();
    strip(root_, true);
    if (!simplify()) return {};
    Printed printed;
    if (!print_tree(root_, printed)) return {};
    return printed.text + suffix;
  }

  /// How many parameters the function has; nullopt: it is none, or its name does not say.
  /// `ends_in_z`: its mangled name does.
  [[nodiscard]] std::optional<std::size_t> parameters(bool ends_in_z) const {
    const Node* node = root_;
    auto outer = [](Kind kind) {
      return kind == DEMANGLE_COMPONENT_CLONE || is_function_qualifier(kind);
    };
    while (node != nullptr && outer(node->type))
      node = node->u.s_binary.left;
    if (node == nullptr || node->type != DEMANGLE_COMPONENT_TYPED_NAME) return std::nullopt;
    node = node->u.s_binary.right;
    while (node != nullptr && is_function_qualifier(node->type))
      node = node->u.s_binary.left;
    if (node == nullptr || node->type != DEMANGLE_COMPONENT_FUNCTION_TYPE) return std::nullopt;
    std::size_t count = 0;
    bool rest = false;  // the last is a builtin type, and of those only "..." is mangled as z
    for (node = node->u.s_binary.right; node != nullptr; node = node->u.s_binary.right) {
      const Node* type = node->u.s_binary.left;
      if (node->type != DEMANGLE_COMPONENT_ARGLIST || count > kMostNodes) return std::nullopt;
      if (type == nullptr) continue;  // void
      // How many a pack stands for is said elsewhere.
      if (type->type == DEMANGLE_COMPONENT_PACK_EXPANSION) return std::nullopt;
      ++count;
      rest = type->type == DEMANGLE_COMPONENT_BUILTIN_TYPE;
    }
    return rest && ends_in_z ? count - 1 : count;
  }

 private:
  struct Free {
    // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): libiberty allocated it.
    void operator()(void* p) const { std::free(p); }
  };
  using Node = demangle_component;
  using Edges = std::array<Node**, 2>;

  /// Takes `[clone .avx2.0]` off; what the compiler appended is returned as it stands.
  std::string strip_clones() {
    std::string suffix;
    while (root_->type == DEMANGLE_COMPONENT_CLONE) {
      const Node* name = root_->u.s_binary.right;
      if (name != nullptr && name->type == DEMANGLE_COMPONENT_NAME && name->u.s_name.len > 0)
        suffix.insert(0, name->u.s_name.s, static_cast<std::size_t>(name->u.s_name.len));
      root_ = root_->u.s_binary.left;
    }
    return suffix;
  }

  /// Looks through ABI tags, and where a name is meant through parameter lists and qualifiers.
  static void strip(Node*& node, bool name) {
    while (node != nullptr &&
           (node->type == DEMANGLE_COMPONENT_TAGGED_NAME ||
            (name &&
             (node->type == DEMANGLE_COMPONENT_TYPED_NAME || is_function_qualifier(node->type)))) &&
           node->u.s_binary.left != nullptr)
      node = node->u.s_binary.left;
  }

  static Edges edges(Node* node) {
    auto type = node->type;
    if (is_leaf(type)) return {nullptr, nullptr};
    if (type == DEMANGLE_COMPONENT_CTOR || type == DEMANGLE_COMPONENT_DTOR)
      return {&node->u.s_ctor.name, nullptr};
    if (type == DEMANGLE_COMPONENT_EXTENDED_OPERATOR)
      return {&node->u.s_extended_operator.name, nullptr};
    if (type == DEMANGLE_COMPONENT_FIXED_TYPE) return {&node->u.s_fixed.length, nullptr};
    // Here the second half of the union is a number.
    if (type == DEMANGLE_COMPONENT_LAMBDA || type == DEMANGLE_COMPONENT_DEFAULT_ARG)
      return {&node->u.s_unary_num.sub, nullptr};
    return {&node->u.s_binary.left, &node->u.s_binary.right};
  }

  /// Strips every node. False when the tree, whose nodes may be shared, has a cycle or would
  /// print more than kMostNodes nodes.
  bool simplify() {
    constexpr std::uint32_t kOpen = 0;
    std::unordered_map<const Node*, std::uint32_t> sizes;  // of the expanded subtree
    std::vector<std::pair<Node*, bool>> work{{root_, false}};
    while (!work.empty()) {
      auto [node, done] = work.back();
      work.pop_back();
      auto children = edges(node);
      if (done) {
        std::uint32_t size = 1;
        for (Node** child : children)
          if (child != nullptr && *child != nullptr) size += sizes[*child];
        if (size > kMostNodes) return false;
        sizes[node] = size;
        continue;
      }
      auto [known, fresh] = sizes.emplace(node, kOpen);
      if (!fresh) {
        if (known->second == kOpen) return false;
        continue;
      }
      work.emplace_back(node, true);
      for (Node** child : children) {
        if (child == nullptr) continue;
        strip(*child, holds_names(node->type));
        if (*child == nullptr) continue;
        auto seen = sizes.find(*child);
        if (seen == sizes.end())
          work.emplace_back(*child, false);
        else if (seen->second == kOpen)
          return false;
      }
    }
    return true;
  }

  Node* root_ = nullptr;
  std::unique_ptr<void, Free> memory_;
};

/// Whether libiberty's parser would take exponential time. The namespace `cv` (OpenCV's) is no
/// conversion operator, so "2cv" does not count, unless the 2 is the end of something else.
bool too_many_conversions(std::string_view mangled) {
  int count = 0;
  for (auto at = mangled.find("cv"); at != std::string_view::npos;
       at = mangled.find("cv", at + 2)) {
    bool identifier = at >= 2 && mangled[at - 1] == '2' && mangled[at - 2] != '_' &&
                      (mangled[at - 2] < '0' || mangled[at - 2] > '9');
    if (!identifier) ++count;
  }
  return count > kMostConversions;
}

/// Rust's old mangling is C++'s with a hash for a last component: `17h` and 16 digits.
bool maybe_rust(std::string_view mangled) {
  return mangled.starts_with("_R") || mangled.find("17h") != std::string_view::npos;
}

std::string demangle(std::string_view mangled) {
  if (mangled.size() > kLongestMangled || mangled.find('\0') != std::string_view::npos) return {};
  std::string name(mangled);
  if (maybe_rust(mangled)) {
    Printed printed;
    if (print_rust(name.c_str(), printed)) return std::move(printed.text);
  }
  if (!mangled.starts_with("_Z") || too_many_conversions(mangled)) return {};
  return NameTree(name.c_str()).print();
}

/// Control characters would break the line, or act on the terminal that shows it.
std::string printable(std::string text) {
  if (std::ranges::none_of(text, is_control)) return text;
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (char c : text) {
    if (!is_control(c)) {
      result += c;
      continue;
    }
    auto value = static_cast<unsigned char>(c);
    result += "\\x";
    result += kDigits[value >> 4U];
    result += kDigits[value & 15U];
  }
  return result;
}

}  // namespace

std::string_view unversioned(std::string_view name) {
  auto at = name.find('@');
  return at == std::string_view::npos || at == 0 ? name : name.substr(0, at);
}

std::string display_name(std::string_view linkage_name) {
  auto base = split(linkage_name).base;
  if (base.starts_with("_Z") || base.starts_with("_R")) {
    if (auto name = demangle(base); !name.empty()) return printable(std::move(name));
  }
  return printable(std::string(base));
}

std::string go_display_name(std::string_view name) {
  auto open = name.find('[');
  auto close = name.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return printable(std::string(name));
  std::string shown(name.substr(0, open));
  shown += "[...]";
  shown += name.substr(close + 1);
  return printable(std::move(shown));
}

std::optional<std::size_t> parameter_count(std::string_view linkage_name) {
  std::string base(split(linkage_name).base);
  if (base.size() > kLongestMangled || !base.starts_with("_Z") || maybe_rust(base) ||
      too_many_conversions(base))
    return std::nullopt;
  return NameTree(base.c_str()).parameters(base.ends_with('z'));
}

bool is_clone(std::string_view linkage_name) {
  return split(linkage_name).clone;
}

bool is_cold_part(std::string_view linkage_name) {
  return split(linkage_name).cold;
}

}  // namespace ttrace
