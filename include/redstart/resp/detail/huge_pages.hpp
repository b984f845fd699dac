// SPDX-License-Identifier: Apache-2.0
// huge_pages.hpp: memory of large values in pages of 2 MiB.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace redstart::inline v0::resp::detail {

/// A block of this size or more is worth the system call.
inline constexpr std::size_t huge_pages_from = std::size_t{4} << 20;

/// Asks the kernel for huge pages in a block of memory that was just allocated (madvise, MADV_HUGEPAGE). The
/// first write to each page is slow; a huge page replaces 512 of them. No effect where the kernel has none.
void advise_huge_pages(void* begin, std::size_t size) noexcept;

/// out = text. Precondition: text.size() >= huge_pages_from. Errors: std::bad_alloc.
void assign_large(std::string& out, std::string_view text);

}  // namespace redstart::inline v0::resp::detail
