// SPDX-License-Identifier: Apache-2.0
// tour.cpp: a small service with threads, coroutines, three databases and statistics.
#include "tour/documents.hpp"
#include "tour/progress.hpp"
#include "tour/report.hpp"

#include <redstart/redstart.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using redstart::AsyncClient;
using redstart::Client;
using redstart::RedisConnectionManager;
using tour::Document;

std::atomic<bool> stopping{false};

// A value of our own: `redstart/json.hpp` stores it as JSON.
struct Session {
  int reader = 0;
  std::string document;
  int looked_up = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Session, reader, document, looked_up)

// All keys begin with it, so that they collide neither with other tours nor with other data. All expire.
const std::string prefix = "tour:" + std::to_string(::getpid()) + ":";
constexpr auto lifetime = 10min;

std::string index_key(const Document& document) { return prefix + "index:" + document.name; }
std::string session_key(int reader) { return prefix + "session:" + std::to_string(reader); }
const std::string words_key = prefix + "words";
const std::string logout_key = prefix + "logout";
const std::string hits_key = prefix + "hits";

struct Work {
  std::vector<Document> documents;
  std::vector<std::string> words;  // in the order of the text
  std::size_t lines = 0;
  std::size_t threads = 4;
  int readers = 1000;
};

// Stores every line in the hash of its document and every word in one sorted set, a hundred lines per
// pipeline.
void index_document(const Client& db, const Document& document, std::atomic<std::size_t>& lines_done) {
  constexpr std::size_t batch = 100;
  const std::string key = index_key(document);
  for (std::size_t first = 0; first < document.lines.size() && !stopping; first += batch) {
    const std::size_t last = std::min(first + batch, document.lines.size());
    std::unordered_map<std::string, int> counts;
    db.pipeline([&](auto& pipe) {
      for (std::size_t i = first; i < last; ++i) {
        pipe.hset(key, std::to_string(i + 1), document.lines[i]);
        tour::for_each_word(document.lines[i], [&](const std::string& word) { ++counts[word]; });
      }
      for (const auto& [word, count] : counts) pipe.zincrby(words_key, count, word);
      pipe.expire(words_key, lifetime);
      return pipe.expire(key, lifetime);
    });
    lines_done += last - first;
  }
}

// Returns how often a word occurs: from the cache if there is one, else from the sorted set.
double frequency(const Client& db, const std::optional<Client>& cache, const std::string& word) {
  const std::string key = prefix + "word:" + word;
  if (cache) {
    if (const auto cached = cache->get<double>(key)) {
      cache->incr(hits_key);
      return *cached;
    }
  }
  const double score = db.zscore(words_key, word).value_or(0);
  if (cache) cache->set(key, score, {.expire = lifetime});
  return score;
}

