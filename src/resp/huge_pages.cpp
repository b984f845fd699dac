// SPDX-License-Identifier: Apache-2.0
// huge_pages.cpp: memory of large values in pages of 2 MiB.
#include <redstart/resp/detail/huge_pages.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace redstart::inline v0::resp::detail {

void advise_huge_pages(void* begin, std::size_t size) noexcept {
#ifdef MADV_HUGEPAGE
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (address + page - 1) / page * page;
  const std::uintptr_t last = (address + size) / page * page;
  // A kernel without huge pages refuses. Then nothing changes.
  if (first < last)
    static_cast<void>(::madvise(static_cast<char*>(begin) + (first - address), last - first, MADV_HUGEPAGE));
#else
  static_cast<void>(begin);
  static_cast<void>(size);
#endif
}

void assign_large(std::string& out, std::string_view text) {
  if (out.capacity() < text.size()) {
    out.clear();  // nothing to copy
    out.reserve(text.size());
    advise_huge_pages(out.data(), out.capacity());
  }
  out.assign(text);
}

}  // namespace redstart::inline v0::resp::detail
