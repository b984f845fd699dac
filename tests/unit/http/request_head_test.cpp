// SPDX-License-Identifier: Apache-2.0
// request_head_test.cpp: which requests reach the handler, and how the others are refused.
#include "http/request_head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

namespace redstart::http {
namespace {

RequestHead head_for(std::string_view method, std::string_view target) {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.hosts = 1;
  head.host = "localhost";
  return head;
}

std::variant<HttpRequest, HttpResponse> accept(RequestHead head) {
  return accept_request(std::move(head), HostRule({.hosts = {"pod.example"}}));
}

unsigned status_for(RequestHead head) {
  const auto result = accept(std::move(head));
  const auto* const refused = std::get_if<HttpResponse>(&result);
  return refused != nullptr ? refused->status : 200;
}

struct TargetRow {
  std::string_view target;
  std::string_view path;
  std::string_view query;
};

TEST(RequestHead, TargetBecomesPathAndQuery) {
  constexpr TargetRow rows[] = {
      {"/", "/", ""},
      {"/livez", "/livez", ""},
      {"/livez?verbose", "/livez", "verbose"},
      {"/a?b?c=d", "/a", "b?c=d"},
      {"/a%2fb", "/a%2fb", ""},
      {"?verbose", "/", "verbose"},
      {"http://pod.example:80/readyz?verbose=1", "/readyz", "verbose=1"},
      {"http://pod.example", "/", ""},
      {"https://pod.example?x", "/", "x"},
  };
  for (const TargetRow& row : rows) {
    const auto result = accept(head_for("GET", row.target));
    const auto* const request = std::get_if<HttpRequest>(&result);
    ASSERT_NE(request, nullptr) << row.target;
    EXPECT_EQ(request->path, row.path) << row.target;
    EXPECT_EQ(request->query, row.query) << row.target;
    EXPECT_EQ(request->method, "GET");
  }
}

TEST(RequestHead, OtherTargetsAreRefused) {
  for (const std::string_view target : {"*", "livez", "ftp://host/", "host:80", "http:/x", ""})
    EXPECT_EQ(status_for(head_for("GET", target)), 400U) << target;
}

TEST(RequestHead, LongTargetIsRefused) {
  const std::string fits = '/' + std::string(max_target - 1, 'a');
  EXPECT_EQ(status_for(head_for("GET", fits)), 200U);
  EXPECT_EQ(status_for(head_for("GET", fits + 'a')), 414U);
}

TEST(RequestHead, OnlyGetAndHeadAreServed) {
  EXPECT_EQ(status_for(head_for("HEAD", "/")), 200U);
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "PURGE"}) {
    const auto result = accept(head_for(method, "/"));
    const auto* const refused = std::get_if<HttpResponse>(&result);
    ASSERT_NE(refused, nullptr) << method;
    EXPECT_EQ(refused->status, 405U) << method;
    EXPECT_EQ(refused->header("Allow"), "GET, HEAD") << method;
  }
}

TEST(RequestHead, BodyIsRefused) {
  RequestHead head = head_for("GET", "/");
  head.has_body = true;
  EXPECT_EQ(status_for(head), 413U);
}

TEST(RequestHead, OneHostIsDemanded) {
  RequestHead head = head_for("GET", "/");
  head.hosts = 2;
  EXPECT_EQ(status_for(head), 400U);
  head.hosts = 0;
  EXPECT_EQ(status_for(head), 400U);
  head.version = 10;
  EXPECT_EQ(status_for(head), 200U);
}

TEST(RequestHead, UnknownHostIsRefused) {
  RequestHead head = head_for("GET", "/");
  head.host = "evil.example:8080";
  EXPECT_EQ(status_for(head), 421U);
  head.version = 10;
  EXPECT_EQ(status_for(head), 421U);
  head.host = "pod.example:8080";
  EXPECT_EQ(status_for(head), 200U);
}

TEST(RequestHead, HostOfTheTargetReplacesTheHeader) {
  RequestHead head = head_for("GET", "http://evil.example/");
  EXPECT_EQ(status_for(head), 421U);
  head.hosts = 0;
  head.version = 10;
  EXPECT_EQ(status_for(head), 421U);
  head = head_for("GET", "http://pod.example/");
  head.host = "evil.example";
  EXPECT_EQ(status_for(head), 200U);
}

}  // namespace
}  // namespace redstart::http
