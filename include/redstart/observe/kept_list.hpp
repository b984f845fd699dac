// SPDX-License-Identifier: Apache-2.0
// kept_list.hpp: a vector whose temporaries give no access to elements.
#pragma once

#include <cstddef>
#include <vector>

namespace redstart::inline v0 {

/// A std::vector in a snapshot that functions return by value. Access to the elements of a temporary, as in
/// `const auto& first = redis.stats().databases.front()`, does not compile, because they are destroyed with
/// it. Keep the snapshot in a variable. A loop over a temporary compiles, because it keeps the whole
/// snapshot.
template <class T>
class KeptList : public std::vector<T> {
  using Base = std::vector<T>;

 public:
  using Base::Base;
  using Base::operator=;
  using typename Base::const_iterator;
  using typename Base::const_reference;
  using typename Base::iterator;
  using typename Base::reference;

  reference operator[](std::size_t index) & { return Base::operator[](index); }
  const_reference operator[](std::size_t index) const& { return Base::operator[](index); }
  void operator[](std::size_t) const&& = delete;
  reference at(std::size_t index) & { return Base::at(index); }
  const_reference at(std::size_t index) const& { return Base::at(index); }
  void at(std::size_t) const&& = delete;
  reference front() & { return Base::front(); }
  const_reference front() const& { return Base::front(); }
  void front() const&& = delete;
  reference back() & { return Base::back(); }
  const_reference back() const& { return Base::back(); }
  void back() const&& = delete;
  T* data() & { return Base::data(); }
  const T* data() const& { return Base::data(); }
  void data() const&& = delete;
  iterator begin() & { return Base::begin(); }
  const_iterator begin() const& { return Base::begin(); }
  void begin() const&& = delete;
  iterator end() & { return Base::end(); }
  const_iterator end() const& { return Base::end(); }
  void end() const&& = delete;
};

}  // namespace redstart::inline v0
