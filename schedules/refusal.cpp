#include "schedules/refusal.h"

#include "frontend/graph.h"
#include "frontend/names.h"
#include "schedules/directives.h"

#include <regex>

namespace sylvite {

namespace {

// A name of Halide's that is none of the stages: `r4$x` is r.x, `total$1_intm` is total_intm, `v7` is v.
std::string plain_variable_or_func(std::string word) {
    const size_t dollar = word.find('$');
    if (dollar == std::string::npos) {
        return word.find('.') == std::string::npos ? plain_variable(word) : word;
    }
    const size_t end = word.find_first_not_of("0123456789", dollar + 1);
    const bool numbered = dollar + 1 < word.size() && end != dollar + 1;
    return numbered ? word.erase(dollar, end == std::string::npos ? end : end - dollar) : plain_variable(word);
}

}  // namespace

std::string with_plain_names(const std::string &what, const std::map<std::string, std::string> &names) {
    auto in_name = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.';
    };
    std::string text;
    for (size_t at = what.starts_with("Error: ") ? 7 : 0; at < what.size();) {
        size_t end = at;
        while (end < what.size() && in_name(what[end])) {
            end++;
        }
        if (end == at) {
            text += what[at++] == '\n' ? ' ' : what[at - 1];
            continue;
        }
        std::string word = what.substr(at, end - at);
        std::string stop;
        while (word.ends_with('.')) {
            word.pop_back();
            stop += '.';
        }
        if (const auto stage = names.find(word); stage != names.end()) {
            word = stage->second;
        } else if (const size_t update = word.find(".update"); names.count(word.substr(0, update))) {
            word = names.at(word.substr(0, update)) + word.substr(update);
        } else {
            word = plain_variable_or_func(word);
        }
        text += word + stop;
        at = end;
    }
    while (text.ends_with(' ')) {
        text.pop_back();
    }
    return text;
}

void rethrow_placement(const Halide::CompileError &error, const Schedule &schedule, const std::string &kernel_name,
                       const KernelPipeline &pipeline) {
    // Halide also names Funcs and loops that the schedule does not know: f$3 is shown as f, r$y as y.
    const std::string known = with_plain_names(error.what(), stage_names(pipeline.stages));
    const std::string loops = std::regex_replace(known, std::regex("\\w+\\$([a-zA-Z])"), "$1");
    const std::string text = std::regex_replace(loops, std::regex("\\$[0-9]+"), "");
    const KernelSchedule *kernel = schedule.find(kernel_name);
    if (text.find("at the following invalid location") != std::string::npos && kernel) {
        for (const StageSchedule &stage : kernel->stages) {
            const bool meant = text.starts_with("Func \"" + stage.stage + "\"");
            for (const Directive &directive : stage.directives) {
                const DirectiveRow *row = find_directive(directive.name);
                if (meant && row && row->names_loop_of_reader()) {
                    schedule_error(schedule.file, directive.place,
                                   "stage " + stage.stage + " cannot be there: " + text);
                }
            }
        }
    }
}

}  // namespace sylvite
