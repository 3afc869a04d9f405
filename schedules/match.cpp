#include "frontend/names.h"
#include "schedules/condition.h"
#include "schedules/directives.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace sylvite {

namespace {

bool is_new_name(const std::string &word) { return is_identifier(word) && !word.starts_with("__"); }

// Identifiers joined by dots: `x`, `r.x`, `v.2`.
bool is_name(const std::string &word) {
    return !word.empty() && !word.ends_with('.') &&
           std::all_of(word.begin(), word.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; }) &&
           !std::isdigit(static_cast<unsigned char>(word[0])) && word[0] != '.';
}

bool is_integer(const std::string &word, int largest) {
    int value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() && value >= 1 && value <= largest;
}

// What is wrong with a word as an argument of that kind; an offset into the word where that is known.
struct Wrong {
    std::string message;
    int offset = 0;
};

// Each kind of argument: what it must be, and whether a word is that.
struct KindRow {
    ArgumentKind kind;
    const char *what;
    bool (*accepts)(const std::string &word);
};

const KindRow kinds[] = {
    {ArgumentKind::Variable, "the name of a loop", is_name},
    {ArgumentKind::LoopOf, "the name of a loop", is_name},
    {ArgumentKind::Stage, "the name of a stage",
     [](const std::string &w) {
         std::string func;
         int update = -1;
         return read_stage_name(w, func, update) && is_name(func);
     }},
    {ArgumentKind::NewVariable, "a new name of letters, digits and _", is_new_name},
    {ArgumentKind::NewStage, "a new name of letters, digits and _", is_new_name},
    {ArgumentKind::Lanes, "an integer from 1 to 1024", [](const std::string &w) { return is_integer(w, 1024); }},
    {ArgumentKind::Factor, "an integer from 1 to 16777216",
     [](const std::string &w) { return is_integer(w, 1 << 24); }},
};

std::optional<Wrong> wrong(const Directive &directive, const ArgumentRow &argument, const std::string &word) {
    for (const KindRow &row : kinds) {
        if (row.kind == argument.kind) {
            if (row.accepts(word)) {
                return std::nullopt;
            }
            return Wrong{directive.name + " needs " + row.what + " for " + argument.label + "; " + word + " is not."};
        }
    }
    if (argument.kind == ArgumentKind::Size || argument.kind == ArgumentKind::Condition) {
        try {
            parse_formula(word);
            return std::nullopt;
        } catch (const FormulaError &error) {
            return Wrong{directive.name + " needs a formula for " + std::string(argument.label) + ": " + error.what(),
                         error.offset};
        }
    }
    const std::vector<std::string> words = words_for(argument.kind);
    if (std::count(words.begin(), words.end(), word)) {
        return std::nullopt;
    }
    return Wrong{directive.name + " has no " + argument.label + " " + word + "; there are " + list_of(words) +
                 did_you_mean(word, words)};
}

// The rows of `n` given arguments under a form: the fixed ones, then those of the optional ones whose words are there.
std::optional<std::vector<ArgumentRow>> rows_of(const DirectiveForm &form, const std::vector<std::string> &words) {
    std::vector<ArgumentRow> rows = form.arguments;
    if (!rows.empty() && rows.back().many) {
        while (rows.size() < words.size()) {
            rows.push_back(rows.back());
        }
    }
    if (words.size() < rows.size() || words.size() > rows.size() + form.optional.size()) {
        return std::nullopt;
    }
    auto next = form.optional.begin();
    while (rows.size() < words.size()) {
        const std::string &word = words[rows.size()];
        const auto given = std::find_if(next, form.optional.end(), [&](const ArgumentRow &row) {
            const std::vector<std::string> known = words_for(row.kind);
            return std::count(known.begin(), known.end(), word) > 0;
        });
        // A word that fits none is reported as a wrong one of the first.
        const auto row = given == form.optional.end() ? next : given;
        if (row == form.optional.end()) {
            return std::nullopt;
        }
        rows.push_back(*row);
        next = row + 1;
    }
    return rows;
}

}  // namespace

bool read_stage_name(const std::string &name, std::string &func, int &update) {
    static const std::string word = ".update(";
    const size_t dot = name.find(word);
    func = name.substr(0, dot);
    update = -1;
    if (dot == std::string::npos) {
        return true;
    }
    const char *begin = name.data() + dot + word.size(), *end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(begin, end, update);
    return dot > 0 && error == std::errc() && update >= 0 && end - stop == 1 && *stop == ')';
}

void schedule_error(const std::string &file, const Place &place, const std::string &message) {
    if (place.line > 0) {
        _halide_user_error << file << ":" << place.line << ":" << place.column << ": " << message;
    }
    _halide_user_error << file << ": " << message;
    std::abort();  // not reached: the lines above throw
}

