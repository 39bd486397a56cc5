#include "fuzz/made_memory.h"

#include <algorithm>
#include <cstring>

namespace ttrace::fuzz {

namespace {

constexpr std::array<std::uint64_t, 32> kEdges{
    0,          1,          2,          3,          4,          7,
    8,          12,         15,         16,         24,         32,
    33,         64,         112,        128,        255,        256,
    1024,       4095,       4096,       4097,       0xffff,     0x10000,
    0x100000,   0x7fffffff, 0x80000000, 0xffffffff, 1ULL << 32, (1ULL << 63) - 1,
    1ULL << 63, ~0ULL,
};

// Filled when first asked for, and kept from one input to the next.
std::array<std::array<std::uint8_t, MadeMemory::kPage>, MadeMemory::kPages + 1> contents;

void put(std::uint8_t* to, std::uint64_t value, std::size_t size) {
  std::memcpy(to, &value, size);
}

}  // namespace

std::uint64_t edge_number(std::uint64_t choice) {
  return kEdges[choice % kEdges.size()];
}

MadeMemory::MadeMemory(unsigned word, Input& input) : word_(word) {
  for (Page& page : pages_)
    choose(page, input);
}

void MadeMemory::choose(Page& page, Input& input) const {
  page.made = false;
  page.kind = static_cast<Kind>(input.byte() % static_cast<unsigned>(Kind::Count));
  page.seed = input.number(2);
  if (page.kind == Kind::Given) {
    for (auto& byte : page.given)
      byte = input.byte();
  }
}

void MadeMemory::change(Input& input) {
  choose(pages_[input.byte() % kPages], input);
}

std::uint64_t MadeMemory::pointer(std::uint64_t choice) const {
  const std::uint64_t offset = choice >> 8 & (kPage - 1);
  const std::uint64_t page = kFirst + (choice >> 4 & (kPages - 1)) * kPage;
  const std::uint64_t end = word_ == 8 ? 0 : std::uint64_t{1} << 32;
  switch (choice & 15) {
    case 0:
      return page + kPage - (offset & 127);  // little fits before the next page
    case 1:
      return end - kPage + offset;
    case 2:
      return end - 1 - (offset & 63);
    case 3:
    case 4:
    case 5:
      return kLarge + (choice >> 4 & 3) * kPage;
    case 6:
      return page + offset;
    case 7:
    case 8:
      return page + (offset & ~std::uint64_t{7});
    default:
      return page;
  }
}

int MadeMemory::page_at(std::uint64_t page_number) const {
  constexpr std::uint64_t kFirstNumber = kFirst / kPage;
  constexpr std::uint64_t kLargeNumber = kLarge / kPage;
  const std::uint64_t last = (word_ == 8 ? ~std::uint64_t{0} : 0xffffffff) / kPage;
  std::size_t index = kPages;
  if (page_number - kFirstNumber < kPages) {
    index = page_number - kFirstNumber;
  } else if (page_number - kLargeNumber < kLargeSize / kPage) {
    return static_cast<int>((page_number - kLargeNumber) % 4);  // readable whatever its kind
  } else if (page_number != last) {
    return -1;
  }
  return pages_[index].kind == Kind::Unmapped ? -1 : static_cast<int>(index);
}

std::size_t MadeMemory::read(Address from, std::span<std::byte> out) {
  ++reads;
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t at = from.value() + done;
    const int index = page_at(at / kPage);
    if (index < 0) break;
    const std::uint64_t offset = at % kPage;
    const auto part = std::min<std::size_t>(kPage - offset, out.size() - done);
    std::memcpy(&out[done], &content(static_cast<std::size_t>(index))[offset], part);
    done += part;
    // The kernel refuses a range that wraps around.
    if (at + part == 0) break;
  }
  bytes_read += done;
  return done;
}

const MadeMemory::Content& MadeMemory::content(std::size_t index) {
  Content& page = contents[index];
  if (!pages_[index].made) make(index, page);
  return page;
}

