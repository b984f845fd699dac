// SPDX-License-Identifier: Apache-2.0
// redaction.cpp: matches secrets in changed form, reading each byte once.
#include "redaction.hpp"

#include <redstart/core/server_reply.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace redstart::inline v0::detail {

namespace {

constexpr std::size_t telling_end = 4;     // this many first or last bytes of a secret are no coincidence
constexpr std::size_t telling_middle = 6;  // this many consecutive bytes anywhere in it
constexpr std::size_t longest = 1024;      // of a longer secret, both ends are searched

constexpr std::array known_words{
    std::string_view("ERR"),         std::string_view("WRONGTYPE"), std::string_view("BUSYGROUP"),
    std::string_view("BUSYKEY"),     std::string_view("NOGROUP"),   std::string_view("IOERR"),
    std::string_view("INPROG"),      std::string_view("NOTBUSY"),   std::string_view("UNKILLABLE"),
    std::string_view("DENIED"),      std::string_view("UNBLOCKED"), std::string_view("INVALIDOBJ"),
    std::string_view("NOMASTERLINK")};

// Messages in which servers repeat nothing. Stars in them would reveal what a password has in common with
// them.
constexpr std::array known_messages{
    std::string_view("WRONGPASS invalid username-password pair or user is disabled."),
    std::string_view("WRONGPASS invalid username-password pair"),
    std::string_view("NOAUTH Authentication required."),
    std::string_view("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
                     "<proto> AUTH <user> <pass> option can be used to authenticate the client and select "
                     "the RESP protocol version at the same time"),
    std::string_view("ERR AUTH <password> called without any password configured for the default user. Are "
                     "you sure your configuration is correct?"),
    std::string_view("ERR Client sent AUTH, but no password is set"),
    std::string_view("ERR invalid password"),
    std::string_view("ERR wrong number of arguments for 'auth' command"),
    std::string_view("ERR wrong number of arguments for 'hello' command"),
    std::string_view("ERR Protocol version is not an integer or out of range"),
    std::string_view("ERR syntax error"),
    std::string_view("ERR invalid DB index"),
    std::string_view("ERR DB index is out of range"),
    std::string_view("NOPROTO unsupported protocol version"),
    std::string_view("NOPROTO sorry, this protocol version is not supported."),
    std::string_view("LOADING Redis is loading the dataset in memory"),
    std::string_view("LOADING Valkey is loading the dataset in memory"),
    std::string_view(
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
    std::string_view(
        "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."),
    std::string_view("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    std::string_view("READONLY You can't write against a read only replica."),
    no_room_for_clients,
    no_such_script,
    no_such_script_in_valkey};

// Returns the size of the error word if it is the server's own: decisions depend on it.
std::size_t protected_bytes(std::string_view text) noexcept {
  const std::string_view word = error_word(text);
  const bool known = std::find(known_words.begin(), known_words.end(), word) != known_words.end() ||
                     std::any_of(std::begin(refusals), std::end(refusals),
                                 [word](const Refusal& refusal) { return refusal.word == word; });
  return known ? word.size() : 0;
}

// The forms in which servers repeat bytes.
enum class Reading : std::uint8_t {
  exact,      // unchanged, except for spaces in place of control bytes
  unescaped,  // escapes: \n, \x0a, \u000a, \\, \"
  ascii,      // one other byte for each that is not printable ASCII, or a different number
};

// Copies of a secret must not remain in memory.
void wipe(void* memory, std::size_t size) noexcept {
  volatile char* at = static_cast<char*>(memory);  // volatile: the stores must not be optimised away
  for (std::size_t i = 0; i < size; ++i) at[i] = 0;
}

// A text as symbols: bytes in lower case, with one symbol for all bytes that servers replace. Each symbol has
// the range of bytes that it represents.
class Symbols {
 public:
  Symbols(std::string_view text, Reading reading) : reading_(reading) {
    symbols_.reserve(text.size());
    begin_.reserve(text.size());
    end_.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t next = reading == Reading::unescaped && text[at] == '\\' ? escape(text, at) : at;
      if (next != at) {
        at = next;
      } else {
        add(static_cast<unsigned char>(text[at]), at, at + 1);
        ++at;
      }
    }
  }
  // A part of the symbols of `of`.
  Symbols(const Symbols& of, std::size_t from, std::size_t size)
      : symbols_(of.symbols_, from, size), reading_(of.reading_) {}
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;
  ~Symbols() { wipe(symbols_.data(), symbols_.size()); }
  void reverse() noexcept { std::reverse(symbols_.begin(), symbols_.end()); }

  [[nodiscard]] std::size_t size() const noexcept { return symbols_.size(); }
  [[nodiscard]] const std::string& text() const noexcept { return symbols_; }
  [[nodiscard]] std::size_t begin(std::size_t i) const noexcept { return begin_[i]; }
  [[nodiscard]] std::size_t end(std::size_t i) const noexcept { return end_[i]; }
  [[nodiscard]] char replaced() const noexcept { return reading_ == Reading::ascii ? '?' : ' '; }
  // The number of symbols that are not replaced bytes.
  [[nodiscard]] std::size_t solid() const noexcept {
    return size() - static_cast<std::size_t>(std::count(symbols_.begin(), symbols_.end(), replaced()));
  }

 private:
  static constexpr int hex(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  // Returns the position after an escape; `at` if there is none.
  std::size_t escape(std::string_view text, std::size_t at) {
    if (at + 1 == text.size()) return at;
    const char kind = text[at + 1];
    constexpr std::string_view blanks = "nrtabfv0e";
    constexpr std::string_view marks = "\\\"'`/";
    if (marks.find(kind) != std::string_view::npos) {
      add(static_cast<unsigned char>(kind), at, at + 2);
      return at + 2;
    }
    if (blanks.find(kind) != std::string_view::npos) {
      add(' ', at, at + 2);
      return at + 2;
    }
    const std::size_t digits = kind == 'x' ? 2U : kind == 'u' ? 4U : 0U;
    if (digits == 0 || text.size() - at < digits + 2) return at;
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const int digit = hex(text[at + 2 + i]);
      if (digit < 0) return at;
      value = value * 16 + static_cast<unsigned>(digit);
    }
    const std::size_t end = at + digits + 2;
    if (kind == 'x' || value < 0x80) {
      add(static_cast<unsigned char>(value), at, end);
    } else if (value < 0x800) {
      add(static_cast<unsigned char>(0xC0U | (value >> 6U)), at, end);
      add(static_cast<unsigned char>(0x80U | (value & 0x3FU)), at, end);
    } else {
      add(static_cast<unsigned char>(0xE0U | (value >> 12U)), at, end);
      add(static_cast<unsigned char>(0x80U | ((value >> 6U) & 0x3FU)), at, end);
      add(static_cast<unsigned char>(0x80U | (value & 0x3FU)), at, end);
    }
    return end;
  }

  void add(unsigned char byte, std::size_t begin, std::size_t end) {
    const bool blank = byte <= ' ' || byte == 0x7F;
    const bool gone =
        reading_ == Reading::ascii ? blank || byte >= 0x80 || byte == '?' || byte == '.' : blank;
    if (gone && !symbols_.empty() && symbols_.back() == replaced()) {
      end_.back() = static_cast<std::uint32_t>(end);
      return;
    }
    char symbol = static_cast<char>(byte);
    if (byte >= 'A' && byte <= 'Z') symbol = static_cast<char>(byte - 'A' + 'a');
    symbols_ += gone ? replaced() : symbol;
    begin_.push_back(static_cast<std::uint32_t>(begin));
    end_.push_back(static_cast<std::uint32_t>(end));
  }

  std::string symbols_{};
  std::vector<std::uint32_t> begin_{};
  std::vector<std::uint32_t> end_{};
  Reading reading_;
};

// Returns, for each position of `text`, how many symbols before it match the beginning of `pattern`
// (Knuth, Morris, Pratt).
std::vector<std::uint32_t> beginnings(const std::string& pattern, const std::string& text) {
  std::vector<std::uint32_t> back(pattern.size(), 0);
  const auto step = [&](std::size_t state, char symbol) {
    while (state == pattern.size() || (state != 0 && pattern[state] != symbol)) state = back[state - 1];
    return pattern[state] == symbol ? state + 1 : state;
  };
  for (std::size_t i = 1; i < pattern.size(); ++i)
    back[i] = static_cast<std::uint32_t>(step(back[i - 1], pattern[i]));
  std::vector<std::uint32_t> states(text.size());
  std::size_t state = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    state = step(state, text[i]);
    states[i] = static_cast<std::uint32_t>(state);
  }
  return states;
}

bool is_letter_or_digit(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || byte >= 0x80;
}

class Search {
 public:
  Search(std::string_view text, bool cut)
      : text_(text), cut_(cut), exact_(text, Reading::exact), unescaped_(text, Reading::unescaped) {}

