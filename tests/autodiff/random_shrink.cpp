#include "random_shrink.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace sylvite::testing {

namespace {

class Shrink {
public:
    Shrink(std::vector<int> choices, const std::function<bool(std::vector<int> &)> &fails, int runs) :
        best_(std::move(choices)), fails_(fails), runs_(runs) {}

    std::vector<int> run() {
        for (bool progress = true; progress && runs_ > 0;) {
            progress = false;
            for (size_t size = std::max<size_t>(best_.size() / 2, 1); size > 0; size /= 2) {
                progress = remove(size) || progress;
                progress = clear(size) || progress;
            }
            progress = lower() || progress;
        }
        return best_;
    }

private:
    std::vector<int> best_;
    const std::function<bool(std::vector<int> &)> &fails_;
    int runs_;

    bool attempt(std::vector<int> choices) {
        if (runs_ <= 0) {
            return false;
        }
        runs_--;
        if (!fails_(choices)) {
            return false;
        }
        const bool is_simpler = choices.size() != best_.size() ? choices.size() < best_.size() : choices < best_;
        if (is_simpler) {
            best_ = std::move(choices);
        }
        return is_simpler;
    }

    // From the end, where leaving out disturbs least.
    bool remove(size_t size) {
        bool progress = false;
        for (size_t end = best_.size(); end >= size && runs_ > 0; end = std::min(end - 1, best_.size())) {
            std::vector<int> shorter = best_;
            shorter.erase(shorter.begin() + static_cast<long>(end - size), shorter.begin() + static_cast<long>(end));
            progress = attempt(shorter) || progress;
            if (end == size) {
                break;
            }
        }
        return progress;
    }

    bool clear(size_t size) {
        bool progress = false;
        for (size_t start = 0; start + size <= best_.size() && runs_ > 0; start += size) {
            std::vector<int> zeros = best_;
            std::fill_n(zeros.begin() + static_cast<long>(start), size, 0);
            progress = (zeros != best_ && attempt(zeros)) || progress;
        }
        return progress;
    }

    bool lower() {
        bool progress = false;
        for (size_t i = 0; i < best_.size() && runs_ > 0; i++) {
            for (const int less : {best_[i] / 2, best_[i] - 1}) {
                if (i < best_.size() && less >= 0 && less < best_[i]) {
                    std::vector<int> smaller = best_;
                    smaller[i] = less;
                    progress = attempt(smaller) || progress;
                }
            }
        }
        return progress;
    }
};

}  // namespace

std::vector<int> shrink(std::vector<int> choices, const std::function<bool(std::vector<int> &choices)> &fails,
                        int runs) {
    return Shrink(std::move(choices), fails, runs).run();
}

void store_case(const std::filesystem::path &file, const StoredCase &stored, const std::string &text) {
    std::filesystem::create_directories(file.parent_path());
    const std::filesystem::path temporary = file.string() + ".new";
    {
        std::ofstream out(temporary);
        out << "sylvite-graph 1\nvalues " << stored.values << "\nchoices";
        for (const int choice : stored.choices) {
            out << " " << choice;
        }
        out << "\n";
        std::istringstream lines(text);
        for (std::string line; std::getline(lines, line);) {
            out << "# " << line << "\n";
        }
        if (!out.flush()) {
            throw std::runtime_error("cannot write " + temporary.string());
        }
    }
    std::filesystem::rename(temporary, file);
}

StoredCase load_case(const std::filesystem::path &file) {
    std::ifstream in(file);
    StoredCase stored;
    std::string first, values, choices;
    int version = 0;
    if (!(in >> first >> version >> values >> stored.values >> choices) || first != "sylvite-graph" || version != 1 ||
        values != "values" || choices != "choices") {
        throw std::runtime_error(file.string() + " is no stored graph, or of another version");
    }
    for (int choice = 0; in >> choice;) {
        stored.choices.push_back(choice);
    }
    return stored;
}

}  // namespace sylvite::testing
