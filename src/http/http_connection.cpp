// SPDX-License-Identifier: Apache-2.0
// http_connection.cpp: carries out one HTTP connection with Beast.
#include "http_connection.hpp"

#include "http_date.hpp"
#include "request_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <variant>

namespace redstart::inline v0::http {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr std::size_t first_read = 1024;  // enough for the request of a probe
constexpr std::chrono::seconds linger_timeout{1};
constexpr std::size_t max_discarded = std::size_t{64} * 1024;

// The response to a request that the parser has refused.
HttpResponse refusal_of(const beast::error_code& error, bool has_target) {
  using Code = beast::http::error;
  if (error == Code::header_limit || error == Code::buffer_overflow) {
    return has_target ? refusal(431, "the headers are too long")
                      : refusal(414, "the request line is too long");
  }
  return refusal(400, "no request of HTTP/1.1 or HTTP/1.0");
}

bool is_of_parser(const beast::error_code& error) {
  using Code = beast::http::error;
  return error.category() == beast::http::make_error_code(Code::bad_method).category() &&
         error != Code::end_of_stream && error != Code::partial_message;
}

template <class Parser>
RequestHead head_of(const Parser& parser) {
  namespace field = beast::http;
  const auto& message = parser.get();
  RequestHead head;
  head.method = {message.method_string().data(), message.method_string().size()};
  head.target = {message.target().data(), message.target().size()};
  head.version = message.version();
  head.hosts = message.count(field::field::host);
  const auto host = message[field::field::host];
  head.host = {host.data(), host.size()};
  const auto length = parser.content_length();
  head.has_body = (length && *length != 0) || message.count(field::field::transfer_encoding) != 0;
  for (const auto& one : message) {
    if (one.name() != field::field::accept) continue;
    if (!head.accept.empty()) head.accept += ',';
    head.accept.append(one.value().data(), one.value().size());
  }
  return head;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket&& socket, Connections& connections)
    : stream_(std::move(socket)),
      connections_(connections),
      id_(connections.add(*this)),
      buffer_(connections.config().max_header_bytes + first_read) {}

HttpConnection::~HttpConnection() { connections_.remove(id_); }

void HttpConnection::close() noexcept {
  connections_.remove(id_);
  Error ignored;
  // Of a forked child that has the descriptor too, closing alone would not end the connection.
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

void HttpConnection::await_request() {
  parser_.reset();
  if (buffer_.size() != 0) return read_head();
  connections_.mark(id_, false);
  stream_.expires_after(connections_.config().idle_timeout);
  stream_.async_read_some(buffer_.prepare(first_read),
                          [self = shared_from_this()](Error error, std::size_t bytes) {
                            if (error) return self->close();
                            self->buffer_.commit(bytes);
                            self->read_head();
                          });
}

void HttpConnection::read_head() {
  connections_.mark(id_, true);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(connections_.config().max_header_bytes));
  parser_->body_limit(boost::none);  // no body is read
  stream_.expires_after(connections_.config().header_timeout);
  beast::http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, std::size_t) { self->on_head(error); });
}

void HttpConnection::on_head(Error error) {
  if (error && !is_of_parser(error)) return close();
  if (error) return write(refusal_of(error, !parser_->get().target().empty()), false);
  auto accepted = accept_request(head_of(*parser_), connections_.hosts());
  if (auto* const refused = std::get_if<HttpResponse>(&accepted)) return write(std::move(*refused), false);
  write(connections_.respond(std::get<HttpRequest>(accepted)), parser_->keep_alive());
}

void HttpConnection::write(HttpResponse&& response, bool keep_alive) {
  namespace field = beast::http;
  const bool is_head = parser_->get().method() == field::verb::head;
  const bool keep = keep_alive && connections_.config().keep_alive && !connections_.draining();
  message_.emplace(static_cast<field::status>(response.status), parser_->get().version() == 10 ? 10U : 11U);
  message_->set(field::field::date, http_date(std::chrono::system_clock::now()));
  message_->set(field::field::content_type, response.content_type);
  for (const HttpHeader& header : response.headers) message_->insert(header.name, header.value);
  message_->body() = std::move(response.body);
  message_->keep_alive(keep);
  message_->prepare_payload();
  serializer_.emplace(*message_);
  stream_.expires_after(connections_.config().write_timeout);
  auto done = [self = shared_from_this()](Error error, std::size_t) { self->on_written(error); };
  if (is_head)
    field::async_write_header(stream_, *serializer_, std::move(done));
  else
    field::async_write(stream_, *serializer_, std::move(done));
}

void HttpConnection::on_written(Error error) {
  const bool keep = message_->keep_alive();
  serializer_.reset();
  message_.reset();
  if (error || connections_.draining()) return close();
  if (keep) return await_request();
  linger();
}

// Closing while the client still sends would reset the connection, and the client could lose the response.
void HttpConnection::linger() {
  connections_.mark(id_, false);
  parser_.reset();
  Error ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(linger_timeout);
  discard();
}

void HttpConnection::discard() {
  stream_.async_read_some(asio::buffer(scratch_),
                          [self = shared_from_this()](Error error, std::size_t bytes) {
                            self->discarded_ += bytes;
                            if (error || self->discarded_ > max_discarded) return self->close();
                            self->discard();
                          });
}

}  // namespace redstart::inline v0::http