  void look_for(std::string_view secret) {
    const Symbols pattern(secret, Reading::exact);
    if (pattern.solid() == 0) return;
    if (pattern.size() < telling_end) {
      drop_ = drop_ || has_word(exact_, pattern) || has_word(unescaped_, pattern);
      return;
    }
    look_for(pattern, exact_);
    look_for(pattern, unescaped_);
    const bool plain = std::all_of(secret.begin(), secret.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (plain) return;
    const Symbols other(secret, Reading::ascii);
    if (other.solid() >= telling_end) look_for(other, Symbols(text_, Reading::ascii));
  }

  [[nodiscard]] std::vector<bool> result() {
    std::vector<bool> covered(text_.size(), false);
    std::int32_t depth = 0;
    const std::size_t keep = protected_bytes(text_);
    const std::size_t blank = keep == 0 ? 0 : keep + 1;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      depth += depths_[i];
      covered[i] = i >= keep && (depth != 0 || (drop_ && i >= blank));
    }
    return covered;
  }

 private:
  void look_for(const Symbols& pattern, const Symbols& text) {
    if (pattern.size() <= longest) return cover_all(pattern, text);
    cover_all(Symbols(pattern, 0, longest / 2), text);
    cover_all(Symbols(pattern, pattern.size() - longest / 2, longest / 2), text);
  }

