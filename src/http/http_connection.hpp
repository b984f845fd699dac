// SPDX-License-Identifier: Apache-2.0
// http_connection.hpp: reads requests from one connection and writes responses.
#pragma once

#include "connections.hpp"

#include <redstart/http/http_message.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

namespace redstart::inline v0::http {

/// One connection. Its pending operation keeps it alive: it reads a request, writes the response, and begins
/// again, or reads what the client still sends and closes.
///
/// Thread safety: none; the server's thread uses it.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket&& socket, Connections& connections);
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  ~HttpConnection();

  void start() { await_request(); }
  /// Closes the socket; the pending operation ends without effect.
  void close() noexcept;

 private:
  using Error = boost::beast::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Message = boost::beast::http::response<boost::beast::http::string_body>;
  using Serializer = boost::beast::http::response_serializer<boost::beast::http::string_body>;

  void await_request();
  void read_head();
  void on_head(Error error);
  void write(HttpResponse&& response, bool keep_alive);
  void on_written(Error error);
  void linger();
  void discard();

  boost::beast::tcp_stream stream_;
  Connections& connections_;
  Connections::Id id_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_{};
  std::optional<Message> message_{};
  std::optional<Serializer> serializer_{};  // refers to `message_`
  std::size_t discarded_ = 0;
  std::array<char, 512> scratch_{};  // what is discarded
};

}  // namespace redstart::inline v0::http