// One reader: a session that expires, some words looked up, and mostly a logout.
void serve_reader(RedisConnectionManager& redis, const Work& work, int reader) {
  constexpr int look_ups = 10;
  const Client sessions = redis.client("sessions");
  const std::size_t number = static_cast<std::size_t>(reader);
  Session session{reader, work.documents[number % work.documents.size()].name, 0};
  sessions.set(session_key(reader), session, {.expire = lifetime});

  const Client db = redis.client("main");
  const std::optional<Client> cache = redis.optional_client("cache", 50ms);
  for (int i = 0; i < look_ups; ++i) {
    const std::size_t at = (number * 7919 + static_cast<std::size_t>(i) * 104'729) % work.words.size();
    if (frequency(db, cache, work.words[at]) < 1)
      throw std::runtime_error("a word was lost: " + work.words[at]);
    ++session.looked_up;
  }
  sessions.set(session_key(reader), session, {.expire = redstart::Expiry::keep_ttl()});
  if (reader % 4 != 0) sessions.rpush(logout_key, reader);  // the others leave without a logout
}

// Coroutines beside the threads read every line back and compare it with the text. They use one shared
// connection, and no thread waits for it.
class Audit {
 public:
  Audit(const AsyncClient& db, const Work& work, std::size_t coroutines) : work_(work) {
    for (std::size_t i = 0; i < coroutines; ++i)
      running_.push_back(asio::co_spawn(db.get_executor(), read_back(db), asio::use_future));
  }
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;
  ~Audit() {
    for (auto& one : running_) one.wait();  // they refer to this
  }

  /// Waits for all. Returns false if a line differs from the text.
  bool finish() {
    for (auto& one : running_) one.get();
    std::cout << "  " << tour::grouped(lines_) << " lines read back by " << running_.size()
              << " coroutines beside the threads, "
              << (different_ == 0 ? "each as it was written" : "SOME OF THEM DIFFERENT") << '\n';
    running_.clear();
    return different_ == 0;
  }

 private:
  asio::awaitable<void> read_back(AsyncClient db) {
    for (std::size_t i; !stopping && (i = next_++) < work_.documents.size();)
      co_await read_document(db, work_.documents[i]);
  }
  asio::awaitable<void> read_document(const AsyncClient& db, const Document& document) {
    constexpr std::size_t batch = 20;
    const std::string key = index_key(document);
    for (std::size_t first = 0; first < document.lines.size() && !stopping; first += batch) {
      const std::size_t last = std::min(first + batch, document.lines.size());
      const auto lines = co_await db.pipeline([&](auto& pipe) {
        std::vector<redstart::Slot<std::optional<std::string>>> slots;
        for (std::size_t i = first; i < last; ++i) slots.push_back(pipe.hget(key, std::to_string(i + 1)));
        return slots;
      });
      for (std::size_t i = first; i < last; ++i) {
        ++lines_;
        if (lines[i - first] != document.lines[i]) ++different_;
      }
    }
  }

  const Work& work_;
  std::vector<std::future<void>> running_{};
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> lines_{0};
  std::atomic<std::size_t> different_{0};
};

// Waits for logouts on a connection of its own, and ends those sessions. A negative number ends the loop.
int end_sessions(RedisConnectionManager& redis) {
  const auto own = redis.scoped_client("sessions");
  int ended = 0;
  while (!stopping) {
    const auto logout = own.blpop<int>(logout_key, {1s});
    if (!logout) continue;
    if (logout->second < 0) break;
    const auto session = own.getdel<Session>(session_key(logout->second));
    if (session && session->looked_up > 0) ++ended;
  }
  return ended;
}

// Keeps the first exception of many threads and stops them all.
class FirstFailure {
 public:
  template <class F>
  void guard(F work) noexcept {
    try {
      work();
    } catch (...) {
      const std::scoped_lock lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stopping = true;
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_{};
  std::exception_ptr failure_{};
};

std::uint64_t operations(const RedisConnectionManager& redis) {
  std::uint64_t sum = 0;
  for (const auto& database : redis.stats().databases) sum += database.operations.ok;
  return sum;
}

// Runs one stage on all threads. Until it ends, shows the progress and asks the server for its connections.
class Stages {
 public:
  Stages(RedisConnectionManager& redis, std::size_t threads) : redis_(redis), threads_(threads) {}

  template <class F>
  void run(const std::string& title, std::size_t total, const std::atomic<std::size_t>& done, F work) {
    FirstFailure failure;
    tour::Progress progress(title);
    const std::uint64_t before = operations(redis_);
    std::atomic<std::size_t> running{threads_};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < threads_; ++i) {
      threads.emplace_back([&] {
        failure.guard(work);
        --running;
      });
    }
    const auto part = [&] { return static_cast<double>(done) / static_cast<double>(total); };
    while (running != 0) {
      failure.guard([this] { look_at_connections(); });
      std::this_thread::sleep_for(50ms);
      progress.show(part(), operations(redis_) - before);
    }
    for (std::thread& thread : threads) thread.join();
    progress.finish(part(), operations(redis_) - before);
    failure.rethrow();
  }

  [[nodiscard]] const std::map<std::string, std::size_t>& most_seen() const noexcept { return most_; }

 private:
  void look_at_connections() {
    for (const auto& [name, count] : tour::connections_by_name(redis_.client("main").client_list()))
      most_[name] = std::max(most_[name], count);
  }

  RedisConnectionManager& redis_;
  std::size_t threads_;
  std::map<std::string, std::size_t> most_{};
};

// Removes what the tour stored; all keys are known.
void clean_up(RedisConnectionManager& redis, const Work& work) {
  std::vector<std::string> main_keys{words_key};
  for (const Document& document : work.documents) main_keys.push_back(index_key(document));
  redis.client("main").unlink(main_keys);
  std::vector<std::string> session_keys{logout_key};
  for (int reader = 0; reader < work.readers; ++reader) session_keys.push_back(session_key(reader));
  redis.client("sessions").unlink(session_keys);
  std::vector<std::string> cache_keys{hits_key};
  for (const std::string& word : std::set<std::string>(work.words.begin(), work.words.end()))
    cache_keys.push_back(prefix + "word:" + word);
  if (const auto cache = redis.optional_client("cache", 50ms)) cache->unlink(cache_keys);
}

// Returns whether everything that was stored is there.
bool check(const Client& db, const Work& work) {
  auto pipe = db.pipeline();
  std::vector<redstart::Slot<std::int64_t>> sizes;
  for (const Document& document : work.documents) sizes.push_back(pipe.hlen(index_key(document)));
  std::int64_t lines = 0;
  for (const std::int64_t size : pipe.execute()[sizes]) lines += size;
  double words = 0;
  for (const auto& [word, count] : db.zrange_with_scores(words_key, 0, -1)) words += count;
  const bool whole =
      lines == static_cast<std::int64_t>(work.lines) && words == static_cast<double>(work.words.size());
  std::cout << "\n  " << tour::grouped(static_cast<std::uint64_t>(lines)) << " lines in "
            << work.documents.size() << " hashes, " << tour::grouped(static_cast<std::uint64_t>(words))
            << " words counted: " << (whole ? "checked, nothing is missing" : "SOMETHING IS MISSING") << '\n';
  return whole;
}

int run(RedisConnectionManager& redis, const std::string& service, const Work& work) {
  Stages stages(redis, work.threads);

  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> lines_done{0};
  stages.run("counting words", work.lines, lines_done, [&] {
    const Client db = redis.client("main");
    for (std::size_t i; !stopping && (i = next++) < work.documents.size();)
      index_document(db, work.documents[i], lines_done);
  });

  FirstFailure failure;
  Audit audit(redis.async_client("main"), work, 64);
  int ended = 0;
  std::thread ending([&] { failure.guard([&] { ended = end_sessions(redis); }); });
  std::atomic<int> next_reader{0};
  std::atomic<std::size_t> readers_done{0};
  failure.guard([&] {
    stages.run("serving readers", static_cast<std::size_t>(work.readers), readers_done, [&] {
      for (int i; !stopping && (i = next_reader++) < work.readers; ++readers_done)
        serve_reader(redis, work, i);
    });
    redis.client("sessions").rpush(logout_key, -1);
  });
  ending.join();
  failure.rethrow();
  if (stopping) return 130;

  const Client db = redis.client("main");
  const bool whole = check(db, work) && audit.finish();
  const auto hits = redis.client("cache").get<std::uint64_t>(hits_key).value_or(0);
  std::cout << "  " << work.readers << " sessions, " << ended << " of them ended by a logout; "
            << tour::percent(static_cast<double>(hits) / (work.readers * 10.0)) << " of the look-ups "
            << "came from the cache\n";
  tour::print_top_words(db.zrange_with_scores(words_key, redstart::ByRank{0, 9}, {.reverse = true}),
                        static_cast<std::uint64_t>(db.zcard(words_key)));
  const auto stats = redis.stats();
  tour::print_databases(stats);
  tour::print_latencies(stats);
  const bool kept = tour::print_seen_connections(stages.most_seen(), service, stats);
  return whole && kept ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app(
      "Counts and indexes the words of a folder's text files in Redis, with threads and coroutines.");
  std::string folder = REDSTART_SOURCE_DIR;
  Work work;
  std::size_t most_lines = 40'000;
  app.add_option("folder", folder, "Where the text files are")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--threads", work.threads, "Threads that work")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--readers", work.readers, "Sessions to serve")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--lines", most_lines, "Most lines to read")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  app.footer(
      "Redis is found by REDIS_URL, else at localhost:6379. All keys begin with tour:, and are removed.");
  CLI11_PARSE(app, argc, argv);

  auto config = redstart::RedisConfigLoader{}.load();
  config.service = "tour";
  // Fewer connections than threads, so that some have to wait for one.
  for (const auto& [name, connections] : {std::pair{"main", 4U}, {"cache", 3U}, {"sessions", 3U}})
    config.database(name).max_connections = connections;
  auto& redis = RedisConnectionManager::instance();
  redis.start(config);
  const Client db = redis.client("main");

  work.documents = tour::read_documents(folder, most_lines);
  for (const Document& document : work.documents) {
    work.lines += document.lines.size();
    for (const std::string& line : document.lines)
      tour::for_each_word(line, [&](const std::string& word) { work.words.push_back(word); });
  }
  if (work.words.empty()) {
    std::cerr << "tour: no words in the text files below " << folder << '\n';
    return 1;
  }
  std::cout << "Redstart " << redstart::version() << " on a tour, with Redis at " << db.endpoint() << "\n"
            << tour::grouped(work.lines) << " lines of " << work.documents.size() << " documents below "
            << folder << "; " << work.threads << " threads\n\n";

  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { stopping = true; });
  std::exception_ptr failure;
  int code = 1;
  try {
    code = run(redis, config.service, work);
  } catch (...) {
    failure = std::current_exception();
  }
  try {
    clean_up(redis, work);
  } catch (const redstart::Error&) {  // Redis has gone; what is left there expires
  }
  if (failure) std::rethrow_exception(failure);
  return code;
} catch (const std::exception& error) {
  std::cerr << "tour: " << error.what() << '\n';
  return 1;
}
