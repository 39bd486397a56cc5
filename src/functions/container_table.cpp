#include "functions/container_table.h"

namespace ttrace {

namespace {

using Form = ContainerShape::Form;

// libstdc++ of GCC 5 to 13 (both string ABIs' names are the same; the old one has no length and is
// shown as what it is), libc++ 7 to 18, and Rust's library from 1.60 on.
constexpr NodeShape kGnuTree{"_Rb_tree_node", "_M_storage", "_M_left", "_M_right"};
constexpr NodeShape kGnuHash{"_Hash_node", "_M_storage", "_M_nxt", ""};
constexpr NodeShape kGnuList{"_List_node", "_M_storage", "_M_next", ""};
constexpr NodeShape kGnuForward{"_Fwd_list_node", "_M_storage", "_M_next", ""};
constexpr NodeShape kLlvmTree{"__tree_node", "__value_", "__left_", "__right_"};
constexpr NodeShape kLlvmHash{"__hash_node", "__value_", "__next_", ""};
constexpr NodeShape kLlvmList{"__list_node", "__value_", "__next_", ""};
constexpr NodeShape kLlvmForward{"__forward_list_node", "__value_", "__next_", ""};

constexpr std::string_view kGnuRoot = "_M_t._M_impl._M_header._M_parent";
constexpr std::string_view kGnuNodes = "_M_t._M_impl._M_node_count";
constexpr std::string_view kGnuFirst = "_M_h._M_before_begin._M_nxt";
constexpr std::string_view kGnuHashed = "_M_h._M_element_count";
constexpr std::string_view kLlvmRoot = "__tree_.__pair1_.__value_.__left_";
constexpr std::string_view kLlvmNodes = "__tree_.__pair3_.__value_";
constexpr std::string_view kLlvmFirst = "__table_.__p1_.__value_.__next_";
constexpr std::string_view kLlvmHashed = "__table_.__p2_.__value_";
constexpr std::string_view kRustVec = "buf.inner.ptr.pointer.pointer";
constexpr std::string_view kRustVecOlder = "buf.ptr.pointer.pointer";

constexpr auto kShapes = std::to_array<ContainerShape>({
    // libstdc++
    {"basic_string", Form::Text, {"_M_dataplus._M_p", "_M_string_length"}},
    {"basic_string_view", Form::Text, {"_M_str", "_M_len"}},
    {"vector", Form::Range, {"_M_impl._M_start", "_M_impl._M_finish", "_M_impl._M_end_of_storage"}},
    {"vector",
     Form::Bits,
     {"_M_impl._M_start._M_p", "_M_impl._M_finish._M_p", "_M_impl._M_finish._M_offset"}},
    {"optional", Form::Optional, {"_M_payload._M_engaged", "_M_payload._M_payload._M_value"}},
    {"unique_ptr", Form::Owner, {"_M_t._M_t._M_head_impl"}},
    {"shared_ptr", Form::Owner, {"_M_ptr"}},
    {"map", Form::Tree, {kGnuRoot, kGnuNodes}, &kGnuTree, true},
    {"multimap", Form::Tree, {kGnuRoot, kGnuNodes}, &kGnuTree, true},
    {"set", Form::Tree, {kGnuRoot, kGnuNodes}, &kGnuTree},
    {"multiset", Form::Tree, {kGnuRoot, kGnuNodes}, &kGnuTree},
    {"unordered_map", Form::Chain, {kGnuFirst, kGnuHashed}, &kGnuHash, true},
    {"unordered_multimap", Form::Chain, {kGnuFirst, kGnuHashed}, &kGnuHash, true},
    {"unordered_set", Form::Chain, {kGnuFirst, kGnuHashed}, &kGnuHash},
    {"unordered_multiset", Form::Chain, {kGnuFirst, kGnuHashed}, &kGnuHash},
    {"list", Form::Chain, {"_M_impl._M_node._M_next", "_M_impl._M_node._M_size"}, &kGnuList},
    {"forward_list", Form::Chain, {"_M_impl._M_head._M_next"}, &kGnuForward},
    {"deque", Form::Deque, {"_M_impl._M_start", "_M_impl._M_finish"}},
    {"stack", Form::Alone, {"c"}},
    {"queue", Form::Alone, {"c"}},
    {"array", Form::Only, {"_M_elems"}},
    {"tuple", Form::Tuple, {"", "_M_head_impl"}},
    {"initializer_list", Form::Counted, {"_M_array", "_M_len"}},
    {"span", Form::Counted, {"_M_ptr", "_M_extent._M_extent_value"}},
    {"reference_wrapper", Form::Owner, {"_M_data"}},
    {"atomic", Form::Only, {"_M_i"}},
    {"atomic", Form::Only, {"_M_base._M_i"}},
    {"path", Form::Only, {"_M_pathname"}},
    // libc++
    {"basic_string", Form::LibcxxText, {"__r_.__value_"}},
    {"basic_string", Form::LibcxxText, {"__rep_"}},
    {"basic_string_view", Form::Text, {"__data", "__size"}},
    {"basic_string_view", Form::Text, {"__data_", "__size_"}},
    {"vector", Form::Range, {"__begin_", "__end_", "__end_cap_.__value_"}},
    {"optional", Form::Optional, {"__engaged_", "__val_"}},
    {"unique_ptr", Form::Owner, {"__ptr_.__value_"}},
    {"shared_ptr", Form::Owner, {"__ptr_"}},
    {"map", Form::Tree, {kLlvmRoot, kLlvmNodes}, &kLlvmTree, true},
    {"multimap", Form::Tree, {kLlvmRoot, kLlvmNodes}, &kLlvmTree, true},
    {"set", Form::Tree, {kLlvmRoot, kLlvmNodes}, &kLlvmTree},
    {"multiset", Form::Tree, {kLlvmRoot, kLlvmNodes}, &kLlvmTree},
    {"unordered_map", Form::Chain, {kLlvmFirst, kLlvmHashed}, &kLlvmHash, true},
    {"unordered_multimap", Form::Chain, {kLlvmFirst, kLlvmHashed}, &kLlvmHash, true},
    {"unordered_set", Form::Chain, {kLlvmFirst, kLlvmHashed}, &kLlvmHash},
    {"unordered_multiset", Form::Chain, {kLlvmFirst, kLlvmHashed}, &kLlvmHash},
    {"list", Form::Chain, {"__end_.__next_", "__size_alloc_.__value_"}, &kLlvmList},
    {"forward_list", Form::Chain, {"__before_begin_.__value_.__next_"}, &kLlvmForward},
    {"deque", Form::Size, {"__size_.__value_"}},
    {"array", Form::Only, {"__elems_"}},
    {"tuple", Form::Tuple, {"__base_", "__value_"}},
    {"initializer_list", Form::Counted, {"__begin_", "__size_"}},
    {"reference_wrapper", Form::Owner, {"__f_"}},
    {"atomic", Form::Only, {"__a_.__a_value"}},
    // Rust
    {"&str", Form::Text, {"data_ptr", "length"}},
    {"&mut str", Form::Text, {"data_ptr", "length"}},
    {"String", Form::Text, {"vec.buf.inner.ptr.pointer.pointer", "vec.len"}},
    {"String", Form::Text, {"vec.buf.ptr.pointer.pointer", "vec.len"}},
    {"OsString", Form::Text, {"inner.inner.buf.inner.ptr.pointer.pointer", "inner.inner.len"}},
    {"OsString", Form::Text, {"inner.inner.buf.ptr.pointer.pointer", "inner.inner.len"}},
    {"PathBuf", Form::Alone, {"inner"}},
    {"&[", Form::Counted, {"data_ptr", "length"}},
    {"&mut [", Form::Counted, {"data_ptr", "length"}},
    {"Box", Form::Counted, {"data_ptr", "length"}},
    {"Vec", Form::Counted, {kRustVec, "len"}},
    {"Vec", Form::Counted, {kRustVecOlder, "len"}},
    {"Rc", Form::Owner, {"ptr.pointer", "value"}},
    {"Arc", Form::Owner, {"ptr.pointer", "data"}},
    {"HashMap", Form::Size, {"base.table.table.items"}},
    {"HashSet", Form::Size, {"base.map.table.table.items"}},
    {"BTreeMap", Form::Size, {"length"}},
});

}  // namespace

std::span<const ContainerShape> container_shapes() {
  return kShapes;
}

}  // namespace ttrace
