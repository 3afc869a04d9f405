#include "frontend/files.h"
#include "schedules/schedule.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace sylvite {

Schedule load_schedule(const std::string &path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    std::error_code error;
    _halide_user_assert(in.good() && !std::filesystem::is_directory(path, error))
        << "load_schedule() needs a file that can be read; " << path << " cannot.";
    return parse_schedule(text.str(), path);
}

void save_schedule(const Schedule &schedule, const std::string &path) {
    const std::string obstacle = why_not_replaced(path);
    _halide_user_assert(obstacle.empty())
        << "save_schedule() needs a place that can be written; " << path << " cannot: " << obstacle << ".";
    const std::string temporary = path + ".part";
    {
        std::ofstream out(temporary, std::ios::binary);
        out << print(schedule);
        out.close();
        if (out.fail()) {
            std::error_code ignored;
            std::filesystem::remove(temporary, ignored);
            _halide_user_error << "save_schedule() needs a place that can be written; " << path << " cannot.";
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
