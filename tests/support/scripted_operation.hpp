// SPDX-License-Identifier: Apache-2.0
// scripted_operation.hpp: operations that record how they end.
#pragma once

#include <redstart/engine/operation_node.hpp>
#include <redstart/resp/writer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace redstart::test {

/// The end of one operation.
struct OperationRecord {
  std::vector<std::string> replies{};
  std::optional<Error> error{};
  int finished = 0;
  int destroyed = 0;
  bool uncertain = false;
  std::uint64_t sequence = 0;  ///< When it was destroyed.
  std::size_t reached = 0;
  std::uint8_t attempts = 0;

  [[nodiscard]] bool ended() const noexcept { return finished + destroyed != 0; }
  [[nodiscard]] bool succeeded() const noexcept { return finished == 1 && !error; }
  /// Preconditions: it has ended with an error.
  [[nodiscard]] Errc code() const { return error.value().code(); }
  [[nodiscard]] Effect effect() const { return error.value().effect(); }
};
using OperationRecordPtr = std::shared_ptr<OperationRecord>;

/// Returns the bytes of one command.
[[nodiscard]] inline std::string encoded(const std::vector<std::string>& command) {
  resp::Buffer bytes;
  resp::Writer writer(bytes);
  writer.array(command.size());
  for (const std::string& word : command) writer.bulk(word);
  return std::string(bytes.view());
}

/// An operation that writes a record and calls a function when it ends. Deletes itself, and overwrites its
/// bytes before, so that a sender that still refers to them sends something else.
class ScriptedOperation final : public engine::OperationNode {
 public:
  using Words = std::vector<std::string>;
  using Handler = std::function<void()>;

  explicit ScriptedOperation(engine::OwnedRequest what) : OperationNode(std::move(what)) {}

  /// One command for each list of arguments; awaits one reply for each.
  static ScriptedOperation& batch(const std::vector<Words>& commands) {
    engine::OwnedRequest what;
    resp::Writer writer(what.bytes);
    for (const Words& words : commands) {
      writer.array(words.size());
      for (const std::string& word : words) writer.bulk(word);
    }
    what.replies = static_cast<std::uint32_t>(commands.size());
    what.traits.operation = commands.size() == 1 ? operation_id(commands[0].at(0)) : OperationId::pipeline;
    return *new ScriptedOperation(std::move(what));
  }

  ScriptedOperation& known_as(std::uint64_t number) {
    id = number;
    return *this;
  }
  ScriptedOperation& until(TimePoint time) {
    deadline = time;
    return *this;
  }
  ScriptedOperation& blocks(std::chrono::milliseconds time) {
    request.traits.blocks_for = time;
    return *this;
  }
  ScriptedOperation& changes(Session state) {
    request.traits.session = state;
    return *this;
  }
  ScriptedOperation& of_the_pool() {
    internal = true;
    return *this;
  }
  /// The caller may revoke it until it is claimed; it has done so if `revoked` is set then.
  ScriptedOperation& revocable_by(const bool& revoked) {
    revocable = true;
    revoked_ = &revoked;
    return *this;
  }
  /// Calls `handler` as a user's handler is called: after the operation was freed.
  ScriptedOperation& then(Handler handler) {
    handler_ = std::move(handler);
    return *this;
  }
  [[nodiscard]] const OperationRecordPtr& record() const noexcept { return record_; }

  void accept(std::string_view frame, const engine::Origin&) noexcept override {
    if (answered == 1) record_->replies.clear();  // replies to an earlier attempt
    record_->replies.emplace_back(frame);
  }
  bool claim() noexcept override { return revoked_ == nullptr || !*revoked_; }
  void finish(std::optional<Error> error, const boost::asio::any_io_executor*) override {
    record_->error = std::move(error);
    ++record_->finished;
    const Handler handler = std::move(handler_);
    free();
    if (handler) handler();
  }
  void destroy() noexcept override {
    ++record_->destroyed;
    free();
  }

 private:
  ~ScriptedOperation() = default;

  void free() noexcept {
    record_->uncertain = uncertain;
    record_->sequence = sequence;
    record_->reached = reached;
    record_->attempts = attempts;
    std::memset(request.bytes.data(), '!', request.bytes.size());
    delete this;
  }

  OperationRecordPtr record_ = std::make_shared<OperationRecord>();
  Handler handler_{};
  const bool* revoked_ = nullptr;
};

}  // namespace redstart::test
