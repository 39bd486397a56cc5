#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "symbols/pattern.h"

namespace ttrace {
namespace {

using Names = std::vector<std::pair<std::string, std::string>>;  // linkage, shown

void check(const Names& names) {
  for (const auto& [linkage, shown] : names)
    CHECK(display_name(linkage) == shown);
}

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i)
    result += text;
  return result;
}

TEST_CASE("names that are not mangled come back as they are") {
  check({{"main", "main"},
         {"_start", "_start"},
         {"net.(*conn).Read", "net.(*conn).Read"},
         {"main.main.func1", "main.main.func1"},
         {"main.(*T[go.shape.int]).m", "main.(*T[go.shape.int]).m"},
         {"_Zebra", "_Zebra"},
         {"_R", "_R"},
         {"_Z", "_Z"},
         {"_GLOBAL__sub_I_x", "_GLOBAL__sub_I_x"},
         {"", ""},
         {".", "."},
         {"counter.0", "counter.0"}});
}

TEST_CASE("C++: qualified names without parameters") {
  check({{"_Z1fi", "f"},
         {"_ZN2ns5Class6methodEi", "ns::Class::method"},
         {"_ZNK2ns5Class6methodEi", "ns::Class::method"},
         {"_ZNKR2ns5Class6methodEv", "ns::Class::method"},
         {"_ZNO2ns5Class6methodEv", "ns::Class::method"},
         {"_ZN12_GLOBAL__N_11fEv", "(anonymous namespace)::f"},
         {"_ZN2ns12_GLOBAL__N_11fEd", "ns::(anonymous namespace)::f"},
         {"_ZN3FooC2Ei", "Foo::Foo"},
         {"_ZN3FooD0Ev", "Foo::~Foo"},
         {"_ZN2cv3Mat6createEii", "cv::Mat::create"}});
}

TEST_CASE("C++: operators and conversions") {
  check({{"_ZN3FooclEi", "Foo::operator()"},
         {"_ZNK3FooltERKS_", "Foo::operator<"},
         {"_ZltRK3FooS1_", "operator<"},
         {"_ZN3FoolsEi", "Foo::operator<<"},
         {"_ZN3FooptEv", "Foo::operator->"},
         {"_ZN3FooixEm", "Foo::operator[]"},
         {"_ZN3FoossERKS_", "Foo::operator<=>"},
         {"_ZN3FoocviEv", "Foo::operator int"},
         {"_ZNK3FoocvPKcEv", "Foo::operator char const*"},
         {"_Znwm", "operator new"},
         {"_ZdaPv", "operator delete[]"},
         {"_Zli2_sPKc", "operator\"\" _s"}});
}

TEST_CASE("C++: templates keep their arguments and lose their return types") {
  check(
      {{"_Z5twiceIiET_S0_", "twice<int>"},
       {"_Z4packIJilcEEiDpT_", "pack<int, long, char>"},
       {"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back"},
       {"_ZN3FooIFivEE3runEv", "Foo<int ()>::run"},
       {"_ZN3FoocvT_IiEEv", "Foo::operator int<int>"},
       {"_ZN3ArrILi3EE2atEi", "Arr<3>::at"},
       {"_ZNSs6appendEPKc", "std::string::append"}});
}

TEST_CASE("C++: local classes and lambdas") {
  check({{"_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()"},
         {"_ZZ1fiENKUlcE0_clEc", "f::{lambda(char)#2}::operator()"},
         {"_ZZN2ns1fEiEN5Local1mEv", "ns::f::Local::m"},
         {"_ZZ1fIiEvT_ENKUlS0_E_clES0_", "f<int>::{lambda(auto:1)#1}::operator()"},
         {"_ZZNK3Foo3barEvENUlvE_4_FUNEv", "Foo::bar::{lambda()#1}::_FUN"}});
}

TEST_CASE("C++: thunks say what they are") {
  check({{"_ZThn16_N3Foo3barEv", "non-virtual thunk to Foo::bar"},
         {"_ZTv0_n24_N3FooD1Ev", "virtual thunk to Foo::~Foo"}});
}