std::string text_of(const DirectiveRow &row, const DirectiveForm &form) {
    std::string text = row.name;
    for (const ArgumentRow &argument : form.arguments) {
        text += std::string(" ") + argument.label + (argument.many ? " ..." : "");
    }
    for (const ArgumentRow &argument : form.optional) {
        text += std::string(" [") + argument.label + "]";
    }
    return text;
}

MatchedForm match_form(const Directive &directive, const std::string &file) {
    const DirectiveRow *row = find_directive(directive.name);
    if (!row) {
        std::vector<std::string> known;
        for (const DirectiveRow &r : directive_rows()) {
            known.push_back(r.name);
        }
        schedule_error(file, directive.place,
                       "unknown directive " + directive.name +
                           did_you_mean(directive.name, known, "; docs/schedules.md lists them."));
    }
    std::optional<Wrong> first_wrong;
    Place place = directive.place;
    for (const DirectiveForm &form : row->forms) {
        const auto arguments = rows_of(form, directive.arguments);
        if (!arguments) {
            continue;
        }
        std::optional<Wrong> found;
        for (size_t i = 0; i < arguments->size() && !found; i++) {
            found = wrong(directive, (*arguments)[i], directive.arguments[i]);
            if (found && !first_wrong) {
                first_wrong = found;
                if (i < directive.argument_places.size()) {
                    place = directive.argument_places[i];
                    place.column += found->offset;
                }
            }
        }
        if (!found) {
            return {&form, *arguments};
        }
    }
    if (first_wrong) {
        schedule_error(file, place, first_wrong->message);
    }
    std::string forms;
    for (const DirectiveForm &form : row->forms) {
        forms += (forms.empty() ? "" : " or ") + text_of(*row, form);
    }
    const size_t n = directive.arguments.size();
    schedule_error(file, directive.place,
                   directive.name + " has " + std::to_string(n) + (n == 1 ? " argument" : " arguments") + ": write " +
                       forms + ".");
}

void check_position(const Directive &directive, const StageSchedule &stage, const std::string &file) {
    const auto of_func = [](const Directive &d) {
        const DirectiveRow *row = find_directive(d.name);
        return row && row->of_func;
    };
    const auto refuse = [&](const Directive &d) {
        schedule_error(file, d.place,
                       d.name + " is said of the whole Func: write it under `stage " + stage.stage + "`.");
    };
    if (of_func(directive) && stage.update >= 0) {
        refuse(directive);
    }
    for (const Directive &inner : directive.inner) {
        if (directive.name != "specialize") {
            schedule_error(file, inner.place, "only specialize has directives under it; " + directive.name + " has.");
        }
        if (of_func(inner)) {
            refuse(inner);
        }
        check_position(inner, stage, file);
    }
}

void check_loop(const LoopSchedule &loop, const std::string &file) {
    constexpr int most_steps = 64;
    for (size_t i = 0; i < loop.directives.size(); i++) {
        const Directive &directive = loop.directives[i];
        const auto refuse = [&](const std::string &why, size_t argument = 0) {
            const bool has_place = argument > 0 && argument <= directive.argument_places.size();
            schedule_error(file, has_place ? directive.argument_places[argument - 1] : directive.place, why);
        };
        if (directive.name != "fuse_steps") {
            refuse("a loop has the directive fuse_steps only; " + directive.name +
                   (find_directive(directive.name) ? " stands under a stage." : " is unknown."));
        }
        if (directive.arguments.size() != 1) {
            refuse("fuse_steps has " + std::to_string(directive.arguments.size()) + " arguments: write fuse_steps k.");
        }
        const std::string &steps = directive.arguments[0];
        if (!is_integer(steps, most_steps) || steps == "1") {
            refuse("fuse_steps needs an integer from 2 to " + std::to_string(most_steps) + " for k; " + steps +
                       " is not.",
                   1);
        }
        if (i > 0) {
            refuse("fuse_steps is there twice for loop " + loop.loop + ".");
        }
    }
}

std::string directives_as_markdown() {
    std::ostringstream out;
    out << "| directive | what it does |\n|---|---|\n";
    for (const DirectiveRow &row : directive_rows()) {
        out << "|";
        for (size_t i = 0; i < row.forms.size(); i++) {
            out << (i ? "<br>" : " ") << "`" << text_of(row, row.forms[i]) << "`";
        }
        out << " | " << row.doc << (row.of_func ? " (of the Func)" : "") << (row.gpu ? " (GPU)" : "") << " |\n";
    }
    return out.str();
}

}  // namespace sylvite
