#include "frontend/files.h"
#include "schedules/schedule.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace sylvite {

Schedule load_schedule(const std::string &path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    std::error_code error;
    const bool is_folder = std::filesystem::is_directory(path, error);
    _halide_user_assert(in.good() && !is_folder)
        << "load_schedule() needs a file that can be read; " << path
        << " cannot: " << (is_folder ? "it is a folder" : last_system_error().message()) << ".";
    return parse_schedule(text.str(), path);
}

void save_schedule(const Schedule &schedule, const std::string &path) {
    const std::string obstacle = why_not_replaced(path);
    _halide_user_assert(obstacle.empty())
        << "save_schedule() needs a place that can be written; " << path << " cannot: " << obstacle << ".";
    const std::string temporary = path + ".part";
    {
        errno = 0;
        std::ofstream out(temporary, std::ios::binary);
        out << print(schedule);
        out.close();
        if (out.fail()) {
            const std::string reason = last_system_error().message();
            std::error_code ignored;
            std::filesystem::remove(temporary, ignored);
            _halide_user_error << "save_schedule() needs a place that can be written; " << path << " cannot: " << reason
                               << ".";
        }
    }
    std::error_code error;
    std::filesystem::rename(temporary, path, error);
    if (error) {
        std::error_code ignored;
        std::filesystem::remove(temporary, ignored);
        _halide_user_error << "save_schedule() needs a place that can be written; " << path
                           << " cannot: " << error.message() << ".";
    }
}

}  // namespace sylvite
