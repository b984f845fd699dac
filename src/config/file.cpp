// SPDX-License-Identifier: Apache-2.0
// file.cpp: reads files whole, and checks who may read and write them.
#include "file.hpp"

#include "document.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

namespace redstart::inline v0::detail {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

FileContent failed(std::string what, std::string remedy) {
  FileContent file;
  file.fault = ValueFault{std::move(what), std::move(remedy)};
  return file;
}

FileContent not_opened(int error) {
  FileContent file;
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      file = failed("does not exist", "check the path; a relative one starts at the working directory");
      file.exists = false;
      return file;
    case EACCES:
      return failed("may not be read by this user", "check owner and rights of the file and its folders");
    case ELOOP: return failed("is a link to itself", "check the link");
    default: break;
  }
  return failed("can't be opened: " + std::generic_category().message(error), "check the path");
}

// The number of bytes of the UTF-8 sequence at the front; 0 if there is none.
std::size_t sequence_size(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return static_cast<unsigned>(static_cast<unsigned char>(text[at]));
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  unsigned code = first & (0x7fU >> size);
  for (std::size_t i = 1; i != size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  if (size == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0;
  if (size == 4 && (code < 0x10000 || code > 0x10ffff)) return 0;
  return size;
}

}  // namespace

FileContent read_file(const std::string& path, std::size_t limit) {
  if (path.find('\0') != std::string::npos) return failed("has a path with a NUL byte", "check the path");
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (fd.get() < 0) return not_opened(errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return not_opened(errno);
  if (S_ISDIR(facts.st_mode)) return failed("is a directory", "name the file in it");
  if (!S_ISREG(facts.st_mode))
    return failed("is not a regular file", "name a regular file, or a link to one");
  FileContent file;
  file.owner = facts.st_uid;
  file.mode = facts.st_mode;
  char buffer[4096];
  while (file.text.size() <= limit) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got == 0) return file;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("can't be read: " + std::generic_category().message(errno), "check the file");
    file.text.append(buffer, static_cast<std::size_t>(got));
  }
  return failed("is longer than " + std::to_string(limit) + " bytes", "check that it is the right file");
}

std::optional<ValueFault> fault_of_owner(uid_t owner, mode_t mode, uid_t user) {
  if (owner != 0 && owner != user)
    return ValueFault{"holds a secret and belongs to another user",
                      "let it belong to root or to the user of the service"};
  if ((mode & (S_IWGRP | S_IWOTH)) != 0)
    return ValueFault{"holds a secret and may be written by other users", "chmod go-w"};
  return std::nullopt;
}

void check_secret_file(const FileContent& file, const std::string& where, Settings& settings) {
  if (auto wrong = fault_of_owner(file.owner, file.mode, ::geteuid()))
    settings.fault(where, std::move(wrong->what), std::move(wrong->remedy));
  else if ((file.mode & S_IROTH) != 0)
    settings.notice(where, "holds a secret and may be read by every user", "chmod o-r");
}

std::optional<Secret> read_secret_file(const std::string& path, const std::string& where,
                                       Settings& settings) {
  constexpr std::size_t longest_secret = std::size_t{64} << 10;
  FileContent file = read_file(path, longest_secret);
  if (file.fault) {
    settings.fault(where, "names a file that " + file.fault->what, file.fault->remedy);
    return std::nullopt;
  }
  Secret whole(std::move(file.text));
  const std::size_t before = settings.faults.size();
  check_secret_file(file, where, settings);
  if (settings.faults.size() != before) return std::nullopt;
  std::string_view text = whole.reveal();
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) {
    settings.fault(where, "names a file that is empty", "write the secret into it");
    return std::nullopt;
  }
  return Secret(text);
}

void read_configuration_file(const std::string& path, const std::string& where, Settings& settings) {
  FileContent file = read_file(path, longest_file);
  if (file.fault) {
    const bool named = !where.empty();
    return settings.fault(named ? where : path,
                          (named ? "names the file " + path + ", which " : "") + file.fault->what,
                          file.fault->remedy);
  }
  std::string& text = file.text;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  if (!is_utf8(text)) return settings.fault(path, "is not UTF-8", "save it as UTF-8");
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t') || c == 0x7f;
  });
  if (control != text.end()) {
    const auto line = static_cast<std::size_t>(std::count(text.begin(), control, '\n')) + 1;
    return settings.fault(path + ":" + std::to_string(line), "contains a control character",
                          "save it as plain text");
  }
  const std::size_t before = settings.all.size();
  const auto root = parse_document(text, path, settings);
  if (root) read_document(*root, path, settings);
  const bool secret =
      std::any_of(settings.all.begin() + static_cast<std::ptrdiff_t>(before), settings.all.end(),
                  [](const Setting& setting) { return setting.key->secret(); });
  if (secret) check_secret_file(file, path, settings);
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::vector<std::string> usual_folders() {
  return {".",    "config",  "/run/redstart",           "/app/config",
          "/app", "/config", "/usr/local/etc/redstart", "/etc/redstart"};
}

void search_configuration_file(const std::vector<std::string>& folders, Settings& settings) {
  for (const std::string& folder : folders) {
    std::vector<std::string> found;
    for (const char* const name : {"redis-databases.yaml", "redis-databases.yml", "redis-databases.json"}) {
      std::string path = folder == "." ? std::string(name) : folder + "/" + name;
      if (read_file(path, 0).exists) found.push_back(std::move(path));
    }
    if (found.empty()) continue;
    if (found.size() > 1)
      settings.fault(found[1], "is beside " + found[0],
                     "remove one of them, or name one in REDIS_CONFIG_FILE");
    return read_configuration_file(found[0], {}, settings);
  }
}

}  // namespace redstart::inline v0::detail
