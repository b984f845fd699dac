// SPDX-License-Identifier: Apache-2.0
// secret_test.cpp: Secret hides its text and clears its memory.
#include <redstart/core/secret.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace redstart {
namespace {

constexpr std::string_view short_text = "hunter2";  // fits into std::string itself
constexpr std::string_view long_text = "correct horse battery staple, and then some more words";

template <class T>
concept printable = requires(std::ostream& stream, const T& value) {
  stream << value;
};
static_assert(printable<std::string>);
static_assert(!printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);

// The memory of a secret, for inspection after its destruction.
class Cell {
 public:
  template <class... A>
  Secret& make(A&&... arguments) {
    std::memset(bytes_, 0, sizeof bytes_);
    return *new (bytes_) Secret(std::forward<A>(arguments)...);
  }
  // Not inlined, so that the compiler can't exploit that the lifetime of the object has ended.
  [[nodiscard]] [[gnu::noinline]] bool holds(std::string_view text) const {
    return std::string_view(bytes_, sizeof bytes_).find(text) != std::string_view::npos;
  }

 private:
  alignas(Secret) char bytes_[sizeof(Secret)];
};

TEST(Secret, RevealsTextOnlyOnRequest) {
  const Secret secret(short_text);
  EXPECT_EQ(secret.reveal(), short_text);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
  EXPECT_EQ(secret, Secret("hunter2"));
  EXPECT_FALSE(secret == Secret("hunter3"));
}

TEST(Secret, OverwritesTextWhenDestroyed) {
  Cell cell;
  Secret& secret = cell.make(short_text);
  ASSERT_TRUE(cell.holds(short_text)) << "else this test could not fail";
  secret.~Secret();
  EXPECT_FALSE(cell.holds(short_text));
}

TEST(Secret, LeavesNoTextBehindWhenMoved) {
  Cell cell;
  Secret& secret = cell.make(short_text);
  const Secret taken = std::move(secret);
  EXPECT_EQ(taken.reveal(), short_text);
  EXPECT_FALSE(cell.holds(short_text));
  secret = Secret(short_text);
  Secret assigned;
  assigned = std::move(secret);
  EXPECT_EQ(assigned.reveal(), short_text);
  EXPECT_FALSE(cell.holds(short_text));
  secret.~Secret();
}

TEST(Secret, OverwritesTextWhenReplaced) {
  Cell cell;
  Secret& small = cell.make(short_text);
  small = Secret("x");
  EXPECT_FALSE(cell.holds(short_text.substr(1)));
  const Secret other("y");
  small = Secret(short_text);
  small = other;
  EXPECT_FALSE(cell.holds(short_text.substr(1)));
  EXPECT_EQ(small.reveal(), "y");
  small.~Secret();
}

TEST(Secret, SurvivesSelfAssignment) {
  Secret secret(long_text);
  Secret& alias = secret;
  secret = alias;
  EXPECT_EQ(secret.reveal(), long_text);
  secret = std::move(alias);
  EXPECT_EQ(secret.reveal(), long_text);
}

TEST(Secret, CopiesAreIndependent) {
  auto first = std::make_unique<Secret>(long_text);
  const Secret second = *first;
  first.reset();
  EXPECT_EQ(second.reveal(), long_text);
}

}  // namespace
}  // namespace redstart
