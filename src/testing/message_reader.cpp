// SPDX-License-Identifier: Apache-2.0
// message_reader.cpp: splits a stream with the scanner.
#include "message_reader.hpp"

#include <algorithm>
#include <utility>

namespace redstart::inline v0::testing::detail {

namespace {

std::string command_name(std::string_view request) {
  const auto line = [&] {
    const std::size_t end = request.find("\r\n");
    const std::string_view text = request.substr(0, end);
    request.remove_prefix(end == std::string_view::npos ? request.size() : end + 2);
    return text;
  };
  if (!request.starts_with('*')) return {};
  line();
  if (!request.starts_with('$')) return {};
  line();
  return in_capitals(line());
}

}  // namespace

std::optional<MessageReader::Message> MessageReader::next() {
  const std::string_view message = std::string_view(buffer_).substr(begin_);
  if (foreign_ || message.empty()) {
    compact();
    return std::nullopt;
  }
  const resp::Scanner::Status status = scanner_.scan(message);
  if (status != resp::Scanner::Status::complete) {
    foreign_ = status == resp::Scanner::Status::fault;
    compact();
    return std::nullopt;
  }
  const std::size_t size = scanner_.position();
  const std::size_t taken = std::min(taken_, size);
  Message found{std::string(message.substr(taken, size - taken)), command_name(message),
                scanner_.type() == resp::Type::push};
  scanner_.reset();
  begin_ += size;
  taken_ = 0;
  return found;
}

std::string MessageReader::take_part() {
  std::string part = buffer_.substr(begin_ + taken_);
  taken_ = buffer_.size() - begin_;
  if (foreign_) {
    buffer_.clear();
    begin_ = taken_ = 0;
  }
  return part;
}

void MessageReader::compact() {
  buffer_.erase(0, begin_);
  begin_ = 0;
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return capitals;
}

}  // namespace redstart::inline v0::testing::detail