TEST_CASE("ABI tags are dropped, wherever they stand") {
  check(
      {{"_Z5getitB5cxx11v", "getit"},
       {"_ZN3FooB3tag3barB5cxx11Ev", "Foo::bar"},
       {"_ZN3FooB3tagC1Ev", "Foo::Foo"},
       {"_ZN1TIN3FooB3tagEE1mEv", "T<Foo>::m"},
       {"_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE4sizeEv",
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::size"}});
}

TEST_CASE("clone suffixes are dropped") {
  check({{"rem.constprop.0.isra.0", "rem"},
         {"parse.part.3", "parse"},
         {"helper.lto_priv.12", "helper"},
         {"f.llvm.1234567890123456789", "f"},
         {"f.__uniq.12345", "f"},
         {"f.localalias", "f"},
         {"f.localalias.1", "f"},
         {"f.cold", "f"},
         {"f.isra.0.cold.1", "f"},
         {"_ZN2ns1fEi.isra.0", "ns::f"},
         {"_ZN2ns1fEi.part.0.constprop.1", "ns::f"},
         {"_ZN3FooC2Ei.cold", "Foo::Foo"}});
  // What is no clone of the source's function keeps its suffix, and so does what only looks so.
  check({{"fast.avx2.0", "fast.avx2.0"},
         {"_Z3foov.avx2.0", "foo.avx2.0"},
         {"loop._omp_fn.0", "loop._omp_fn.0"},
         {".isra.0", ".isra.0"},
         {"a.partial", "a.partial"}});
}

TEST_CASE("symbol versions are dropped") {
  check({{"memcpy@@GLIBC_2.14", "memcpy"},
         {"memcpy@GLIBC_2.2.5", "memcpy"},
         {"_ZSt9terminatev@@GLIBCXX_3.4", "std::terminate"},
         {"@", "@"}});
}

TEST_CASE("Rust: both manglings") {
  check({{"_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"},
         {"_ZN4core3fmt5write17h0123456789abcdefE.llvm.4711", "core::fmt::write"},
         {"_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar"
          "17h930b740aa94f1d3aE",
          "<Test + 'static as foo::Bar<Test>>::bar"},
         {"_ZN1r4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE", "r::main::{{closure}}"},
         {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
         {"_RNCNvCs1234_7mycrate4main0", "mycrate::main::{closure#0}"},
         {"_RINvCs1234_7mycrate3genhE", "mycrate::gen::<u8>"}});
  // A C++ function may be called h0123456789abcdef too, but not with that length before it.
  check({{"_ZN1a16h0123456789abcdeE", "a::h0123456789abcde"}});
}

TEST_CASE("clones and cold parts are told apart") {
  CHECK(is_clone("f.isra.0"));
  CHECK(is_clone("f.constprop.0.lto_priv.1"));
  CHECK(is_clone("_ZN2ns1fEi.part.0.cold"));
  CHECK_FALSE(is_clone("f"));
  CHECK_FALSE(is_clone("f.lto_priv.0"));
  CHECK_FALSE(is_clone("f.cold"));
  CHECK_FALSE(is_clone("isra.0"));
  CHECK(is_cold_part("f.cold"));
  CHECK(is_cold_part("f.cold.12"));
  CHECK(is_cold_part("_Z1fv.isra.0.cold"));
  CHECK_FALSE(is_cold_part("cold"));
  CHECK_FALSE(is_cold_part("f.colder"));
  CHECK_FALSE(is_cold_part("f.isra.0"));
}

TEST_CASE("control characters are made visible") {
  CHECK(display_name("a\x1b[31mb\n") == "a\\x1b[31mb\\x0a");
  CHECK(display_name("gr\xc3\xb6\xc3\x9f") == "gr\xc3\xb6\xc3\x9f");
}

TEST_CASE("hostile names: what does not fit the bounds is shown as it stands") {
  // A deep tree, beyond the longest name that is decoded.
  std::string deep = "_Z1f" + repeated("P", 100'000) + "i";
  CHECK(display_name(deep) == deep);
  // Within the longest name, a tree deeper than libiberty prints.
  std::string pointers = "_Z1fI" + repeated("P", 5000) + "iEvv";
  CHECK(display_name(pointers) == pointers);
  // Each type is a pair of the one before: the name would have 2^40 characters.
  std::string doubled = "_Z1fISt4pairIiiE";
  for (int i = 0; i < 40; ++i) {
    static const std::string kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string id = i < 36 ? std::string(1, kDigits[static_cast<std::size_t>(i)])
                            : "1" + std::string(1, kDigits[static_cast<std::size_t>(i - 36)]);
    doubled += "St4pairIS" + id + "_S" + id + "_E";
  }
  doubled += "Evv";
  CHECK(display_name(doubled).size() <= 32768);
  // Each level would be parsed twice.
  std::string conversions = "_Z" + repeated("N1AcvT_I", 60) + "i" + repeated("EE", 60) + "v";
  CHECK(display_name(conversions) == conversions);
  // The same, for Rust: back references to back references.
  std::string tuples = "_RINvC1a1fT";
  for (int i = 0; i < 40; ++i)
    tuples += "TB8_B8_E";
  CHECK(display_name(tuples + "EE").size() <= 32768);
  // A length that lies.
  CHECK(display_name("_Z99999999999999999999f") == "_Z99999999999999999999f");
  CHECK(display_name("_ZN3foo") == "_ZN3foo");
  CHECK(display_name(std::string("_Z1f\0v", 6)) == "_Z1f\\x00v");
}

TEST_CASE("a long name of ordinary shape is decoded") {
  std::string name = "_ZN";
  std::string shown;
  for (int i = 0; i < 300; ++i) {
    name += "9namespace";
    shown += "namespace::";
  }
  CHECK(display_name(name + "1fEv") == shown + "f");
}

TEST_CASE("names cut anywhere, or with a letter changed, do no harm") {
  const std::string name =
      "_ZNSt10_HashtableINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESt4pairIKS5_iESaIS8_E"
      "NSt8__detail10_Select1stESt8equal_toIS5_ESt4hashIS5_ENSA_18_Mod_range_hashingENSA_20_Default"
      "_ranged_hashENSA_20_Prime_rehash_policyENSA_17_Hashtable_traitsILb1ELb0ELb1EEEE13_M_rehash_"
      "auxEmSt17integral_constantIbLb1EE";
  CHECK(display_name(name).ends_with("::_M_rehash_aux"));
  for (std::size_t length = 0; length < name.size(); ++length)
    CHECK(display_name(name.substr(0, length)).size() < 4096);
  for (std::size_t i = 2; i < name.size(); ++i) {
    for (char c : {'S', 'T', 'E', 'I', '9', '_', 'Z', 'c', 'B'}) {
      std::string changed = name;
      changed[i] = c;
      CHECK_FALSE(display_name(changed).empty());
    }
  }
}

TEST_CASE("how many parameters a C++ function has") {
  CHECK(parameter_count("_Z1fv") == 0U);
  CHECK(parameter_count("_Z1fi") == 1U);
  CHECK(parameter_count("_Z1fPFiPKczES2_i") == 3U);
  CHECK(parameter_count("_Z1fPKcz") == 1U);                // f(const char*, ...)
  CHECK(parameter_count("_ZNK4shop4Item5totalEi") == 1U);  // this is not counted
  CHECK(parameter_count("_ZN4shop5FruitC1Ei") == 1U);
  CHECK(parameter_count("_Z1fIiEvT_S0_") == 2U);
  CHECK(parameter_count("_ZZ4mainENKUliPKcE_clEiS0_") == 2U);
  CHECK(parameter_count("_Z1fib.isra.0") == 2U);
  CHECK_FALSE(parameter_count("_Z1fIJidEEvDpT_"));  // as many as the pack has
  CHECK_FALSE(parameter_count("_ZTV4Item"));
  CHECK_FALSE(parameter_count("main"));
  CHECK_FALSE(parameter_count("_ZN4core3fmt9Arguments6new_v117h2c1e9abb9101dd0aE"));
  CHECK_FALSE(parameter_count(""));
  CHECK_FALSE(parameter_count("_Z"));
}

}  // namespace
}  // namespace ttrace
