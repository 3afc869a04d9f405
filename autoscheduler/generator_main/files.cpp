#include "autoscheduler/generator_main/files.h"

#include "autoscheduler/generator_main/words.h"
#include "frontend/files.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace fs = std::filesystem;

namespace sylvite {

namespace {

// A folder in `parent` that is gone, with what is in it, when its owner is.
class PartialFolder {
public:
    explicit PartialFolder(const fs::path &parent) {
        std::string name = (parent / ".partial-XXXXXX").string();
        _halide_user_assert(mkdtemp(name.data()) != nullptr)
            << "-o needs a folder that exists and can be written to; it has " << parent.string() << ".";
        path_ = name;
    }
    PartialFolder(const PartialFolder &) = delete;
    PartialFolder &operator=(const PartialFolder &) = delete;
    ~PartialFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }

    const fs::path &path() const { return path_; }

private:
    fs::path path_;
};

}  // namespace

const std::vector<FileKind> &file_kinds() {
    using enum Halide::OutputFileType;
    // clang-format off
    static const std::vector<FileKind> kinds{
        {"static_library", ".a",      static_library, "the compiled program"},
        {"c_header",       ".h",      c_header,       "its declaration"},
        {"object",         ".o",      object,         "the compiled program as an object file"},
        {"assembly",       ".s",      assembly,       "its assembly"},
        {"llvm_assembly",  ".ll",     llvm_assembly,  "its LLVM code"},
        {"stmt",           ".stmt",   stmt,           "its loops, as Halide lowers them"},
        {"device_code",    ".device", device_code,    "its PTX or SPIR-V; one file each if there are several"},
        {"schedule",       ".sched",  schedule,       "the schedule that was used"},
    };
    // clang-format on
    return kinds;
}

const FileKind &find_file_kind(const std::string &name) {
    const std::vector<FileKind> &kinds = file_kinds();
    const auto it = std::find_if(kinds.begin(), kinds.end(), [&](const FileKind &kind) { return kind.name == name; });
    std::vector<std::string> names;
    for (const FileKind &kind : kinds) {
        names.push_back(kind.name);
    }
    _halide_user_assert(it != kinds.end()) << "-e needs kinds of files; it has " << name << ", and the kinds are "
                                           << list_of(names) << did_you_mean(name, names);
    return *it;
}

std::vector<std::string> write_together(const std::string &folder,
                                        const std::function<void(const std::string &folder)> &write) {
    const PartialFolder partial(folder);
    try {
        write(partial.path().string());
    } catch (const Halide::CompileError &error) {  // it names files where nobody will find them
        throw Halide::CompileError(
            Halide::Internal::replace_all(error.what(), partial.path().string(), folder).c_str());
    }
    std::vector<std::string> paths;
    for (const fs::directory_entry &file : fs::directory_iterator(partial.path())) {
        paths.push_back((fs::path(folder) / file.path().filename()).string());
        const std::string obstacle = why_not_replaced(paths.back());
        _halide_user_assert(obstacle.empty())
            << "-o needs a folder where files may be written; " << paths.back() << " cannot: " << obstacle << ".";
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string &path : paths) {
        fs::rename(partial.path() / fs::path(path).filename(), path);
    }
    return paths;
}

}  // namespace sylvite
