#include "symbols/name_filter.h"

#include <doctest/doctest.h>

#include <cctype>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "symbols/pattern.h"
#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using Parts = std::vector<std::string>;

TEST_CASE("identifiers are required, what a demangler writes itself is not") {
  CHECK(NameFilter::required_parts("shop::Basket::add") == Parts{"shop", "basket"});  // 0xadd
  CHECK(NameFilter::required_parts("shop::Basket::put") == Parts{"shop", "basket", "put"});
  CHECK(NameFilter::required_parts("unsigned int").empty());
  CHECK(NameFilter::required_parts("std::basic_string<char>").empty());
  CHECK(NameFilter::required_parts("stri").empty());      // of basic_string
  CHECK(NameFilter::required_parts("_Float16").empty());  // _Float and a number
  CHECK(NameFilter::required_parts("float32x").empty());
  CHECK(NameFilter::required_parts("12345ul").empty());
  CHECK(NameFilter::required_parts("0xfeed").empty());
  CHECK(NameFilter::required_parts("x1b").empty());  // an escaped control character
  CHECK(NameFilter::required_parts("ab").empty());
  CHECK(NameFilter::required_parts("float_to_int") == Parts{"float_to_int"});
}

TEST_CASE("only names that can match pass") {
  NameFilter one("^shop::Basket::put$");
  CHECK(one.filters());
  CHECK(one.may_match("_ZN4shop6Basket3putEi"));
  CHECK_FALSE(one.may_match("_ZN4shop6Basket5emptyEv"));
  CHECK_FALSE(one.may_match("main"));
  NameFilter either("(open|close)_file|plain");
  CHECK(either.may_match("open_file"));
  CHECK(either.may_match("_Z10close_filev"));
  CHECK(either.may_match("explains"));
  CHECK_FALSE(either.may_match("open"));
  NameFilter any_case("(?i)sHoP");
  CHECK(any_case.may_match("_ZN4Shop3putEv"));
  CHECK_FALSE(any_case.may_match("_ZN3put3outEv"));
  CHECK(any_case.may_match("s\xc4\xb0op"));  // another alphabet: not decided here
  for (const char* everything : {"", ".", "^[a-z]+$", "operator", "unsigned|shop", "a.*b"}) {
    NameFilter filter(everything);
    CHECK_FALSE(filter.filters());
    CHECK(filter.may_match("_Z1fv"));
  }
}

TEST_CASE("as many alternatives as anybody writes") {
  std::string regex = "^(";
  for (int i = 0; i < 300; ++i)
    regex += (i == 0 ? "" : "|") + std::string("function_") + std::to_string(i);
  NameFilter filter(regex + ")$");
  CHECK(filter.may_match("function_299"));
  CHECK(filter.may_match("function_0"));
}

/// The names of every function of the samples, and a part of each as a pattern: none is lost.
TEST_CASE("what a pattern matches passes its filter") {
  std::size_t filtered = 0;
  std::size_t passed = 0;
  for (const char* path : {kSampleCppO0, kSampleCppO2, kSampleCO2, "/proc/self/exe"}) {
    auto module = test::open_module(path);
    auto functions = module->functions();
    REQUIRE(functions.has_value());
    for (std::size_t i = 0; i < functions->size(); i += functions->size() / 300 + 1) {
      const std::string& name = (*functions)[i].name;
      std::string text = name.substr(i % 3 * name.size() / 4);
      auto pattern = FunctionPattern::parse("(?i)\\Q" + text.substr(0, text.find('@')) + "\\E");
      if (!pattern || !pattern->object_glob().empty()) continue;
      for (std::size_t k = i % 7; k < functions->size(); k += 7) {
        const Function& each = (*functions)[k];
        bool may = pattern->may_match(each.linkage);
        if (pattern->matches_name(each.name)) CHECK_MESSAGE(may, text, " in ", each.linkage);
        ++(may ? passed : filtered);
      }
    }
  }
  CHECK(filtered > 10'000);
  CHECK(passed > 1'000);
}

/// Words in the demanglers' own text that the filter does not know would hide functions.
TEST_CASE("every word of the library's demanglers is known") {
  std::ifstream file("/usr/lib/x86_64-linux-gnu/libiberty.a", std::ios::binary);
  std::string archive{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (archive.empty()) return;  // it is elsewhere
  // The texts of cp-demangle.c stand together.
  auto first = archive.find("guard variable for ");
  auto last = archive.find("reinterpret_cast", first);
  REQUIRE(last != std::string::npos);
  std::string word;
  int words = 0;
  for (char c : archive.substr(first, last - first)) {
    bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (letter) word += c;
    if (letter || word.empty()) continue;
    CHECK_MESSAGE(NameFilter::required_parts(word).empty(), word);
    ++words;
    word.clear();
  }
  CHECK(words > 50);
}

}  // namespace
}  // namespace ttrace