void MadeMemory::make_words(Page& page, std::uint64_t own, Content& to) const {
  Random random(page.seed);
  for (std::size_t at = 0; at < to.size(); at += word_) {
    const std::uint64_t r = random.next();
    std::uint64_t value = 0;
    if (page.kind == Kind::Pointers) {
      value = r % 61 == 0 ? 0 : pointer(r);
    } else if (page.kind == Kind::Lengths) {
      value = edge_number(r);
    } else if (at / word_ % 2 == 0) {
      value = r % 31 == 0 ? 0 : own + (r >> 8 & (kPage - 1) & ~std::uint64_t{15});
    } else {
      value = r % 16 == 0 ? edge_number(r >> 4) : r >> 8 & 63;
    }
    put(&to[at], value, word_);
  }
}

void MadeMemory::make_messages(std::uint64_t seed, Content& to) const {
  Random random(seed);
  to.fill(0);
  // Control messages have a word for their length, netlink's 4 bytes, attributes 2; a directory
  // entry has it behind two words.
  const std::array<std::size_t, 4> sizes{word_, 4, 2, 2};
  const std::uint64_t form = seed % sizes.size();
  const std::size_t before = form == 3 ? 2 * word_ : 0;
  for (std::size_t at = 0; at + 64 <= to.size();) {
    const std::uint64_t r = random.next();
    for (std::size_t i = 0; i < 64; i += 8)
      put(&to[at + i], random.next() & (r & 1 ? 0x0303030303030303 : ~0ULL), 8);
    const std::uint64_t length = before + (r >> 8 & (r & 2 ? 63 : 31));
    put(&to[at + before], r % 64 == 0 ? edge_number(r >> 8) : length, sizes[form]);
    put(&to[at + before + sizes[form]], r >> 16 & 3, form == 0 ? 4 : 2);
    at += std::max<std::size_t>((length + word_ - 1) / word_ * word_, 8);
  }
}

void MadeMemory::make_text(std::uint64_t seed, bool with_nuls, Content& to) {
  Random random(seed);
  for (std::size_t at = 0; at < to.size(); at += 4) {
    std::uint64_t r = random.next();
    for (std::size_t i = 0; i < 4; ++i, r >>= 16) {
      to[at + i] = static_cast<std::uint8_t>(r % 8 == 0 ? r >> 8 | 1 : 'a' + (r >> 8 & 15));
      if (with_nuls && r % 16 == 1) to[at + i] = 0;
    }
  }
}

void MadeMemory::make(std::size_t index, Content& to) {
  Page& page = pages_[index];
  page.made = true;
  Random random(page.seed);
  auto fill = [&](std::size_t step, auto value) {
    for (std::size_t at = 0; at < to.size(); at += step)
      put(&to[at], value(at), step);
  };
  switch (page.kind) {
    case Kind::Noise:
      return fill(8, [&](std::size_t) { return random.next(); });
    case Kind::Pointers:
    case Kind::Lengths:
    case Kind::Vectors:
      return make_words(page, kFirst + index * kPage, to);
    case Kind::Small:
      return fill(4, [&](std::size_t) { return random.next() & (page.seed % 2 ? 31 : 255); });
    case Kind::Endless:
    case Kind::Text:
      return make_text(page.seed, page.kind == Kind::Text, to);
    case Kind::Messages:
      return make_messages(page.seed, to);
    case Kind::Addresses:
      // An address family in front of every 4th word.
      return fill(2, [&](std::size_t at) {
        const std::uint64_t r = random.next();
        return at % 16 == 0 ? r % 46 : r % 3 == 0 ? 0 : r;
      });
    case Kind::Given:
      return fill(1, [&](std::size_t at) { return page.given[at % page.given.size()]; });
    case Kind::Ones:
      return fill(8, [](std::size_t) { return ~std::uint64_t{0}; });
    case Kind::Unmapped:  // but repeated in the large area
    case Kind::Zeros:
    case Kind::Count:
      return fill(8, [](std::size_t) { return std::uint64_t{0}; });
  }
}

}  // namespace ttrace::fuzz
