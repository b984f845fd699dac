// SPDX-License-Identifier: Apache-2.0
// hiredis_client.cpp: the workloads with hiredis, written as its documentation shows.
#include "dataset.hpp"
#include "loops.hpp"
#include "workload.hpp"

#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <vector>

namespace redstart::bench {

namespace {

struct Free {
  void operator()(redisContext* context) const { ::redisFree(context); }
  void operator()(redisReply* reply) const { ::freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, Free>;
using Reply = std::unique_ptr<redisReply, Free>;

Context connect(const Workload& workload, const Server& server) {
  Context context(workload.unix_socket ? ::redisConnectUnix(server.socket_path.c_str())
                                       : ::redisConnect("127.0.0.1", server.port));
  if (!context || context->err != 0) throw std::runtime_error("benchmark: hiredis can't connect");
  return context;
}

template <class... A>
Reply command(const Context& context, const char* format, A... arguments) {
  return Reply(static_cast<redisReply*>(::redisCommand(context.get(), format, arguments...)));
}

bool is_text(const Reply& reply, std::size_t size) {
  return reply && reply->type == REDIS_REPLY_STRING && static_cast<std::size_t>(reply->len) == size;
}
bool is_status(const Reply& reply) { return reply && reply->type == REDIS_REPLY_STATUS; }

void get(const Context& context, std::size_t i) {
  const std::string& name = key(i);
  expect(is_text(command(context, "GET %b", name.data(), name.size()), short_value.size()), "GET");
}

Sample run_pipeline(const Context& context, const Workload& workload, const Timing& timing) {
  return timed_loop(timing, {workload.depth, 0}, [&](std::uint64_t i) {
    for (std::size_t j = 0; j < workload.depth; ++j) {
      const std::string& name = key(i + j);
      if (workload.write)
        ::redisAppendCommand(context.get(), "SET %b %b", name.data(), name.size(), short_value.data(),
                             short_value.size());
      else
        ::redisAppendCommand(context.get(), "GET %b", name.data(), name.size());
    }
    for (std::size_t j = 0; j < workload.depth; ++j) {
      void* raw = nullptr;
      expect(::redisGetReply(context.get(), &raw) == REDIS_OK, "a command in a pipeline");
      const Reply reply(static_cast<redisReply*>(raw));
      expect(workload.write ? is_status(reply) : is_text(reply, short_value.size()),
             "a command in a pipeline");
    }
  });
}

Sample run_large(const Context& context, const Workload& workload, const Timing& timing) {
  const std::string name = large_key(workload.size);
  const PerCall per_call{1, static_cast<double>(workload.size)};
  if (workload.write) {
    const std::string text(workload.size, 'x');
    return timed_loop(timing, per_call, [&](std::uint64_t) {
      expect(is_status(command(context, "SET %b %b", name.data(), name.size(), text.data(), text.size())),
             "SET of a large value");
    });
  }
  return timed_loop(timing, per_call, [&](std::uint64_t) {
    expect(is_text(command(context, "GET %b", name.data(), name.size()), workload.size),
           "GET of a large value");
  });
}

Sample run_range(const Context& context, const Timing& timing) {
  const std::string request = "LRANGE " + std::string(list_key) + " 0 -1";
  return timed_loop(timing, {}, [&](std::uint64_t) {
    const Reply reply = command(context, request.c_str());
    expect(reply && reply->type == REDIS_REPLY_ARRAY, "LRANGE");
    std::vector<std::string> list;
    list.reserve(reply->elements);
    for (std::size_t i = 0; i < reply->elements; ++i)
      list.emplace_back(reply->element[i]->str, static_cast<std::size_t>(reply->element[i]->len));
    expect(list.size() == list_size && list.back().size() == short_value.size(), "LRANGE");
  });
}

}  // namespace

Sample run_hiredis(const Workload& workload, const Server& server, const Timing& timing) {
  if (workload.kind == Workload::Kind::threads)
    return timed_threads(timing, workload.threads, [&] {
      return [context = connect(workload, server)](std::size_t i) { get(context, i); };
    });
  if (workload.kind == Workload::Kind::chains) return run_hiredis_chains(workload, server, timing);
  const Context context = connect(workload, server);
  switch (workload.kind) {
    case Workload::Kind::pipeline: return run_pipeline(context, workload, timing);
    case Workload::Kind::large: return run_large(context, workload, timing);
    case Workload::Kind::range: return run_range(context, timing);
    case Workload::Kind::threads:
    case Workload::Kind::chains:
    case Workload::Kind::get: break;
  }
  return timed_loop(timing, {}, [&](std::uint64_t i) { get(context, i); });
}

double idle_kilobytes_hiredis(const Server& server, std::size_t connections, std::size_t size) {
  const std::string name = size == 0 ? key(0) : large_key(size);
  const std::size_t expected = size == 0 ? short_value.size() : size;
  const auto open = [&] {
    Context context = connect({}, server);
    expect(is_text(command(context, "GET %b", name.data(), name.size()), expected), "GET");
    return context;
  };
  std::vector<Context> held;
  held.reserve(connections);
  const Context first = open();
  const double before = status_kilobytes("VmRSS");
  while (held.size() < connections) held.push_back(open());
  return (status_kilobytes("VmRSS") - before) / static_cast<double>(connections);
}

}  // namespace redstart::bench
