// SPDX-License-Identifier: Apache-2.0
// async_script_test.hpp: fixture with an asynchronous client over a scripted channel.
#pragma once

#include <redstart/client/async_client.hpp>
#include <redstart/resp/value.hpp>

#include "support/scripted_async_channel.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <string>

namespace redstart::test {

namespace asio = boost::asio;

/// Returns the `Error` that an exception pointer holds. Rethrows any other exception.
inline Error error_in(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error;
  }
}

class AsyncScript : public ::testing::Test {
 protected:
  using Answers = ScriptedAsyncChannel::Answers;

  // A pending operation keeps its channel alive.
  ~AsyncScript() override { channel_->destroy_all(); }

  /// Runs the loop until it has no more work.
  void run() {
    loop_.restart();
    loop_.run();
  }
  /// Runs everything that is ready, then completes the oldest operation in a turn of the loop.
  void answer() {
    asio::post(loop_, [this] { channel_->answer(); });
    run();
  }

  asio::io_context loop_{};
  std::shared_ptr<ScriptedAsyncChannel> channel_ =
      std::make_shared<ScriptedAsyncChannel>(loop_.get_executor());
  AsyncClient async_{channel_};
};

}  // namespace redstart::test