  void cover_all(const Symbols& pattern, const Symbols& text) {
    if (text.size() == 0) return;
    const std::vector<std::uint32_t> heads = beginnings(pattern.text(), text.text());
    for (std::size_t i = 0; i < heads.size(); ++i)
      if (heads[i] >= telling_end) cover(text, i + 1 - heads[i], i);
    // If an escape is cut off, it is unknown whether the secret continues.
    std::size_t last = text.size() - 1;
    if (cut_)
      for (std::size_t back = 0; back < 6 && back < last; ++back)
        if (text.text()[text.size() - 1 - back] == '\\') last = text.size() - 2 - back;
    if (cut_ && heads[last] != 0) cover(text, last + 1 - heads[last], last);
    Symbols backwards(pattern, 0, pattern.size());
    backwards.reverse();
    const std::vector<std::uint32_t> tails =
        beginnings(backwards.text(), {text.text().rbegin(), text.text().rend()});
    for (std::size_t i = 0; i < tails.size(); ++i)
      if (tails[i] >= telling_end) cover(text, text.size() - 1 - i, text.size() - 2 - i + tails[i]);
    cover_middles(pattern, text);
  }

  void cover_middles(const Symbols& pattern, const Symbols& text) {
    if (pattern.size() < telling_middle || text.size() < telling_middle) return;
    const auto pieces = [](const Symbols& of) {
      std::vector<std::uint64_t> all;
      all.reserve(of.size());
      std::uint64_t piece = 0;
      for (std::size_t i = 0; i < of.size(); ++i) {
        piece = ((piece << 8U) | static_cast<unsigned char>(of.text()[i])) & 0xFFFF'FFFF'FFFFU;
        if (i + 1 >= telling_middle) all.push_back(piece);
      }
      return all;
    };
    std::vector<std::uint64_t> known = pieces(pattern);
    std::sort(known.begin(), known.end());
    const std::vector<std::uint64_t> there = pieces(text);
    for (std::size_t i = 0; i < there.size(); ++i)
      if (std::binary_search(known.begin(), known.end(), there[i])) cover(text, i, i + telling_middle - 1);
    wipe(known.data(), known.size() * sizeof known.front());
  }

  void cover(const Symbols& text, std::size_t first, std::size_t last) {
    ++depths_[text.begin(first)];
    --depths_[text.end(last)];
  }

  [[nodiscard]] static bool has_word(const Symbols& text, const Symbols& word) {
    const std::string& all = text.text();
    for (std::size_t at = all.find(word.text()); at != std::string::npos;
         at = all.find(word.text(), at + 1)) {
      const std::size_t end = at + word.size();
      if ((at == 0 || !is_letter_or_digit(all[at - 1])) &&
          (end == all.size() || !is_letter_or_digit(all[end])))
        return true;
    }
    return false;
  }

  std::string_view text_;
  bool cut_;
  bool drop_ = false;
  Symbols exact_;
  Symbols unescaped_;
  std::vector<std::int32_t> depths_ = std::vector<std::int32_t>(text_.size() + 1, 0);
};

}  // namespace

std::vector<bool> secret_bytes(std::string_view text, bool cut, std::span<const std::string_view> secrets) {
  if (std::find(known_messages.begin(), known_messages.end(), text) != known_messages.end())
    return std::vector<bool>(text.size(), false);
  Search search(text, cut);
  for (const std::string_view secret : secrets) search.look_for(secret);
  return search.result();
}

}  // namespace redstart::inline v0::detail
